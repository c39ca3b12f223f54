"""The primitives of axes element by element, each a value of a graph of numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from symgrad.axes import accessed, dim, listed, moves, named, size_of
from symgrad.parts import places as within
from symgrad.parts import whole
from symgrad.program import Graph, Node

Place = tuple[int, ...]
"""An element's place along each of its named axes."""

Elements = Mapping[Place, int]
"""The elements of a value, each a value of the unrolled graph."""


def element(name: str, place: Place) -> str:
    """What an element of an input or an output is called."""
    return "_".join([name, *map(str, place)])


def places(axes: Sequence[str], sizes: Mapping[str, int]) -> list[Place]:
    """All places along axes, the last axis fastest."""
    lengths = [range(length(axis, sizes)) for axis in named(axes)]
    return list(itertools.product(*lengths))


def length(axis: str, sizes: Mapping[str, int]) -> int:
    """How many places a label runs over."""
    return len(within(axis, sizes[size_of(axis)]))


@dataclass
class Work:
    """An op's nodes, and what has been built of them."""

    nodes: Sequence[Node]
    sizes: Mapping[str, int]
    graph: Graph = field(default_factory=Graph)
    values: list[dict[Place, int]] = field(default_factory=list)

    def built(self, node: Node) -> Elements:
        """All elements of one node."""
        found = {p: self._one(node, p) for p in places(node.axes, self.sizes)}
        self.values.append(found)
        return found

    def _one(self, node: Node, place: Place) -> int:
        if node.op == "input":
            name = element(str(node.data), place)
            return self.graph.input(name, node.kind)
        if node.op == "cotangent":
            name = element(str(node.data), place)
            return self.graph.cotangent(name, node.kind)
        if node.op == "const":
            return self.graph.leaf(node)
        if node.op == "size":
            return self.graph.const(self.sizes[str(node.data)])
        if node.op in _RULES:
            return _RULES[node.op](self, node, place)
        at = dict(zip(named(node.axes), place, strict=True))
        args = [self.at(arg, at) for arg in node.args]
        return self.graph.node(node.op, *args, data=node.data)

    def at(self, value: int, at: Mapping[str, int]) -> int:
        """The element of a value at the places of labels; others have no say."""
        own = named(self.nodes[value].axes)
        return self.values[value][tuple(at[axis] for axis in own)]

    def along(self, node: Node, place: Place) -> list[int]:
        """The elements that a reduction reduces to one."""
        at = dict(zip(named(node.axes), place, strict=True))
        labels = listed(str(node.data).partition("|")[0])
        lengths = [range(length(axis, self.sizes)) for axis in labels]
        return [
            self.at(node.args[0], {**at, **dict(zip(labels, p, strict=True))})
            for p in itertools.product(*lengths)
        ]

    def sum(self, values: Sequence[int]) -> int:
        """Their sum."""
        return reduce(lambda a, b: self.graph.node("add", a, b), values)


Rule = Callable[[Work, Node, Place], int]


def _access(work: Work, node: Node, place: Place) -> int:
    at = dict(zip(named(node.axes), place, strict=True))
    after = accessed(node.data, work.nodes[node.args[0]].axes)
    return work.values[node.args[0]][tuple(at[axis] for axis in after)]


def _place(work: Work, node: Node, place: Place) -> int:
    """By the labels before; those after are the argument's."""
    after, before = moves(node.data)
    at = dict(zip(named(node.axes), place, strict=True))
    pairs = zip(after, before, strict=True)
    return work.at(node.args[0], {a: at[b] for a, b in pairs if b in at})


def _ordered(work: Work, node: Node, place: Place) -> int:
    return work.at(node.args[0], dict(zip(named(node.axes), place, strict=True)))


def _select(work: Work, node: Node, place: Place) -> int:
    axis, _, chosen = str(node.data).partition("|")
    at = dict(zip(named(node.axes), place, strict=True))
    return work.at(node.args[0], {**at, axis: int(chosen)})


