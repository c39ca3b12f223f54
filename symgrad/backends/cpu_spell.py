"""How C++ writes one value: vectors of float or double, and numbers as double."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from symgrad.backends.cpu_names import NUMBER, VECTOR
from symgrad.layout import Speller
from symgrad.printer import (
    ATOM,
    COMPARISON,
    PRODUCT,
    UNARY,
    Number,
    Text,
    binary,
    call,
    negative,
)
from symgrad.program import COMPARISONS, Kind, Node, Program

_WRITTEN = frozenset(
    {"input", "cotangent", "const", "neg", "add", "sub", "mul", "div"}
    | {"where", "gated", "polynomial", "and", "or", "not", *COMPARISONS}
    | {"guard", "clamped", "stop_gradient"}
)
"""The primitives that have a form here, or stand for one that has."""


def is_written(node: Node) -> bool:
    """Whether C++ can compute a node: integers would have to be exact beside floats."""
    if node.op == "call":
        return str(node.data) in (VECTOR if node.kind.is_tensor else NUMBER)
    vectors = node.kind.is_tensor or node.op != "polynomial"
    return node.op in _WRITTEN and node.kind is not Kind.INDEX and vectors


def constant(value: Number) -> Text:
    """A real number as C++ writes it: a double, for 1 / 2 is 0 there."""
    if isinstance(value, bool):
        return Text("true" if value else "false")
    assert not isinstance(value, complex)
    number = float(value)
    if math.isnan(number):
        return Text("kNan")
    if math.isinf(number):
        return Text("kInf") if number > 0 else Text("-kInf", UNARY)
    return Text(repr(number), UNARY if number < 0 else ATOM)


def is_tensor(node: Node) -> bool:
    """Whether a value of an op without axes differs from element to element."""
    return node.kind.is_tensor


def speller(program: Program, is_vector: Callable[[Node], bool] = is_tensor) -> Speller:
    """Writes values of a program in C++, those that differ between elements as vectors.

    All else is a double, or a bool.
    """
    nodes = program.nodes

    def spell(value: int, args: Sequence[Text]) -> Text:
        node, own = nodes[value], [nodes[arg] for arg in nodes[value].args]
        if not is_vector(node):
            return _number(nodes, node, args)
        by_number = node.op == "where" and not is_vector(own[0])
        parts = [
            text if is_vector(part) else _spread(part, text)
            for part, text in zip(own, args, strict=True)
        ]
        if by_number:
            return _choice(args[0], *parts[1:])
        if node.op == "polynomial":
            return call(f"polynomial<{node.data}>", [parts[0], *args[1:]])
        return _vector(nodes, node, parts)

    return spell


def _spread(node: Node, text: Text) -> Text:
    """A number, or a condition, as a vector of it."""
    if node.kind.is_condition:
        return call("mask_of<V>", [text])
    return call("V", [Text(text.text.removesuffix(".0"))])


def _vector(nodes: Sequence[Node], node: Node, parts: Sequence[Text]) -> Text:
    """A value that differs from element to element, made of vectors."""
    if node.op == "access":
        return parts[0]
    if node.op == "where":
        return call("where", parts)
    if node.op == "neg":
        return negative(parts[0])
    if node.op == "not":
        return call("inverse", parts)
    if node.op == "gated":
        value, x, bound = parts
        return call("where", [binary("le", x, bound), Text("V(0)"), value])
    if node.op == "call":
        return _call(VECTOR, nodes, node, parts, vector=True)
    left, right = parts
    symbol = f"bit_{node.op}" if node.op in ("and", "or") else node.op
    return binary(symbol, left, right)


def _number(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text:
    """A value that is one for all elements."""
    if node.op == "neg":
        return negative(args[0])
    if node.op == "access":
        return args[0]
    if node.op == "not":
        return negative(args[0], "!")
    if node.op in ("and", "or"):
        symbol, binding = ("&&", 2) if node.op == "and" else ("||", 1)
        joined = f"{args[0].within(binding)} {symbol} {args[1].within(binding + 1)}"
        return Text(joined, binding)
    if node.op == "where":
        return _choice(*args)
    if node.op == "call":
        return _call(NUMBER, nodes, node, args, vector=False)
    return binary(node.op, args[0], args[1])


def _choice(condition: Text, a: Text, b: Text) -> Text:
    """``condition ? a : b``"""
    return Text(f"{condition.within(COMPARISON)} ? {a.within(1)} : {b.within(0)}", 0)


def _call(
    table: Mapping[str, str],
    nodes: Sequence[Node],
    node: Node,
    args: Sequence[Text],
    vector: bool,
) -> Text:
    """A function of the table; cheap powers as products and roots."""
    name = str(node.data)
    power = _power(nodes, node, args, vector) if name == "pow" else None
    if power is not None:
        return power
    pattern = table[name]
    atoms = pattern.startswith("{") or "/" in pattern
    texts = [arg.within(ATOM) if atoms else arg.text for arg in args]
    product = " / " in pattern or " * " in pattern
    return Text(pattern.format(*texts), PRODUCT if product else ATOM)


MOST_FACTORS = 16
"""The largest exponent whose power is a product: each factor may cost half an ULP."""

_ROOTS = {
    Fraction(1, 2): "sqrt",
    Fraction(-1, 2): "rsqrt",
    Fraction(-1): "reciprocal",
}


def _power(
    nodes: Sequence[Node], node: Node, args: Sequence[Text], vector: bool
) -> Text | None:
    """The power, where its exponent is one that something quicker computes."""
    base, exponent = args[0], nodes[node.args[1]]
    data = exponent.data if exponent.op == "const" else None
    square = binary("mul", base, base)
    if data in (2, 3):
        return square if data == 2 else binary("mul", square, base)
    if vector and args[1].text.startswith("V(") and data is None:
        return call("raised", [base, Text(args[1].text[2:-1])])
    if not vector or not isinstance(data, Fraction):
        return None
    if data in _ROOTS:
        return Text(f"{base.within(ATOM)}.{_ROOTS[data]}()")
    if data.denominator > 1 or not 1 < abs(data) <= MOST_FACTORS:
        return None
    name = "power" if data > 0 else "inverse_power"
    return call(f"{name}<{abs(data)}>", [base])
