"""The pass that writes polynomials where formulas lose their digits.

    where(abs(x) < 0.74, x*(-1/3 + ...), cos(far)/far - sin(far)/far**2)

Both branches get arguments at which they are finite, so that derivatives of what is
emitted are finite too.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from math import isinf

from symgrad import algebra
from symgrad.factors import Factoring
from symgrad.guards import harmless
from symgrad.patches.charts import Root
from symgrad.patches.choices import Choices
from symgrad.patches.choose import Patch
from symgrad.patches.find import Patched, find
from symgrad.patches.place import Aim
from symgrad.patches.series import Series
from symgrad.patches.tails import Tail
from symgrad.patches.weak import weaknesses
from symgrad.program import Graph, Kind, Node, Note, Program
from symgrad.rebuild import copied, rebuild

Patches = tuple[Patch | Tail, ...]

_ENTIRE = frozenset({"exp", "expm1", "exp2", "sinh", "cosh"})
"""Functions that have no singular point, though they overflow."""


def patch(program: Program, aim: Aim, choices: Choices) -> Program:
    """Write a polynomial wherever a value that is returned needs one.

    ``choices`` may know what a search would come to.  A reader is still shown the
    formula, as it is where it is right.
    """
    program, found = _found(program, aim, choices)
    new: dict[int, int] = {}
    plain: dict[int, int] = {}
    notes: dict[int, Note] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        new[value] = copied(graph, node, args)
        if value in found and (patches := found[value].patches):
            writing = _Writing(graph, program, found, notes)
            leaf = new[found[value].leaf]
            new[value], plain[value] = writing.patched(value, patches, leaf)
        return new[value]

    if not found:
        return program
    patched = rebuild(program, visit)
    shown = {
        name: tuple(plain.get(value, new[value]) for value in values)
        for name, values in program.partials.items()
    }
    weak = tuple(weaknesses(program, found, aim, patched, new))
    return replace(patched, partials=shown, notes={**patched.notes, **notes}, weak=weak)


def _found(
    program: Program, aim: Aim, choices: Choices
) -> tuple[Program, Mapping[int, Patched]]:
    """The patches of a program, with factors apart where that gives a kernel."""
    plain = find(program, aim, choices)
    apart, left = _factored(program, range(len(program.nodes)))
    found = find(apart, aim, choices) if left else {}
    useful = {v for v, rest in left.items() if rest in found and found[rest].patches}
    if not useful:
        return program, plain
    useful.update(left.keys() & set(program.reachable(useful)))  # they build on those
    apart, _ = _factored(program, useful)
    return apart, find(apart, aim, choices)


def _factored(
    program: Program, values: Container[int]
) -> tuple[Program, Mapping[int, int]]:
    """The program with factors apart, and what is left of values: old to new."""
    lefts: dict[int, int] = {}
    known = cache(Factoring)

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        new, factoring = copied(graph, node, args), known(graph)
        split = None
        if value in values and node.kind is Kind.REAL:
            split = factoring.split(new) or factoring.regroup(new)
        if split is None:
            return new
        lefts[value], factors = split
        return factoring.times(lefts[value], factors)

    return rebuild(program, visit), lefts


@dataclass(frozen=True)
class _Writing:
    """The values of a program that are patched, as they are written anew."""

    graph: Graph
    program: Program
    found: Mapping[int, Patched]
    notes: dict[int, Note] = field(repr=False)

    def patched(self, value: int, patches: Patches, leaf: int) -> tuple[int, int]:
        """A value with polynomials where it is wrong, and the same without."""
        graph, far, nearby = self.graph, leaf, []
        for patch in patches:
            near = self.near(patch, leaf)
            self.notes[near] = Note("near", _reason(patch))
            nearby.append((patch, near))
            if self.is_finite(value, patch):
                continue
            # within, since a clamp at an edge has no derivative at NaN
            other = self.exact(
                patch.far if isinstance(patch, Patch) else patch.edge / 2
            )
            far = graph.node("guard", graph.node("not", near), far, other)
        if far != leaf:
            self.notes[far] = Note("far")
        plain = found = self.copy(value, patches, far)
        for patch, near in nearby:
            found = graph.node("where", near, self.instead(patch, near, leaf), found)
        return found, plain

    def is_finite(self, value: int, patch: Patch | Tail) -> bool:
        """Whether a kernel is finite where a polynomial stands for it, only inexact.

        So are its derivatives then: nothing in it has a singular point.
        """
        inside = (self.program.nodes[v] for v in self.found[value].inside)
        singular = (
            node
            for node in inside
            if node.data not in _ENTIRE and any(harmless(self.program.nodes, node))
        )
        near = isinstance(patch, Patch) and not isinf(patch.chart.centre)
        return near and next(singular, None) is None

    def copy(self, value: int, around: Patches, leaf: int) -> int:
        """A value of another leaf; what it is made of is patched elsewhere."""
        copied_from, nodes = self.found[value], self.program.nodes
        new = {copied_from.leaf: leaf}
        for inner in copied_from.inside:
            args = tuple(new[arg] for arg in nodes[inner].args)
            new[inner] = copied(self.graph, nodes[inner], args)
            part = self.found.get(inner)
            if inner != value and part is not None and part.leaf in new:
                is_same = part.leaf == copied_from.leaf
                patches = _elsewhere(part.patches, around if is_same else ())
                if patches:
                    new[inner], _ = self.patched(inner, patches, new[part.leaf])
        return new[value]

    def exact(self, x: float) -> int:
        """A double as the number that its shortest decimal says."""
        return self.graph.const(Fraction(repr(x)))

    def near(self, patch: Patch | Tail, leaf: int) -> int:
        """The condition that the leaf is where a patch stands."""
        if isinstance(patch, Tail):
            away = "lt" if patch.edge < 0 else "gt"
            return self.graph.node(away, leaf, self.exact(patch.edge))
        graph, centre = self.graph, patch.chart.centre
        if not patch.radius:
            return graph.node("eq", leaf, self.exact(centre))
        far = isinf(centre)
        reach = self.exact(patch.chart.edge(patch.radius))
        if len(patch.sides) == 2:
            moved = leaf if far else algebra.sub(graph, leaf, self.exact(centre))
            near = graph.node("gt" if far else "lt", graph.call("abs", moved), reach)
            if far or patch.has_centre:
                return near
            return graph.node("and", near, graph.node("ne", leaf, self.exact(centre)))
        [side] = patch.sides
        away, within = ("lt", "ge") if side > 0 else ("gt", "le")
        if far:
            end = patch.chart.edge(patch.radius)
            return graph.node(within, leaf, self.exact(side * end))
        beyond = within if patch.has_centre else ("gt" if side > 0 else "lt")
        distance = Fraction(repr(patch.chart.edge(patch.radius)))
        end = graph.const(Fraction(repr(centre)) + side * distance)
        inside = graph.node(away, leaf, end)
        return graph.node("and", inside, graph.node(beyond, leaf, self.exact(centre)))

    def variable(self, patch: Patch, near: int, leaf: int) -> tuple[int, int | None]:
        """The variable of a series; where that does not stand, of a harmless place.

        And one over it, where that is what is given.
        """
        graph, centre = self.graph, patch.chart.centre
        if isinf(centre):
            edge = self.exact(patch.sides[0] * patch.chart.edge(patch.radius))
            held = graph.node("guard", near, leaf, edge)
            return graph.node("div", graph.const(1), held), held
        if isinstance(patch.chart, Root):
            return self.root(patch, near, leaf), None
        is_pole = patch.series.valuation < 0
        if patch.has_centre and patch.radius and not is_pole:
            return self.within(patch, leaf), None
        harmless = centre + patch.sides[0] * patch.radius if is_pole else centre
        held = graph.node("guard", near, leaf, self.exact(harmless))
        return algebra.sub(graph, held, self.exact(centre)), None

    def within(self, patch: Patch, leaf: int) -> int:
        """The distance of a leaf from a centre, no further than the patch goes."""
        centre, radius = (
            Fraction(repr(patch.chart.centre)),
            patch.chart.edge(patch.radius),
        )
        reach = Fraction(repr(radius))
        below, above = (reach if side in patch.sides else 0 for side in (-1, 1))
        ends = map(self.graph.const, (centre - below, centre + above))
        held = self.graph.call("clamp", leaf, *ends)
        return algebra.sub(self.graph, held, self.graph.const(centre))

    def root(self, patch: Patch, near: int, leaf: int) -> int:
        """That of a distance, which has the sign of its side."""
        graph, [side], edge = self.graph, patch.sides, patch.chart.edge(patch.radius)
        centre, end = self.exact(patch.chart.centre), patch.chart.centre + side * edge
        held = graph.node("guard", near, leaf, self.exact(end))
        above, below = (held, centre) if side > 0 else (centre, held)
        root = graph.call("sqrt", algebra.sub(graph, above, below))
        return root if side > 0 else algebra.neg(graph, root)

    def instead(self, patch: Patch | Tail, near: int, leaf: int) -> int:
        """What stands in the place of a kernel."""
        if isinstance(patch, Patch):
            t, inverse = self.variable(patch, near, leaf)
            return self.series(patch.series, t, inverse)
        graph = self.graph
        ends = map(self.exact, sorted((patch.end, patch.edge)))
        held = graph.call("clamp", leaf, *ends)
        rate = self.exact(patch.rate / 2)
        half = graph.call("exp", algebra.mul(graph, rate, held))
        value = algebra.mul(graph, half, self.series(patch.series, held, None))
        return algebra.mul(graph, value, half)

    def series(self, series: Series, t: int, inverse: int | None) -> int:
        """A series; one and its negative are computed once."""
        graph = self.graph
        is_negative = series.coefficients[0] < 0
        value = self.polynomial(series, t, -1 if is_negative else 1)
        for _ in range(abs(series.valuation)):
            if series.valuation > 0:
                value = algebra.mul(graph, t, value)
            elif inverse is None:
                value = algebra.div(graph, value, t)
            else:
                value = algebra.mul(graph, inverse, value)
        return algebra.neg(graph, value) if is_negative else value

    def polynomial(self, series: Series, t: int, sign: int) -> int:
        """The polynomial in a series, or its negative."""
        graph, coefficients = self.graph, [sign * c for c in series.coefficients]
        first, *others = map(self.exact, coefficients)
        if not others:
            return first
        s = graph.node("mul", t, t) if series.even else t
        if len(others) == 1:
            return algebra.add(graph, first, algebra.mul(graph, s, others[0]))
        terms = Fraction(series.in_single)
        value = graph.node("polynomial", s, first, *others, data=terms)
        self.notes[value] = Note("series")
        return value


def _elsewhere(patches: Patches, around: Patches) -> Patches:
    """The patches that are not at the same place as others, which have all of it."""
    taken = {
        _middle(patch)
        for patch in around
        if isinstance(patch, Tail) or isinf(_middle(patch)) or patch.has_centre
    }
    return tuple(patch for patch in patches if _middle(patch) not in taken)


def _middle(patch: Patch | Tail) -> float:
    return patch.chart.centre if isinstance(patch, Patch) else patch.edge


def _reason(patch: Patch | Tail) -> str:
    """Why a patch is there, for a comment."""
    if isinstance(patch, Tail):
        what = "overflows" if patch.grows else "underflows"
        return f"beyond {patch.edge:g} a factor {what} before the product does"
    middle, radius = patch.chart.centre, patch.radius
    if patch.is_between:
        ends = f"{middle - radius:g} to {middle + radius:g}"
        return f"from {ends} functions of torch are too rough: a polynomial"
    centre = "infinity" if isinf(middle) else f"{middle:g}"
    where = f"{'near' if radius else 'at'} {centre}"
    if isinstance(patch.chart, Root):
        return f"{where} the formula loses its digits: a polynomial in a root"
    one = "its leading term" if patch.series.valuation else "its limit"
    instead = "a polynomial" if patch.series.coefficients[1:] else one
    is_lost = not radius or not any(patch.series.coefficients)
    trouble = "has no value" if is_lost else "loses its digits"
    return f"{where} the formula {trouble}: {instead}"
