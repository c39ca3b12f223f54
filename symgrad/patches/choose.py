"""The polynomial for a place at which a kernel is bad, and how far it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import flint

from symgrad.balls import Ball, Number
from symgrad.measure.errors import Error
from symgrad.measure.formats import Format
from symgrad.measure.truth import limit
from symgrad.patches.charts import WORKING, Chart, two_digits
from symgrad.patches.place import BOTH, FEW, Place
from symgrad.patches.series import Series, candidates
from symgrad.patches.views import NOTHING

HIGHEST, LOWEST = 8, 6
"""The orders of a root that is divided out and of a pole that is, at most."""

VANISHING = 1e-200
"""A limit that is less is zero."""

FEATURE = 2.0**20
"""Units of a double by which what hides between numbers differs, at least.

Series in definitions of the function table are a little off where they end.
"""

NEGLIGIBLE = 2.0**-60
"""What a term that no format notices is beside the first."""

FAR = 2.0**-40
"""Of infinity: what has no series there has none farther in."""


@dataclass(frozen=True)
class Patch:
    """A series instead of a kernel, where the leaf is near a centre.

    ``radius`` is a distance in the variable of the chart, 0 for the centre alone;
    ``sides`` are 1 and -1, or one of them where the kernel has no value on the other.
    The centre is of the patch if it is of the branch of a side.  ``far`` is a number at
    which the kernel is right.  One that ``is_between`` others stands about nothing in
    particular.
    """

    chart: Chart
    radius: float
    sides: tuple[int, ...]
    series: Series
    far: float
    has_centre: bool
    is_between: bool = False

    def covers(self, x: float) -> bool:
        """Whether a number is where the patch stands."""
        t = self.chart.variable(x, BOTH[-1])
        if not t:
            return self.has_centre
        return abs(t) <= self.radius and math.copysign(1, t) in self.sides


def choose(place: Place, with_slope: bool, part: float = 1.0) -> Patch | None:
    """The patch for a place at which a kernel is bad, or for a part of it.

    ``with_slope``: what is emitted may be differentiated again, so that the series must
    be right in its derivative too.  Where what torch misses is beyond all polynomials,
    the patch is as if it missed nothing.
    """
    order, is_far = _order(place), math.isinf(place.chart.centre)
    if order is None:
        return _vanishing(place) if is_far else None
    if is_far and not _offers(place, FAR, order):
        return None
    offers: dict[float, Sequence[Series]] = {}
    for is_rough, target in product((True, False), place.aim.targets):
        reach = place.reach(target, is_rough)
        if reach is not None and math.isinf(reach) and part < 1:
            reach = 1.0
        if reach is None or math.isinf(reach):
            continue
        if not reach and is_far:
            continue
        radius = place.chart.rounded_up(part * reach)
        far = _far(place, radius)
        if far is None:
            continue
        if radius not in offers:
            offers[radius] = _offers(place, radius, order)
        series = _series(place, radius, offers[radius], target, with_slope)
        if series is not None:
            return _patch(place, radius, series, far)
    return None


def _vanishing(place: Place) -> Patch | None:
    """Zero for a kernel that is less than any number where it is bad, far out."""
    beyond = [place.at(side * FAR) for side in place.sides]
    if not all(value is not None and abs(value) < NOTHING for value in beyond):
        return None
    reach = place.reach(place.aim.targets[-1], False)
    if not reach or math.isinf(reach):
        return None
    radius = place.chart.rounded_up(reach)
    inside = [radius * 2.0 ** (-(k**2) / 8) for k in range(80)]
    values = [place.at(side * d) for d in inside for side in place.sides]
    between, far = place.between(radius), _far(place, radius)
    if between is None or far is None:
        return None
    values += [place.exact([x]) for x in between]
    if not all(v is not None and abs(v) < NOTHING for v in values):
        return None
    nothing = Series(0, False, (0.0,))
    return _patch(place, radius, nothing, far)


def spanning(place: Place, radius: float, with_slope: bool) -> Patch | None:
    """The patch that stands as far as is said, if there is one."""
    far = _far(place, radius)
    if far is None:
        return None
    offers = _offers(place, radius, 0)
    for target in place.aim.targets:
        series = _series(place, radius, offers, target, with_slope)
        if series is not None:
            found = _patch(place, radius, series, far)
            return found and replace(found, is_between=True)
    return None


def _patch(place: Place, radius: float, series: Series, far: float) -> Patch | None:
    is_regular = math.isfinite(place.chart.centre) and series.valuation >= 0
    has_centre = is_regular and any(
        place.lens.are_one_branch(0.0, side * place.chart.least) for side in place.sides
    )
    if not radius and not has_centre:
        return None
    return Patch(place.chart, radius, place.sides, series, far, has_centre)


def _far(place: Place, radius: float) -> float | None:
    """A number outside at which the kernel is right, if there is an outside.

    Where a patch has all of the domain, it is one at which the kernel has a value.
    """
    number = place.chart.number
    outside = (
        number(side * distance, BOTH[-1])
        for side in place.sides
        for distance in (1.0, 0.5, 2.0, 0.25, 4.0, 8.0, 16.0)
        if distance >= radius
    )
    found = next((x for x in outside if not _is_bad(place, x, place.misses)), None)
    inside = (
        number(side * two_digits(part * place.extent(side), round), BOTH[-1])
        for side in place.sides
        for part in (0.75, 0.5)
        if radius >= place.extent(side)
    )
    if found is None:
        found = next((x for x in inside if not _is_bad(place, x, _is_lost)), None)
    return found


def _is_bad(place: Place, x: float, is_bad: Callable[[Error], bool]) -> bool:
    """Whether a kernel is so at a number, in any format, or has no value there."""
    errors = [list(place.errors_at([x], place.of_kernel, fmt)) for fmt in BOTH]
    return not all(found and not is_bad(found[0][1]) for found in errors)


def _is_lost(found: Error) -> bool:
    return found.is_spurious


def _order(place: Place) -> int | None:
    """The order of the root at the centre, below 0 that of a pole.

    ``None``: no power of the distance makes a limit of the kernel.
    """
    for order in range(HIGHEST + 1):
        value = limit(partial(_over, place, order), [0.0])
        if value is None:
            return None if order else _pole(place)
        if abs(value.high) > VANISHING:
            return order
    return None


def _pole(place: Place) -> int | None:
    for order in range(-1, -LOWEST - 1, -1):
        value = limit(partial(_over, place, order), [0.0])
        if value is not None:
            return order if abs(value.high) > VANISHING else None
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
    place: Place,
    radius: float,
    offers: Sequence[Series],
    target: float,
    with_slope: bool,
) -> Series | None:
    """The shortest series that meets a target up to a radius."""
    if not offers:
        return None
    if not radius:
        if offers[-1].valuation < 0:
            return None
        flat = offers[-1].even or offers[-1].valuation or not with_slope
        return offers[-1].shortened(1 if flat else 2)
    between = place.between(radius)
    if between is None:
        return None
    for longer, series in enumerate(offers, 1):
        if _meets(place, series, radius, between, target):
            further = offers[longer:] if with_slope else ()
            is_longer = bool(further) and _counts(further[0], radius)
            found = further[0] if is_longer else series
            fewest = _in_single(place, found, radius, between, target)
            return replace(found, single=fewest + is_longer)
    return None


def _in_single(
    place: Place,
    series: Series,
    radius: float,
    between: Sequence[float],
    target: float,
) -> int:
    """The number of terms with which a series is within a target in float32."""
    most = len(series.coefficients)
    for terms in range(2, most):
        shorter = replace(series, single=terms)
        if _meets(place, shorter, radius, between, target, BOTH[:1]):
            return terms
    return most


def _counts(series: Series, radius: float) -> bool:
    """Whether the last term of a series is anything to its slope."""
    first, last = series.coefficients[0], series.coefficients[-1]
    degree = (len(series.coefficients) - 1) * (2 if series.even else 1)
    told = series.valuation and abs(last) * radius**degree < NEGLIGIBLE * abs(first)
    return not told


def _offers(place: Place, radius: float, order: int) -> Sequence[Series]:
    """Series up to a radius; of the centre alone, they tell its value and its slope."""
    reach = radius or place.chart.least
    ends = {s: min(reach, place.extent(s)) for s in place.sides}
    is_asymptotic = math.isinf(place.chart.centre)
    low, high = -ends.get(-1, 0.0), ends.get(1, 0.0)
    return tuple(candidates(place.at, low, high, order, is_asymptotic))


def _meets(
    place: Place,
    series: Series,
    radius: float,
    between: Sequence[float],
    target: float,
    formats: Sequence[Format] = BOTH,
) -> bool:
    """Whether a series is within a target, on every side and in all formats."""
    inside = [radius * 2.0 ** (-k / 3) for k in range(20)]
    inside += [d for d in FEW if d <= radius]

    def compute(x: float, fmt: Format) -> float:
        return series.value(*place.chart.both(x, fmt), fmt)

    known = (f for fmt in formats for _, f in place.errors(inside, compute, fmt))
    hidden = (f for _, f in place.errors_at(between, compute, BOTH[-1]))
    return all(
        not place.misses(found) and found.conditioned <= target for found in known
    ) and all(
        not (found.is_spurious or found.is_wrong_zero) and found.conditioned <= FEATURE
        for found in hidden
    )
