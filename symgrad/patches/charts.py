"""Where a series stands: the distance from a point, its root, or one over a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import flint

from symgrad.balls import Ball, Number
from symgrad.intervals import Interval
from symgrad.measure.formats import Format

WORKING = 4096
"""Bits with which places are told from each other."""


SMALLEST = 2.4e-38
"""The smallest distance that has a use: below, floats are hardly normal."""


def two_digits(x: float, towards: Callable[[float], int]) -> float:
    """A positive number, rounded up or down to two digits."""
    unit = 10.0 ** (math.floor(math.log10(x)) - 1)
    return float(f"{towards(x / unit) * unit:.2g}")


class Chart(Protocol):
    """A variable t that is 0 at a point, which is a number or infinity."""

    @property
    def centre(self) -> float:
        """The point."""

    @property
    def sides(self) -> tuple[int, ...]:
        """The signs that the variable may have."""

    @property
    def least(self) -> float:
        """How far a kernel is looked at, at least."""

    @property
    def parts(self) -> tuple[Chart, ...]:
        """Charts of a side each, for what is not smooth from one to the other."""

    def span(self, domain: Interval, side: int) -> tuple[float, float]:
        """The distances between which the numbers of a domain are, on a side."""

    def rounded_up(self, reach: float) -> float:
        """A little more than a distance, so that where it ends has two digits."""

    def edge(self, radius: float) -> float:
        """How far from the point the numbers within a variable go, in two digits.

        Of infinity it is the number from which on they are.
        """

    def exact(self, t: Number) -> Ball:
        """The number with a variable."""

    def number(self, t: float, fmt: Format) -> float:
        """The same, rounded to a format."""

    def variable(self, x: float, fmt: Format) -> float:
        """The variable of a number, as a format computes it."""

    def both(self, x: float, fmt: Format) -> tuple[float, float | None]:
        """The same, and one over it if that is the number itself."""


@dataclass(frozen=True)
class Shift:
    """The distance from a number: t = x - centre."""

    centre: float
    least: float = 2.0**-10
    sides: tuple[int, ...] = (1, -1)

    @property
    def parts(self) -> tuple[Chart, ...]:
        """One for what is above the number, and one for what is below."""
        return tuple(replace(self, sides=(side,)) for side in self.sides)

    def span(self, domain: Interval, side: int) -> tuple[float, float]:
        """Those from the centre."""
        ends = domain.low - self.centre, domain.high - self.centre
        near, far = sorted(side * end for end in ends)
        return max(near, 0.0), max(far, 0.0)

    def rounded_up(self, reach: float) -> float:
        """A distance of two digits; every format has it."""
        return two_digits(max(1.05 * reach, SMALLEST), math.ceil) if reach else 0.0

    def edge(self, radius: float) -> float:
        """The radius itself."""
        return radius

    def exact(self, t: Number) -> Ball:
        """centre + t"""
        with flint.ctx.workprec(WORKING):
            return flint.arb(self.centre) + t

    def number(self, t: float, fmt: Format) -> float:
        """centre + t"""
        return fmt.nearest(self.centre + t)

    def variable(self, x: float, fmt: Format) -> float:
        """x - centre"""
        return fmt.nearest(x - self.centre)

    def both(self, x: float, fmt: Format) -> tuple[float, float | None]:
        """The variable alone."""
        return self.variable(x, fmt), None


@dataclass(frozen=True)
class Root:
    """What is smooth in the root of a distance: t*t = |x - centre|, on one side.

    t has the sign of the side.
    """

    centre: float
    sides: tuple[int, ...]
    least: float = 2.0**-5

    @property
    def parts(self) -> tuple[Chart, ...]:
        """There is but one side."""
        return (self,)

    def span(self, domain: Interval, side: int) -> tuple[float, float]:
        """The roots of the distances from the centre."""
        near, far = Shift(self.centre).span(domain, side)
        return math.sqrt(near), math.sqrt(far)

    def rounded_up(self, reach: float) -> float:
        """The root of a distance of two digits."""
        return math.sqrt(Shift(self.centre).rounded_up(reach * reach))

    def edge(self, radius: float) -> float:
        """The square of the radius."""
        return float(f"{radius * radius:.2g}")

    def exact(self, t: Number) -> Ball:
        """centre + t*t, or centre - t*t"""
        with flint.ctx.workprec(WORKING):
            return flint.arb(self.centre) + self.sides[0] * flint.arb(t) ** 2

    def number(self, t: float, fmt: Format) -> float:
        """The same, rounded."""
        return fmt.nearest(self.centre + self.sides[0] * t * t)

    def variable(self, x: float, fmt: Format) -> float:
        """The root of the distance, with the sign of the side."""
        distance = fmt.nearest(self.sides[0] * (x - self.centre))
        return fmt.nearest(self.sides[0] * math.sqrt(max(distance, 0.0)))

    def both(self, x: float, fmt: Format) -> tuple[float, float | None]:
        """The variable alone."""
        return self.variable(x, fmt), None


@dataclass(frozen=True)
class Inverse:
    """What is near infinity: t = 1/x."""

    centre: float = math.inf
    least: float = 2.0**-2
    sides: tuple[int, ...] = (1, -1)

    @property
    def parts(self) -> tuple[Chart, ...]:
        """One for what is large and positive, and one for what is negative."""
        return tuple(replace(self, sides=(side,)) for side in self.sides)

    def span(self, domain: Interval, side: int) -> tuple[float, float]:
        """One over numbers of a sign; infinite, if that is 0."""
        near, far = sorted(side * end for end in (domain.low, domain.high))
        ends = max(far, 0.0), max(near, 0.0)
        low, high = (1 / end if end else math.inf for end in ends)
        return low, high

    def rounded_up(self, reach: float) -> float:
        """One over a number of two digits; every format has it."""
        return 1 / two_digits(min(1 / (1.05 * reach), 1 / SMALLEST), math.floor)

    def edge(self, radius: float) -> float:
        """One over the radius."""
        return float(f"{1 / radius:.2g}")

    def exact(self, t: Number) -> Ball:
        """1/t"""
        with flint.ctx.workprec(WORKING):
            return 1 / flint.arb(t)

    def number(self, t: float, fmt: Format) -> float:
        """1/t"""
        return fmt.nearest(1 / t) if t else math.nan

    def variable(self, x: float, fmt: Format) -> float:
        """1/x"""
        return fmt.nearest(1 / x) if x else math.inf

    def both(self, x: float, fmt: Format) -> tuple[float, float | None]:
        """1/x and x"""
        return self.variable(x, fmt), x
