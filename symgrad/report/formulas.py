"""The formulas of an op, and the gradients that were found, as terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

from symgrad.axes import BATCH, index_of, moves, named, size_of
from symgrad.axes import RULES as along_axes
from symgrad.backends.torch import steps
from symgrad.derive import primal
from symgrad.display import has_partials
from symgrad.op import Op
from symgrad.parts import Part, part_of
from symgrad.program import Graph, Node, Program
from symgrad.report.terms import Bindings, Term, call, name, number, operation
from symgrad.to_sympy import tree_size

LONGEST = 300
"""Formulas of more nodes are left out: nobody reads them."""

Equation = tuple[Term, Term | None]
"""What is defined, and by what: ``None`` where that is too long."""


def forward(op: Op) -> Iterator[Equation]:
    """Lets and outputs, as they are written."""
    program = primal(op)
    leaves = {value: name(n) for n, value in program.inputs.items()}
    for formula in (*op.lets, *op.outputs):
        left = _with_indices(name(formula.name), map(name, formula.indices))
        yield left, _told(program.nodes, formula.value, leaves)
        leaves.setdefault(formula.value, name(formula.name))


def gradients(op: Op) -> Iterator[Equation]:
    """Partials of the only output; with several, gradients in their cotangents."""
    program = _derived(op)
    graph = Graph(program.nodes)
    leaves = {value: name(n) for n, value in program.inputs.items()}
    leaves |= {v: Term("adjoint", (name(n),)) for n, v in program.cotangents.items()}
    for value, chosen in program.names.items():
        leaves.setdefault(value, name(chosen))
    for wrt, terms in program.partials.items():
        zero = graph.const(0)
        total = reduce(lambda a, b: graph.node("add", a, b), terms) if terms else zero
        own = _own_indices(program, terms)
        left = _with_indices(_derivative(op, wrt), own.values())
        yield left, _told(graph.nodes, total, leaves, own)


def _derived(op: Op) -> Program:
    """The program as it is once derivatives are found and put in order."""
    before = None
    for step, program in steps(op):
        if step == "lower" and before is not None:
            return before
        before = program
    assert before is not None
    return before


def _derivative(op: Op, wrt: str) -> Term:
    """What a gradient is called: one output's partial, or a row of the adjoint."""
    given = any(formula.name == wrt for formula in op.overrides)
    if given or not has_partials(op):
        return Term("adjoint", (name(wrt),))
    return Term("derivative", (name(op.differentiable_outputs[0].name), name(wrt)))


def _own_indices(program: Program, terms: Sequence[int]) -> Bindings:
    """What the places of an input are called: as where it was reached first."""
    for value in program.reachable(terms)[::-1]:
        node = program.nodes[value]
        if node.op == "place":
            after, before = moves(node.data)
            if all(index_of(axis)[0].isalpha() for axis in after):
                pairs = zip(before, after, strict=True)
                return {index_of(b): name(index_of(a)) for b, a in pairs}
    return {}


def _with_indices(base: Term, indices: Iterable[Term]) -> Term:
    found = tuple(indices)
    return Term("index", (base, *found)) if found else base


def _told(
    nodes: Sequence[Node],
    value: int,
    leaves: Mapping[int, Term],
    bindings: Bindings | None = None,
) -> Term | None:
    if tree_size(nodes, value, leaves) > LONGEST:
        return None
    return _Reader(nodes, leaves).read(value, bindings or {}, is_root=True)


# From nodes to terms


@dataclass(frozen=True)
class _Reader:
    """Reads terms off a program.

    Bindings say what an index is called where a value is used: an access, a lookup
    and the way back of a gradient all call it something else.
    """

    nodes: Sequence[Node]
    leaves: Mapping[int, Term] = field(default_factory=dict)

    def read(self, value: int, bindings: Bindings, *, is_root: bool = False) -> Term:
        """The term of a value."""
        node = self.nodes[value]
        if value in self.leaves and not (is_root and node.op not in _OPEN):
            indices = [bindings.get(index_of(a)) for a in named(node.axes)]
            if not indices:
                return self.leaves[value]
            shown = [
                _index(a) if found is None else found
                for a, found in zip(named(node.axes), indices, strict=True)
            ]
            known = [index for index in shown if index is not None]
            return _with_indices(self.leaves[value], known)
        if node.op in _MOVES:
            return _MOVES[node.op](self, node, bindings)
        if node.op in along_axes:
            return self._along(node, bindings)
        parts = [self.read(arg, bindings) for arg in node.args]
        return _pointwise(node, parts)

    def _along(self, node: Node, bindings: Bindings) -> Term:
        labels = [axis for axis in str(node.data).split(",") if axis != BATCH]
        if node.op == "ones":
            return number(1)
        if node.op == "steps":
            return bindings.get(index_of(labels[0]), name(index_of(labels[0])))
        if not labels or node.op in ("ordered", "part", "pad"):
            return self.read(node.args[0], bindings)
        bound = _bound(labels, bindings)
        inner = {**bindings, **bound}
        body = self.read(node.args[0], inner)
        if node.op in _BIG:
            for label in reversed(labels):
                ends = _limits(label)
                body = Term("big", (body, bound[index_of(label)], *ends), _BIG[node.op])
            return body
        return Term("along", (body, *bound.values()), node.op)


