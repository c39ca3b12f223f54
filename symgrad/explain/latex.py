"""A derivation as a fragment of a LaTeX document, which needs amsmath."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from symgrad.explain.page import Style

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"{\char96}",
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
}
"""What means something to LaTeX, or is set as something else."""

_END, _BROKEN = r"\end{verbatim}", r"\end {verbatim}"
_GREEK = ("GREEK SMALL LETTER ", "GREEK CAPITAL LETTER ")
_OF_LATIN = "omicron alpha beta epsilon zeta eta iota kappa mu nu rho tau chi"
"""Greek letters whose capitals are Latin ones, and have no command."""


def escaped(text: str) -> str:
    """Prose that means itself."""
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character.isascii() or "\xa1" <= character <= "\u017f":
        return character  # Latin letters with accents are known to every LaTeX
    return _greek(character) or _PUNCTUATION.get(character) or _by_number(character)


_PUNCTUATION = {
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\dots{}",
}


def _greek(character: str) -> str:
    """The command of a Greek letter, empty for others."""
    name = unicodedata.name(character, "")
    small, capital = (name.removeprefix(kind) for kind in _GREEK)
    letter = min(small, capital, key=len).lower()
    if letter == name.lower() or not letter.isalpha():
        return ""
    is_small = len(small) < len(capital)
    if letter == "omicron" or (not is_small and letter in _OF_LATIN.split()):
        return ""
    letter = "lambda" if letter == "lamda" else letter
    return rf"\ensuremath{{\{letter if is_small else letter.capitalize()}}}"


def _by_number(character: str) -> str:
    return rf"\texttt{{U+{ord(character):04X}}}"


def _code(text: str) -> str:
    apart = escaped(text).replace("--", "-{}-")  # no dash
    return rf"\texttt{{{apart}}}"


def _verbatim(lines: Sequence[str], _: str) -> str:
    body = "\n".join(lines).replace(_END, _BROKEN)
    return f"\\begin{{verbatim}}\n{body}\n{_END}"


STYLE = Style("tex", escaped, _code, _verbatim)
