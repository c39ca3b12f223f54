"""Which values are known to be positive, by the domains of inputs and by structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from fractions import Fraction
from math import inf
from types import MappingProxyType

from symgrad.algebra import number
from symgrad.intervals import Interval, point
from symgrad.program import Graph, Kind, Node

Domains = Mapping[str, Interval]
"""The domains of inputs, by their names."""

NOTHING: Domains = MappingProxyType({})

DEPTH = 6
"""How far behind a value its sign is looked for."""


_LARGE = Fraction(10**300)
"""Numbers beyond are not compared with domains: a float may not hold them."""


class Sign(IntEnum):
    """What is known of a value, the more the greater."""

    ANY = 0
    NONNEGATIVE = 1
    POSITIVE = 2


def sign(
    graph: Graph, value: int, domains: Domains = NOTHING, depth: int = DEPTH
) -> Sign:
    """What is known of a value; of one that is NaN, what it would be otherwise.

    What may underflow, as an exponential or a product does, is not positive here.
    """
    node = graph[value]
    if node.op == "input":
        domain = domains.get(str(node.data))
        return Sign.ANY if domain is None else _of_number(domain.low, domain.low_open)
    if node.op == "sub" and depth:
        a, b = (_interval(graph, arg, domains, depth - 1) for arg in node.args)
        return _of_number(a.low - b.high, a.low_open or b.high_open)
    if node.op not in _SIGNS:
        return Sign.ANY
    deeper = [sign(graph, a, domains, depth - 1) for a in node.args] if depth else []
    return _SIGNS[node.op](graph, node, deeper or [Sign.ANY] * len(node.args))


def _interval(graph: Graph, value: int, domains: Domains, depth: int) -> Interval:
    """Where a value is: by the domain of an input, else by its sign."""
    node, exact = graph[value], number(graph, value)
    if exact is not None and abs(exact) < _LARGE:
        return point(float(exact))
    if node.op == "input" and str(node.data) in domains:
        return domains[str(node.data)]
    known = sign(graph, value, domains, depth)
    return Interval(0.0 if known else -inf, inf, known is Sign.POSITIVE, True)


def is_positive(graph: Graph, value: int, domains: Domains) -> bool:
    """Whether a value is above zero wherever it is a number."""
    return sign(graph, value, domains) is Sign.POSITIVE


def is_nonnegative(graph: Graph, value: int, domains: Domains) -> bool:
    """Whether a value is nowhere below zero."""
    return sign(graph, value, domains) > Sign.ANY


def varies(graph: Graph, value: int, domains: Domains) -> bool:
    """Whether a value is neither whole nor made of numbers."""
    return graph[value].kind not in _WHOLE and not is_fixed(graph, value, domains)


def is_fixed(graph: Graph, value: int, domains: Domains, depth: int = DEPTH) -> bool:
    """Whether a value is a number, or made of few of them."""
    args = graph[value].args
    if graph[value].op == "const" or not args or not depth:
        return graph[value].op == "const"
    return all(is_fixed(graph, arg, domains, depth - 1) for arg in args)


_WHOLE = (Kind.INT, Kind.INDEX)
_NONNEGATIVE = frozenset(
    {"exp", "exp2", "sigmoid", "softplus", "ndtr", "erfc"}
    | {"abs", "square", "relu", "sqrt", "hypot", "rsqrt"}
)

_ODD = frozenset({"tanh", "sinh", "asinh", "atan", "erf", "expm1", "log1p", "cbrt"})
"""Functions that have the sign of their argument, and do not underflow before it."""


def _of_number(x: float | Fraction, is_excluded: bool = False) -> Sign:
    if x > 0 or (x == 0 and is_excluded):
        return Sign.POSITIVE
    return Sign.NONNEGATIVE if x == 0 else Sign.ANY


def _constant(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    if isinstance(node.data, Fraction):
        return _of_number(node.data)
    return Sign.POSITIVE if node.data in ("pi", "E", "oo") else Sign.ANY


def _size(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    return Sign.NONNEGATIVE


def _sum(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    return max(parts) if min(parts) > Sign.ANY else Sign.ANY


def _product(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    is_scaled = any(number(graph, arg) is not None for arg in node.args)
    if is_scaled or not min(parts):
        is_square = node.op == "mul" and node.args[0] == node.args[1]
        return max(min(parts), Sign.NONNEGATIVE if is_square else Sign.ANY)
    return Sign.NONNEGATIVE


def _call(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    if node.data == "cosh":
        return Sign.POSITIVE
    if node.data in ("sqrt", "hypot") and max(parts) is Sign.POSITIVE:
        return Sign.POSITIVE  # a root does not underflow
    if node.data in _ODD:
        return parts[0]
    if node.data in _NONNEGATIVE:
        return Sign.NONNEGATIVE
    return _power(graph, node, parts) if node.data == "pow" else Sign.ANY


def _power(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    exponent = number(graph, node.args[1])
    is_even = exponent is not None and exponent.numerator % 2 == 0
    return Sign.NONNEGATIVE if parts[0] or is_even else Sign.ANY


_SIGNS: Mapping[str, Callable[[Graph, Node, Sequence[Sign]], Sign]] = {
    "const": _constant,
    "size": _size,
    "add": _sum,
    "mul": _product,
    "div": _product,
    "call": _call,
}
