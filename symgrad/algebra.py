"""Arithmetic on values of a graph that takes the obvious shortcuts.

The front end builds what was written; derivatives are built here, where a product
with one, a sum with zero or a double negation leaves no trace.  Each shortcut is
exact in floating point but for the sign of zero, for the product with an exact zero,
which stands for a derivative that is not there, and for a factor that cancels, which
saves a rounding and 0/0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt

from symgrad.program import Graph, Node

_FOLDED_BITS = 256
"""Constants are folded only while they stay this small."""


def number(graph: Graph, value: int) -> Fraction | None:
    """The exact rational that a value is, if it is one."""
    data = graph[value].data
    exact = graph[value].op == "const" and isinstance(data, Fraction)
    return data if exact and isinstance(data, Fraction) else None


def is_count(data: object) -> bool:
    """Whether a constant is a whole number from 0 on."""
    return isinstance(data, Fraction) and data.denominator == 1 and data >= 0


def is_small(value: Fraction) -> bool:
    """Whether a constant may be folded further."""
    return value.numerator.bit_length() + value.denominator.bit_length() <= _FOLDED_BITS


def _folded(graph: Graph, value: Fraction, op: str, a: int, b: int) -> int:
    return graph.const(value) if is_small(value) else graph.node(op, a, b)


def neg(graph: Graph, a: int) -> int:
    """-a"""
    node, exact = graph[a], number(graph, a)
    if exact is not None:
        return graph.const(-exact)
    if node.op == "neg":
        return node.args[0]
    if node.op == "sub":
        return graph.node("sub", node.args[1], node.args[0])
    if node.op in ("mul", "div"):
        left, right = node.args
        if graph[left].op == "neg":
            return graph.node(node.op, graph[left].args[0], right)
        factor = number(graph, left)
        if factor not in (None, 1):
            assert factor is not None
            shortcut = mul if node.op == "mul" else div
            return shortcut(graph, graph.const(-factor), right)
    return graph.node("neg", a)


def add(graph: Graph, a: int, b: int) -> int:
    """a + b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x + y, "add", a, b)
    if x == 0:
        return b
    if y == 0:
        return a
    if (opposite := _unsigned(graph, b)) is not None:
        return graph.node("sub", a, opposite)
    if graph[a].op == "neg":
        return graph.node("sub", b, graph[a].args[0])
    return graph.node("add", a, b)


def _unsigned(graph: Graph, value: int) -> int | None:
    """The opposite of a value that has a minus sign in front, else ``None``."""
    node = graph[value]
    if node.op == "neg":
        return node.args[0]
    if node.op in ("mul", "div"):
        factor = number(graph, node.args[0])
        if factor is not None and factor < 0:
            return neg(graph, value)
    return None


