"""The truth at a point, and what rounding the inputs to a format alone costs there."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flint

from symgrad.balls import Ball, Number, is_nan
from symgrad.measure.formats import Format

Exact = Callable[[Sequence[Number]], Ball | None]
"""A function of numbers or balls, to 50 digits; ``None`` or NaN: it has no value."""

MOVE = 2.0**-70
"""The part of an input by which it moves where conditioning is measured."""

NEAR = (-1000, -700)
"""Exponents of the distances from which a limit is taken."""

AGREEMENT = -80
"""Two values are one limit where they differ by this power of two, relatively."""

VANISHING = flint.arb(2) ** -600
"""What is below on both sides of a point is on its way to zero."""


@dataclass(frozen=True)
class Truth:
    """A value, as the sum of two doubles, and how inputs move it.

    ``moved`` is the sum of ``abs(x*df/dx)`` over the inputs x, times 2**-24: what the
    rounding of each to a float32 costs.
    """

    high: float
    low: float
    moved: float

    def slack(self, fmt: Format) -> float:
        """The ULP that the rounding of the inputs may cost."""
        if not math.isfinite(self.high):
            return 0.0
        unit = fmt.ulp(self.high)
        return min(self.moved * 2.0 ** (24 - fmt.precision) / unit, 1e300)


def truth(exact: Exact, point: Sequence[float]) -> Truth | None:
    """What a function is worth at a point, by its limit where the formula has none.

    ``None`` where there is no limit either: at poles and jumps.
    """
    value = _finite(exact(point))
    if value is None:
        return limit(exact, point)
    moved = sum(_moved(exact, point, i, value) for i in range(len(point)))
    return Truth(*_halves(value), moved)


def without_slack(exact: Exact, point: Sequence[float]) -> Truth | None:
    """The same as if rounding the inputs cost nothing, in less time."""
    value = _finite(exact(point))
    return limit(exact, point) if value is None else Truth(*_halves(value), 0.0)


def limit(exact: Exact, point: Sequence[float]) -> Truth | None:
    """What a function nears at a point."""
    value = _limit(exact, point)
    return None if value is None else Truth(*_halves(value), 0.0)


def _finite(value: Ball | None) -> Ball | None:
    return None if value is None or is_nan(value) or not value.is_finite() else value


def _halves(value: Ball) -> tuple[float, float]:
    high = float(value.mid())
    with flint.ctx.workprec(200):
        return high, float(value.mid() - high) if math.isfinite(high) else 0.0


def _moved(exact: Exact, point: Sequence[float], index: int, value: Ball) -> float:
    """``abs(x*df/dx)`` of one input; nothing is known at kinks, and 0 said."""
    if point[index] == 0:
        return 0.0
    with flint.ctx.workprec(400):
        there: list[Number] = list(point)
        there[index] = flint.arb(point[index]) * (1 + flint.arb(MOVE))
        beside = _finite(exact(there))
    return 0.0 if beside is None else cost(beside, value)


def cost(there: Ball, here: Ball) -> float:
    """By how much a value changes where ``MOVE`` of something becomes 2**-24 of it."""
    with flint.ctx.workprec(400):
        size = float(abs((there - here) / MOVE * 2.0**-24).mid())
    return size if math.isfinite(size) else sys.float_info.max


def _limit(exact: Exact, point: Sequence[float]) -> Ball | None:
    """The value that is approached, from both sides if both have one."""
    sides = [_one_sided(exact, point, sign) for sign in (1, -1)]
    known = [side for side in sides if side is not None]
    if len(known) == 2 and not _agree(*known):
        return None
    return known[0] if known else None


def _one_sided(exact: Exact, point: Sequence[float], sign: int) -> Ball | None:
    found = []
    for exponent in NEAR:
        with flint.ctx.workprec(4096):
            step = sign * flint.arb(2) ** exponent
            near = [flint.arb(x) * (1 + step) if x else step for x in point]
        value = _finite(exact(near))
        if value is None:
            return None
        found.append(value)
    if max(map(abs, found)) < VANISHING:
        return flint.arb(0)
    return found[0] if _agree(*found) else None


def _agree(a: Ball, b: Ball) -> bool:
    with flint.ctx.workprec(400):
        gap = abs(a - b)
        scale = abs(a) + VANISHING
        return bool(gap < VANISHING or gap / scale < flint.arb(2) ** AGREEMENT)
