"""Constants in formulas: exact where they are rational, and always bounded."""

from __future__ import annotations

import ast
import math
import re
from fractions import Fraction

from symgrad.grammar import FormulaError
from symgrad.program import Graph

MAX_BITS = 512
"""Bits of a whole number that is written out."""

FOLDED_BITS = 2_200
"""Bits of a rational that is computed; every double fits."""

_HUGE_ARGUMENTS = frozenset({"gamma", "loggamma", "digamma", "trigamma", "polygamma"})
HUGE = 10**6


class Unfit(Exception):
    """A constant that a formula cannot have."""

    def __init__(
        self, code: str, message: str, node: ast.AST | None = None, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.node, self.help = code, message, node, help


def literal(node: ast.Constant, source: str, lead: int) -> Fraction:
    """The exact value of a number as it is written in ``source``: 0.1 is one tenth.

    Raises:
        FormulaError: not a real number, or beyond the range of a double.
    """
    start, end = lead + node.col_offset, lead + (node.end_col_offset or 0)
    value = node.value
    if isinstance(value, complex):
        raise FormulaError("SG702", "complex ops are not built yet", start, end)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FormulaError("SG204", f"{value!r} is not allowed in a formula", start, end)
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            message = f"a number of {value.bit_length()} bits; {MAX_BITS} is the limit"
            raise FormulaError("SG205", message, start, end)
        return Fraction(value)
    if not math.isfinite(value):
        raise FormulaError("SG205", "the number overflows a double", start, end)
    text = source[start:end]
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise FormulaError("SG205", "the number underflows a double to 0", start, end)
    return Fraction(text.replace("_", "")) if value else Fraction(0)


def arithmetic(
    graph: Graph, op: str, a: int, b: int | None = None, right: ast.AST | None = None
) -> int:
    """``a op b``, folded if both are exact rationals.

    Raises:
        Unfit: a division by zero, or a constant too large to write down.
    """
    x = _rational(graph, a)
    y = None if b is None else _rational(graph, b)
    if b is None:
        return graph.node("neg", a) if x is None else graph.const(-x)
    if y == 0 and op == "div":
        raise Unfit("SG207", "division by zero", right)
    if op == "pow":
        return _power(graph, a, b, x, y)
    if x is None or y is None:
        return graph.node(op, a, b)
    exact = {"add": x + y, "sub": x - y, "mul": x * y}.get(op)
    return graph.const(_bounded(x / y if exact is None else exact))


def _power(graph: Graph, a: int, b: int, x: Fraction | None, y: Fraction | None) -> int:
    """Rational powers fold when the exponent is whole; others are functions."""
    if x is None or y is None or y.denominator != 1:
        return graph.call("pow", a, b)
    if x == 0 and y < 0:
        raise Unfit("SG207", "zero to a negative power")
    if _bits(x) * abs(y) > FOLDED_BITS and abs(x) not in (0, 1):
        raise Unfit("SG206", "the power is too large to write out", help=_WRITE_OUT)
    exponent = int(y) if abs(x) not in (0, 1) else int(y) % 2 + 2
    return graph.const(x**exponent)


_WRITE_OUT = f"constants have at most {MAX_BITS} bits; use exp(n*log(x)) for large powers"


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _bounded(value: Fraction) -> Fraction:
    if _bits(value) > FOLDED_BITS:
        raise Unfit("SG206", "the constant is too large to write out", help=_WRITE_OUT)
    return value


def _rational(graph: Graph, value: int) -> Fraction | None:
    data = graph[value].data
    return data if graph[value].op == "const" and isinstance(data, Fraction) else None


def check(graph: Graph, value: int) -> None:
    """Raise :class:`Unfit` if a value is a constant, but not finite and real."""
    node = graph[value]
    if node.op == "const":
        _check_range(node.data)
        return
    constant = all(_is_constant(graph, arg) for arg in node.args)
    if not node.args or not constant or node.op not in ("call", "add", "sub", "mul", "div"):
        return
    if node.data in _HUGE_ARGUMENTS and any(_is_huge(graph, arg) for arg in node.args):
        raise Unfit("SG206", f"the constant argument of {node.data}() is too large")
    _evaluate(graph, value)


def _check_range(data: object) -> None:
    if isinstance(data, Fraction) and _bits(data) > 1_000:
        try:
            float(data)
        except OverflowError:
            raise Unfit("SG205", "the constant overflows a double") from None


def _is_huge(graph: Graph, value: int) -> bool:
    exact = _rational(graph, value)
    return exact is not None and abs(exact) > HUGE


def _is_constant(graph: Graph, value: int) -> bool:
    """Whether no input stands behind a value."""
    seen, todo = set(), [value]
    while todo:
        node = graph[todo.pop()]
        if node.kind.is_tensor or node.op == "input":
            return False
        todo.extend(arg for arg in node.args if arg not in seen)
        seen.update(node.args)
    return True


def _evaluate(graph: Graph, value: int) -> None:
    from symgrad import precise  # ball arithmetic, for formulas that need it

    try:
        precise.constant(graph.nodes, value)
    except (ValueError, ArithmeticError):
        raise Unfit("SG207", "the constant is not a finite real number") from None