def sub(graph: Graph, a: int, b: int) -> int:
    """a - b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x - y, "sub", a, b)
    if x == 0:
        return neg(graph, b)
    if y == 0:
        return a
    if (opposite := _unsigned(graph, b)) is not None:
        return graph.node("add", a, opposite)
    return graph.node("sub", a, b)


def mul(graph: Graph, a: int, b: int) -> int:
    """a * b, constants in front, signs outside, reciprocals as divisions."""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x * y, "mul", a, b)
    if y is not None:
        return mul(graph, b, a)
    if x is not None:
        return _scaled(graph, x, b)
    if graph[a].op == "neg":
        return neg(graph, mul(graph, graph[a].args[0], b))
    if graph[b].op == "neg":
        return neg(graph, mul(graph, a, graph[b].args[0]))
    for outer, inner in ((b, a), (a, b)):
        top = graph[outer]
        if top.op == "div" and number(graph, top.args[0]) == 1:
            return div(graph, inner, top.args[1])
        if top.op == "div" and (lower := _lowered(graph, top, inner)) is not None:
            return lower
        if top.op == "mul" and is_i(graph, top.args[0]) and not is_i(graph, inner):
            return graph.node("mul", top.args[0], mul(graph, inner, top.args[1]))
        if _is_smaller(graph, inner, outer) and (parts := _split(graph, inner, outer)):
            return graph.node("mul", *parts)
    return graph.node("mul", *((b, a) if is_i(graph, b) else (a, b)))


def _lowered(graph: Graph, quotient: Node, b: int) -> int | None:
    """(a / t**n) * (n * t**(n - 1)), the derivative of a quotient by t, as n * a / t.

    The power may be beyond range where the quotient by t is not.  For t = k*u the
    factor n*k*u is n*t, too.
    """
    a, whole = quotient.args
    base, exponent = _base(graph, whole)
    factor, rest = _linear(graph, b)
    less, lower = _base(graph, rest)
    if exponent == 2 and lower == 1:
        scale, inner = _linear(graph, base)
        factor, less = (factor / scale, base) if inner == rest else (factor, less)
    if exponent is None or lower is None or base != less or exponent - lower != 1:
        return None
    if lower < 1 or not is_small(factor):
        return None
    return mul(graph, graph.const(factor), div(graph, a, base))


def _linear(graph: Graph, value: int) -> tuple[Fraction, int]:
    """A number and what it multiplies."""
    node = graph[value]
    if node.op == "mul" and (factor := number(graph, node.args[0])):
        return factor, node.args[1]
    if node.op == "div" and (divisor := number(graph, node.args[1])):
        return 1 / divisor, node.args[0]
    return Fraction(1), value


def _base(graph: Graph, value: int) -> tuple[int, Fraction | None]:
    """What a power by a number is of, and the number; the square of x is x*x, too."""
    node = graph[value]
    if node.op == "call" and node.data == "pow":
        return node.args[0], number(graph, node.args[1])
    is_square = node.op == "mul" and node.args[0] == node.args[1]
    return (node.args[0], Fraction(2)) if is_square else (value, Fraction(1))


def _is_smaller(graph: Graph, a: int, b: int) -> bool:
    """Whether a tensor has fewer axes than another."""
    return graph[a].kind.is_tensor and set(graph[a].axes) < set(graph[b].axes)


def _split(graph: Graph, small: int, large: int) -> tuple[int, int] | None:
    """A number that scales a large value scales the small one beside it instead."""
    node = graph[large]
    if node.op == "mul" and number(graph, node.args[0]) is not None:
        return mul(graph, node.args[0], small), node.args[1]
    if node.op != "div" or graph[node.args[1]].kind.is_tensor:
        return None
    less = div(graph, small, node.args[1])
    return _split(graph, less, node.args[0]) or (less, node.args[0])


def is_i(graph: Graph, value: int) -> bool:
    """Whether a value is the imaginary unit."""
    return graph[value].data == "I"


def _scaled(graph: Graph, factor: Fraction, b: int) -> int:
    """An exact factor times a value that is not exact."""
    if factor == 0:
        return graph.const(0)
    if factor == 1:
        return b
    if factor == -1:
        return neg(graph, b)
    node = graph[b]
    if node.op == "neg":
        return _scaled(graph, -factor, node.args[0])
    if node.op in ("mul", "div"):
        inner = number(graph, node.args[0])
        if inner is not None and is_small(factor * inner):
            combined = graph.const(factor * inner)
            shortcut = mul if node.op == "mul" else div
            return shortcut(graph, combined, node.args[1])
    if node.op == "div":
        below = number(graph, node.args[1])
        if below == factor:
            return node.args[0]
    return graph.node("mul", graph.const(factor), b)


def div(graph: Graph, a: int, b: int) -> int:
    """a / b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y not in (None, 0):
        assert y is not None
        return _folded(graph, x / y, "div", a, b)
    if x == 0 and y is None:
        return a
    if y == 1:
        return a
    if graph[a].op == "neg":
        return neg(graph, div(graph, graph[a].args[0], b))
    if graph[b].op == "neg":
        return neg(graph, div(graph, a, graph[b].args[0]))
    if (halved := _halved(graph, a, b)) is not None:
        return halved
    short = _cancelled(graph, a, b)
    return graph.node("div", a, b) if short is None else short


def _halved(graph: Graph, a: int, b: int) -> int | None:
    """x / 2 / 2 as x / 4, if both are powers of two, and small: then it is exact."""
    if graph[a].op != "div":
        return None
    whole, part = graph[a].args
    first, second = number(graph, part), number(graph, b)
    if first is None or second is None or number(graph, whole) is not None:
        return None
    is_exact = first * second < 2**60 and all(
        n > 0 and n.denominator == 1 and n.numerator.bit_count() == 1
        for n in (first, second)
    )
    return graph.node("div", whole, graph.const(first * second)) if is_exact else None


def _cancelled(graph: Graph, a: int, b: int) -> int | None:
    """a / b where b is a factor of a, which has a value even where b is 0."""
    node = graph[a]
    if a == b:
        return graph.const(1)
    if node.op == "mul" and b in node.args:
        return node.args[node.args[0] == b]
    if node.op == "div" and node.args[0] == b:
        return div(graph, graph.const(1), node.args[1])
    return None


def power(graph: Graph, a: int, b: int) -> int:
    """a ** b; the exponents that derivatives of powers reach cost nothing."""
    exponent = number(graph, b)
    if exponent == 0:
        return graph.const(1)
    if exponent == 1:
        return a
    if exponent == -1:
        return div(graph, graph.const(1), a)
    return graph.call("pow", a, b)


def root(graph: Graph, a: int) -> int:
    """The square root of a; an exact one of a constant that has it."""
    square = number(graph, a)
    if square is not None and square >= 0:
        found = Fraction(isqrt(square.numerator), isqrt(square.denominator))
        if found * found == square:
            return graph.const(found)
    return graph.call("sqrt", a)


def tidied(graph: Graph, value: int) -> int:
    """A sum, difference or negation without the sign that its last part has got."""
    node = graph[value]
    if node.op == "neg" and graph[node.args[0]].op == "neg":
        return graph[node.args[0]].args[0]
    if node.op == "add":
        return add(graph, *node.args)
    return sub(graph, *node.args) if node.op == "sub" else value


ARITHMETIC: Mapping[str, Callable[..., int]] = {
    "neg": neg,
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
}
"""The primitives of arithmetic, by their names."""
