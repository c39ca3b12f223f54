"""A kernel near a point: how wrong it is there, measured on the ideal machine.

A kernel is run at distances of every size from a point.  It is bad where its error,
divided by one more than what the rounding of its argument may cost, is beyond some
units in the last place, or where it is NaN, infinite or zero and the truth is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType

import flint

from symgrad import precise
from symgrad.balls import Ball, Number, is_nan
from symgrad.intervals import Interval
from symgrad.measure.errors import SOUND, Error, error
from symgrad.measure.formats import FORMATS, Format
from symgrad.measure.truth import Truth, truth, without_slack
from symgrad.patches import ideal
from symgrad.patches.charts import Chart
from symgrad.patches.kernels import Kernel
from symgrad.patches.moved import by_constants
from symgrad.patches.resolve import Lens, Unresolved


@dataclass(frozen=True)
class Aim:
    """How accurate a kernel is to be, in conditioned ULP.

    Beyond ``bad`` it is patched, so that it has the first of ``targets`` at most; a
    later one where an earlier would take too long a polynomial.
    """

    bad: float
    targets: tuple[float, ...]


AIMS: Mapping[str, Aim] = {
    "stable": Aim(SOUND, (4.0, 6.0, 8.0, 12.0, SOUND)),
    "max": Aim(4.0, (2.0, 4.0)),
}
"""By the key ``accuracy`` of a spec; ``fast`` has none: nothing is patched."""

QUIET, WIDTH = 12, 4.0
"""How many distances in a row meet the target where a kernel is right beyond, and how
many times as great as the last bad one the last of them is then."""

BISECTIONS = 6
"""By which the end of what is bad is told: to some thousandths of the distance."""

BELOW = 2.0**20
"""How many times as large the largest number is, as what may overflow too early."""

Compute = Callable[[float, Format], float]
"""What is computed of a number of a format."""

_NONE: Mapping[int, Number] = MappingProxyType({})

BOTH = (FORMATS["float32"], FORMATS["float64"])
"""The formats in which everything is measured."""


@dataclass(frozen=True)
class Known:
    """What was found out of a kernel at numbers, whatever they are near of."""

    values: dict[float, Ball | None] = field(default_factory=dict)
    truths: dict[float, Truth | None] = field(default_factory=dict)
    moved: dict[tuple[float, str], float] = field(default_factory=dict)
    runs: dict[tuple[float, float, str, bool], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A kernel near a centre, as a function of the variable of a chart."""

    kernel: Kernel
    chart: Chart
    domain: Interval
    aim: Aim
    known: Known = field(default_factory=Known, repr=False)

    @cached_property
    def sides(self) -> tuple[int, ...]:
        """The sides on which there is anything."""
        steps = {s: s * min(2.0**-12, self.extent(s) / 2) for s in self.chart.sides}
        inside = [
            (side, step)
            for side, step in steps.items()
            if step and self.chart.number(step, BOTH[-1]) in self.domain
        ]
        return tuple(side for side, step in inside if self.at(step) is not None)

    def at(self, t: Number) -> Ball | None:
        """The true value at a distance; ``None`` where there is none."""
        return self.exact([self.chart.exact(t)])

    def exact(self, point: Sequence[Number]) -> Ball | None:
        """The true value at a number; ``None`` where there is none."""
        x, values = point[0], self.known.values
        if not isinstance(x, float):
            return self._exact(point)
        if x not in values:
            values[x] = self._exact(point)
        return values[x]

    def _exact(
        self, point: Sequence[Number], others: Mapping[int, Number] = _NONE
    ) -> Ball | None:
        kernel = self.kernel
        given = {kernel.leaf: point[0], **others}
        found = precise.value(kernel.nodes, kernel.root, given)
        real = isinstance(found, flint.arb) and not is_nan(found) and found.is_finite()
        return found if real else None

    def _error(self, x: float, computed: float, fmt: Format) -> Error | None:
        """The error at a number; what rounding costs is asked for where it counts."""
        target, truths, moved = self.aim.targets[0], self.known.truths, self.known.moved
        if x not in truths:
            truths[x] = without_slack(self.exact, [x])
        true = truths[x]
        if true is None or not abs(true.high) <= fmt.largest:
            return None  # balls do not hold all that overflows
        found = error(fmt, computed, true)
        if found.ulp <= target:
            return found
        if (x, fmt.name) not in moved:
            moved[x, fmt.name] = self._moved(x, fmt)
        return error(fmt, computed, replace(true, moved=moved[x, fmt.name]))

    def _moved(self, x: float, fmt: Format) -> float:
        """By how much rounding moves the value at a number."""
        true, here = truth(self.exact, [x]), self.exact([x])
        moved = true.moved if true else 0.0
        if here is None:
            return moved
        return moved + by_constants(
            self.kernel, x, here, partial(self._exact, [x]), fmt
        )

    def errors(
        self, distances: Sequence[float], compute: Compute, fmt: Format
    ) -> Iterator[tuple[float, Error]]:
        """The errors of what is computed near the centre, with their distances."""
        moved = (
            self.chart.number(side * d, fmt) for d in distances for side in self.sides
        )
        for x, found in self.errors_at(moved, compute, fmt):
            yield abs(self.chart.variable(x, FORMATS["float64"])), found

    def errors_at(
        self, numbers: Iterable[float], compute: Compute, fmt: Format
    ) -> Iterator[tuple[float, Error]]:
        """The errors of what is computed of numbers of a format, with these."""
        for x in dict.fromkeys(numbers):
            counts = x == 0 or fmt.normal <= abs(x) <= fmt.largest
            if not counts or x not in self.domain:
                continue
            found = self._error(x, compute(x, fmt), fmt)
            if found is not None:
                yield x, found

    def extent(self, side: int) -> float:
        """The distance at which the domain ends on a side."""
        return self.chart.span(self.domain, side)[1]

    def between(self, radius: float) -> list[float] | None:
        """Numbers up to a distance at which a patch must be right, beside its own.

        ``None`` where the kernel has a pole or cannot be followed.
        """
        numbers = self.chart.number
        try:
            return [
                numbers(side * d, BOTH[-1])
                for side in self.sides
                for d in self.lens.between(side, *self._within(side, radius))
            ]
        except Unresolved:
            return None

    def _within(self, side: int, radius: float) -> tuple[float, float]:
        near, far = self.chart.span(self.domain, side)
        return near, min(far, radius)

    @cached_property
    def lens(self) -> Lens:
        """What is seen of the kernel; it is the same for every target."""
        return Lens(self.kernel, self.chart)

    def _until_next(self, distances: Sequence[float]) -> list[float]:
        """The distances that are nearer than 0 is, unless that is the centre."""
        most = abs(self.chart.centre) or math.inf
        return [d for d in distances if d < most]

    def of_kernel(self, x: float, fmt: Format) -> float:
        """What the kernel is worth with all that torch is known to miss."""
        return self._run(x, fmt, is_rough=True)

    def at_best(self, x: float, fmt: Format) -> float:
        """What it is worth where every operation is rounded to the nearest."""
        return self._run(x, fmt, is_rough=False)

    def _run(self, x: float, fmt: Format, is_rough: bool) -> float:
        """What it is worth; zeros of either sign are two numbers here."""
        runs, is_rough = self.known.runs, is_rough and ideal.is_rough(self.kernel, fmt)
        asked = (x, math.copysign(1.0, x), fmt.name, is_rough)
        if asked not in runs:
            runs[asked] = ideal.run(self.kernel, x, fmt, is_rough)
        return runs[asked]

    @cached_property
    def worst(self) -> float:
        """The worst error near, in conditioned ULP, if it asks for a patch; else 0."""
        return self.worst_of(self.at_best)

    def worst_of(self, compute: Compute) -> float:
        """The same of what is computed instead.  A few distances tell."""
        far = math.isinf(self.chart.centre)
        distances = _FEW_AND_FAR if far else self._until_next(FEW)
        bad = [
            found.conditioned
            for fmt in (BOTH if self.sides else ())
            for _, found in self.errors(distances, compute, fmt)
            if self.misses(found) and not _is_at_the_top(found, fmt)
        ]
        return max(bad, default=0.0)

    def misses(self, found: Error) -> bool:
        """Whether an error is one that asks for a patch."""
        lost = found.is_spurious or found.is_wrong_zero
        return lost or found.conditioned > self.aim.bad

    @cached_property
    def measured(self) -> list[list[tuple[float, Error]]]:
        """The errors of the kernel at distances of every size, format by format."""
        return [list(self.errors(MANY, self.of_kernel, f)) for f in BOTH]

    @cached_property
    def measured_at_best(self) -> list[list[tuple[float, Error]]]:
        """The same where functions are rounded to the nearest."""
        return [list(self.errors(MANY, self.at_best, f)) for f in BOTH]

    def reach(self, target: float, is_rough: bool) -> float | None:
        """The greatest distance at which a target is missed, ``None`` if there is none.

        It is where the domain ends, or infinite, where that has no other end.
        """
        measured = self.measured if is_rough else self.measured_at_best
        found = [self._reach(target, errors) for errors in measured]
        last = max((d for d in found if d is not None), default=None)
        if not last:
            return last
        if math.isinf(last):
            return max(map(self.extent, self.sides))
        return self._refined(last, target, self.of_kernel if is_rough else self.at_best)

    def _refined(self, last: float, target: float, compute: Compute) -> float:
        """Where a target is missed, by bisection up to the next distance."""
        beyond = min(d for d in MANY if d > last * (1 + 2.0**-20))
        for _ in range(BISECTIONS):
            middle = math.sqrt(last * beyond)
            if any(
                self.misses(found) or found.conditioned > target
                for fmt in BOTH
                for _, found in self.errors([middle], compute, fmt)
            ):
                last = middle
            else:
                beyond = middle
        return last

    def _reach(
        self, target: float, errors: Iterable[tuple[float, Error]]
    ) -> float | None:
        missed: dict[float, bool] = {}
        for d, found in errors:
            misses = self.misses(found) or found.conditioned > target
            missed[d] = missed.get(d, False) or misses
        if not any(missed.values()):
            return None
        last, quiet = 0.0, 0
        for d in sorted(missed):
            last, quiet = (d, 0) if missed[d] else (last, quiet + 1)
            if quiet > QUIET and d > WIDTH * max(last, self.chart.least):
                break
        return last if last < 0.75 * max(missed) else math.inf


