"""How SymPy's functions are built: by the row of the table that bears their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import reduce
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symgrad.calls import not_written
from symgrad.fold import applied
from symgrad.functions import NAMES, Function
from symgrad.grammar import FormulaError
from symgrad.parse import parse
from symgrad.program import Graph
from symgrad.symbols import TableFunction
from symgrad.sympy_forms import Join, Plan, as_sympy, mistake


def call_row(row: Function) -> Join:
    """A call; trailing arguments that were left out get the row's defaults."""

    def join(graph: Graph, values: Sequence[int]) -> int:
        if unwritten := not_written(row.name, graph, values[0]):
            raise mistake("SG214", unwritten)
        missing = len(row.args) - len(values)
        defaults = row.defaults[len(row.defaults) - missing :] if missing else ()
        args = [*values, *(parse(d, graph, {}) for d in defaults)]
        return applied(graph, row.name, args)

    return join


def extremum(expr: Any) -> Plan:
    """``Max`` and ``Min`` of any number of arguments, two at a time."""
    row = NAMES[type(expr).__name__]

    def join(graph: Graph, values: Sequence[int]) -> int:
        return reduce(lambda a, b: graph.call(row.name, a, b), values)

    return Plan(expr.args, join)


_OF_ORDER: Mapping[tuple[str, int], str] = {
    ("besseli", 0): "i0",
    ("besseli", 1): "i1",
    ("besselj", 0): "j0",
    ("besselj", 1): "j1",
    ("besselk", 0): "k0",
    ("besselk", 1): "k1",
    ("bessely", 0): "y0",
    ("bessely", 1): "y1",
    ("polygamma", 0): "digamma",
    ("polygamma", 1): "trigamma",
}
"""SymPy's families, and the members that are functions of their own."""

_REWRITTEN: Mapping[type[sympy.Basic], Any] = {
    sympy.binomial: sympy.gamma,
    sympy.factorial: sympy.gamma,
}
"""Functions without a row, and those in which SymPy can write them."""

_LARGE = 10**5
"""SymPy would write the factorial of a larger number out."""


def function_plan(expr: Any) -> Plan:
    """A function by its row, else by its definition."""
    name, args = type(expr).__name__, expr.args
    if (name, args[0]) in _OF_ORDER and _OF_ORDER[name, int(args[0])] in NAMES:
        return Plan(args[1:], call_row(NAMES[_OF_ORDER[name, int(args[0])]]))
    if not (_is_ours(expr) and name in NAMES):
        return Plan([definition(expr)], lambda graph, values: values[0])
    row = NAMES[name]
    if not len(row.args) - len(row.defaults) <= len(args) <= len(row.args):
        raise mistake("SG211", f"{name} of {len(args)} arguments, not {len(row.args)}")
    return Plan(args, call_row(row))


def _is_ours(expr: Any) -> bool:
    """Whether a class means the function of that name, and is no user's own."""
    return isinstance(expr, TableFunction) or type(expr).__module__.startswith("sympy.")


def definition(expr: Any) -> Any:
    """What a function without a row is made of, as far as SymPy can tell."""
    cls = type(expr)
    if cls in _REWRITTEN:
        if any(arg.is_Number and abs(arg) > _LARGE for arg in expr.args):
            said = f"the constant argument of {cls.__name__} is too large"
            raise mistake("SG206", said)
        return expr.rewrite(_REWRITTEN[cls], deep=False)
    if _is_ours(expr):
        raise unknown_function(expr)
    for written in _ways(expr):
        if written is not None and type(written) is not cls:
            return as_sympy(written)
    raise _without_value(expr)


def _ways(expr: Any) -> Iterator[Any]:
    """What the methods of a user's function make of it."""
    for method in dir(type(expr)):
        if method.startswith("_eval_rewrite_as_"):
            yield getattr(expr, method)(*expr.args)
    yield expr.doit(deep=False)


def is_users(expr: Any) -> bool:
    """Whether an expression is a call of a class that a user defined."""
    called = isinstance(expr, sympy.Function) and not isinstance(expr, AppliedUndef)
    return called and not _is_ours(expr)


def _without_value(expr: Any) -> FormulaError:
    """The error for a user's function of which at most the derivative is known."""
    name, derivative = type(expr).__name__, type(expr).fdiff
    known = "" if derivative is sympy.Function.fdiff else " it has a derivative, but"
    said = f"unknown function {name!r}:{known} nothing says what its value is"
    help = "give its class a method doit(self, **hints) that returns its formula"
    return mistake("SG210", said, help)


def unknown_function(expr: Any) -> FormulaError:
    """The error for a function that the table does not have."""
    name = str(type(expr).__name__)
    if isinstance(expr, AppliedUndef):
        name = str(expr.func)
        if name in NAMES:
            help = f"symgrad.{name} is the function of the table"
            return mistake("SG210", f"{name} is an undefined function of SymPy", help)
    close = get_close_matches(name, list(NAMES), 1)
    help = f"did you mean {close[0]!r}?" if close else "'symgrad functions' lists all"
    return mistake("SG210", f"unknown function {name!r}", help)
