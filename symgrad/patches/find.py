"""Which values of a program are patched."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf, isfinite

from symgrad.leaf_sets import LeafSets
from symgrad.patches.between import between
from symgrad.patches.centres import centres
from symgrad.patches.charts import Chart, Inverse, Root, Shift
from symgrad.patches.choices import Centres, Choice, Choices, Question
from symgrad.patches.choose import Patch, choose
from symgrad.patches.degrees import domain_of
from symgrad.patches.kernels import dominators, kernel_of
from symgrad.patches.place import Aim, Known, Place
from symgrad.patches.tails import Tail, tail
from symgrad.program import VARIABLES, Program

BUDGET = 24
"""Values of a program whose kernels are measured, at most."""


FARTHER = (0.5, 0.25, 0.125)
"""Parts of what is bad near infinity for which there may be a patch."""

Inside = tuple[int, ...]
"""The values between a leaf and what is a function of it, that one included."""


@dataclass(frozen=True)
class Patched:
    """The patches of a value, which is a function of ``leaf`` made by ``inside``.

    Where the leaf is near one of ``bad``, none helps: parts may have patches there.
    """

    leaf: int
    inside: Inside
    patches: tuple[Patch | Tail, ...]
    bad: frozenset[float]


def find(program: Program, aim: Aim, choices: Choices) -> Mapping[int, Patched]:
    """The patches of values, each of them the widest kernel that can be mended.

    The search goes from what is returned to what it is made of, past kernels that are
    right and into those that are not and cannot be mended as a whole: what they are
    made of may be patched elsewhere.
    """
    known = dominators(program.nodes)
    varying = LeafSets(program.nodes, lambda node: node.op in VARIABLES)
    sloped = frozenset(program.reachable(_derivatives(program)))
    found: dict[int, Patched] = {}
    budget, seen = BUDGET, dict[int, Centres]()
    todo: deque[tuple[int, Centres]] = deque(
        (value, None) for value in (*program.outputs.values(), *_derivatives(program))
    )
    while todo and budget:
        value, only = todo.popleft()
        asked = seen.get(value, frozenset())
        only = None if only is None or asked is None else only | asked
        if value in seen and only == asked:
            continue
        seen[value] = only
        leaves = known.leaves(value)
        if not leaves:
            todo += [(part, None) for part in _parts(program, value, varying)]
            continue
        budget -= 1
        asking = _Asking(program, aim, choices, value in sloped)
        here = _best(leaves, only, asking)
        if here.patches or here.bad:
            found[value] = here
        inner = [(arg, here.bad) for arg in program.nodes[value].args]
        todo += inner if here.bad else [(here.leaf, None)]
    return found


@dataclass(frozen=True)
class _Asking:
    """What a search comes to for the kernels of a value."""

    program: Program
    aim: Aim
    choices: Choices
    with_slope: bool

    def of(self, leaf: int, inside: Inside, only: Centres) -> Choice:
        kernel = kernel_of(self.program.nodes, leaf, inside)
        domain = domain_of(self.program, leaf)
        asked = Question(kernel, domain, self.with_slope, self.aim, only)
        return self.choices.of(asked, _search)


def _best(
    leaves: Sequence[tuple[int, Inside]], only: Centres, asking: _Asking
) -> Patched:
    """The patches of the widest kernel that can be mended, or of the widest of all.

    ``x*log(2 - exp(-exp(x)))`` has no series where x is far below 0, but its logarithm
    has one in exp(x).
    """
    widest = None
    for leaf, inside in leaves:
        choice = asking.of(leaf, inside, None if widest else only)
        here = Patched(leaf, inside, choice.patches, choice.bad)
        if not here.bad and (here.patches or not widest):
            return here
        widest = widest or here
    assert widest is not None
    return widest


def _derivatives(program: Program) -> list[int]:
    """The values that backward and jvp return."""
    terms = (value for values in program.gradients.values() for value in values)
    return [*terms, *program.jvps.values()]


def _parts(program: Program, value: int, varying: LeafSets) -> list[int]:
    """What a value is made of that may be patched.

    Of a choice that is a branch only where its inputs do not choose it; of a surrogate,
    whose value is added and taken away again, it is nothing.
    """
    node = program.nodes[value]
    if any(program.nodes[arg].op == "stop_gradient" for arg in node.args):
        return []
    if node.op not in ("where", "guard"):
        return list(node.args)
    condition, *branches = node.args
    told = varying[condition]
    apart = [b for b in branches if not told & varying[b]]
    return [condition, *apart]


@lru_cache(maxsize=1024)  # what stands in forward stands in backward and jvp too
def _search(asked: Question) -> Choice:
    """The patches that a kernel needs."""
    kernel, domain, aim = asked.kernel, asked.domain, asked.aim
    with_slope, only = asked.with_slope, asked.only
    known = Known()
    charts: list[Chart] = [*map(Shift, centres(kernel)), Inverse()]
    places = [
        Place(kernel, chart, domain, aim, known)
        for chart in charts
        if only is None or chart.centre in only
    ]
    # near a point that is lost, others may be bad by it
    bad = sorted((p for p in places if p.worst), key=_urgency)
    patches: list[Patch] = []
    left: list[float] = []
    for place in bad:
        centre = place.chart.centre
        if isfinite(centre) and any(p.covers(centre) for p in patches):
            continue
        mended = _at_place(place, with_slope)
        patches += mended
        left += [] if _is_mended(place, mended) else [centre]
    between_them = between(kernel, domain, aim, patches, with_slope, known)
    tails = (tail(kernel, domain, side, aim) for side in (1, -1))
    found = (
        *patches,
        *(between_them if patches else ()),
        *(filter(None, tails) if only is None or inf in only else ()),
    )
    return Choice(found, frozenset(left))


def _urgency(place: Place) -> tuple[bool, float]:
    """Numbers before infinity, the worst first."""
    return not isfinite(place.chart.centre), -place.worst


def _at_place(place: Place, with_slope: bool) -> list[Patch]:
    """The patch for a place, or those for either side of it."""
    whole = choose(place, with_slope)
    if whole:
        return [whole]
    parts = (replace(place, chart=part) for part in place.chart.parts)
    found = (_on_a_side(part, with_slope) for part in parts if part.worst)
    return [patch for patch in found if patch]


def _on_a_side(place: Place, with_slope: bool) -> Patch | None:
    """The patch for a side of a place, in the root of the distance if need be.

    Near infinity it is one for what is farther, if there is none for all that is bad:
    a series that does not converge is good enough there.
    """
    centre = place.chart.centre
    found = choose(place, with_slope)
    if found:
        return found
    if isfinite(centre):
        rooted = replace(place, chart=Root(centre, place.chart.sides))
        return choose(rooted, with_slope)
    farther = (choose(place, with_slope, part) for part in FARTHER)
    return next(filter(None, farther), None)


def _is_of_a_part(place: Place, patch: Patch) -> bool:
    """Whether something is bad nearer than where a patch near infinity stands."""
    reach = place.reach(place.aim.targets[-1], False)
    is_far = not isfinite(place.chart.centre)
    return is_far and reach is not None and patch.radius < reach


def _is_mended(place: Place, patches: Sequence[Patch]) -> bool:
    """Whether patches are at a centre, and on each side that needs one."""
    centre = place.chart.centre
    has_pole = any(patch.series.valuation < 0 for patch in patches)
    counts = isfinite(centre) and centre in place.domain and not has_pole
    sides = {side for patch in patches for side in patch.sides}
    others = (part for part in place.chart.parts if sides.isdisjoint(part.sides))
    return (
        bool(patches)
        and not any(_is_of_a_part(place, patch) for patch in patches)
        and (not counts or any(patch.covers(centre) for patch in patches))
        and not any(replace(place, chart=part).worst for part in others)
    )
