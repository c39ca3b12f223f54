"""Tails that are a polynomial times an exponential, which is beyond range first.

``x/(1 + exp(-x))`` is ``x*exp(x)`` far below 0.  There it is still a normal number when
the quotient is none any more: half of the exponential goes to either side of the
polynomial.  ``(exp(x) - 1 - x)/x**2`` is ``exp(x)/x**2`` for a large x, and a number
where ``exp(x)`` is none: the polynomial may be over a power.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import flint

from symgrad.balls import Ball, Number
from symgrad.intervals import Interval
from symgrad.measure.formats import FORMATS, Format
from symgrad.patches.charts import Inverse, Shift
from symgrad.patches.ideal import exponential
from symgrad.patches.kernels import Kernel
from symgrad.patches.place import BOTH, Aim, Place
from symgrad.patches.series import Series, polynomial

START, END = 80.0, 1600.0
"""Exponents between which an exponential goes from normal numbers to nothing."""

RATES = (0.5, 1.0, 2.0)

NONE = Series(0, False, (0.0,))

MARGIN = 16.0
"""How many times the smallest normal number a value is that counts."""

DEGREE = 4
"""Of the polynomial, at most, and of the power that it is over."""

_EXPONENTS = {
    "float32": tuple(80 + 0.37 * k for k in range(70)),
    "float64": tuple(690 + 0.83 * k for k in range(75)),
}
"""Where exponentials leave the range of a format."""


@dataclass(frozen=True)
class Tail:
    """``exp(rate*x/2)*series(x)*exp(rate*x/2)`` instead of a kernel beyond ``edge``.

    Beyond ``end`` it is the same as there, which is zero, or infinite if it ``grows``.
    """

    rate: float
    series: Series
    grows: bool = False

    @property
    def edge(self) -> float:
        """Where it begins."""
        return (START if self.grows else -START) / self.rate

    @property
    def end(self) -> float:
        """Where all of it is beyond range."""
        return (END if self.grows else -END) / self.rate

    def value(self, x: float, fmt: Format) -> float:
        """Its value, every operation rounded to a format."""
        half = exponential(fmt.nearest(self.rate / 2 * x), fmt)
        return fmt.nearest(fmt.nearest(half * self.series.value(x, None, fmt)) * half)


def tail(kernel: Kernel, domain: Interval, side: int, aim: Aim) -> Tail | None:
    """The tail that a kernel needs on a side, if it needs one and has one."""
    if side * 1e4 not in domain:
        return None
    place = Place(kernel, Shift(0.0, sides=(side,)), domain, aim)
    rate = _rate(place, side)
    if rate is None or not _is_bad(place, rate):
        return None
    grows = rate * side > 0
    series = _series(place, rate, Tail(rate, NONE, grows))
    if series is None:
        return None
    found = Tail(rate, series, grows)
    beyond = Place(kernel, Inverse(sides=(side,)), domain, aim)
    between = beyond.between(abs(1 / found.edge))
    if between is None:
        return None
    right = all(
        error.conditioned <= aim.targets[-1] and not error.is_wrong_zero
        for fmt in map(FORMATS.__getitem__, _EXPONENTS)
        for _, error in chain(
            place.errors(_distances(rate, fmt), found.value, fmt),
            place.errors_at(map(fmt.nearest, between), found.value, fmt),
        )
    )
    return found if right else None


def _distances(rate: float, fmt: Format) -> Sequence[float]:
    return [exponent / abs(rate) for exponent in _EXPONENTS[fmt.name]]


def _is_bad(place: Place, rate: float) -> bool:
    """Whether a kernel is bad where it is not nearly subnormal, as it may well be.

    So is one that is NaN where it overflows.
    """
    side = place.chart.sides[0]
    far = side * END / abs(rate)
    return any(
        place.misses(error) and error.size > MARGIN * fmt.normal
        for fmt in map(FORMATS.__getitem__, _EXPONENTS)
        for _, error in place.errors(_distances(rate, fmt), place.of_kernel, fmt)
    ) or any(math.isnan(place.of_kernel(fmt.nearest(far), fmt)) for fmt in BOTH)


def _rate(place: Place, side: int) -> float | None:
    """The rate at which a kernel decays or grows, far out."""
    near, beyond = place.at(side * 4000), place.at(side * 4001)
    if near is None or beyond is None or not near:
        return None
    with flint.ctx.workprec(128):
        fall = abs(beyond / near)
        found = float(fall.log().mid()) if fall > 0 else 0.0
    signed = [sign * rate for sign in (1, -1) for rate in RATES]
    return next((side * rate for rate in signed if abs(found - rate) < 0.01), None)


def _series(place: Place, rate: float, ends: Tail) -> Series | None:
    """What is left without the exponential, if that is a polynomial over a power."""

    def rest(order: int, x: Ball) -> Ball | None:
        value = place.at(x)
        return None if value is None else value * _exponential(-rate * x) * x**order

    low, high = sorted((ends.edge, ends.end))
    for order in range(DEGREE + 1):
        found = polynomial(partial(rest, order), low, high, DEGREE)
        if found is not None:
            return replace(found, valuation=found.valuation - order)
    return None


def _exponential(x: Number) -> Ball:
    with flint.ctx.workprec(4096):
        return flint.arb(x).exp()
