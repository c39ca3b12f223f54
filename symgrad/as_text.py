"""SymPy expressions as formulas of specs, for ops whose tensors have named axes.

There the rules of indices are those of the text: what is free, what is bound, which
axis an index runs over.
"""

from __future__ import annotations

from typing import Any

import sympy
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


_PRINTER = _FormulaPrinter({"order": "none"})


def as_text(written: Any) -> str:
    """A formula as a spec has it: a text as it is, an expression printed.

    Raises:
        FormulaError: it is neither an expression nor a number.
    """
    if isinstance(written, str):
        return written
    return str(_PRINTER.doprint(as_sympy(written)))


def axes_of(key: Any) -> str | None:
    """The axes of an indexed base as a declaration has them: ``[..., n]``."""
    if not isinstance(key, sympy.IndexedBase):
        return None
    declared = getattr(key, "declared_axes", None)
    names = [str(size) for size in key.shape or ()] if declared is None else declared
    return f"[{', '.join(names)}]"