_OPEN = frozenset({"input", "cotangent"})
_BIG = {"sum": "∑", "prod": "∏"}


def _index(axis: str) -> Term | None:
    index = index_of(axis)
    return name(index) if index[0].isalpha() else None


def _bound(labels: Sequence[str], bindings: Bindings) -> Bindings:
    """Names for indices that are bound here; a taken one gets a prime."""
    taken = {found.text for found in bindings.values()}
    found = {}
    for index in map(index_of, labels):
        shown = index
        while shown in taken:
            shown += "\N{PRIME}"
        taken.add(shown)
        found[index] = name(shown)
    return found


def _limits(axis: str) -> tuple[Term, Term]:
    """The first and the last place of an index, counted from 0."""
    part = part_of(axis) or Part(0)
    size = name(size_of(axis))
    first = number(part.start)
    if part.start < 0:
        first = Term("sub", (size, number(-part.start)))
    if part.length is None:
        return first, Term("sub", (size, number(1 + part.cut)))
    if part.start < 0:
        return first, Term("sub", (size, number(1 - part.start - part.length)))
    return first, number(part.start + part.length - 1)


def _accessed(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    after, before = moves(node.data)
    pairs = zip(after, before, strict=True)
    moved = {index_of(b): _named(index_of(a), bindings) for a, b in pairs}
    return reader.read(node.args[0], {**bindings, **moved})


def _placed(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    after, before = moves(node.data)
    pairs = zip(after, before, strict=True)
    moved = {
        index_of(a): bindings[index_of(b)] for a, b in pairs if index_of(b) in bindings
    }
    return reader.read(node.args[0], {**bindings, **moved})


def _named(index: str, bindings: Bindings) -> Term:
    return bindings.get(index, name(index))


def _selected(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    axis, _, place = str(node.data).partition("|")
    return reader.read(node.args[0], {**bindings, index_of(axis): number(int(place))})


def _gathered(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    place = reader.read(node.args[1], bindings)
    return reader.read(node.args[0], {**bindings, index_of(str(node.data)): place})


def _inserted(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    """Zeros but for one place, as Kronecker writes it."""
    axis, _, place = str(node.data).partition("|")
    index = _named(index_of(axis), bindings)
    delta = Term("index", (name("delta"), index, number(int(place))))
    return operation("mul", delta, reader.read(node.args[0], bindings))


def _scattered(reader: _Reader, node: Node, bindings: Bindings) -> Term:
    return call("scatter", [reader.read(arg, bindings) for arg in node.args[:2]])


_MOVES: Mapping[str, Callable[[_Reader, Node, Bindings], Term]] = {
    "access": _accessed,
    "place": _placed,
    "select": _selected,
    "gather": _gathered,
    "insert": _inserted,
    "scatter": _scattered,
    "reduce": lambda reader, node, b: reader.read(node.args[0], b),
    "clamped": lambda reader, node, b: reader.read(node.args[0], b),
    "guard": lambda reader, node, b: reader.read(node.args[1], b),
}
"""Primitives whose arguments are read in other bindings, or not all of them."""

SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}

_CONSTANTS = {"pi": "pi", "E": "e", "oo": "∞", "nan": "NaN", "I": "i"}


def _pointwise(node: Node, parts: Sequence[Term]) -> Term:
    if node.op == "const":
        if isinstance(node.data, Fraction):
            return number(node.data)
        return name(_CONSTANTS[str(node.data)])
    if node.op in ("size", "input", "cotangent"):
        return name(str(node.data))
    if node.op == "call":
        return call(str(node.data), parts)
    if node.op in SIGNS:
        return Term("compare", tuple(parts), SIGNS[node.op])
    if node.op == "where":
        return Term("cases", tuple(parts))
    if node.op == "gated":
        value, x, bound = parts
        return Term("cases", (Term("compare", (x, bound), "≤"), number(0), value))
    if node.op in ("neg", "add", "sub", "mul", "div", "and", "or", "not"):
        return operation(node.op, *parts)
    return call(node.op, parts)
