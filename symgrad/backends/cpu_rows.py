"""Programs along one axis as sums and extremes of rows: what a row kernel computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symgrad.axes import BATCH, named, size_of
from symgrad.backends.cpu_names import NUMBER, VECTOR
from symgrad.backends.cpu_pass import STANDS_FOR
from symgrad.backends.torch_shapes import shape_inputs
from symgrad.op import Op
from symgrad.program import COMPARISONS, Graph, Kind, Node, Program
from symgrad.rebuild import copied, rebuild

FOLDS: Mapping[str, str] = {"sum": "kSum", "amax": "kMax", "amin": "kMin"}
"""The primitives that make one number of a row, and what C++ calls them."""

_MOVES = ("access", "place", "ordered", "narrow")
"""Primitives that only say where axes are, and in which dtype."""

_STANDS_FOR = {
    **dict.fromkeys(_MOVES, 0),
    **STANDS_FOR,
}
"""These, and those that only derivatives know of, each with what it stands for."""

_WRITTEN = frozenset(
    {"input", "cotangent", "const", "size", "access", "steps", "neg", "add", "sub"}
    | {"mul", "div", "where", "gated", "polynomial", "and", "or", "not"}
    | {*COMPARISONS, *FOLDS}
)
"""The primitives that are left, and that C++ has a form for."""


def has_row(node: Node) -> bool:
    """Whether a value differs from element to element of a row."""
    return bool(named(node.axes))


def axis_of(op: Op) -> str | None:
    """The one axis of an op, if it has one, and that is the last of every tensor."""
    sizes = {size_of(axis) for item in op.tensors for axis in named(item.labels)}
    shapes = {tuple(a for a in i.labels if a != BATCH) for i in op.tensors}
    if len(sizes) != 1 or any(len(own) > 1 for own in shapes):
        return None
    last = all(BATCH not in item.labels[1:] for item in op.tensors)
    return sizes.pop() if last else None


@dataclass(frozen=True)
class RowProgram:
    """A program with nothing along its axis but folds of a row.

    ``places`` are the values that say where in a row something is looked up, and
    ``shapes`` the inputs of which backward has the shape alone.
    """

    program: Program
    places: tuple[int, ...]
    shapes: tuple[str, ...]


def as_rows(op: Op, program: Program) -> RowProgram | None:
    """The program of an op with one axis, in folds, if that can be."""
    axis = axis_of(op)
    if axis is None or program.in_plane:
        return None
    live = program.reachable(_ends(program))
    plain = all(_is_plain(program.nodes[v], axis) for v in live)
    if not plain or not _sums_come_last(program, live):
        return None
    lowered, places = _lowered(program, f"i:{axis}")
    left = lowered.reachable(_ends(lowered))
    if not all(_is_written(lowered.nodes[v]) for v in left):
        return None
    return RowProgram(lowered, places, tuple(shape_inputs(op, program)))


def _ends(program: Program) -> list[int]:
    terms = [v for values in program.gradients.values() for v in values]
    return [*program.outputs.values(), *terms, *program.statistics]


def _is_plain(node: Node, axis: str) -> bool:
    """Whether a value is of whole rows of that axis."""
    if any("[" in label for label in node.axes):
        return False
    if node.op in _MOVES:
        return len(named(node.axes)) <= 1
    labels = str(node.data or "").split("|")[0].split(",")
    along = node.op in _LOWERED or node.op in FOLDS or node.op == "steps"
    whole = all(x == BATCH or size_of(x) == axis for x in labels if along)
    return len(named(node.axes)) <= 1 and (not along or whole)


def _over_batch(node: Node) -> bool:
    """Whether a value is a sum over the batch."""
    return node.op == "sum" and BATCH in str(node.data).split(",")


_LINEAR = frozenset({"mul", "div", "neg", "add", "sub", "sum", *_MOVES})


def _sums_come_last(program: Program, live: Sequence[int]) -> bool:
    """Whether what is made of sums over the batch might be summed over it instead.

    Gradients of what has no batch are summed at their very end: before that they may
    only be scaled by what has none either, and added to each other.
    """
    nodes = program.nodes
    summed = set[int]()
    for value in live:
        node = nodes[value]
        found = [arg in summed for arg in node.args]
        if any(found):
            together = node.op in ("add", "sub") and not all(found)
            divided = node.op == "div" and found[1]
            others = [
                nodes[a]
                for a, is_sum in zip(node.args, found, strict=True)
                if not is_sum
            ]
            batched = any(BATCH in other.axes for other in others)
            if node.op not in _LINEAR or together or divided or batched:
                return False
        if any(found) or _over_batch(node):
            summed.add(value)
    return True


def _is_written(node: Node) -> bool:
    if node.op == "call":
        return str(node.data) in (VECTOR if has_row(node) else NUMBER)
    return node.op in _WRITTEN and node.kind is not Kind.COMPLEX


def _lowered(program: Program, row: str) -> tuple[Program, tuple[int, ...]]:
    places: dict[int, None] = {}

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        if node.op == "access" and graph[args[0]].op in ("input", "cotangent"):
            return graph.node("access", args[0], data=f"{row}|0:{row[2:]}")
        if node.op in _STANDS_FOR:
            return args[_STANDS_FOR[node.op]]
        if node.op == "sum" and str(node.data) == BATCH:
            return args[0]
        if node.op in FOLDS or node.op == "steps":
            return graph.node(node.op, *args, data=row)
        if node.op == "gather":
            places[args[1]] = None
        lower = _LOWERED.get(node.op)
        return lower(graph, row, node, args) if lower else copied(graph, node, args)

    return rebuild(program, visit), tuple(places)


_Lower = Callable[[Graph, str, Node, tuple[int, ...]], int]


def _length(graph: Graph, row: str) -> int:
    return graph.size(row[2:])


def _mean(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    return graph.node("div", graph.node("sum", *args, data=row), _length(graph, row))


def _var(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    """The mean square distance from the mean, by one less or so if asked for."""
    free = Fraction(str(node.data).partition("|")[2] or "0")
    apart = graph.node("sub", args[0], _mean(graph, row, node, args))
    total = graph.node("sum", graph.node("mul", apart, apart), data=row)
    count = graph.node("sub", _length(graph, row), graph.const(free))
    return graph.node("div", total, count if free else _length(graph, row))


def _std(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    return graph.call("sqrt", _var(graph, row, node, args))


def _shifted(graph: Graph, row: str, arg: int) -> tuple[int, int]:
    """The largest element, 0 if that is infinite, and the others less that."""
    largest = graph.node("amax", arg, data=row)
    size = graph.call("abs", largest)
    test = graph.node("eq", size, graph.const("oo"))
    shift = graph.node("where", test, graph.const(0), largest)
    return shift, graph.node("sub", arg, shift)


def _logsumexp(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    shift, rest = _shifted(graph, row, args[0])
    total = graph.node("sum", graph.call("exp", rest), data=row)
    return graph.node("add", graph.call("log", total), shift)


def _softmax(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    largest = graph.node("amax", args[0], data=row)
    each = graph.call("exp", graph.node("sub", args[0], largest))
    return graph.node("div", each, graph.node("sum", each, data=row))


def _log_softmax(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    largest = graph.node("amax", args[0], data=row)
    rest = graph.node("sub", args[0], largest)
    total = graph.node("sum", graph.call("exp", rest), data=row)
    return graph.node("sub", rest, graph.call("log", total))


def _count(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    ones = graph.node("where", args[0], graph.const(1), graph.const(0))
    return graph.node("sum", ones, data=row)


def _chosen(graph: Graph, row: str, index: int, value: int) -> int:
    """The value at one place of a row, and 0 elsewhere."""
    places = graph.node("steps", _length(graph, row), data=row)
    test = graph.node("eq", places, index)
    return graph.node("where", test, value, graph.const(0))


def _gather(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    value, index = args
    return graph.node("sum", _chosen(graph, row, index, value), data=row)


def _scatter(graph: Graph, row: str, node: Node, args: tuple[int, ...]) -> int:
    value, index, _ = args
    return _chosen(graph, row, index, value)


_LOWERED: Mapping[str, _Lower] = {
    "mean": _mean,
    "var": _var,
    "std": _std,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "count": _count,
    "gather": _gather,
    "scatter": _scatter,
}
"""How what is along the axis is made of folds."""


def phases(nodes: Sequence[Node], leaves: Mapping[int, object]) -> list[int]:
    """For each value how many folds, one after the other, it comes after."""
    found: list[int] = []
    for value, node in enumerate(nodes):
        before = max((found[arg] for arg in node.args), default=0)
        found.append(0 if value in leaves else before + (node.op in FOLDS))
    return found
