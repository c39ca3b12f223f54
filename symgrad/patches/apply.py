"""The pass that writes polynomials where formulas lose their digits.

    where(abs(x) < 0.74, x*(-1/3 + ...), cos(far)/far - sin(far)/far**2)

Both branches get arguments at which they are finite, so that derivatives of what is
emitted are finite too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isinf

from symgrad import algebra
from symgrad.patches.choose import Patch
from symgrad.patches.find import Patched, find
from symgrad.patches.kernels import Kernel
from symgrad.patches.place import Aim
from symgrad.patches.series import Series
from symgrad.patches.tails import Tail
from symgrad.program import Graph, Node, Note, Program
from symgrad.rebuild import copied, rebuild


def patch(program: Program, aim: Aim) -> Program:
    """Write a polynomial wherever a value that is returned needs one.

    A reader is still shown the formula, as it is where it is right.
    """
    found = find(program, aim)
    if not found:
        return program
    new: dict[int, int] = {}
    plain: dict[int, int] = {}
    notes: dict[int, Note] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        new[value] = copied(graph, node, args)
        if value in found:
            writing = _Writing(graph, new[found[value].leaf], notes)
            new[value], plain[value] = writing.patched(found[value])
        return new[value]

    patched = rebuild(program, visit)
    shown = {
        name: tuple(plain.get(value, new[value]) for value in values)
        for name, values in program.partials.items()
    }
    return replace(patched, partials=shown, notes=notes)


def _copy(graph: Graph, kernel: Kernel, leaf: int) -> int:
    """A kernel of another leaf."""
    new = {kernel.leaf: leaf}
    for value in kernel.inside:
        node = kernel.nodes[value]
        new[value] = copied(graph, node, tuple(new[arg] for arg in node.args))
    return new[kernel.root]


@dataclass(frozen=True)
class _Writing:
    """One value as it is written anew, a function of ``leaf``."""

    graph: Graph
    leaf: int
    notes: dict[int, Note] = field(repr=False)

    def patched(self, value: Patched) -> tuple[int, int]:
        """A kernel with polynomials where it is wrong, and the same without."""
        far, nearby = self.leaf, []
        for patch in value.patches:
            near = self.near(patch)
            self.notes[near] = Note("near", _reason(patch))
            nearby.append((patch, near))
            other = self.exact(patch.far if isinstance(patch, Patch) else patch.edge)
            outside = self.graph.node("not", near)
            far = self.graph.node("guard", outside, far, other)
        self.notes[far] = Note("far")
        plain = found = _copy(self.graph, value.kernel, far)
        for patch, near in nearby:
            found = self.graph.node("where", near, self.instead(patch, near), found)
        return found, plain

    def exact(self, x: float) -> int:
        """A double as the number that its shortest decimal says."""
        return self.graph.const(Fraction(repr(x)))

    def near(self, patch: Patch | Tail) -> int:
        """The condition that the leaf is where a patch stands."""
        if isinstance(patch, Tail):
            away = "lt" if patch.edge < 0 else "gt"
            return self.graph.node(away, self.leaf, self.exact(patch.edge))
        graph, leaf, centre = self.graph, self.leaf, patch.chart.centre
        if not patch.radius:
            return graph.node("eq", leaf, self.exact(centre))
        far = isinf(centre)
        reach = self.exact(_edge(patch) if far else patch.radius)
        if len(patch.sides) == 2:
            moved = leaf if far else algebra.sub(graph, leaf, self.exact(centre))
            return graph.node("gt" if far else "lt", graph.call("abs", moved), reach)
        [side] = patch.sides
        away, within = ("lt", "ge") if side > 0 else ("gt", "le")
        if far:
            return graph.node(within, leaf, self.exact(side * _edge(patch)))
        inside = graph.node(away, leaf, self.exact(centre + side * patch.radius))
        return graph.node("and", inside, graph.node(within, leaf, self.exact(centre)))

    def variable(self, patch: Patch, near: int) -> int:
        """The variable of a series; where that does not stand, of a harmless place."""
        graph, centre = self.graph, patch.chart.centre
        if isinf(centre):
            edge = self.exact(patch.sides[0] * _edge(patch))
            held = graph.node("guard", near, self.leaf, edge)
            return graph.node("div", graph.const(1), held)
        held = graph.node("guard", near, self.leaf, self.exact(centre))
        return algebra.sub(graph, held, self.exact(centre))

    def instead(self, patch: Patch | Tail, near: int) -> int:
        """What stands in the place of a kernel."""
        if isinstance(patch, Patch):
            return self.series(patch.series, self.variable(patch, near))
        graph = self.graph
        ends = map(self.exact, sorted((patch.end, patch.edge)))
        held = graph.call("clamp", self.leaf, *ends)
        rate = self.exact(patch.rate / 2)
        half = graph.call("exp", algebra.mul(graph, rate, held))
        value = algebra.mul(graph, half, self.series(patch.series, held))
        return algebra.mul(graph, value, half)

    def series(self, series: Series, t: int) -> int:
        """A series; one and its negative are computed once."""
        graph = self.graph
        is_negative = series.coefficients[0] < 0
        value = self.polynomial(series, t, -1 if is_negative else 1)
        for _ in range(series.valuation):
            value = algebra.mul(graph, t, value)
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
        value = graph.node("polynomial", s, first, *others)
        self.notes[value] = Note("series")
        return value


def _edge(patch: Patch) -> float:
    """The number beyond which a patch near infinity stands."""
    return float(f"{1 / patch.radius:.2g}")


def _reason(patch: Patch | Tail) -> str:
    """Why a patch is there, for a comment."""
    if isinstance(patch, Tail):
        return f"beyond {patch.edge:g} a factor underflows before the product does"
    middle, radius = patch.chart.centre, patch.radius
    if patch.is_between:
        ends = f"{middle - radius:g} to {middle + radius:g}"
        return f"from {ends} functions of torch are too rough: a polynomial"
    centre = "infinity" if isinf(middle) else f"{middle:g}"
    where = f"{'near' if radius else 'at'} {centre}"
    instead = "a polynomial" if patch.series.coefficients[1:] else "its limit"
    is_lost = not radius or not any(patch.series.coefficients)
    trouble = "has no value" if is_lost else "loses its digits"
    return f"{where} the formula {trouble}: {instead}"
