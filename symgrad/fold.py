"""Constants in formulas: exact where they are rational, and always bounded."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from weakref import WeakKeyDictionary

from symgrad.grammar import FormulaError
from symgrad.program import VARIABLES, Graph, Node, is_complex
from symgrad.wirtinger import RULES

MAX_BITS = 512
"""Bits of a whole number that is written out."""

FOLDED_BITS = 2_200
"""Bits of a rational that is computed; every double fits."""

MAX_OPERATIONS = 250
"""Operations that lead to one constant."""

MAX_COMPUTED = 1_000
"""Constants of one op that are not rational."""

_HUGE_ARGUMENTS = frozenset({"gamma", "loggamma", "digamma", "trigamma", "polygamma"})
_HUGE = 10**6
_PRECISION = 128
_WRITE_OUT = (
    f"constants have at most {MAX_BITS} bits; use exp(n*log(x)) for large powers"
)


class Unfit(Exception):
    """A constant that a formula cannot have; ``node`` is where, if that is known."""

    def __init__(
        self,
        code: str,
        message: str,
        node: ast.AST | None = None,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.node, self.help = code, message, node, help


# What is written


def literal(node: ast.Constant, source: str, lead: int) -> Fraction:
    """The exact value of a number as it is written in ``source``: 0.1 is one tenth.

    Raises:
        FormulaError: not a real number, or beyond the range of a double.
    """
    start, end = lead + node.col_offset, lead + (node.end_col_offset or 0)

    def wrong(code: str, message: str, help: str | None = None) -> FormulaError:
        return FormulaError(code, message, start, end, help)

    value = node.value
    if isinstance(value, complex):
        said = f"{source[start:end]} is not allowed in a formula"
        raise wrong("SG204", said, f"write '{source[start : end - 1]}*I'")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong("SG204", f"{source[start:end]} is not allowed in a formula")
    if isinstance(value, int):
        bits = value.bit_length()
        if bits > MAX_BITS:
            raise wrong("SG205", f"a number of {bits} bits; {MAX_BITS} is the limit")
        return Fraction(value)
    if not math.isfinite(value):
        raise wrong("SG205", "the number overflows a double")
    text = source[start:end]
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise wrong("SG205", "the number underflows a double to 0")
    return Fraction(text.replace("_", "")) if value else Fraction(0)


# What is computed


def arithmetic(
    graph: Graph, op: str, a: int, b: int, right: ast.AST | None = None
) -> int:
    """``a op b``, folded if both are exact rationals; ``right`` is where b stands.

    Raises:
        Unfit: a division by zero, or a constant too large to write down.
    """
    if op in ("div", "Mod"):
        check_divisor(graph, b, right)
    x, y = rational(graph, a), rational(graph, b)
    if op == "pow":
        return _power(graph, a, b, x, y)
    if op == "Mod":
        return graph.call("Mod", a, b)
    if x is None or y is None:
        return graph.node(op, a, b)
    exact = {"add": x + y, "sub": x - y, "mul": x * y}.get(op)
    return graph.const(_bounded(x / y if exact is None else exact))


def negative(graph: Graph, a: int) -> int:
    """``-a``, folded if it is an exact rational."""
    x = rational(graph, a)
    return graph.node("neg", a) if x is None else graph.const(-x)


def call(graph: Graph, function: str, args: Sequence[int]) -> int:
    """A row of the function table applied to values.

    Raises:
        Unfit: a remainder of a division by zero.
    """
    if function in ("Mod", "fmod", "floor_divide"):
        check_divisor(graph, args[1], None)
    return applied(graph, function, args)


def applied(graph: Graph, function: str, args: Sequence[int]) -> int:
    """The same without a check: the parts of a real number are plain."""
    plain = OF_REALS.get(function)
    if plain is not None and not graph[args[0]].kind.is_complex:
        return plain(graph, args[0])
    turned = graph[args[0]]
    if function == "im" and turned.data == "conjugate":  # torch has no vmap for that
        return graph.node("neg", applied(graph, "im", turned.args))
    return graph.call(function, *args)


OF_REALS: Mapping[str, Callable[[Graph, int], int]] = {
    "re": lambda graph, a: a,
    "im": lambda graph, a: graph.node("mul", graph.const(0), a),
    "conjugate": lambda graph, a: a,
}
"""What the parts of a complex number are where it is real."""


def rational(graph: Graph, value: int) -> Fraction | None:
    """The exact value of a rational constant, ``None`` for anything else."""
    data = graph[value].data
    return data if isinstance(data, Fraction) else None


def _power(graph: Graph, a: int, b: int, x: Fraction | None, y: Fraction | None) -> int:
    """Rational powers fold when the exponent is whole; others are functions."""
    if x is None or y is None or y.denominator != 1:
        return graph.call("pow", a, b)
    if x == 0 and y < 0:
        raise Unfit("SG207", "zero to a negative power")
    if abs(x) in (0, 1):
        return graph.const(x ** (2 + int(y) % 2 if y else 0))
    if _bits(x) * abs(y) > FOLDED_BITS:
        raise Unfit("SG206", "the power is too large to write out", help=_WRITE_OUT)
    return graph.const(x ** int(y))


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _bounded(value: Fraction) -> Fraction:
    if _bits(value) > FOLDED_BITS:
        message = "the constant is too large to write out"
        raise Unfit("SG206", message, help=_WRITE_OUT)
    return value


# What comes out


def check(graph: Graph, value: int) -> None:
    """Raise :class:`Unfit` if complex numbers have no such function, or a value is
    a constant that is not finite."""
    node = graph[value]
    check_plane(graph, node)
    exact = rational(graph, value)
    if exact is not None:
        _check_range(exact)
    count = _operations(graph, value)
    if not count or node.kind.is_condition:
        return
    if count > MAX_OPERATIONS:
        message = f"a constant made by more than {MAX_OPERATIONS} operations"
        raise Unfit("SG206", message, help="write it as a number")
    if node.data in _HUGE_ARGUMENTS and any(_is_huge(graph, arg) for arg in node.args):
        raise Unfit("SG206", f"the constant argument of {node.data}() is too large")
    _number(graph, value)


_ORDER = frozenset({"lt", "le", "gt", "ge"})


def check_plane(graph: Graph, node: Node) -> None:
    """Raise :class:`Unfit` for what is done with real numbers only."""
    if not is_complex(graph.nodes, node):
        return
    help = "take abs(), re() or im() of them"
    if node.op in _ORDER:
        raise Unfit("SG215", "complex numbers have no order", help=help)
    if node.op == "call" and node.data not in RULES:
        message = f"{node.data}() is not for complex numbers"
        raise Unfit("SG215", message, help=help)


def _check_range(exact: Fraction) -> None:
    if _bits(exact) <= 1_000:
        return
    try:
        nearest = float(exact)
    except OverflowError:
        raise Unfit("SG205", "the constant overflows a double") from None
    if nearest == 0:
        raise Unfit("SG205", "the constant underflows a double to 0")


def check_divisor(graph: Graph, value: int, place: ast.AST | None) -> None:
    is_zero = rational(graph, value) == 0
    if not is_zero and _operations(graph, value):
        is_zero = _number(graph, value) == 0
    if is_zero:
        raise Unfit("SG207", "division by zero", place)


def _is_huge(graph: Graph, value: int) -> bool:
    exact = rational(graph, value)
    return exact is not None and abs(exact) > _HUGE


@dataclass
class _Constants:
    """What is known of the constants of a graph.

    ``counts`` says of each value how many operations lead to it, ``None`` if an input
    does; ``numbers`` are those that were computed, NaN where there is no number.
    """

    counts: list[int | None] = field(default_factory=list)
    numbers: dict[int, float] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[Graph, _Constants] = WeakKeyDictionary()


def _constants(graph: Graph) -> _Constants:
    return _KNOWN.setdefault(graph, _Constants())


def _operations(graph: Graph, value: int) -> int | None:
    """How many operations lead to a constant; ``None`` for what is not constant."""
    counts = _constants(graph).counts
    for number in range(len(counts), len(graph.nodes)):
        node = graph[number]
        behind = [counts[arg] for arg in node.args]
        known = [count for count in behind if count is not None]
        varies = node.op in VARIABLES or len(known) < len(behind)
        counts.append(None if varies else sum(known) + bool(known))
    return counts[value]


def _number(graph: Graph, value: int) -> float:
    """The size of a constant: roughly, unless it is near zero or not finite at once."""
    numbers = _constants(graph).numbers
    if value not in numbers:
        if len(numbers) >= MAX_COMPUTED:
            message = f"more than {MAX_COMPUTED:,} constants to compute"
            raise Unfit("SG206", message, help="write them as numbers")
        numbers[value] = _computed(graph, value)
    if math.isnan(numbers[value]):
        raise Unfit("SG207", "the constant is not a finite real number")
    return numbers[value]


def _computed(graph: Graph, value: int) -> float:
    from symgrad import precise  # loaded by the formulas that need it, and by no others

    try:
        [ball] = precise.evaluate(graph.nodes, [value], {}, _PRECISION)
        rough = float(abs(ball).upper())
        if math.isfinite(rough) and not ball.contains(0):
            return rough
    except precise.Undecided:
        pass
    try:
        return abs(precise.number(graph.nodes, value))
    except (ValueError, ArithmeticError):
        return math.nan
