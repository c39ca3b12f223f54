"""The derivative that a user's SymPy function declares: it must be that of its value.

What is emitted is derived from the definition, in which rewrites and stable forms can
act.  So a ``fdiff`` that says something else must not be passed over in silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any

import sympy
from sympy.core.function import ArgumentIndexError

from symgrad import precise
from symgrad.from_sympy import from_sympy, parts_of
from symgrad.grammar import FormulaError
from symgrad.program import Graph, Kind
from symgrad.sympy_forms import mistake
from symgrad.sympy_functions import definition, is_users

_NUMBERS = (0.3125, 1.6875, -0.8125, 2.4375, -3.0625)
"""What arguments are, one of them after the other, where slopes are compared."""


def check_derivatives(expr: Any) -> None:
    """Compare each ``fdiff`` in an expression with the slope of the definition.

    Raises:
        FormulaError: the two differ.
    """
    for call in _users(expr):
        place = next(_wrong_places(call), None)
        if place is not None:
            name = type(call).__name__
            said = f"{name}.fdiff({place}) is not the derivative of what {name} is"
            help = "a derivative of your own is given by 'surrogate' or 'backward'"
            raise mistake("SG302", said, help)


def _users(expr: Any) -> list[Any]:
    """A call of each function of the user's, in an expression and in definitions."""
    calls: dict[type, Any] = {}
    todo = [expr]
    while todo:
        fresh = {type(p): p for p in parts_of(todo.pop()) if is_users(p)}
        todo += [definition(call) for cls, call in fresh.items() if cls not in calls]
        calls = {**fresh, **calls}
    return list(calls.values())


def _wrong_places(call: Any) -> Iterator[int]:
    """The arguments, counted from 1, by which the derivative is another one."""
    args = [a if a.is_Number else sympy.Dummy(real=True) for a in call.args]
    sample, graph = call.func(*args), Graph()
    dummies = [arg for arg in args if arg.is_Symbol]
    names = {d: graph.input(f"t{i}", Kind.REAL) for i, d in enumerate(dummies)}
    if type(sample) is not type(call):  # other arguments make something else of it
        return
    root = _value(sample, graph, names)
    for place, arg in enumerate(args, 1):
        given = _value(_fdiff(sample, place), graph, names) if arg in names else None
        if root is None or given is None:
            continue
        if _differ(graph, root, names[arg], given):
            yield place


def _fdiff(call: Any, place: int) -> Any:
    """The derivative that a function declares; ``None`` by what it knows nothing of."""
    try:
        return call.fdiff(place)
    except ArgumentIndexError:
        return None


def _value(expr: Any, graph: Graph, names: Mapping[Any, int]) -> int | None:
    """What an expression is, if formulas can say it."""
    try:
        return from_sympy(expr, graph, names)
    except FormulaError:
        return None


def _differ(graph: Graph, root: int, wrt: int, given: int) -> bool:
    """Whether a value is not the slope of another at one of a few points."""
    inputs = [v for v, node in enumerate(graph.nodes) if node.op == "input"]
    for start in range(len(_NUMBERS)):
        point = dict(zip(inputs, islice(cycle(_NUMBERS), start, None), strict=False))
        slope = precise.slope(graph.nodes, root, wrt, point)
        [declared] = precise.floats(graph.nodes, [given], point)
        if slope is None or math.isnan(slope):
            continue
        if not math.isclose(slope, declared, rel_tol=1e-9, abs_tol=1e-12):
            return True
    return False
