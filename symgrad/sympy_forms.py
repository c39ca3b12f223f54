"""How SymPy's numbers, sums, products, powers and conditions are built.

SymPy has no subtraction, no division and no square root: ``a - b/c`` is a sum of ``a``
and a product of ``-1``, ``b`` and a power of ``c``.  Each class of expression has a
function here that makes a :class:`Plan`, which undoes this, so that what is emitted
reads as people write it.  Nothing else is changed, and nothing is evaluated.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from symgrad.grammar import FormulaError
from symgrad.program import Graph

Join = Callable[[Graph, Sequence[int]], int]
"""Builds a value from the values of an expression's parts."""


@dataclass(frozen=True)
class Plan:
    """How one expression is built: what it is made of, and how that is joined.

    ``conditions`` says for each part whether it is a condition; none are if it is
    empty.
    """

    parts: Sequence[Any]
    join: Join
    conditions: Sequence[bool] = ()


_SMALL_DENOMINATOR = 100
"""``x/12`` is a division, ``x*8943/200000`` a product with a number."""


_DOUBLE_BITS, _BINARY_RANGE = 53, 1100


def mistake(code: str, message: str, help: str | None = None) -> FormulaError:
    """An error without a place: a SymPy expression has no text."""
    return FormulaError(code, message, 0, 0, help)


_NUMBERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (bool, lambda value: sympy.true if value else sympy.false),
    (numbers.Integral, lambda value: sympy.Integer(int(value))),
    (
        numbers.Rational,
        lambda value: sympy.Rational(value.numerator, value.denominator),
    ),
    (numbers.Real, lambda value: sympy.Float(float(value))),
)
"""Python's numbers in SymPy's, the narrower kinds first."""


def as_sympy(value: Any) -> Any:
    """SymPy's own objects as they are, and Python's numbers as SymPy has them.

    Nothing else is converted, and no text is ever read.
    """
    if isinstance(value, (sympy.Basic, sympy.MatrixBase)):
        return value
    for kind, convert in _NUMBERS:
        if isinstance(value, kind):
            return convert(value)
    name = type(value).__name__
    raise mistake("SG204", f"{name} is not an expression that symgrad knows")


def symbol_plan(symbol: sympy.Symbol, names: Mapping[sympy.Symbol, int]) -> Plan:
    """A declared symbol, by identity and not by name alone."""
    if symbol in names:
        return Plan((), lambda graph, _: names[symbol])
    declared = [str(name) for name in names]
    if symbol.name in declared:
        raise mistake(
            "SG222",
            f"two different symbols are called {symbol.name!r}",
            "one name, one symbol: give both the same assumptions",
        )
    close = get_close_matches(symbol.name, declared, 1)
    help = (
        f"did you mean {close[0]!r}?" if close else f"declared: {', '.join(declared)}"
    )
    raise mistake("SG210", f"undeclared symbol {symbol.name!r}", help)


def rational_plan(number: Any) -> Plan:
    """An exact number."""
    return _constant(Fraction(int(number.p), int(number.q)))


def float_plan(number: Any) -> Plan:
    """A double means the shortest decimal that is that double, as in a spec."""
    if not number.is_finite:
        raise mistake("SG207", f"{number} is not a finite number")
    sign, mantissa, exponent, bits = number._mpf_
    if abs(exponent + bits) > _BINARY_RANGE:  # too large a power of two to write out
        raise mistake("SG205", f"a number beyond float64, about 2**{exponent + bits}")
    exact = (-1) ** sign * int(mantissa) * Fraction(2) ** exponent
    is_double = number._prec <= _DOUBLE_BITS and Fraction(float(exact)) == exact
    return _constant(Fraction(repr(float(exact))) if is_double else exact)


def named_number(number: Any) -> Plan:
    """``pi`` and ``E`` by name; GoldenRatio and its like as the nearest double."""
    name = {sympy.pi: "pi", sympy.E: "E"}.get(number)
    if name is None:
        return _constant(Fraction(repr(float(number))))
    return Plan((), lambda graph, _: graph.const(name))


def _constant(exact: Fraction) -> Plan:
    try:
        nearest = float(exact)
    except OverflowError:
        raise mistake("SG205", "a number beyond float64") from None
    if nearest == 0 != exact:
        raise mistake("SG205", "a number underflows float64 to 0")
    return Plan((), lambda graph, _: graph.const(exact))


def _fold(op: str) -> Join:
    """``a op b op c``, grouped to the left."""
    return lambda graph, values: reduce(lambda a, b: graph.node(op, a, b), values)


def called(function: str) -> Join:
    """A call of the row of that name."""
    return lambda graph, values: graph.call(function, *values)


