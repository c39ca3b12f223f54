"""Values to text, with the parentheses that Python's grammar asks for and no more."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from symgrad.axes import BATCH, index_of, size_of
from symgrad.axes import RULES as along_axes
from symgrad.parts import Part, part_of
from symgrad.program import Node

ATOM = 12
POWER = 11
UNARY = 10
PRODUCT = 9
SUM = 8
BIT_AND = 6
BIT_OR = 5
COMPARISON = 4
NOT = 3
AND = 2
OR = 1
CHOICE = 0


@dataclass(frozen=True, slots=True)
class Text:
    """Source text, how tightly it binds, and where it may be broken over lines.

    ``pieces`` are the arguments of a call, whose head is ``head``, or the operands of
    an operator, each but the first with the operator in front of it.
    """

    text: str
    binding: int = ATOM
    pieces: tuple[str, ...] = ()
    head: str = ""

    def __len__(self) -> int:
        return len(self.text)

    def within(self, binding: int) -> str:
        """The text as an operand that must bind at least that tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


Style = Literal["code", "formula"]
"""``code`` is spaced as ruff formats Python, ``formula`` as people write SymPy."""

_BINARY = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "lt": ("<", COMPARISON),
    "le": ("<=", COMPARISON),
    "gt": (">", COMPARISON),
    "ge": (">=", COMPARISON),
    "eq": ("==", COMPARISON),
    "ne": ("!=", COMPARISON),
    "and": ("and", AND),
    "or": ("or", OR),
    "bit_and": ("&", BIT_AND),
    "bit_or": ("|", BIT_OR),
}


def binary(op: str, left: Text, right: Text, style: Style = "code") -> Text:
    """``left op right``; operators of one level group to the left."""
    symbol, binding = _BINARY[op]
    tight = style == "formula" and binding == PRODUCT
    lowest = binding + 1 if binding == COMPARISON else binding
    first, second = left.within(lowest), right.within(binding + 1)
    space = "" if tight else " "
    return Text(
        f"{first}{space}{symbol}{space}{second}", binding, (first, f"{symbol} {second}")
    )


def negative(operand: Text, sign: str = "-", style: Style = "code") -> Text:
    """``-operand``, or ``~operand`` and ``not operand`` with their signs.

    Ruff puts a power after a sign into parentheses.
    """
    if sign == "not ":
        return Text(f"not {operand.within(NOT)}", NOT)
    apart = style == "code" and operand.binding == POWER
    return Text(f"{sign}{operand.within(ATOM if apart else UNARY)}", UNARY)


def power(base: Text, exponent: Text, style: Style = "code") -> Text:
    """``base**exponent``; ruff puts spaces round the operator of anything but names."""
    first, second = base.within(ATOM), exponent.within(UNARY)
    nearest = second.partition("**")[0] if exponent.binding == POWER else second
    hug = style == "formula" or (_is_simple(first) and _is_simple(nearest.strip()))
    return Text(f"{first}**{second}" if hug else f"{first} ** {second}", POWER)


def _is_simple(text: str) -> bool:
    """A name, an attribute of names or a number, with a minus sign at most."""
    digits = text.removeprefix("-").replace(".", "").replace("_", "").replace("e-", "")
    return digits.isalnum()


def call(function: str, args: Sequence[Text]) -> Text:
    """``function(args)``"""
    pieces = tuple(arg.text for arg in args)
    return Text(f"{function}({', '.join(pieces)})", ATOM, pieces, function)


def choice(condition: Text, a: Text, b: Text) -> Text:
    """``a if condition else b``"""
    pieces = a.within(OR), f"if {condition.within(OR)}", f"else {b.within(CHOICE)}"
    return Text(" ".join(pieces), CHOICE, pieces)


def numeral(value: complex | bool) -> str:
    """A number as ruff leaves it: no plus sign in the exponent."""
    if isinstance(value, complex):
        return _plane_literal(value).text
    return repr(value).replace("e+", "e")


def literal(value: complex | int | Fraction) -> Text:
    """A number as Python writes it: an int if it is whole and small, else a float."""
    if isinstance(value, complex):
        return _plane_literal(value)
    if isinstance(value, Fraction) and value.denominator == 1:
        value = int(value)
    exact = (
        int(value) if isinstance(value, int) and abs(value) < 2**31 else float(value)
    )
    return Text(numeral(exact), UNARY if exact < 0 else ATOM)


