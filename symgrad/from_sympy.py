"""SymPy expressions to the IR, in one walk without recursion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.numbers import NumberSymbol
from sympy.logic.boolalg import BooleanAtom
from sympy.tensor.indexed import Idx

from symgrad.fold import Unfit, check_plane
from symgrad.program import Graph
from symgrad.symbols import stop_gradient
from symgrad.sympy_forms import (
    Plan,
    as_sympy,
    comparison,
    connective,
    float_plan,
    if_then_else,
    mistake,
    named_number,
    piecewise,
    power_plan,
    primitive,
    product_plan,
    rational_plan,
    sum_plan,
    symbol_plan,
)
from symgrad.sympy_functions import extremum, function_plan, unknown_function

NODE_LIMIT = 200_000
"""How many distinct subexpressions one formula may have."""


_PLANS: Mapping[type, Callable[[Any], Plan]] = {
    sympy.Rational: rational_plan,
    sympy.Float: float_plan,
    NumberSymbol: named_number,
    type(sympy.I): lambda expr: Plan((), lambda graph, _: graph.const("I")),
    sympy.Add: sum_plan,
    sympy.Mul: product_plan,
    sympy.Pow: power_plan,
    sympy.Piecewise: piecewise,
    sympy.ITE: if_then_else,
    sympy.And: connective("and"),
    sympy.Or: connective("or"),
    sympy.Not: lambda expr: Plan(expr.args, primitive("not"), [True]),
    sympy.StrictLessThan: comparison("lt"),
    sympy.LessThan: comparison("le"),
    sympy.StrictGreaterThan: comparison("gt"),
    sympy.GreaterThan: comparison("ge"),
    sympy.Equality: comparison("eq"),
    sympy.Unequality: comparison("ne"),
    sympy.Max: extremum,
    sympy.Min: extremum,
    stop_gradient: lambda expr: Plan(expr.args, primitive("stop_gradient")),
    sympy.Function: function_plan,
}
"""Class of expression to its plan; a class without one has that of its base."""

_REFUSED: Mapping[type, tuple[str, str] | tuple[str, str, str]] = {
    type(sympy.nan): ("SG207", "nan is not a number"),
    type(sympy.zoo): ("SG207", "the expression is infinite: a division by zero?"),
    type(sympy.oo): ("SG207", "oo is not a finite number"),
    type(-sympy.oo): ("SG207", "-oo is not a finite number"),
    BooleanAtom: ("SG208", "True and False belong into the last branch of a Piecewise"),
    sympy.Derivative: (
        "SG301",
        "an unevaluated Derivative",
        "'doit()' takes it where its function is known; else write its formula",
    ),
    sympy.Integral: ("SG710", "Integral is not built yet"),
    sympy.Sum: ("SG233", "Sum needs inputs with named axes"),
    sympy.Product: ("SG233", "Product needs inputs with named axes"),
    sympy.Indexed: ("SG230", "no input has named axes, and so nothing has indices"),
    sympy.IndexedBase: ("SG230", "no input has named axes"),
    Idx: ("SG230", "an index is not a number"),
    sympy.MatrixBase: ("SG704", "matrices are not built yet"),
    sympy.MatrixExpr: ("SG704", "matrices are not built yet"),
}
"""Class of expression to the code, the message and the help of its refusal."""


def from_sympy(expr: Any, graph: Graph, names: Mapping[sympy.Symbol, int]) -> int:
    """Build an expression over declared symbols; equal parts become one value.

    The work is linear in the number of distinct subexpressions, and the depth of an
    expression is not limited.  ``names`` binds symbols to values of ``graph``.

    Raises:
        FormulaError: the expression has no value, or symgrad has no rule for a part.
    """
    root = as_sympy(expr)
    built: dict[int, int] = {}
    plans: dict[int, tuple[Any, Plan]] = {}  # holds the expressions: ids stay unique
    todo = [root]
    while todo:
        here = todo[-1]
        if id(here) in built:
            todo.pop()
        elif id(here) not in plans:
            plans[id(here)] = here, _plan(here, names)
            _check_size(len(plans))
            todo.extend(reversed(plans[id(here)][1].parts))
        else:
            plan = plans[id(here)][1]
            values = [built[id(part)] for part in plan.parts]
            _check_kinds(graph, here, plan, values)
            built[id(here)] = _checked(graph, plan.join(graph, values))
            todo.pop()
    return built[id(root)]


def symbols_of(expr: Any) -> list[sympy.Symbol]:
    """The symbols of an expression in order of appearance."""
    found = (here for here in parts_of(expr) if isinstance(here, sympy.Symbol))
    return list(dict.fromkeys(found))


def parts_of(expr: Any) -> list[Any]:
    """An expression and all that is in it, the outermost first, without recursion."""
    seen: dict[int, Any] = {}
    todo = [as_sympy(expr)]
    while todo:
        here = todo.pop()
        if id(here) not in seen:
            seen[id(here)] = here
            todo.extend(reversed(getattr(here, "args", ())))  # a Matrix has none
    return list(seen.values())


def _checked(graph: Graph, value: int) -> int:
    """A value that there is of numbers of its kind."""
    try:
        check_plane(graph, graph[value])
    except Unfit as unfit:
        raise mistake(unfit.code, unfit.message, unfit.help) from None
    return value


def _check_size(count: int) -> None:
    if count > NODE_LIMIT:
        raise mistake("SG202", f"the formula has more than {NODE_LIMIT:,} parts")


def _check_kinds(graph: Graph, expr: Any, plan: Plan, values: Sequence[int]) -> None:
    """Conditions stand where conditions belong, and numbers where numbers do."""
    wanted = plan.conditions or [False] * len(values)
    for value, condition in zip(values, wanted, strict=True):
        if graph[value].kind.is_condition != condition:
            found = "a number" if condition else "a condition"
            place = "a condition" if condition else "a number"
            said = f"{found} cannot be used as {place} (in {_short(expr)})"
            raise mistake("SG208", said)


def _plan(expr: Any, names: Mapping[sympy.Symbol, int]) -> Plan:
    if isinstance(expr, sympy.Symbol):
        return symbol_plan(expr, names)
    for cls in type(expr).__mro__:
        if cls in _REFUSED:
            raise mistake(*_REFUSED[cls])
        if cls is AppliedUndef:
            raise unknown_function(expr)
        if cls in _PLANS:
            return _PLANS[cls](expr)
    raise mistake("SG204", f"{_short(expr)} is not an expression that symgrad knows")


def _short(expr: Any) -> str:
    """The kind of an expression, for messages: printing all of it might not end."""
    return type(expr).__name__
