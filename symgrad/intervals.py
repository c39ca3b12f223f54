"""Domains, and what follows from them: which comparisons are decided, which signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf


@dataclass(frozen=True)
class Interval:
    """A domain: both ends as float64, infinite where it is unbounded."""

    low: float
    high: float
    low_open: bool
    high_open: bool

    def __contains__(self, x: float) -> bool:
        above = x > self.low if self.low_open else x >= self.low
        below = x < self.high if self.high_open else x <= self.high
        return above and below

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, self.high_open, self.low_open)

    def __str__(self) -> str:
        low, high = (_endpoint(end) for end in (self.low, self.high))
        opening, closing = "[("[self.low_open], "])"[self.high_open]
        return f"{opening}{low}, {high}{closing}"


def _endpoint(end: float) -> str:
    if end in (float("inf"), float("-inf")):
        return "oo" if end > 0 else "-oo"
    return repr(end).removesuffix(".0")


def point(x: float) -> Interval:
    """The interval of one number."""
    return Interval(x, x, False, False)


def decided(op: str, a: Interval, b: Interval) -> bool | None:
    """What a comparison is for all pairs of two intervals, ``None`` if they differ."""
    if _ANSWERS[op][0](a, b):
        return True
    return False if _ANSWERS[op][1](a, b) else None


def sign(interval: Interval) -> int | None:
    """The sign of all numbers of an interval, ``None`` if they differ."""
    zero = point(0.0)
    return 1 if _below(zero, interval) else -1 if _below(interval, zero) else None


def _below(a: Interval, b: Interval) -> bool:
    """Whether every number of ``a`` is less than every one of ``b``."""
    apart = a.high_open or b.low_open
    return a.high < b.low or (a.high == b.low and apart and not isinf(a.high))


def _at_most(a: Interval, b: Interval) -> bool:
    """Whether no number of ``a`` is greater than one of ``b``.

    An open end at infinity is none: values that are too large for a float reach it.
    """
    return a.high <= b.low


def _differ(a: Interval, b: Interval) -> bool:
    return _below(a, b) or _below(b, a)


def _never(a: Interval, b: Interval) -> bool:
    return False


Test = Callable[[Interval, Interval], bool]

_ANSWERS: Mapping[str, tuple[Test, Test]] = {
    "lt": (_below, lambda a, b: _at_most(b, a)),
    "le": (_at_most, lambda a, b: _below(b, a)),
    "gt": (lambda a, b: _below(b, a), _at_most),
    "ge": (lambda a, b: _at_most(b, a), _below),
    "eq": (_never, _differ),
    "ne": (_differ, _never),
}
"""For each comparison when it holds for all pairs, and when for none."""
