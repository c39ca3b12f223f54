"""Where a function is measured: numbers of every size, and of those that matter.

No one distribution finds everything.  Numbers that are uniform among all floats are
mostly tiny or huge; numbers that are uniform on the real line are never near a
critical point.  So four strata are drawn: floats by their ordinal, distances of every
size from the centres, a range of ordinary values, and special values with their
neighbours.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad.intervals import Interval
from symgrad.measure.formats import Format

EVERYWHERE = Interval(-math.inf, math.inf, True, True)

NEIGHBOURS = 3
"""Floats on either side of a special value."""

CORRELATED = 4
"""One point in so many has its second number near to its first."""


@dataclass(frozen=True)
class Range:
    """Where one input lives, its critical points, and where it is mostly."""

    domain: Interval = EVERYWHERE
    centres: tuple[float, ...] = (0.0,)
    typical: tuple[float, float] = (-30.0, 30.0)


def numbers(fmt: Format, where: Range, count: int, rng: random.Random) -> list[float]:
    """About three times ``count`` different numbers inside the domain, in order.

    None is subnormal: what torch makes of those differs from kernel to kernel.
    """
    drawn = [
        *_by_ordinal(fmt, where.domain, count, rng),
        *_about_centres(fmt, where.centres, count, rng),
        *_ordinary(where, count, rng),
    ]
    kept = {x for x in fmt.rounded(drawn) if _counts(fmt, where.domain, x)}
    kept.update(x for x in _special(fmt, where) if _counts(fmt, where.domain, x))
    return sorted(kept)


def points(
    fmt: Format, ranges: Sequence[Range], count: int, rng: random.Random
) -> list[tuple[float, ...]]:
    """Points of several inputs: independent, and some of them nearly alike."""
    columns = [numbers(fmt, where, count, rng) for where in ranges]
    size = max(map(len, columns))
    mixed = [_resized(column, size, rng) for column in columns]
    if len(mixed) > 1:
        mixed[1] = _beside(fmt, ranges[1].domain, mixed[0], mixed[1], rng)
    return list(zip(*mixed, strict=True))


def _counts(fmt: Format, domain: Interval, x: float) -> bool:
    return math.isfinite(x) and x in domain and (x == 0 or abs(x) >= fmt.normal)


def _by_ordinal(
    fmt: Format, domain: Interval, count: int, rng: random.Random
) -> list[float]:
    ends = (max(domain.low, -fmt.largest), min(domain.high, fmt.largest))
    low, high = fmt.ordinals(ends)
    return fmt.at(rng.randint(low, high) for _ in range(count))


def _about_centres(
    fmt: Format, centres: Sequence[float], count: int, rng: random.Random
) -> Iterator[float]:
    closest = -40 if fmt.precision < 53 else -70
    for _ in range(count):
        distance = 2.0 ** rng.uniform(closest, 9)
        yield rng.choice(centres) + rng.choice((-1, 1)) * distance


def _ordinary(where: Range, count: int, rng: random.Random) -> list[float]:
    low = max(where.domain.low, where.typical[0])
    high = min(where.domain.high, where.typical[1])
    return [rng.uniform(low, high) for _ in range(count)]


def _special(fmt: Format, where: Range) -> list[float]:
    """Ends of what a format or the exponential of one holds, and their neighbours."""
    most = fmt.largest
    sizes = [fmt.normal, 2.0 ** (1 - fmt.precision), 1.0, 16.0, 20.0, math.log(most)]
    sizes += [-math.log(fmt.normal), math.sqrt(most), math.sqrt(fmt.normal), most]
    ends = [e for e in (where.domain.low, where.domain.high) if math.isfinite(e)]
    signed = [s * sign for s in sizes for sign in (-1, 1)]
    middle = fmt.ordinals([0.0, *signed, *where.centres, *ends])
    last = fmt.ordinals([most])[0]
    near = range(-NEIGHBOURS, NEIGHBOURS + 1)
    return fmt.at(o + k for o in middle for k in near if abs(o + k) <= last)


def _resized(column: list[float], size: int, rng: random.Random) -> list[float]:
    """The column in another order, and as long as asked for."""
    shuffled = column * math.ceil(size / len(column))
    rng.shuffle(shuffled)
    return shuffled[:size]


def _beside(
    fmt: Format,
    domain: Interval,
    first: Sequence[float],
    second: Sequence[float],
    rng: random.Random,
) -> list[float]:
    """The second column, some of it moved to about where the first is."""
    found = list(second)
    for i in range(0, len(found), CORRELATED):
        move = rng.choice((-1, 1)) * 2.0 ** rng.uniform(-30, 2)
        [near] = fmt.rounded([first[i] * (1 + move)])
        if _counts(fmt, domain, near):
            found[i] = near
    return found
