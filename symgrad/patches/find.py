"""Which values of a program are patched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite

from symgrad.intervals import Interval
from symgrad.patches.between import between
from symgrad.patches.centres import centres
from symgrad.patches.charts import Inverse, Shift
from symgrad.patches.choose import Patch, choose
from symgrad.patches.kernels import Kernel, dominators
from symgrad.patches.place import Aim, Place
from symgrad.patches.tails import Tail, tail
from symgrad.program import VARIABLES, Graph, Program
from symgrad.signs import Sign, sign

BUDGET = 24
"""Kernels of a program that are measured, at most."""


@dataclass(frozen=True)
class Patched:
    """The patches of a value, which is a kernel of ``leaf``."""

    leaf: int
    kernel: Kernel
    patches: tuple[Patch | Tail, ...]


def find(program: Program, aim: Aim) -> Mapping[int, Patched]:
    """The patches of values, each of them the widest kernel that can be mended.

    The search goes from what is returned to what it is made of, past kernels that are
    right and into those that are not and cannot be mended as a whole.
    """
    known = dominators(program.nodes)
    found: dict[int, Patched] = {}
    budget, seen = BUDGET, set[int]()
    todo = list(_returned(program))
    while todo and budget:
        value = todo.pop(0)
        if value in seen:
            continue
        seen.add(value)
        widest = known.widest(value)
        if widest is None:
            todo += _parts(program, value)
            continue
        budget -= 1
        kernel, leaf = widest
        with_slope = value not in program.outputs.values()
        domain = _domain(program, leaf)
        is_right, patches = _of_kernel(kernel, domain, with_slope, aim)
        if patches:
            found[value] = Patched(leaf, kernel, patches)
        todo += [leaf] if is_right or patches else _parts(program, value)
    return found


def _returned(program: Program) -> Iterator[int]:
    """The values that are computed for someone, the outputs first."""
    yield from program.outputs.values()
    for terms in program.gradients.values():
        yield from terms
    yield from program.jvps.values()


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
def _of_kernel(
    kernel: Kernel, domain: Interval, with_slope: bool, aim: Aim
) -> tuple[bool, tuple[Patch | Tail, ...]]:
    """Whether a kernel is right at all of its centres, and the patches it needs.

    They do not overlap.
    """
    places = [Place(kernel, Shift(x), domain, aim) for x in centres(kernel)]
    # near a point that is lost, others may be bad by it
    bad = sorted((p for p in places if p.worst), key=lambda p: -p.worst)
    far = Place(kernel, Inverse(), domain, aim)
    bad += [far] if far.worst else []
    is_right, patches = not bad, list[Patch | Tail]()
    while bad:
        place = bad.pop(0)
        centre = place.chart.centre
        others = [
            p for p in patches if isinstance(p, Patch) and p.chart.centre != centre
        ]
        if isfinite(centre) and any(p.covers(centre) for p in others):
            continue
        patch = choose(place, with_slope)
        patches += [patch] if patch else []
        if not patch and len(place.sides) > 1:
            parts = [Place(kernel, part, domain, aim) for part in place.chart.parts]
            bad += [part for part in parts if part.worst]
    standing = [patch for patch in patches if isinstance(patch, Patch)]
    if standing:
        patches += between(kernel, domain, aim, standing, with_slope)
    tails = [tail(kernel, domain, side, aim) for side in (1, -1)]
    patches += [found for found in tails if found]
    return is_right and not any(tails), tuple(patches)


_SIGNED = {
    Sign.POSITIVE: Interval(0.0, inf, True, True),
    Sign.NONNEGATIVE: Interval(0.0, inf, False, True),
    Sign.ANY: Interval(-inf, inf, True, True),
}


def _domain(program: Program, leaf: int) -> Interval:
    """Where a leaf is, as far as it is known."""
    node, domains = program.nodes[leaf], program.domains
    if node.op == "input" and str(node.data) in domains:
        return domains[str(node.data)]
    return _SIGNED[sign(Graph(program.nodes[: leaf + 1]), leaf, domains)]
