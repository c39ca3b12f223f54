"""Where the ladder takes its inputs from: the declared samples and domains.

Everything is seeded by the name of the op and of the rung, so that a failure comes
again.
"""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Callable, Mapping

from symgrad.intervals import Interval
from symgrad.op import Input, Op
from symgrad.program import Kind
from symgrad.unroll import LARGEST_INDEX

Number = complex | bool
Point = dict[str, Number]
"""One number for each input."""

CORE = (-3.0, 3.0)
"""Where a real input without domain or samples takes ordinary values."""

NEAR = (1e-6, 1e6)
"""The sizes of inputs at which differences tell something of any smooth function."""

NARROW = 1e-3
"""The part of an input's size that its range has at least."""

LARGE = 1e3
"""The size of inputs beyond which a step of a millionth loses digits to rounding."""

_WHOLE = (Kind.INDEX, Kind.INT)
_FLAGS = (Kind.MASK, Kind.BOOL)


def generator(op: Op, purpose: str) -> random.Random:
    """A source of randomness that is the same in every run."""
    return random.Random(f"{op.name}/{purpose}")


def ordinary(op: Op, item: Input, rng: random.Random) -> Number:
    """A value of the size that an input has in practice."""
    sample = op.samples.get(item.name)
    if item.kind in _FLAGS:
        return rng.random() < 0.5
    if sample is not None and sample.values:
        chosen = rng.choice(sample.values)
        return int(chosen) if item.kind in _WHOLE else chosen
    low, high = core(op, item)
    if item.kind is Kind.COMPLEX:
        return complex(rng.uniform(low, high), rng.uniform(low, high))
    if item.kind in _WHOLE:
        return rng.randint(math.ceil(low), max(math.ceil(low), math.floor(high)))
    return rng.uniform(low, high)


def core(op: Op, item: Input) -> tuple[float, float]:
    """The range of ordinary values: declared, or guessed from default and domain."""
    sample = op.samples.get(item.name)
    if sample is not None and sample.range is not None:
        return sample.range
    low, high = _around(item) if item.has_default else _usual(item.kind)
    return (low, high) if item.domain is None else _within(item.domain, low, high)


def unit(op: Op, name: str) -> float:
    """What a small step of an input is small to.

    The size of one that is small, and of a large one the part of it to which a step of
    a millionth still has digits; between them 1.
    """
    reach = max(map(abs, core(op, op.input(name))))
    return max(min(1.0, reach or 1.0), reach / LARGE)


def scale(op: Op) -> float:
    """The unit of the smallest floating input."""
    return min(unit(op, item.name) for item in op.inputs if item.kind.is_floating)


def _usual(kind: Kind) -> tuple[float, float]:
    """A range for an input of which nothing else is known."""
    return {
        Kind.INDEX: (0.0, float(LARGEST_INDEX)),
        Kind.INT: (1.0, 3.0),
        Kind.FLOAT: (0.3, 2.0),
    }.get(kind, CORE)


def _around(item: Input) -> tuple[float, float]:
    """A range about a default that has the default's sign, if it has one."""
    default = float(item.default or 0)
    if default == 0:
        return -1.0, 1.0
    return min(default / 2, default * 2), max(default / 2, default * 2)


def _within(domain: Interval, low: float, high: float) -> tuple[float, float]:
    """The part of a range inside a domain, or else a range of the domain's own."""
    if domain.low < low and high < domain.high:
        return low, high
    inset = min(0.05, (domain.high - domain.low) / 50)
    bottom, top = domain.low + inset, domain.high - inset
    start = max(low, bottom)
    if math.isinf(top):
        return start, max(high, start + 3.0)
    stop = min(high, top)
    if math.isinf(bottom):
        return min(low, stop - 3.0), stop
    return (start, stop) if start < stop else (bottom, top)


def wide(op: Op, item: Input, rng: random.Random, decades: float) -> Number:
    """A value of any magnitude between 10**-decades and 10**decades, in the domain.

    Magnitudes near 1 are the most frequent.  A domain's ends are approached as zero
    is.  What is not real is ordinary: only tensors come from the whole range.
    """
    if not item.kind.is_floating:
        return ordinary(op, item, rng)
    size = math.pow(10.0, decades * rng.uniform(-1, 1) ** 3)
    if item.kind is Kind.COMPLEX:
        return cmath.rect(size, rng.uniform(-math.pi, math.pi))
    end = rng.choice([0.0, *finite_ends(item)])
    sides = [end + size, end - size]
    rng.shuffle(sides)
    inside = [v for v in sides if item.domain is None or v in item.domain]
    return inside[0] if inside else ordinary(op, item, rng)


def finite_ends(item: Input) -> list[float]:
    """The ends of an input's domain that are numbers."""
    ends = () if item.domain is None else (item.domain.low, item.domain.high)
    return [end for end in ends if math.isfinite(end)]


def remedy(op: Op) -> str:
    """What a person can do where too few points were found."""
    floating = [item for item in op.inputs if item.kind.is_floating]
    for test, place, help in _REMEDIES:
        ends = [(i.name, *core(op, i)) for i in floating if test(op, i)]
        if ends:
            ranges = ", ".join(
                f"{n} in [{low:.9g}, {high:.9g}]" for n, low, high in ends
            )
            return f"finite differences do not work {place} {ranges}: {help}"
    return "declare domains or samples"


def _is_far(op: Op, item: Input) -> bool:
    """Whether an input is never of a size at which doubles can be differenced."""
    reach = max(map(abs, core(op, item)))
    return not NEAR[0] <= reach <= NEAR[1]


def _is_narrow(op: Op, item: Input) -> bool:
    """Whether the steps of differences are too large for an input's range."""
    low, high = core(op, item)
    return high - low < NARROW * unit(op, item.name)


_REMEDIES = (
    (_is_far, "so far from 1 as", "measure it in another unit, or sample it elsewhere"),
    (_is_narrow, "in so narrow a range as", "measure it from an end of the range"),
)
"""Tests of an input, what is said of one that it finds, and what to do."""


def point(op: Op, draw: Callable[[Input], Number]) -> Point:
    """A number for every input."""
    return {item.name: draw(item) for item in op.inputs}


def describe(values: Mapping[str, object]) -> str:
    """A point as text, short enough for a table."""
    return ", ".join(f"{name}={value}" for name, value in values.items())
