"""SymPy classes for the functions that SymPy lacks, one for each such row of the table.

``symgrad.sigmoid(x)`` is an ordinary SymPy expression: it prints, substitutes,
differentiates by the table's partials, and ``evalf`` uses the row's ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import sympy
from sympy.core.function import ArgumentIndexError, FunctionClass

from symgrad import axes
from symgrad.functions import NAMES, TABLE, Function
from symgrad.parse import parse
from symgrad.program import Graph, Kind
from symgrad.to_sympy import to_sympy


class TableFunction(sympy.Function):  # type: ignore[misc]
    """A row of the function table as a SymPy function; it evaluates nothing early."""

    row: ClassVar[Function]

    def fdiff(self, argindex: int = 1) -> Any:
        """The row's partial by the argument of that number, counted from 1."""
        if not 1 <= argindex <= len(self.args):
            raise ArgumentIndexError(self, argindex)
        graph = Graph()
        names = {n: graph.input(n, Kind.REAL) for n in (*self.row.args, "y")}
        root = parse(self.row.partials[argindex - 1], graph, names, in_table=True)
        arguments = dict(zip(self.row.args, self.args, strict=False)) | {"y": self}
        leaves = {names[name]: value for name, value in arguments.items()}
        return to_sympy(graph.nodes, root, leaves, SYMBOLS, evaluate=True)

    def _eval_evalf(self, prec: int) -> Any:
        """The value to ``prec`` bits, if all arguments are real numbers."""
        args = [arg.evalf(n=_digits(prec)) for arg in self.args]
        if not all(arg.is_Float or arg.is_Rational for arg in args):
            return None
        return _ball_value(self.row, args, prec)


def _digits(bits: int) -> int:
    return int(bits * 0.30103) + 10


def _ball_value(row: Function, args: list[Any], prec: int) -> Any:
    """The middle of the ball that the row computes, or NaN outside its domain."""
    import flint

    with flint.ctx.workprec(prec + 64):
        ball = row.precise(*(flint.arb(str(arg)) for arg in args))
        if not ball.is_finite():
            return sympy.nan
        return sympy.Float(ball.mid().str(_digits(prec), radius=False), precision=prec)


def _class_of(row: Function) -> type[TableFunction]:
    count = tuple(range(len(row.args) - len(row.defaults), len(row.args) + 1))
    doc = f"``{row.name}({', '.join(row.args)})``, as the function table defines it."
    body = {"row": row, "nargs": count, "__doc__": doc, "__module__": __name__}
    return type(row.name, (TableFunction,), body)


class stop_gradient(sympy.Function):  # type: ignore[misc]
    """The value of its argument, without derivative."""

    nargs = (1,)

    def fdiff(self, argindex: int = 1) -> Any:
        """Zero."""
        return sympy.Integer(0)


def reals(names: str) -> Any:
    """SymPy symbols for real inputs: one for one name, a tuple for several.

    >>> x, beta = symgrad.reals("x beta")
    >>> x.is_real
    True
    """
    return _symbols(names, real=True)


def complexes(names: str) -> Any:
    """SymPy symbols for complex inputs: one for one name, a tuple for several.

    >>> symgrad.complexes("z, w")
    (z, w)
    """
    return _symbols(names, complex=True)


def _symbols(names: str, **assumptions: bool) -> Any:
    split = names.replace(",", " ").split()
    symbols = tuple(sympy.Symbol(name, **assumptions) for name in split)
    return symbols[0] if len(symbols) == 1 else symbols


class AxesBase(sympy.IndexedBase):  # type: ignore[misc]
    """The indexed base of an input, and the axes that it was declared with."""

    declared_axes: tuple[str, ...]


def indexed(declaration: str) -> AxesBase:
    """The indexed base of an input with named axes: ``indexed("x[..., n]")``.

    ``x[i]`` is then a SymPy expression, with ``i`` a symbol or an ``Idx``.

    >>> symgrad.indexed("x[..., n]").declared_axes
    ('...', 'n')
    """
    name, _, inside = declaration.partition("[")
    made = AxesBase(sympy.Symbol(name.strip(), real=True))
    listed = inside.rpartition("]")[0].split(",")
    made.declared_axes = tuple(axis.strip() for axis in listed if axis.strip())
    return made


def where(condition: Any, a: Any, b: Any) -> Any:
    """``a`` where the condition holds, ``b`` elsewhere."""
    return sympy.Piecewise((a, condition), (b, True))


_OTHERWISE_CALLED: Mapping[str, Callable[..., Any]] = {
    "pow": sympy.Pow,
    "sqrt": sympy.sqrt,
    "stop_gradient": stop_gradient,
    "where": where,
}


def _symbol_of(row: Function) -> Callable[..., Any]:
    """SymPy's own function of one of a row's names, else a class for the row."""
    own = (getattr(sympy, name, None) for name in (row.name, *row.aliases))
    return next((f for f in own if isinstance(f, FunctionClass)), _class_of(row))


_BY_ROW = {row.name: _symbol_of(row) for row in TABLE.values()}

SYMBOLS: Mapping[str, Callable[..., Any]] = {
    **{name: _BY_ROW[row.name] for name, row in NAMES.items()},
    **_OTHERWISE_CALLED,
}
"""Every name of the function table to what makes a SymPy expression of it."""


class Reduction(sympy.Function):  # type: ignore[misc]
    """A reduction of formulas, ``mean(e, i)`` or ``mean(e, (i, j))``."""


REDUCTIONS: Mapping[str, type[Reduction]] = {
    name: type(name, (Reduction,), {"__module__": __name__}) for name in axes.REDUCTIONS
}
"""The reductions of formulas, by name."""
