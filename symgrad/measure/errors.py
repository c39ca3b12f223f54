"""Computed numbers beside the truth: errors in ULP, and what a list of them says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.measure.formats import Format
from symgrad.measure.truth import Truth

SOUND = 16.0
"""The conditioned error, in ULP, beyond which a result is bad."""

SATURATED = 0.999
"""The part of the largest number that counts as a value beyond it."""


@dataclass(frozen=True)
class Error:
    """One number that was computed.

    ``ulp`` is the error in units in the last place of the truth, infinite for NaN and
    for an infinity that is none; ``conditioned`` the same divided by one more than
    what the rounding of the inputs may cost; ``size`` is that of the truth.
    """

    ulp: float
    conditioned: float
    is_spurious: bool
    is_wrong_zero: bool
    size: float = 0.0


def error(fmt: Format, computed: float, true: Truth) -> Error:
    """The error of one number."""
    ulp = _ulp(fmt, computed, true)
    far = ulp > SOUND * (1 + true.slack(fmt))
    beyond = abs(true.high) > fmt.largest
    return Error(
        ulp=ulp,
        conditioned=ulp / (1 + true.slack(fmt)),
        is_spurious=not math.isfinite(computed) and not (beyond and ulp == 0),
        is_wrong_zero=computed == 0 and abs(true.high) >= fmt.normal and far,
        size=abs(true.high),
    )


def _ulp(fmt: Format, computed: float, true: Truth) -> float:
    high = true.high
    # what rounds to an infinity is right as one
    if abs(high) > fmt.largest * (1 + 2.0 ** -(fmt.precision + 1)):
        alike = math.copysign(1, computed) == math.copysign(1, high)
        return 0.0 if alike and abs(computed) >= SATURATED * fmt.largest else math.inf
    if not math.isfinite(computed):
        return math.inf
    # kernels may flush what is subnormal
    if abs(high) < fmt.normal and abs(computed) <= fmt.normal:
        return 0.0
    return abs((computed - high) - true.low) / fmt.ulp(high)


@dataclass(frozen=True)
class Summary:
    """What a list of errors says; shares of points, and conditioned errors in ULP."""

    points: int
    spurious: float
    wrong_zeros: float
    bad: float
    high: float
    worst: float

    @property
    def is_sound(self) -> bool:
        """No NaN or infinity but true ones, and 99.9 % of the points near the truth."""
        return not self.spurious and not self.wrong_zeros and self.high <= SOUND


def summary(errors: Sequence[Error]) -> Summary:
    """The figures of a list of errors, which must not be empty."""
    count = len(errors)
    conditioned = sorted(e.conditioned for e in errors)
    return Summary(
        points=count,
        spurious=sum(e.is_spurious for e in errors) / count,
        wrong_zeros=sum(e.is_wrong_zero for e in errors) / count,
        bad=sum(e > SOUND for e in conditioned) / count,
        high=conditioned[math.ceil(0.999 * count) - 1],
        worst=conditioned[-1],
    )
