"""Which values of a program are patched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf, isfinite

from symgrad.intervals import Interval
from symgrad.patches.between import between
from symgrad.patches.centres import centres
from symgrad.patches.charts import Chart, Inverse, Shift
from symgrad.patches.choices import Centres, Choice, Choices, Question
from symgrad.patches.choose import Patch, choose
from symgrad.patches.kernels import dominators, kernel_of
from symgrad.patches.place import Aim, Known, Place
from symgrad.patches.tails import Tail, tail
from symgrad.program import VARIABLES, Graph, Program
from symgrad.signs import Sign, sign

BUDGET = 24
"""Kernels of a program that are measured, at most."""


@dataclass(frozen=True)
class Patched:
    """The patches of a value, which is a function of ``leaf`` made by ``inside``.

    Where the leaf is near one of ``bad``, none helps: parts may have patches there.
    """

    leaf: int
    inside: tuple[int, ...]
    patches: tuple[Patch | Tail, ...]
    bad: frozenset[float]


def find(program: Program, aim: Aim, choices: Choices) -> Mapping[int, Patched]:
    """The patches of values, each of them the widest kernel that can be mended.

    The search goes from what is returned to what it is made of, past kernels that are
    right and into those that are not and cannot be mended as a whole: what they are
    made of may be patched elsewhere.
    """
    known = dominators(program.nodes)
    sloped = program.reachable(_derivatives(program))
    found: dict[int, Patched] = {}
    budget, seen = BUDGET, dict[int, Centres]()
    todo: list[tuple[int, Centres]] = [
        (value, None) for value in (*program.outputs.values(), *_derivatives(program))
    ]
    while todo and budget:
        value, only = todo.pop(0)
        asked = seen.get(value, frozenset())
        only = None if only is None or asked is None else only | asked
        if value in seen and only == asked:
            continue
        seen[value] = only
        widest = known.widest(value)
        if widest is None:
            todo += [(part, None) for part in _parts(program, value)]
            continue
        budget -= 1
        leaf, inside = widest
        kernel = kernel_of(program.nodes, leaf, inside)
        domain = domain_of(program, leaf)
        question = Question(kernel, domain, value in sloped, aim, only)
        choice = choices.of(question, _search)
        if choice.patches or choice.bad:
            found[value] = Patched(leaf, inside, choice.patches, choice.bad)
        inner = [(arg, choice.bad) for arg in program.nodes[value].args]
        todo += inner if choice.bad else [(leaf, None)]
    return found


def _derivatives(program: Program) -> list[int]:
    """The values that backward and jvp return."""
    terms = (value for values in program.gradients.values() for value in values)
    return [*terms, *program.jvps.values()]


def _parts(program: Program, value: int) -> list[int]:
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
    told = _varying(program, condition)
    apart = [b for b in branches if told.isdisjoint(_varying(program, b))]
    return [condition, *apart]


def _varying(program: Program, value: int) -> set[int]:
    """The inputs behind a value."""
    behind = program.reachable([value])
    return {v for v in behind if program.nodes[v].op in VARIABLES}


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
    if whole or len(place.sides) < 2:
        return [whole] if whole else []
    parts = (replace(place, chart=part) for part in place.chart.parts)
    found = (choose(part, with_slope) for part in parts if part.worst)
    return [patch for patch in found if patch]


def _is_mended(place: Place, patches: Sequence[Patch]) -> bool:
    """Whether patches are at a centre, and on each side that needs one."""
    centre = place.chart.centre
    sides = {side for patch in patches for side in patch.sides}
    others = (part for part in place.chart.parts if sides.isdisjoint(part.sides))
    return (
        bool(patches)
        and (not isfinite(centre) or any(patch.covers(centre) for patch in patches))
        and not any(replace(place, chart=part).worst for part in others)
    )


_SIGNED = {
    Sign.POSITIVE: Interval(0.0, inf, True, True),
    Sign.NONNEGATIVE: Interval(0.0, inf, False, True),
    Sign.ANY: Interval(-inf, inf, True, True),
}


def domain_of(program: Program, leaf: int) -> Interval:
    """Where a leaf is, as far as it is known."""
    node, domains = program.nodes[leaf], program.domains
    if node.op == "input" and str(node.data) in domains:
        return domains[str(node.data)]
    return _SIGNED[sign(Graph(program.nodes[: leaf + 1]), leaf, domains)]