Number = complex | int | Fraction | bool
"""What a constant may be."""


def constant(value: Number) -> Text:
    """A constant as Python writes it, such as are infinite too."""
    if isinstance(value, bool):
        return Text(str(value))
    if isinstance(value, Fraction) or cmath.isfinite(value):
        return literal(value)
    return Text(f'float("{value}")')


def _plane_literal(value: complex) -> Text:
    """``2j``, or ``(1.5 + 2j)``; ruff puts spaces round the sign."""
    imaginary = literal(value.imag)
    size = imaginary.text.removesuffix(".0").removeprefix("-")
    sign = "-" if imaginary.binding == UNARY else ""
    if value.real == 0:
        return Text(f"{sign}{size}j", UNARY if sign else ATOM)
    return Text(f"({literal(value.real).text} {sign or '+'} {size}j)")


def formula(node: Node, args: Sequence[Text]) -> Text:
    """A value as a spec would write it, given the texts of its arguments."""
    style: Style = "formula"
    if node.op in ("input", "const", "size"):
        return _leaf(node)
    if node.op in ("cotangent", "tangent"):
        prefix = "grad" if node.op == "cotangent" else "tangent"
        return Text(f"{prefix}_{node.data}")
    if node.op in along_axes:
        return _along(node, args)
    if node.op == "neg":
        return negative(args[0], style=style)
    if node.op == "not":
        return negative(args[0], "not ")
    if node.op in ("where", "guard"):
        return call("where", args) if node.op == "where" else args[1]
    if node.op == "stop_gradient":
        return call("stop_gradient", args)
    if node.op in ("reduce", "narrow", "clamped"):
        return args[0]
    if node.op == "call" and node.data == "pow":
        return power(args[0], args[1], style)
    if node.op == "call":
        return call(str(node.data), args)
    if node.op == "gated":
        value, x, bound = args
        return call("where", [binary("le", x, bound, style), Text("0"), value])
    if node.op == "polynomial":
        return call("polynomial", args)
    return binary(node.op, args[0], args[1], style)


_SILENT = frozenset({"place", "ordered", "part", "pad"})
"""Primitives that a formula leaves out: they only say where its axes are."""


def _along(node: Node, args: Sequence[Text]) -> Text:
    """A primitive of axes as a spec would write it; sums over the batch go unsaid."""
    labels = str(node.data).partition("|")[0].split(",")
    indices = [label.partition(":")[0] for label in labels if label != BATCH]
    if node.op in _SILENT or not indices:
        return args[0]
    if node.op == "access":
        return Text(f"{args[0].within(ATOM)}[{', '.join(indices)}]")
    if node.op == "select":
        place = str(node.data).partition("|")[2]
        return Text(f"{args[0].text.replace(indices[0], place)}")
    if node.op == "gather":
        return Text(f"{args[0].text.replace(indices[0], args[1].text)}")
    if node.op == "scatter":
        return call("scatter", args[:2])
    if node.op == "einsum":
        product = args[0]
        for arg in args[1:]:
            product = binary("mul", product, arg, "formula")
        return call("sum", [product])
    if node.op == "steps":
        return Text(indices[0])
    if any(part_of(label) for label in labels):
        name = _LIMITED.get(node.op, node.op)
        return call(name, [args[0], *map(_limits, labels)])
    inside = indices[0] if len(indices) == 1 else f"({', '.join(indices)})"
    return call(node.op, [args[0], Text(inside)])


_LIMITED = {"sum": "Sum", "prod": "Product"}


def _limits(axis: str) -> Text:
    """An index with its bounds."""
    size, part = size_of(axis), part_of(axis) or Part(0)
    return Text(f"({', '.join((index_of(axis), *part.bounds(size)))})")


def _leaf(node: Node) -> Text:
    if not isinstance(node.data, Fraction):
        return Text(str(node.data))
    if node.data.denominator == 1:
        return literal(node.data)
    decimal = repr(float(node.data))
    if Fraction(decimal) == node.data:
        return Text(decimal, UNARY if node.data < 0 else ATOM)
    return Text(str(node.data), PRODUCT)


Spell = Callable[[Node, Sequence[Text]], Text]
"""How a language writes one value, given the texts of its arguments."""
