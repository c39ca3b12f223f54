"""SymPy expressions as LaTeX, and as Unicode over several lines.

SymPy's own printers, but for names: those of a spec are words of a program.  ``that``
is no ``t`` with a hat, ``scale`` is upright where SymPy would multiply five letters,
and ``grad_y`` is the cotangent of ``y``.
"""

from __future__ import annotations

import re
from typing import Any

from sympy.printing.latex import LatexPrinter, tex_greek_dictionary
from sympy.printing.pretty.pretty import PrettyPrinter
from sympy.printing.pretty.pretty_symbology import greek_unicode, pretty_use_unicode
from sympy.printing.pretty.stringpict import prettyForm

_COTANGENT = "grad_"
_PART = re.compile(r"[0-9]+|[^0-9]+")


class _Latex(LatexPrinter):  # type: ignore[misc]
    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return latex_name(expr.name)

    def _hprint_Function(self, func: str) -> str:
        if func.isalpha():
            return str(super()._hprint_Function(func))
        escaped = func.replace("_", r"\_")
        return rf"\operatorname{{{escaped}}}"


class _Pretty(PrettyPrinter):  # type: ignore[misc]
    def _print_Symbol(self, e: Any, bold_name: bool = False) -> Any:
        return prettyForm(unicode_name(e.name), binding=prettyForm.ATOM)


def latex_name(name: str) -> str:
    r"""A name: ``\alpha_{p}`` for ``alpha_p``, ``\bar{y}`` for ``grad_y``."""
    if name.startswith(_COTANGENT):
        return rf"\bar{{{latex_name(name.removeprefix(_COTANGENT))}}}"
    first, *others = name.split("_")
    if not all((first, *others)) or not first[0].isalpha():
        return rf"\mathrm{{{name}}}".replace("_", r"\_")
    head, *digits = _PART.findall(first) if len(first) < 3 else [first]
    below = " ".join(map(_latex_word, [*digits, *others]))
    return f"{_latex_word(head)}_{{{below}}}" if below else _latex_word(head)


def _latex_word(word: str) -> str:
    if _is_greek(word):
        return str(tex_greek_dictionary.get(word, rf"\{word}"))
    return rf"\mathrm{{{word}}}" if word[1:].isalnum() and not word.isdigit() else word


def unicode_name(name: str) -> str:
    """A name whose Greek letters are letters."""
    return "_".join(
        greek_unicode[word] if _is_greek(word) else word for word in name.split("_")
    )


def _is_greek(word: str) -> bool:
    return word in greek_unicode


def latex(expression: Any, in_order: bool) -> str:
    """An expression as LaTeX, its terms as they stand or as SymPy orders them."""
    order = "none" if in_order else None
    return str(_Latex({"order": order}).doprint(expression))


def unicode(left: str, expression: Any, in_order: bool) -> tuple[str, ...]:
    """``left = expression``, over as many lines as it takes."""
    settings = {"order": "none" if in_order else None, "wrap_line": False}
    before = pretty_use_unicode(True)  # SymPy's tables of signs know no other way
    try:
        right = _Pretty({**settings, "use_unicode": True})._print(expression)
        lines = str(prettyForm(*prettyForm(f"{left} = ").right(right))).splitlines()
    finally:
        pretty_use_unicode(before)
    return tuple(line.rstrip() for line in lines)
