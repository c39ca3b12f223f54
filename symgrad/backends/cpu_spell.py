"""How C++ writes one value: vectors of float or double, and numbers as double."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    if node.op != "call":
        return node.op in _WRITTEN and node.kind is not Kind.INDEX
    return str(node.data) in (VECTOR if node.kind.is_tensor else NUMBER)


def constant(value: Number) -> Text:
    """A real number as C++ writes it."""
    if isinstance(value, bool):
        return Text("true" if value else "false")
    if isinstance(value, Fraction) and value.denominator == 1:
        value = int(value)
    if isinstance(value, int) and abs(value) < 2**31:
        return Text(str(value), UNARY if value < 0 else ATOM)
    assert not isinstance(value, complex)
    number = float(value)
    if math.isnan(number):
        return Text("kNan")
    if math.isinf(number):
        return Text("kInf") if number > 0 else Text("-kInf", UNARY)
    return Text(repr(number), UNARY if number < 0 else ATOM)


def speller(program: Program) -> Speller:
    """Writes values of a program in C++."""
    nodes = program.nodes

    def spell(value: int, args: Sequence[Text]) -> Text:
        node = nodes[value]
        if node.op == "polynomial":
            terms = [args[0], *args[1:]]
            return call(f"polynomial<{node.data}>", terms)
        if node.kind.is_tensor:
            return _vector(nodes, node, args)
        return _number(nodes, node, args)

    return spell


def _of(node: Node, part: Node, text: Text) -> Text:
    """A part of a value, as a vector if the value is one."""
    if not node.kind.is_tensor or part.kind.is_tensor:
        return text
    if part.kind is Kind.BOOL:
        return call("mask_of<V>", [text])
    return call("V", [text])


def _vector(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text:
    """A value that differs from element to element."""
    own = [nodes[arg] for arg in node.args]
    parts = [_of(node, part, text) for part, text in zip(own, args, strict=True)]
    if node.op == "where":
        by_number = own[0].kind is Kind.BOOL
        return _choice(args[0], *parts[1:]) if by_number else call("where", parts)
    if node.op == "neg":
        return negative(parts[0])
    if node.op == "not":
        return call("inverse", parts)
    if node.op == "gated":
        value, x, bound = parts
        return call("where", [binary("le", x, bound), Text("V(0)"), value])
    if node.op == "call":
        return _call(VECTOR, nodes, node, parts)
    left, right = parts
    symbol = f"bit_{node.op}" if node.op in ("and", "or") else node.op
    return binary(symbol, left, right)


def _number(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text:
    """A value that is one for all elements."""
    if node.op == "neg":
        return negative(args[0])
    if node.op == "not":
        return negative(args[0], "!")
    if node.op in ("and", "or"):
        symbol, binding = ("&&", 2) if node.op == "and" else ("||", 1)
        joined = f"{args[0].within(binding)} {symbol} {args[1].within(binding + 1)}"
        return Text(joined, binding)
    if node.op == "where":
        return _choice(*args)
    if node.op == "call":
        return _call(NUMBER, nodes, node, args)
    return binary(node.op, args[0], args[1])


def _choice(condition: Text, a: Text, b: Text) -> Text:
    """``condition ? a : b``"""
    return Text(f"{condition.within(COMPARISON)} ? {a.within(1)} : {b.within(0)}", 0)


def _call(
    table: Mapping[str, str], nodes: Sequence[Node], node: Node, args: Sequence[Text]
) -> Text:
    """A function of the table; cheap powers as products and roots."""
    name = str(node.data)
    power = _power(nodes, node, args) if name == "pow" else None
    if power is not None:
        return power
    pattern = table[name]
    atoms = pattern.startswith("{") or "/" in pattern
    texts = [arg.within(ATOM) if atoms else arg.text for arg in args]
    return Text(pattern.format(*texts), PRODUCT if pattern in _PRODUCTS else ATOM)


_PRODUCTS = frozenset(NUMBER[n] for n in ("deg", "rad", "reciprocal", "square"))
_ROOTS = {
    Fraction(1, 2): "sqrt",
    Fraction(-1, 2): "rsqrt",
    Fraction(-1): "reciprocal",
}


def _power(nodes: Sequence[Node], node: Node, args: Sequence[Text]) -> Text | None:
    """The power, where its exponent is one that something quicker computes."""
    base, exponent = args[0], nodes[node.args[1]]
    data = exponent.data if exponent.op == "const" else None
    square = binary("mul", base, base)
    if data in (2, 3):
        return square if data == 2 else binary("mul", square, base)
    if not node.kind.is_tensor or not isinstance(data, Fraction):
        return None
    if data in _ROOTS:
        return Text(f"{base.within(ATOM)}.{_ROOTS[data]}()")
    return Text(f"({square.text}).reciprocal()") if data == -2 else None
