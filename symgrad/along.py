"""Derivatives of the primitives of axes.

A value that lacks an axis is the same all along it: so the cotangent of what ``sum``
sums is that of the sum itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgrad import algebra, conditions, formulas, parts
from symgrad.axes import Axes, listed, moves, named, size_of, written
from symgrad.program import Graph
from symgrad.totals import count, extent, factors_of, product, spread, total

# Slopes of reductions


Slope = Callable[[Graph, int], int]
"""The derivative of a reduction, as a value with the axes of what is reduced.

One of complex numbers with real values moves by the real part of it times what they do.
"""


def _one(graph: Graph, value: int) -> int:
    return graph.const(1)


def _share(graph: Graph, value: int) -> int:
    labels = listed(graph[value].data)
    return algebra.div(graph, graph.const(1), count(graph, labels))


def _others(graph: Graph, value: int) -> int:
    node = graph[value]
    return graph.node("others", node.args[0], data=node.data)


def _ties(graph: Graph, value: int) -> int:
    """Equal shares for all elements that the largest is equal to."""
    node = graph[value]
    tied = graph.node("eq", node.args[0], value)
    share = algebra.div(
        graph, graph.const(1), graph.node("count", tied, data=node.data)
    )
    return graph.node("where", tied, share, graph.const(0))


def _weights(graph: Graph, value: int) -> int:
    difference = algebra.sub(graph, graph[value].args[0], value)
    return graph.call("exp", difference)


def _direction(graph: Graph, value: int) -> int:
    """0 at the origin, as in PyTorch; there nothing is divided by 0."""
    away = graph.node("ne", value, graph.const(0))
    safe = graph.node("guard", away, value, graph.const(1))
    turned = formulas.conj(graph, graph[value].args[0])
    along = algebra.div(graph, turned, safe)
    return conditions.where(graph, away, along, graph.const(0))


def _variance(graph: Graph, value: int) -> int:
    gap, freedom = _deviation(graph, value)
    return algebra.div(graph, algebra.mul(graph, graph.const(2), gap), freedom)


def _standard(graph: Graph, value: int) -> int:
    """0 where all are equal, as in PyTorch; there nothing is divided by 0."""
    gap, freedom = _deviation(graph, value)
    away = graph.node("ne", value, graph.const(0))
    safe = graph.node("guard", away, value, graph.const(1))
    slope = algebra.div(graph, gap, algebra.mul(graph, freedom, safe))
    return conditions.where(graph, away, slope, graph.const(0))


def _deviation(graph: Graph, value: int) -> tuple[int, int]:
    """How far each is from the mean, and the degrees of freedom."""
    node = graph[value]
    labels, _, ddof = str(node.data).partition("|")
    mean = graph.node("mean", node.args[0], data=labels)
    size = count(graph, listed(labels))
    gap = algebra.sub(graph, node.args[0], mean)
    return gap, algebra.sub(graph, size, graph.const(int(ddof)))


SLOPES: Mapping[str, Slope] = {
    "sum": _one,
    "mean": _share,
    "prod": _others,
    "amax": _ties,
    "amin": _ties,
    "logsumexp": _weights,
    "norm": _direction,
    "var": _variance,
    "std": _standard,
}
"""What each element of a reduction weighs in its derivative."""


def _reduced_along(graph: Graph, value: int) -> Axes:
    return listed(str(graph[value].data).partition("|")[0])


# Rules of the other primitives


@dataclass(frozen=True)
class Rule:
    """How a cotangent goes back through a primitive, and a tangent forth."""

    pull: Callable[[Graph, int, int], int]
    push: Callable[[Graph, int, int], int]


def _pull_softmax(graph: Graph, value: int, moved: int) -> int:
    mean = total(graph, algebra.mul(graph, moved, value), listed(graph[value].data))
    return algebra.mul(graph, value, algebra.sub(graph, moved, mean))


def _pull_log_softmax(graph: Graph, value: int, moved: int) -> int:
    whole = total(graph, moved, listed(graph[value].data))
    share = algebra.mul(graph, graph.call("exp", value), whole)
    return algebra.sub(graph, moved, share)


def _push_log_softmax(graph: Graph, value: int, moved: int) -> int:
    weighted = algebra.mul(graph, graph.call("exp", value), moved)
    mean = total(graph, weighted, listed(graph[value].data))
    return algebra.sub(graph, moved, mean)


def _along_the_same(op: str) -> Callable[[Graph, int, int], int]:
    def run(graph: Graph, value: int, moved: int) -> int:
        data = graph[value].data
        return graph.node(op, spread(graph, moved, listed(data)), data=data)

    return run


def _pull_access(graph: Graph, value: int, moved: int) -> int:
    after, before = moves(graph[value].data)
    twice = [axis for axis in after if after.count(axis) > 1]
    return _placed(graph, spread(graph, moved, twice), after, before)


def _placed(graph: Graph, moved: int, after: Axes, before: Axes) -> int:
    """A value back from labels to those before, of which it may have some only."""
    held = set(graph[moved].axes)
    pairs = [p for p in zip(after, before, strict=True) if p[0] in held]
    return _relabelled(graph, "place", moved, pairs)


def _push_access(graph: Graph, value: int, moved: int) -> int:
    after, before = moves(graph[value].data)
    renamed = dict(zip(before, after, strict=True))
    pairs = [(renamed[axis], axis) for axis in named(graph[moved].axes)]
    return _relabelled(graph, "access", moved, pairs)


def _pull_place(graph: Graph, value: int, moved: int) -> int:
    """What a gradient as given is transposed by; it has no diagonal."""
    return _push_access(graph, value, moved)


def _push_place(graph: Graph, value: int, moved: int) -> int:
    after, before = moves(graph[value].data)
    return _placed(graph, moved, after, before)


def _relabelled(
    graph: Graph, op: str, value: int, pairs: Sequence[tuple[str, str]]
) -> int:
    if not pairs:
        return value
    after, before = (written(side) for side in zip(*pairs, strict=True))
    return graph.node(op, value, data=f"{after}|{before}")


def _pull_select(graph: Graph, value: int, moved: int) -> int:
    axis = str(graph[value].data).partition("|")[0]
    size = graph.size(size_of(axis))
    return graph.node("insert", moved, size, data=graph[value].data)


def _push_select(graph: Graph, value: int, moved: int) -> int:
    axis = str(graph[value].data).partition("|")[0]
    if axis not in graph[moved].axes:
        return moved
    return graph.node("select", moved, data=graph[value].data)


def _pull_part(graph: Graph, value: int, moved: int) -> int:
    axis = str(graph[value].data)
    size = graph.size(size_of(axis))
    return graph.node("pad", spread(graph, moved, [axis]), size, data=axis)


def _push_part(graph: Graph, value: int, moved: int) -> int:
    axis = str(graph[value].data)
    if parts.whole(axis) not in graph[moved].axes:
        return moved
    return graph.node("part", moved, data=axis)


def _pull_gather(graph: Graph, value: int, moved: int) -> int:
    base, index = graph[value].args
    at, axes = str(graph[value].data), graph[base].axes
    whole = [at, *(axis for axis in named(axes) if axis != at)]
    sizes = [extent(graph, axis) for axis in whole]
    data = f"{at}|{written(axes)}"
    return graph.node("scatter", moved, index, *sizes, data=data)


def _push_gather(graph: Graph, value: int, moved: int) -> int:
    at = str(graph[value].data)
    if at not in graph[moved].axes:
        return moved
    return graph.node("gather", moved, graph[value].args[1], data=at)


def _unchanged(graph: Graph, value: int, moved: int) -> int:
    return moved


def _pull_reduction(graph: Graph, value: int, moved: int) -> int:
    slope = SLOPES[graph[value].op](graph, value)
    return algebra.mul(graph, moved, formulas.conj(graph, slope))


def _push_mean(graph: Graph, value: int, moved: int) -> int:
    data = graph[value].data
    if set(listed(data)) <= set(graph[moved].axes):
        factors = factors_of(graph, moved)
        numbers = [f for f in factors if algebra.number(graph, f) is not None]
        rest = [f for f in factors if f not in numbers]
        mean = graph.node("mean", product(graph, rest), data=data)
        return product(graph, [*numbers, mean])
    return _push_reduction(graph, value, moved)


def _push_reduction(graph: Graph, value: int, moved: int) -> int:
    slope = SLOPES[graph[value].op](graph, value)
    labels = _reduced_along(graph, value)
    pushed = total(graph, algebra.mul(graph, moved, slope), labels)
    is_complex = graph[value].kind.is_complex
    return pushed if is_complex else formulas.real_part(graph, pushed)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(SLOPES, Rule(_pull_reduction, _push_reduction)),
    "mean": Rule(_pull_reduction, _push_mean),
    "softmax": Rule(_pull_softmax, _pull_softmax),
    "log_softmax": Rule(_pull_log_softmax, _push_log_softmax),
    "cumsum": Rule(_along_the_same("cumsum_back"), _along_the_same("cumsum")),
    "access": Rule(_pull_access, _push_access),
    "place": Rule(_pull_place, _push_place),
    "select": Rule(_pull_select, _push_select),
    "part": Rule(_pull_part, _push_part),
    "gather": Rule(_pull_gather, _push_gather),
    "ordered": Rule(_unchanged, _unchanged),
}
"""The primitives of axes, through their first arguments."""
