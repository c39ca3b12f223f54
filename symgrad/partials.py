"""Local partials of table functions, as values of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from symgrad import conditions, formulas
from symgrad.functions import TABLE, Function, Kink
from symgrad.op import EdgePolicy
from symgrad.parse import parse
from symgrad.program import Graph, Kind, Node, is_complex
from symgrad.regions import Places, holds
from symgrad.rows_power import OF_REAL_EXPONENT
from symgrad.wirtinger import (
    OF_NUMBER_BASE,
    OF_NUMBER_EXPONENT,
    OF_REAL_BASE,
    RULES,
    Wirtinger,
)

Formula = tuple[tuple[Node, ...], int]
"""Nodes, and the one of them that is the formula's value."""


@cache
def formula(text: str, names: tuple[str, ...], kind: Kind = Kind.REAL) -> Formula:
    """A text of the function table, parsed once for arguments of a kind."""
    graph = Graph()
    bound = {name: graph.input(name, kind) for name in names}
    bound["nan"] = graph.const("nan")
    root = parse(text, graph, bound, in_table=True)
    return tuple(graph.nodes), root


def _built(
    graph: Graph, text: str, bindings: Mapping[str, int], kind: Kind = Kind.REAL
) -> int | bool:
    nodes, root = formula(text, tuple(bindings), kind)
    return formulas.substitute(graph, nodes, root, bindings)


def definition(graph: Graph, row: Function, args: tuple[int, ...]) -> int:
    """The function in others of the table, for a backend that cannot spell it."""
    assert row.definition is not None, row.name
    plane = any(graph[arg].kind.is_complex for arg in args)
    kind = Kind.COMPLEX if plane else Kind.REAL
    named = dict(zip(row.args, args, strict=True))
    return int(_built(graph, row.definition, named, kind))


def partial(
    graph: Graph,
    value: int,
    index: int,
    edges: Mapping[str, EdgePolicy],
    alone: bool = False,
    places: Places = ((),),
) -> int:
    """The derivative of a call by its ``index``-th argument, by the op's edge policy.

    ``edges`` maps function names to policies; ``*`` stands for all that are not named.
    ``alone`` says that no derivative is taken by another argument.  Outside of its
    ``places``, where nothing masks NaN in second derivatives, a call has no kinks.
    """
    node = graph[value]
    if is_complex(graph.nodes, node):
        return _by_wirtinger(graph, value, _rule(graph, node).partials[index])
    row = TABLE[str(node.data)]
    bindings = _bindings(graph, value)
    real_exponent = node.data == "pow" and graph[node.args[1]].kind is Kind.REAL
    partials = OF_REAL_EXPONENT if real_exponent else row.partials
    inside = int(_built(graph, partials[index], bindings))
    policy = edges.get(row.name, edges.get("*", "torch"))
    if policy == "torch":
        return inside
    for kink in row.kinks:
        at_kink = on_kink(graph, value, kink)
        text = edge_value(kink, policy, index, alone)
        if text == "nan":
            at_kink = _where_it_counts(graph, at_kink, places)
        chosen = int(_built(graph, text, bindings))
        inside = conditions.where(graph, at_kink, chosen, inside)
    return inside


def _where_it_counts(graph: Graph, condition: int | bool, places: Places) -> int | bool:
    if condition is False or not all(places):
        return condition
    counts = holds(graph, places)
    return counts if condition is True else graph.node("and", condition, counts)


def _rule(graph: Graph, node: Node) -> Wirtinger:
    """How a call in the plane moves."""
    if node.data == "pow":
        base, exponent = (graph[arg].kind for arg in node.args)
        if not exponent.is_tensor:
            return OF_NUMBER_EXPONENT
        if not base.is_complex:
            return OF_REAL_BASE if base.is_tensor else OF_NUMBER_BASE
    return RULES[str(node.data)]


def on_kink(graph: Graph, value: int, kink: Kink) -> int | bool:
    """When a call stands on a kink of its row."""
    return _built(graph, kink.when, _bindings(graph, value))


def conjugate_partial(graph: Graph, value: int, index: int) -> int:
    """The derivative of a call by the conjugate of its ``index``-th argument."""
    node = graph[value]
    rule = RULES[str(node.data)] if is_complex(graph.nodes, node) else None
    if rule is None or rule.conjugates is None:
        return graph.const(0)
    return _by_wirtinger(graph, value, rule.conjugates[index])


def _by_wirtinger(graph: Graph, value: int, text: str) -> int:
    return int(_built(graph, text, _bindings(graph, value), Kind.COMPLEX))


def _bindings(graph: Graph, value: int) -> dict[str, int]:
    """The names of a row's arguments, and that of its value."""
    node = graph[value]
    row = TABLE[str(node.data)]
    return dict(zip(row.args, node.args, strict=True)) | {"y": value}


def edge_value(kink: Kink, policy: EdgePolicy, index: int, alone: bool = False) -> str:
    """What a policy says at a kink, as an expression in the row's names."""
    left, right = kink.left[index], kink.right[index]
    if policy == "left":
        return left
    if policy == "right":
        return right
    if policy == "half":
        return f"(({left}) + ({right}))/2"
    if policy == "min_norm":
        given = (alone and kink.alone) or kink.min_norm
        return given[index] if given else _nearest_zero(left, right)
    return kink.torch[index] if policy == "torch" else "nan"


def _nearest_zero(left: str, right: str) -> str:
    """The shortest of all values between two numbers."""
    low, high = sorted((float(left), float(right)))
    if low <= 0 <= high:
        return "0"
    return left if abs(float(left)) < abs(float(right)) else right