def primitive(op: str) -> Join:
    """A primitive of the parts."""
    return lambda graph, values: graph.node(op, *values)


def _sign_split(term: Any) -> tuple[bool, Any]:
    """Whether a term is negative, and the term without its sign."""
    if term.is_Number and term.is_negative:
        return True, -term
    if not term.is_Mul or not (term.args[0].is_Number and term.args[0].is_negative):
        return False, term
    coefficient, rest = -term.args[0], term.args[1:]
    factors = rest if coefficient == 1 else (coefficient, *rest)
    return True, factors[0] if len(factors) == 1 else sympy.Mul._from_args(factors)


def sum_plan(expr: Any) -> Plan:
    """``a - b`` rather than ``-b + a``; otherwise in SymPy's order."""
    first, *rest = sorted(expr.args, key=lambda term: _sign_split(term)[0])
    split = [_sign_split(term) for term in rest]

    def join(graph: Graph, values: Sequence[int]) -> int:
        total = values[0]
        for (negative, _), value in zip(split, values[1:], strict=True):
            total = graph.node("sub" if negative else "add", total, value)
        return total

    return Plan([first, *(term for _, term in split)], join)


def product_plan(expr: Any) -> Plan:
    """``-a*b/(2*c)``: the sign in front, negative powers below one bar."""
    split = [_bar_split(factor) for factor in expr.args]
    above = [part for over, _ in split for part in over]
    below = [part for _, under in split for part in under]
    negated = len(above) > 1 and above[0] == -1
    above = above[1:] if negated else above

    def join(graph: Graph, values: Sequence[int]) -> int:
        over, under = list(values[: len(above)]), values[len(above) :]
        if negated:
            over[0] = graph.node("neg", over[0])
        top = _fold("mul")(graph, over) if over else graph.const(1)
        return graph.node("div", top, _fold("mul")(graph, under)) if under else top

    return Plan([*above, *below], join)


def _bar_split(factor: Any) -> tuple[list[Any], list[Any]]:
    """What of a factor stands above the bar of a fraction, and what below it."""
    if factor.is_Rational and 1 < factor.q <= _SMALL_DENOMINATOR:
        above = [] if factor.p == 1 else [sympy.Integer(factor.p)]
        return above, [sympy.Integer(factor.q)]
    if factor.is_Pow and factor.exp.is_Number and factor.exp.is_negative:
        return [], [_raised(factor.base, -factor.exp)]
    return [factor], []


def _raised(base: Any, exponent: Any) -> Any:
    return base if exponent == 1 else sympy.Pow(base, exponent, evaluate=False)


def power_plan(expr: Any) -> Plan:
    """``exp``, ``sqrt`` and reciprocals, which SymPy writes as powers."""
    base, exponent = expr.args
    if base is sympy.E:
        return Plan([exponent], called("exp"))
    if exponent.is_Number and exponent.is_negative:
        one = sympy.Integer(1)
        return Plan([one, _raised(base, -exponent)], primitive("div"))
    if exponent == sympy.Rational(1, 2):
        return Plan([base], called("sqrt"))
    return Plan([base, exponent], called("pow"))


def connective(op: str) -> Callable[[Any], Plan]:
    """``and`` or ``or`` of any number of conditions."""
    return lambda expr: Plan(expr.args, _fold(op), [True] * len(expr.args))


def comparison(op: str) -> Callable[[Any], Plan]:
    """A relation of two numbers."""
    return lambda expr: Plan(expr.args, primitive(op))


def piecewise(expr: Any) -> Plan:
    """Nested choices, the last branch innermost; its condition must be ``True``."""
    branches = [tuple(pair.args) for pair in expr.args]
    if branches[-1][1] is not sympy.true:
        raise mistake(
            "SG213",
            "a Piecewise without a default branch",
            "end it with (value, True)",
        )
    chosen = [value for value, _ in branches]
    conditions = [condition for _, condition in branches[:-1]]

    def join(graph: Graph, values: Sequence[int]) -> int:
        value = values[len(chosen) - 1]
        pairs = zip(values[: len(chosen) - 1], values[len(chosen) :], strict=True)
        for branch, condition in reversed(list(pairs)):
            value = graph.node("where", condition, branch, value)
        return value

    kinds = [False] * len(chosen) + [True] * len(conditions)
    return Plan([*chosen, *conditions], join, kinds)


def if_then_else(expr: Any) -> Plan:
    """A choice between conditions: ``c and a or not c and b``."""

    def join(graph: Graph, values: Sequence[int]) -> int:
        condition, holds, fails = values
        first = graph.node("and", condition, holds)
        second = graph.node("and", graph.node("not", condition), fails)
        return graph.node("or", first, second)

    return Plan(expr.args, join, [True, True, True])
