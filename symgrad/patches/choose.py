"""The polynomial for a place at which a kernel is bad, and how far it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import flint

from symgrad.balls import Ball, Number
from symgrad.measure.formats import Format
from symgrad.measure.truth import limit
from symgrad.patches.charts import WORKING, Chart
from symgrad.patches.kernels import Kernel
from symgrad.patches.place import BOTH, FEW, Place
from symgrad.patches.series import Series, candidates

HIGHEST = 3
"""The order of a root that is divided out, at most."""

VANISHING = 1e-200
"""A limit that is less is zero."""


NOTHING = flint.arb(2) ** -1080
"""What is less is 0 as a double."""


@dataclass(frozen=True)
class Patch:
    """A series instead of a kernel, where the leaf is near a centre.

    ``radius`` is a distance in the variable of the chart, 0 for the centre alone;
    ``sides`` are 1 and -1, or one of them where the kernel has no value on the other.
    ``far`` is a number at which the kernel is right.  One that ``is_between`` others
    stands about nothing in particular.
    """

    kernel: Kernel
    chart: Chart
    radius: float
    sides: tuple[int, ...]
    series: Series
    far: float
    is_between: bool = False

    def covers(self, x: float) -> bool:
        """Whether a number is where the patch stands."""
        t = self.chart.variable(x, BOTH[-1])
        return abs(t) <= self.radius and (not t or math.copysign(1, t) in self.sides)


def choose(place: Place, with_slope: bool) -> Patch | None:
    """The patch for a place at which a kernel is bad, if there is one.

    ``with_slope``: what is emitted may be differentiated again, so that the series must
    be right in its derivative too.  Where what torch misses is beyond all polynomials,
    the patch is as if it missed nothing.
    """
    order = _order(place)
    if order is None:
        return _vanishing(place) if math.isinf(place.chart.centre) else None
    for is_rough, target in product((True, False), place.aim.targets):
        reach = place.reach(target, is_rough)
        if reach is None or math.isinf(reach):
            continue
        if not reach and math.isinf(place.chart.centre):
            continue
        radius = place.chart.rounded_up(reach)
        far = _far(place, radius)
        if far is None:
            continue
        series = _series(place, radius, order, target, with_slope)
        if series is not None:
            return Patch(place.kernel, place.chart, radius, place.sides, series, far)
    return None


def _vanishing(place: Place) -> Patch | None:
    """Zero for a kernel that is less than any number where it is bad, far out."""
    reach = place.reach(place.aim.targets[-1], False)
    if not reach or math.isinf(reach):
        return None
    radius = place.chart.rounded_up(reach)
    inside = [radius * 2.0 ** (-(k**2) / 8) for k in range(80)]
    values = [place.at(side * d) for d in inside for side in place.sides]
    far = _far(place, radius)
    if far is None or not all(v is not None and abs(v) < NOTHING for v in values):
        return None
    nothing = Series(0, False, (0.0,))
    return Patch(place.kernel, place.chart, radius, place.sides, nothing, far)


def spanning(place: Place, radius: float, with_slope: bool) -> Patch | None:
    """The patch that stands as far as is said, if there is one."""
    far = _far(place, radius)
    if far is None:
        return None
    for target in place.aim.targets:
        series = _series(place, radius, 0, target, with_slope)
        if series is not None:
            chart, sides = place.chart, place.sides
            return Patch(place.kernel, chart, radius, sides, series, far, True)
    return None


def _far(place: Place, radius: float) -> float | None:
    """A number outside at which the kernel has a value."""
    for side in place.sides:
        for distance in (1.0, 0.5, 2.0, 0.25, 4.0, 8.0, 16.0):
            x = place.chart.number(side * distance, BOTH[-1])
            inside = distance >= radius and x in place.domain
            if inside and place.at(side * distance) is not None:
                return x
    return None


def _order(place: Place) -> int | None:
    """The order of the root at the centre; ``None``: there is no limit."""
    for order in range(HIGHEST + 1):
        value = limit(partial(_over, place, order), [0.0])
        if value is None:
            return None
        if abs(value.high) > VANISHING:
            return order
    return None


def _over(place: Place, order: int, point: Sequence[Number]) -> Ball | None:
    """The true value over a power of the distance."""
    [t] = point
    if not t or (1 if t > 0 else -1) not in place.sides:
        return None
    value = place.at(t)
    with flint.ctx.workprec(WORKING):
        return None if value is None else value / flint.arb(t) ** order


def _series(
    place: Place, radius: float, order: int, target: float, with_slope: bool
) -> Series | None:
    """The shortest series that meets a target up to a radius."""
    if not radius:
        return _at_centre(place, order, with_slope)
    inside = [radius * 2.0 ** (-k / 3) for k in range(20)] + [0.0, *FEW]
    inside = [d for d in inside if d <= radius]
    found = _candidates(place, radius, order)
    for series in found:
        if _meets(place, series, inside, target):
            return next(found, series) if with_slope else series
    return None


def _candidates(place: Place, radius: float, order: int) -> Iterator[Series]:
    low, high = (radius * s if s in place.sides else 0.0 for s in (-1, 1))
    is_asymptotic = math.isinf(place.chart.centre)
    return candidates(place.at, low, high, order, is_asymptotic)


def _at_centre(place: Place, order: int, with_slope: bool) -> Series | None:
    """The value at the centre, and its slope if that is wanted."""
    found = list(_candidates(place, place.chart.least, order))
    if not found:
        return None
    flat = found[-1].even or order or not with_slope
    return found[-1].shortened(1 if flat else 2)


def _meets(
    place: Place, series: Series, distances: Sequence[float], target: float
) -> bool:
    """Whether a series is within a target, on every side and in every format."""

    def compute(x: float, fmt: Format) -> float:
        return series.value(place.chart.variable(x, fmt), fmt)

    return all(
        not place.misses(found) and found.conditioned <= target
        for fmt in BOTH
        for _, found in place.errors(distances, compute, fmt)
    )
