"""How SymPy's functions are built: by the row of the table that bears their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import reduce
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symgrad.calls import not_written
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
        return graph.call(row.name, *values, *(parse(d, graph, {}) for d in defaults))

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
    ("polygamma", 0): "digamma",
    ("polygamma", 1): "trigamma",
}
"""SymPy's families, and the members that are functions of their own."""

_REWRITTEN: Mapping[type[sympy.Basic], Any] = {
    sympy.binomial: sympy.gamma,
    sympy.factorial: sympy.gamma,
}
"""Functions without a row, and those in which SymPy can write them."""


def function_plan(expr: Any) -> Plan:
    """A function by its row, else by its definition."""
    name, args = type(expr).__name__, expr.args
    if (name, args[0]) in _OF_ORDER and _OF_ORDER[name, int(args[0])] in NAMES:
        return Plan(args[1:], call_row(NAMES[_OF_ORDER[name, int(args[0])]]))
    if not (_is_ours(expr) and name in NAMES):
        return Plan([_defined(expr)], lambda graph, values: values[0])
    row = NAMES[name]
    if not len(row.args) - len(row.defaults) <= len(args) <= len(row.args):
        raise mistake("SG211", f"{name} of {len(args)} arguments, not {len(row.args)}")
    return Plan(args, call_row(row))


def _is_ours(expr: Any) -> bool:
    """Whether a class means the function of that name, and is no user's own."""
    return isinstance(expr, TableFunction) or type(expr).__module__.startswith("sympy.")


def _defined(expr: Any) -> Any:
    """What a function without a row is made of, as far as SymPy can tell."""
    cls = type(expr)
    if cls in _REWRITTEN:
        return expr.rewrite(_REWRITTEN[cls], deep=False)
    if not cls.__module__.startswith("sympy."):
        for method in vars(cls):
            if method.startswith("_eval_rewrite_as_"):
                return as_sympy(getattr(expr, method)(*expr.args))
        written = expr.doit(deep=False)
        if written is not expr and type(written) is not cls:
            return written
    raise unknown_function(expr)


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
