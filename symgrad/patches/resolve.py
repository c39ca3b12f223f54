"""How finely a stretch must be looked at, so that nothing hides between what is seen.

A polynomial that meets a kernel at some numbers may miss what it does between them: a
branch, a pole, a bump that is narrower than they are apart.  Each comes of an operation
whose arguments go far from one number to the next.  Stretches are halved until none
does; where branches meet, until the numbers on either side are neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symgrad.balls import Ball, trace
from symgrad.patches.charts import Chart
from symgrad.patches.kernels import Kernel
from symgrad.patches.views import (
    BITS,
    Seen,
    crosses,
    is_constant,
    is_resolved,
    marks,
    views_of,
)

LARGEST = 800
"""Numbers at which a kernel is seen, at most."""

OCTAVES = 40
"""Halvings of a distance that are looked at; what is nearer, the centre tells."""

NEIGHBOURS = 2.0**-52
"""The relative distance of numbers between which there is none."""

TOLD = 24
"""Bits of each value; with fewer the next of ``BITS`` is taken."""


class Unresolved(ArithmeticError):
    """A kernel has a pole, or changes faster than it can be followed."""


@dataclass(frozen=True)
class Lens:
    """A kernel as it is seen at distances from a centre."""

    kernel: Kernel
    chart: Chart
    seen: dict[float, Seen] = field(default_factory=dict, repr=False)
    stretches: dict[tuple[float, float], Sequence[float] | None] = field(
        default_factory=dict, repr=False
    )

    def are_one_branch(self, s: float, t: float) -> bool:
        """Whether the same branches are taken at two distances, kinks and jumps too."""
        at = [self._values(s), self._values(t)]
        if at[0].keys() != at[1].keys():
            return False
        views = {value: [seen[value] for seen in at] for value in at[0]}
        told = (view for view in views.values() if isinstance(view[0], bool))
        return all(map(is_constant, told)) and all(
            is_alike(view)
            for value in views
            if self.kernel.nodes[value].op == "call"
            for view, is_alike in marks(self.kernel.nodes[value], views)
        )

    def between(self, side: int, near: float, end: float) -> Iterator[float]:
        """Distances on a side at which a patch has to be right, beside its own.

        Raises :class:`Unresolved`.
        """
        low = max(near, end * 2.0**-OCTAVES)
        while low < end:
            high = min(2.0 ** (math.floor(math.log2(low)) + 1), end)
            parts = self._stretch(side * low, side * high)
            yield from map(abs, parts if len(parts) > 1 else ())
            low = high

    def _stretch(self, low: float, high: float) -> Sequence[float]:
        """The parts of a stretch, cut once: patches of many radii have it in common."""
        if (low, high) not in self.stretches:
            try:
                self.stretches[low, high] = tuple(self._parts(low, high))
            except Unresolved:
                self.stretches[low, high] = None
        found = self.stretches[low, high]
        if found is None:
            raise Unresolved
        return found

    def _parts(self, low: float, high: float) -> Iterator[float]:
        """The middle of each part into which a stretch is cut."""
        middle = (low + high) / 2
        at = [self._at(t) for t in (low, middle, high)]
        is_branch = not at[0].keys() == at[1].keys() == at[2].keys()
        views = {} if is_branch else views_of(self.kernel, at)
        is_branch = is_branch or crosses(self.kernel, views)
        if not is_branch and is_resolved(self.kernel, views):
            yield middle
        elif abs(high - low) > NEIGHBOURS * abs(high):
            yield from self._parts(low, middle)
            yield from self._parts(middle, high)
        elif is_branch:
            yield from (low, high)
        else:
            raise Unresolved

    def _at(self, t: float) -> Seen:
        if t not in self.seen:
            if len(self.seen) > LARGEST:
                raise Unresolved
            self.seen[t] = self._values(t)
        return self.seen[t]

    def _values(self, t: float) -> Seen:
        """All values at a distance, told from 0 and from each other."""
        kernel, found = self.kernel, dict[int, Ball]()
        leaves = {kernel.leaf: self.chart.exact(t)}
        for bits in BITS:
            found = dict(
                trace(kernel.nodes, [kernel.root], leaves, bits, overlap_is_equal=True)
            )
            if all(map(_is_told, found.values())):
                break
        return found


def _is_told(ball: Ball) -> bool:
    return isinstance(ball, bool) or bool(ball.rel_accuracy_bits() > TOLD)
