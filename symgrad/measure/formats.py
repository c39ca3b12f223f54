"""Floating formats: what a dtype can hold, and its numbers counted in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from ctypes import c_float
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property


@dataclass(frozen=True)
class Format:
    """A binary format of normal numbers ``m * 2**e``, ``1 <= m < 2``.

    ``name`` is that of its dtype in torch, ``precision`` counts the bits of ``m``, and
    ``least`` is the smallest ``e``; the greatest is ``1 - least``.
    """

    name: str
    precision: int
    least: int

    @cached_property
    def largest(self) -> float:
        """The greatest finite number."""
        return math.ldexp(2.0 - 2.0 ** (1 - self.precision), 1 - self.least)

    @cached_property
    def normal(self) -> float:
        """The smallest positive number with all its bits."""
        return math.ldexp(1.0, self.least)

    def ulp(self, x: float) -> float:
        """The distance of the numbers about x; that of subnormal ones below."""
        return math.ldexp(1.0, self._exponent(x) - self.precision + 1)

    def _exponent(self, x: float) -> int:
        return max(math.frexp(x)[1] - 1, self.least) if x else self.least

    def nearest(self, x: float) -> float:
        """A double, rounded to the format: to an infinity where it is too large."""
        if self.precision == 53 or not math.isfinite(x):
            return x
        if self.name == "float32":
            return c_float(x).value  # the same, in less time
        unit = self.ulp(x)
        found = math.copysign(round(x / unit) * unit, x)
        return found if abs(found) <= self.largest else math.copysign(math.inf, x)

    def holds(self, exact: Fraction) -> bool:
        """Whether a rational is a number of the format."""
        try:
            return Fraction(self.nearest(float(exact))) == exact
        except OverflowError:
            return False

    def rounded(self, numbers: Iterable[float]) -> list[float]:
        """Each number as the nearest of the format."""
        return [self.nearest(x) for x in numbers]

    def ordinals(self, numbers: Iterable[float]) -> list[int]:
        """The place of each finite number among all of the format; that of 0 is 0."""
        return [self._place(x) if x >= 0 else -self._place(-x) for x in numbers]

    def _place(self, x: float) -> int:
        steps = round(x / self.ulp(x))
        return ((self._exponent(x) - self.least) << (self.precision - 1)) + steps

    def at(self, ordinals: Iterable[int]) -> list[float]:
        """The numbers at some places: the other way round."""
        return [math.copysign(self._number(abs(n)), n) for n in ordinals]

    def _number(self, place: int) -> float:
        raised = max((place >> (self.precision - 1)) - 1, 0)
        steps = place - (raised << (self.precision - 1))
        return math.ldexp(steps, raised + self.least - self.precision + 1)


FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("float64", 53, -1022),
        Format("float32", 24, -126),
        Format("float16", 11, -14),
        Format("bfloat16", 8, -126),
    )
}
