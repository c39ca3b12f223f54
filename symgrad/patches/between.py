"""Patches of what is bad between those at centres, where functions of torch are rough.

``1 - i1e(k)/i0e(k)`` has a polynomial in ``1/k`` from 8.8 on.  Below no digit would be
lost if torch missed nothing; it misses four units of each, and a tenth of them is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from symgrad.intervals import Interval
from symgrad.patches.charts import Shift, two_digits
from symgrad.patches.choose import Patch, spanning
from symgrad.patches.kernels import Kernel
from symgrad.patches.place import BOTH, MANY, Aim, Known, Place

APART = 2.0
"""Bad distances of which one is as many times the one before are of two stretches."""

FEWEST, MOST = 4, 2
"""Bad distances of a stretch, at least, and stretches, at most: others are noise."""

WIDEST = 16.0
"""A stretch whose end is as many times its beginning is beyond one polynomial."""

MARGIN = 2.0 ** (1 / 8)
"""The ratio of distances at which a kernel is run."""


def between(
    kernel: Kernel,
    domain: Interval,
    aim: Aim,
    patches: Sequence[Patch],
    with_slope: bool,
    known: Known,
) -> Iterator[Patch]:
    """A patch for each stretch of bad numbers that no other has."""
    place = Place(kernel, Shift(0.0), domain, aim, known)
    for side in (1, -1):
        for low, high in _stretches(_bad(place, side, patches)):
            middle = math.sqrt(low * high)
            for parts in ([(low, high)], [(low, middle), (middle, high)]):
                found = [
                    spanning(*_span(place, side, *part), with_slope) for part in parts
                ]
                if all(found):
                    yield from filter(None, found)
                    break


def _span(place: Place, side: int, low: float, high: float) -> tuple[Place, float]:
    """The place in the middle between two distances, and how far it has to reach."""
    centre = two_digits((low + high) / 2, round)
    radius = two_digits(max(high - centre, centre - low), math.ceil)
    return replace(place, chart=Shift(side * centre)), radius


def _bad(place: Place, side: int, patches: Sequence[Patch]) -> list[float]:
    """Distances from 0 at which the kernel is bad and has no patch."""
    bad = {
        abs(x)
        for fmt in BOTH
        for x, error in place.errors_at(
            [fmt.nearest(side * d) for d in MANY], place.of_kernel, fmt
        )
        if place.misses(error) and not any(p.covers(x) for p in patches)
    }
    return sorted(bad)


def _stretches(bad: Sequence[float]) -> Sequence[tuple[float, float]]:
    """Where bad distances begin and end, with a margin as wide as they are apart."""
    starts = [k for k, d in enumerate(bad) if not k or d > APART * bad[k - 1]]
    ends = [
        (bad[start] / MARGIN, bad[end - 1] * MARGIN)
        for start, end in pairwise([*starts, len(bad)])
        if end - start >= FEWEST
    ]
    are_narrow = all(high < WIDEST * low for low, high in ends)
    return ends if are_narrow and len(starts) <= MOST else ()
