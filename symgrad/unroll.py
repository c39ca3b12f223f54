"""An op with named axes as one of numbers alone, for given sizes.

Every element of every input becomes an input of its own, and every element of every
output an output.  What is known of elementwise ops, balls and differences above all,
holds for such an op too.  There is no batch.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from symgrad.axes import accessed, dim, listed, moves, named, size_of
from symgrad.op import Formula, Input, Op
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
    lengths = [range(sizes[size_of(axis)]) for axis in named(axes)]
    return list(itertools.product(*lengths))


LARGEST_INDEX = 3
"""Of integers where nothing is declared: what they look into is larger."""


def sizes_of(op: Op, cycle: Sequence[int]) -> dict[str, int]:
    """A size for every axis in turn; what an index looks into has place for it."""
    found: dict[str, int] = {}
    for item in op.inputs:
        for axis in named(item.labels):
            found.setdefault(size_of(axis), cycle[len(found) % len(cycle)])
    looked = _looked_into(op)
    found |= looked
    for axis in reversed([axis for axis in found if axis not in looked]):
        if _largest(op, found) > MOST_ELEMENTS:
            found[axis] = 1
    return found


MOST_ELEMENTS = 5000
"""Of a value; where there would be more, some axes have one place only."""


def _largest(op: Op, sizes: Mapping[str, int]) -> int:
    """How many elements the largest value has."""
    return max(math.prod(sizes[size_of(a)] for a in named(n.axes)) for n in op.nodes)


def _looked_into(op: Op) -> dict[str, int]:
    """Sizes for the axes that something is gathered from, or selected by a number."""
    gathered = {size_of(str(n.data)) for n in op.nodes if n.op == "gather"}
    found = dict.fromkeys(gathered, LARGEST_INDEX + 1)
    for node in op.nodes:
        if node.op == "select":
            axis, _, place = str(node.data).partition("|")
            size = size_of(axis)
            found[size] = max(found.get(size, LARGEST_INDEX + 1), int(place) + 1)
    return found


def gathered(
    values: Mapping[str, object],
    name: str,
    axes: Sequence[str],
    sizes: Mapping[str, int],
) -> object:
    """The elements of an input or output from their names, as nested lists."""
    lengths = [sizes[size_of(axis)] for axis in named(axes)]

    def nested(place: Place) -> object:
        if len(place) == len(lengths):
            return values[element(name, place)]
        return [nested((*place, k)) for k in range(lengths[len(place)])]

    return nested(())


def unrolled(op: Op, sizes: Mapping[str, int]) -> Op:
    """The op for axes of these sizes, element by element."""
    work = _Work(op.nodes, sizes)
    values = [work.built(node) for node in op.nodes]
    flat = {f.name: list(_elements(f, f.value, values)) for f in op.outputs}
    counted = [
        e
        for f in op.outputs
        for e in _elements(f, op.stand_ins.get(f.name, f.value), values)
    ]
    return replace(
        op,
        inputs=tuple(i for item in op.inputs for i in _inputs(item, sizes)),
        nodes=tuple(work.graph.nodes),
        lets=(),
        outputs=tuple(e for elements in flat.values() for e in elements),
        stand_ins={f.name: f.value for f in counted},
        overrides=tuple(
            e for f in op.overrides for e in _overriding(op, f, values, sizes)
        ),
        nondifferentiable=frozenset(
            e.name for name in op.nondifferentiable for e in flat[name]
        ),
        samples={
            element(name, place): replace(sample, shape=None)
            for name, sample in op.samples.items()
            for place in places(op.input(name).labels, sizes)
        },
        module=None,
    )


def _elements(
    formula: Formula, value: int, values: Sequence[Elements]
) -> Iterator[Formula]:
    for place, number in values[value].items():
        yield Formula(element(formula.name, place), formula.text, number)


def _overriding(
    op: Op, given: Formula, values: Sequence[Elements], sizes: Mapping[str, int]
) -> Iterator[Formula]:
    """A gradient as given for each element; one that lacks an axis is the same."""
    labels, own = named(op.input(given.name).labels), named(op.nodes[given.value].axes)
    for place in places(labels, sizes):
        at = dict(zip(labels, place, strict=True))
        value = values[given.value][tuple(at[axis] for axis in own)]
        yield Formula(element(given.name, place), given.text, value)


def _inputs(item: Input, sizes: Mapping[str, int]) -> Iterator[Input]:
    for place in places(item.labels, sizes):
        yield replace(item, name=element(item.name, place), axes=None)


@dataclass
class _Work:
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
        lengths = [range(self.sizes[size_of(axis)]) for axis in labels]
        return [
            self.at(node.args[0], {**at, **dict(zip(labels, p, strict=True))})
            for p in itertools.product(*lengths)
        ]

    def sum(self, values: Sequence[int]) -> int:
        """Their sum."""
        return reduce(lambda a, b: self.graph.node("add", a, b), values)


Rule = Callable[[_Work, Node, Place], int]


def _access(work: _Work, node: Node, place: Place) -> int:
    at = dict(zip(named(node.axes), place, strict=True))
    after = accessed(node.data, work.nodes[node.args[0]].axes)
    return work.values[node.args[0]][tuple(at[axis] for axis in after)]


def _place(work: _Work, node: Node, place: Place) -> int:
    """By the labels before; those after are the argument's."""
    after, before = moves(node.data)
    at = dict(zip(named(node.axes), place, strict=True))
    pairs = zip(after, before, strict=True)
    return work.at(node.args[0], {a: at[b] for a, b in pairs if b in at})


