"""Sums of exponentials along axes: they overflow where logarithms and shares do not.

The rewrite table has no axes; these are its rules that have.
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad.axes import BATCH, size_of
from symgrad.program import Graph, Kind, Node
from symgrad.rule import Rule

_Rewrite = Callable[[Graph, Node], "int | None"]


def apply(graph: Graph, value: int) -> tuple[int, Rule] | None:
    """The first of these rules that matches a value, and what it makes of it."""
    node = graph[value]
    if node.kind is not Kind.REAL:
        return None
    for rule, rewrite in RULES:
        found = rewrite(graph, node)
        if found is not None:
            return found, rule
    return None


def _log_of_sum(graph: Graph, node: Node) -> int | None:
    total = _argument(graph, node, "log")
    summed = None if total is None else _summed(graph, total)
    if total is None or summed is None:
        return None
    return graph.node("logsumexp", summed, data=graph[total].data)


def _log_of_share(graph: Graph, node: Node) -> int | None:
    share = _argument(graph, node, "log")
    if share is None or graph[share].op != "softmax":
        return None
    return graph.node("log_softmax", *graph[share].args, data=graph[share].data)


def _share(graph: Graph, node: Node) -> int | None:
    """``softmax`` where the exponents are the same but for the name of their axis."""
    if node.op != "div" or (summed := _summed(graph, node.args[1])) is None:
        return None
    exponent = _argument(graph, graph[node.args[0]], "exp")
    if exponent is None:
        return None
    data = str(graph[node.args[1]].data)
    for axis in graph[exponent].axes:
        alike = size_of(axis) == size_of(data) and axis not in graph[summed].axes
        if alike and _is_renamed(graph, exponent, summed, axis, data):
            return graph.node("softmax", exponent, data=axis)
    whole = graph.node("logsumexp", summed, data=data)
    return graph.call("exp", graph.node("sub", exponent, whole))


def _argument(graph: Graph, node: Node, name: str) -> int | None:
    """What a function of that name is called with, if the node calls it."""
    return node.args[0] if (node.op, node.data) == ("call", name) else None


def _summed(graph: Graph, value: int) -> int | None:
    """The exponents, if a value is a sum of exponentials along axes of the spec."""
    node = graph[value]
    if node.op != "sum":
        return None
    exponent = _argument(graph, graph[node.args[0]], "exp")
    along = str(node.data).split(",")
    if exponent is None or BATCH in along:
        return None
    return exponent if set(along) <= set(graph[exponent].axes) else None


def _is_renamed(graph: Graph, one: int, other: int, axis: str, old: str) -> bool:
    """Whether one value is the other with ``axis`` in the place of ``old``."""
    todo, seen = [(one, other)], set[tuple[int, int]]()
    while todo:
        pair = todo.pop()
        if pair in seen:
            continue
        seen.add(pair)
        here, there = graph[pair[0]], graph[pair[1]]
        if pair[0] == pair[1]:
            if old in there.axes:
                return False
            continue
        if (here.op, here.data) != (there.op, _renamed(there.data, axis, old)):
            return False
        if len(here.args) != len(there.args):
            return False
        todo += zip(here.args, there.args, strict=True)
    return True


def _renamed(data: object, axis: str, old: str) -> object:
    """What a node says of its axes, with another name for one of them."""
    if not isinstance(data, str):
        return data
    sides = (side.split(",") for side in data.split("|"))
    return "|".join(",".join(axis if x == old else x for x in side) for side in sides)


RULES: tuple[tuple[Rule, _Rewrite], ...] = (
    (
        Rule(
            "log(sum(exp(a), i))",
            "logsumexp(a, i)",
            "the sum overflows or is 0 where its logarithm is a number",
        ),
        _log_of_sum,
    ),
    (
        Rule(
            "log(softmax(a, i))",
            "log_softmax(a, i)",
            "a share may be too small for a number, its logarithm is not",
        ),
        _log_of_share,
    ),
    (
        Rule(
            "exp(a)/sum(exp(b), i)",
            "exp(a - logsumexp(b, i))",
            "inf/inf and 0/0; where b is a along another axis it is softmax(a)",
        ),
        _share,
    ),
)
"""Rules, and what each makes of a node, ``None`` where it does not match."""