def _part(work: Work, node: Node, place: Place) -> int:
    axis = str(node.data)
    at = dict(zip(named(node.axes), place, strict=True))
    here = within(axis, work.sizes[size_of(axis)])[at[axis]]
    return work.at(node.args[0], {**at, whole(axis): here})


def _steps(work: Work, node: Node, place: Place) -> int:
    return work.graph.const(place[0])


def _gather(work: Work, node: Node, place: Place) -> int:
    """One of all that the index may mean, by comparing it with every number."""
    graph, axis = work.graph, str(node.data)
    at = dict(zip(named(node.axes), place, strict=True))
    index = work.at(node.args[1], at)
    last, *others = reversed(range(length(axis, work.sizes)))
    value = work.at(node.args[0], {**at, axis: last})
    for number in others:
        here = graph.node("eq", index, graph.const(number))
        picked = work.at(node.args[0], {**at, axis: number})
        value = graph.node("where", here, picked, value)
    return value


def _total(work: Work, node: Node, place: Place) -> int:
    return work.sum(work.along(node, place))


def _mean(work: Work, node: Node, place: Place) -> int:
    values = work.along(node, place)
    return work.graph.node("div", work.sum(values), work.graph.const(len(values)))


def _product(work: Work, node: Node, place: Place) -> int:
    values = work.along(node, place)
    return reduce(lambda a, b: work.graph.node("mul", a, b), values)


def _extreme(function: str) -> Rule:
    def rule(work: Work, node: Node, place: Place) -> int:
        values = work.along(node, place)
        return reduce(lambda a, b: work.graph.call(function, a, b), values)

    return rule


def _logsumexp(work: Work, node: Node, place: Place) -> int:
    powers = [work.graph.call("exp", v) for v in work.along(node, place)]
    return work.graph.call("log", work.sum(powers))


def _squares(work: Work, values: Sequence[int]) -> int:
    two = work.graph.const(2)
    return work.sum([work.graph.call("pow", v, two) for v in values])


def _norm(work: Work, node: Node, place: Place) -> int:
    values, graph = work.along(node, place), work.graph
    sizes = [graph.call("abs", v) if graph[v].kind.is_complex else v for v in values]
    return graph.call("sqrt", _squares(work, sizes))


def _var(work: Work, node: Node, place: Place) -> int:
    graph, values = work.graph, work.along(node, place)
    mean = graph.node("div", work.sum(values), graph.const(len(values)))
    squares = _squares(work, [graph.node("sub", v, mean) for v in values])
    ddof = int(str(node.data).partition("|")[2])
    return graph.node("div", squares, graph.const(len(values) - ddof))


def _std(work: Work, node: Node, place: Place) -> int:
    return work.graph.call("sqrt", _var(work, node, place))


def _line(work: Work, node: Node, place: Place) -> tuple[int, list[int]]:
    """The place along the axis that a primitive keeps, and all elements along it."""
    axis = str(node.data)
    own = named(node.axes)
    here = place[dim(axis, own)]
    at = dict(zip(own, place, strict=True))
    size = length(axis, work.sizes)
    return here, [work.at(node.args[0], {**at, axis: k}) for k in range(size)]


def _softmax(work: Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    powers = [work.graph.call("exp", v) for v in line]
    return work.graph.node("div", powers[here], work.sum(powers))


def _log_softmax(work: Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    whole = work.sum([work.graph.call("exp", v) for v in line])
    return work.graph.node("sub", line[here], work.graph.call("log", whole))


def _cumsum(work: Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    return work.sum(line[: here + 1])


_RULES: Mapping[str, Rule] = {
    "access": _access,
    "place": _place,
    "ordered": _ordered,
    "select": _select,
    "part": _part,
    "steps": _steps,
    "gather": _gather,
    "sum": _total,
    "mean": _mean,
    "prod": _product,
    "amax": _extreme("Max"),
    "amin": _extreme("Min"),
    "logsumexp": _logsumexp,
    "norm": _norm,
    "var": _var,
    "std": _std,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cumsum": _cumsum,
}
"""What a formula has of axes, element by element."""
