"""Formulas as trees, whatever they were read from: a program, or a line of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True)
class Term:
    """A piece of a formula.

    ``kind`` is a row of ``mathml.KINDS``; ``text`` is a name, a numeral, the sign of a
    comparison or the name of a function.
    """

    kind: str
    parts: tuple[Term, ...] = ()
    text: str = ""


Bindings: TypeAlias = "dict[str, Term]"
"""What indices are called, or are worth, by the names they have in a program."""


def name(text: str) -> Term:
    """A variable."""
    return Term("name", (), text)


def number(value: complex | Fraction) -> Term:
    """A number: a fraction only where no short decimal is the same."""
    if isinstance(value, Fraction) and value.denominator != 1:
        decimal = repr(float(value))
        if Fraction(decimal) != value:
            whole = Fraction(value.numerator), Fraction(value.denominator)
            return operation("div", *map(number, whole))
        value = float(value)
    text = str(value) if isinstance(value, (int, Fraction)) else f"{value!r}"
    if text.startswith("-"):
        return Term("neg", (Term("number", (), text[1:]),))
    return Term("number", (), text.removesuffix(".0"))


def operation(op: str, *parts: Term) -> Term:
    """Arithmetic, with minus signs in front and numbers first, as people write it."""
    if op in ("mul", "div") and parts[0].kind == "neg":
        return Term("neg", (operation(op, parts[0].parts[0], parts[1]),))
    if op == "mul" and parts[1].kind == "neg":
        return Term("neg", (operation(op, parts[0], parts[1].parts[0]),))
    if op in ("add", "sub") and parts[1].kind == "neg":
        return Term("sub" if op == "add" else "add", (parts[0], *parts[1].parts))
    if op == "neg" and parts[0].kind == "neg":
        return parts[0].parts[0]
    if op == "mul" and parts[1].kind == "number" and parts[0].kind != "number":
        return Term(op, parts[::-1])
    return Term(op, parts)


def call(function: str, parts: Sequence[Term]) -> Term:
    """A function of arguments, in the notation that it has of its own if it has one."""
    if function == "pow":
        return _power(*parts)
    if function == "rsqrt":
        return operation("div", number(1), Term("sqrt", tuple(parts)))
    if function == "reciprocal":
        return operation("div", number(1), *parts)
    if function == "square":
        return Term("pow", (*parts, number(2)))
    return Term(_OWN.get(function, "call"), tuple(parts), function)


_OWN = {"exp": "exp", "sqrt": "sqrt", "abs": "abs", "floor": "floor", "ceil": "ceil"}


def _power(base: Term, exponent: Term) -> Term:
    if exponent in (number(0.5), Term("div", (number(1), number(2)))):
        return Term("sqrt", (base,))
    return Term("pow", (base, exponent))


def contains(whole: Term, part: Term) -> bool:
    """Whether a term is one of another's parts, however deep."""
    return whole == part or any(contains(inner, part) for inner in whole.parts)
