"""Conditions on values of a graph, decided at once where constants or domains do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from symgrad import intervals
from symgrad.algebra import is_small, mul, number
from symgrad.intervals import Interval
from symgrad.program import COMPARISONS, Graph, Node, is_constant

_COMPARE: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def where(graph: Graph, condition: int | bool, a: int, b: int) -> int:
    """a where the condition holds, else b."""
    condition = _decided(graph, condition)
    if isinstance(condition, bool):
        return a if condition else b
    if a == b:
        return a
    if graph[condition].op == "not":
        return graph.node("where", graph[condition].args[0], b, a)
    return graph.node("where", condition, a, b)


def negated(graph: Graph, condition: int) -> int:
    """The opposite condition.  Comparisons are not turned round: NaN fails both."""
    node = graph[condition]
    return node.args[0] if node.op == "not" else graph.node("not", condition)


def condition(graph: Graph, node: Node, args: Sequence[int | bool]) -> int | bool:
    """A comparison or connective, decided at once where its arguments allow."""
    if node.op in COMPARISONS:
        return _comparison(graph, node.op, *(int(arg) for arg in args))
    if node.op == "not":
        return not args[0] if isinstance(args[0], bool) else negated(graph, args[0])
    neutral = node.op == "and"
    if any(arg is (not neutral) for arg in args):
        return not neutral
    open_args = [arg for arg in args if not isinstance(arg, bool)]
    if not open_args:
        return neutral
    return open_args[0] if len(open_args) == 1 else graph.node(node.op, *open_args)


def _comparison(graph: Graph, op: str, a: int, b: int) -> int | bool:
    """A comparison; that of constants is decided for good, and so by domains."""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _COMPARE[op](x, y)
    left, right = _interval(graph, a), _interval(graph, b)
    known = intervals.decided(op, left, right) if left and right else None
    return _decided(graph, graph.node(op, a, b)) if known is None else known


def _interval(graph: Graph, value: int) -> Interval | None:
    """Where a number or an input is by its domain, but for its sign.

    What is computed from it may be rounded to an end that the mathematics excludes.
    """
    node = graph[value]
    if (exact := number(graph, value)) is not None and is_small(exact):
        return intervals.point(float(exact))
    if node.op != "neg":
        return graph.domains.get(str(node.data)) if node.op == "input" else None
    inside = _interval(graph, node.args[0])
    return -inside if inside else None


def sign(graph: Graph, a: int) -> int:
    """The sign of a, known of an input whose domain has but one."""
    known = _known_sign(graph, a)
    return graph.call("sign", a) if known is None else graph.const(known)


def absolute(graph: Graph, a: int) -> int:
    """abs(a), known of an input whose domain is on one side of 0."""
    known = _known_sign(graph, a)
    return graph.call("abs", a) if known is None else mul(graph, graph.const(known), a)


def _known_sign(graph: Graph, value: int) -> int | None:
    inside = _interval(graph, value)
    return intervals.sign(inside) if inside else None


def _decided(graph: Graph, condition: int | bool) -> int | bool:
    """A condition, or what it is if no input is behind it."""
    if isinstance(condition, bool) or not is_constant(graph.nodes, condition):
        return condition
    from symgrad import precise  # loaded by the formulas that need it

    return precise.holds(graph.nodes, condition)
