"""SymPy expressions as formulas of specs, for ops whose tensors have named axes.

There the rules of indices are those of the text: what is free, what is bound, which
axis an index runs over.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from symgrad.sympy_forms import as_sympy

_SIGNS = {
    "StrictLessThan": "<",
    "LessThan": "<=",
    "StrictGreaterThan": ">",
    "GreaterThan": ">=",
    "Equality": "==",
    "Unequality": "!=",
}


class _FormulaPrinter(StrPrinter):  # type: ignore[misc]
    """SymPy's own text, but for what formulas write otherwise."""

    def _print_Relational(self, expr: Any) -> str:
        sign = _SIGNS[type(expr).__name__]
        return f"({self._print(expr.lhs)} {sign} {self._print(expr.rhs)})"

    def _print_ITE(self, expr: Any) -> str:
        return f"where({self.stringify(expr.args, ', ')})"

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Tuple(self, expr: Any) -> str:
        return f"({self.stringify(expr, ', ')})"


class _ReaderPrinter(_FormulaPrinter):
    """The same for people: choices are ``where``, without parentheses inside."""

    def _print_Piecewise(self, expr: Any) -> str:
        *choices, (last, default) = expr.args
        text = str(self._print(last))
        if default != True:  # noqa: E712 (SymPy's own true)
            choices, text = expr.args, "nan"
        for value, condition in reversed(choices):
            test = self._print(condition)
            test = test[1:-1] if isinstance(condition, Relational) else test
            text = f"where({test}, {self._print(value)}, {text})"
        return text


_PRINTER, _FOR_READERS = _FormulaPrinter({"order": "none"}), _ReaderPrinter()


def as_text(written: Any) -> str:
    """A formula as a spec has it: a text as it is, an expression printed.

    Raises:
        FormulaError: it is neither an expression nor a number.
    """
    if isinstance(written, str):
        return written
    return str(_PRINTER.doprint(as_sympy(written)))


def for_readers(expression: Any) -> str:
    """The same of what SymPy collected: its terms in SymPy's order."""
    return str(_FOR_READERS.doprint(expression))


def axes_of(key: Any) -> str | None:
    """The axes of an indexed base as a declaration has them: ``[..., n]``."""
    if not isinstance(key, sympy.IndexedBase):
        return None
    declared = getattr(key, "declared_axes", None)
    names = [str(size) for size in key.shape or ()] if declared is None else declared
    return f"[{', '.join(names)}]"