def _is_at_the_top(found: Error, fmt: Format) -> bool:
    """Whether something overflows a little before the truth would."""
    return found.is_spurious and found.size > fmt.largest / BELOW


def _uneven(exponents: Iterable[float]) -> tuple[float, ...]:
    """Powers of two, each moved a little: of them alone much is exact."""
    golden = (math.sqrt(5) - 1) / 2
    return tuple(2.0**k * (1 + k * golden % 1 / 8) for k in exponents)


FEW = (
    0.0,
    *_uneven((-1000, -520, -400, -300, -230, -120, -60, -50, -40, -30)),
    *_uneven((-20, -14, -10, -8, -6, -5)),
)
_TOP = tuple(k / fmt.largest for k in (1.001, 1.98) for fmt in BOTH)
_ROOTS = tuple(k / math.sqrt(fmt.largest) for k in (0.7, 0.999) for fmt in BOTH)
_FEW_AND_FAR = (*FEW, *_uneven((-4, -3, -2, -1)), *_TOP, *_ROOTS)
MANY = (
    0.0,
    *_TOP,
    *_ROOTS,
    *_uneven(range(-1020, -80, 40)),
    *_uneven(range(-80, -8)),
    *_uneven(k / 8 for k in range(-64, 33)),
)
"""Distances at which a kernel is run, few to see whether it is bad near a point."""
