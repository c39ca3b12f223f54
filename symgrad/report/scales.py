"""Scales of axes: where a number stands between the two ends, and what is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from symgrad.report.letters import MINUS

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Tick:
    """A number that is written at an axis, and where: from 0 to 1."""

    at: float
    label: str


class Scale(Protocol):
    """From numbers to places between 0 and 1."""

    def at(self, x: float) -> float:
        """The place of a number."""
        ...

    def ticks(self) -> tuple[Tick, ...]:
        """What is written at the axis."""
        ...


@dataclass(frozen=True)
class Linear:
    """Even steps."""

    low: float
    high: float

    def at(self, x: float) -> float:
        """The place of a number."""
        return (x - self.low) / (self.high - self.low)

    def ticks(self) -> tuple[Tick, ...]:
        """Three to nine round numbers."""
        step = _round_step((self.high - self.low) / 8)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        numbers = (k * step for k in range(first, last + 1))
        return tuple(Tick(self.at(x), plain(x)) for x in numbers)


def _round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= step * 0.999)


def plain(x: float) -> str:
    """A number in a few digits, as it is printed."""
    text = f"{x:.4g}" if 1e-4 < abs(x) < 1e5 or x == 0 else f"{x:.3g}"
    digits, e, exponent = text.partition("e")
    factor = digits.removesuffix("1") if digits in ("1", "-1") else f"{digits}·"
    shown = f"{factor}{power_of_ten(int(exponent))}" if e else digits
    return shown.replace("-", MINUS)


def power_of_ten(exponent: int) -> str:
    """A power of ten as it is printed."""
    return f"10{str(exponent).translate(_RAISED)}" if exponent else "1"


@dataclass(frozen=True)
class Logarithmic:
    """Even decades."""

    low: float
    high: float

    def at(self, x: float) -> float:
        """The place of a positive number."""
        return math.log(x / self.low) / math.log(self.high / self.low)

    def ticks(self) -> tuple[Tick, ...]:
        """Every third power of ten."""
        first = math.ceil(math.log10(self.low) - 1e-9)
        exponents = range(first - first % 3, math.floor(math.log10(self.high)) + 1, 3)
        inside = (e for e in exponents if 10.0**e >= self.low)
        return tuple(Tick(self.at(10.0**e), power_of_ten(e)) for e in inside)


INNER, OUTER = 1e-6, 1e6
"""Sizes between which every decade has the same width."""

_DECADES = 12
_SQUEEZED = 4
"""So many decades beyond ``OUTER`` have the width of one before it."""

LARGEST = (2 - 2**-23) * 2.0**127
"""The end of the float range."""


@dataclass(frozen=True)
class Symmetric:
    """Both signs and every size: even up to ``INNER``, then by decades.

    Beyond ``OUTER`` the decades are narrower, so that the whole float range has room.
    """

    low: float
    high: float

    def at(self, x: float) -> float:
        """The place of a number."""
        first, last = _steps(self.low), _steps(self.high)
        return (_steps(x) - first) / (last - first)

    def number(self, place: float) -> float:
        """The number at a place."""
        first, last = _steps(self.low), _steps(self.high)
        return _size(first + place * (last - first))

    def ticks(self) -> tuple[Tick, ...]:
        """Zero and some powers of ten; fewer where there are two signs of them."""
        exponents = (0, 6, 38) if self.low < 0 < self.high else (-3, 0, 3, 6, 20, 38)
        found = [(0.0, "0"), *_signed_powers(exponents)]
        inside = ((x, label) for x, label in found if self.low <= x <= self.high)
        return tuple(Tick(self.at(x), label) for x, label in sorted(inside))

    @property
    def squeezed(self) -> tuple[tuple[float, float], ...]:
        """The stretches of narrower decades, from where to where."""
        ends = (self.low, min(-OUTER, self.high)), (max(OUTER, self.low), self.high)
        return tuple((self.at(a), self.at(b)) for a, b in ends if a < b)


def _signed_powers(exponents: Sequence[int]) -> Iterator[tuple[float, str]]:
    for exponent in exponents:
        label = power_of_ten(exponent)
        yield 10.0**exponent, label
        yield -(10.0**exponent), f"{MINUS}{label}"


def _steps(x: float) -> float:
    """How many decades a number is from zero, the narrow ones counted for less."""
    size = abs(x)
    if size <= INNER:
        return x / INNER
    steps = 1 + min(math.log10(size / INNER), _DECADES)
    if size > OUTER:
        steps += math.log10(size / OUTER) / _SQUEEZED
    return math.copysign(steps, x)


def _size(steps: float) -> float:
    """The other way round."""
    count = abs(steps)
    if count <= 1:
        return steps * INNER
    wide = min(count - 1, _DECADES)
    beyond = max(count - 1 - _DECADES, 0) * _SQUEEZED
    return math.copysign(INNER * 10 ** (wide + beyond), steps)


@dataclass(frozen=True)
class Ulps:
    """Errors in units in the last place by decades, and above them what is lost.

    An error that is greater than ``LOST`` leaves no digit right; NaN and infinities
    that are none stand there too.
    """

    def at(self, x: float) -> float:
        """The place of an error."""
        if not x <= LOST:
            return 1 - BAND / 2
        return FLOOR + (1 - BAND - FLOOR) * Logarithmic(LEAST, LOST).at(max(x, LEAST))

    def ticks(self) -> tuple[Tick, ...]:
        """Powers of ten, and the band above them."""
        powers = (Tick(self.at(10.0**e), power_of_ten(e)) for e in (0, 2, 4, 6))
        return (Tick(self.at(0), "0"), *powers, Tick(1 - BAND / 2, "lost"))


LEAST, LOST = 2.0**-4, 2.0**24
BAND = 0.1
"""The part of the height that is left for what is lost."""

FLOOR = 0.03
"""Where errors stand of ``LEAST`` and less."""