def _ordered(work: _Work, node: Node, place: Place) -> int:
    return work.at(node.args[0], dict(zip(named(node.axes), place, strict=True)))


def _select(work: _Work, node: Node, place: Place) -> int:
    axis, _, chosen = str(node.data).partition("|")
    at = dict(zip(named(node.axes), place, strict=True))
    return work.at(node.args[0], {**at, axis: int(chosen)})


def _gather(work: _Work, node: Node, place: Place) -> int:
    """One of all that the index may mean, by comparing it with every number."""
    graph, axis = work.graph, str(node.data)
    at = dict(zip(named(node.axes), place, strict=True))
    index = work.at(node.args[1], at)
    last, *others = reversed(range(work.sizes[size_of(axis)]))
    value = work.at(node.args[0], {**at, axis: last})
    for number in others:
        here = graph.node("eq", index, graph.const(number))
        picked = work.at(node.args[0], {**at, axis: number})
        value = graph.node("where", here, picked, value)
    return value


def _total(work: _Work, node: Node, place: Place) -> int:
    return work.sum(work.along(node, place))


def _mean(work: _Work, node: Node, place: Place) -> int:
    values = work.along(node, place)
    return work.graph.node("div", work.sum(values), work.graph.const(len(values)))


def _product(work: _Work, node: Node, place: Place) -> int:
    values = work.along(node, place)
    return reduce(lambda a, b: work.graph.node("mul", a, b), values)


def _extreme(function: str) -> Rule:
    def rule(work: _Work, node: Node, place: Place) -> int:
        values = work.along(node, place)
        return reduce(lambda a, b: work.graph.call(function, a, b), values)

    return rule


def _logsumexp(work: _Work, node: Node, place: Place) -> int:
    powers = [work.graph.call("exp", v) for v in work.along(node, place)]
    return work.graph.call("log", work.sum(powers))


def _squares(work: _Work, values: Sequence[int]) -> int:
    two = work.graph.const(2)
    return work.sum([work.graph.call("pow", v, two) for v in values])


def _norm(work: _Work, node: Node, place: Place) -> int:
    return work.graph.call("sqrt", _squares(work, work.along(node, place)))


def _var(work: _Work, node: Node, place: Place) -> int:
    graph, values = work.graph, work.along(node, place)
    mean = graph.node("div", work.sum(values), graph.const(len(values)))
    squares = _squares(work, [graph.node("sub", v, mean) for v in values])
    ddof = int(str(node.data).partition("|")[2])
    return graph.node("div", squares, graph.const(len(values) - ddof))


def _std(work: _Work, node: Node, place: Place) -> int:
    return work.graph.call("sqrt", _var(work, node, place))


def _line(work: _Work, node: Node, place: Place) -> tuple[int, list[int]]:
    """The place along the axis that a primitive keeps, and all elements along it."""
    axis = str(node.data)
    own = named(node.axes)
    here = place[dim(axis, own)]
    at = dict(zip(own, place, strict=True))
    size = work.sizes[size_of(axis)]
    return here, [work.at(node.args[0], {**at, axis: k}) for k in range(size)]


def _softmax(work: _Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    powers = [work.graph.call("exp", v) for v in line]
    return work.graph.node("div", powers[here], work.sum(powers))


def _log_softmax(work: _Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    whole = work.sum([work.graph.call("exp", v) for v in line])
    return work.graph.node("sub", line[here], work.graph.call("log", whole))


def _cumsum(work: _Work, node: Node, place: Place) -> int:
    here, line = _line(work, node, place)
    return work.sum(line[: here + 1])


_RULES: Mapping[str, Rule] = {
    "access": _access,
    "place": _place,
    "ordered": _ordered,
    "select": _select,
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
