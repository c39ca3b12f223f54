"""Which values are known to be positive, by the domains of inputs and by structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from fractions import Fraction

from symgrad.program import Graph, Node

DEPTH = 6
"""How far behind a value its sign is looked for."""


class Sign(IntEnum):
    """What is known of a value, the more the greater."""

    ANY = 0
    NONNEGATIVE = 1
    POSITIVE = 2


def sign(graph: Graph, value: int, depth: int = DEPTH) -> Sign:
    """What is known of a value; of one that is NaN, what it would be otherwise.

    A function that is positive and may underflow counts as positive.
    """
    node = graph[value]
    if node.op not in _SIGNS:
        return Sign.ANY
    parts = [sign(graph, arg, depth - 1) if depth else Sign.ANY for arg in node.args]
    return _SIGNS[node.op](graph, node, parts)


def is_positive(graph: Graph, value: int) -> bool:
    """Whether a value is above zero wherever it is a number."""
    return sign(graph, value) is Sign.POSITIVE


def is_fixed(graph: Graph, value: int) -> bool:
    """Whether a value is an exact rational."""
    return graph[value].op == "const" and isinstance(graph[value].data, Fraction)


_POSITIVE = frozenset({"exp", "exp2", "cosh", "sigmoid", "softplus", "ndtr", "erfc"})
_NONNEGATIVE = frozenset({"abs", "square", "relu", "sqrt", "hypot", "rsqrt"})


def _of_number(number: float | Fraction, is_excluded: bool = False) -> Sign:
    if number > 0 or (number == 0 and is_excluded):
        return Sign.POSITIVE
    return Sign.NONNEGATIVE if number == 0 else Sign.ANY


def _constant(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    if isinstance(node.data, Fraction):
        return _of_number(node.data)
    return Sign.POSITIVE if node.data in ("pi", "E", "oo") else Sign.ANY


def _input(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    domain = graph.domains.get(str(node.data))
    return Sign.ANY if domain is None else _of_number(domain.low, domain.low_open)


def _size(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    return Sign.NONNEGATIVE


def _sum(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    return max(parts) if min(parts) > Sign.ANY else Sign.ANY


def _product(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    is_square = node.op == "mul" and node.args[0] == node.args[1]
    return max(min(parts), Sign.NONNEGATIVE if is_square else Sign.ANY)


def _call(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    if node.data in _POSITIVE:
        return Sign.POSITIVE
    if node.data in _NONNEGATIVE:
        return Sign.NONNEGATIVE
    return _power(graph, node, parts) if node.data == "pow" else Sign.ANY


def _power(graph: Graph, node: Node, parts: Sequence[Sign]) -> Sign:
    exponent = graph[node.args[1]].data
    if parts[0] is Sign.POSITIVE or not isinstance(exponent, Fraction):
        return parts[0]
    return Sign.ANY if exponent.numerator % 2 and not parts[0] else Sign.NONNEGATIVE


_SIGNS: Mapping[str, Callable[[Graph, Node, Sequence[Sign]], Sign]] = {
    "const": _constant,
    "input": _input,
    "size": _size,
    "add": _sum,
    "mul": _product,
    "div": _product,
    "call": _call,
}
