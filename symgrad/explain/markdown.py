"""A derivation as Markdown, its formulas in fences that GitHub and GitLab typeset."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symgrad.explain.page import Style

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|$~&!@])")
_LINKS = re.compile(r"(?<=\w)(:)(?=//)|(?<=www)(\.)", re.IGNORECASE)
_AT_START = re.compile(r"^( *)(?:([-+=])|(\d+)([.)]))", re.MULTILINE)
_TICKS = re.compile(r"`+")


def escaped(text: str) -> str:
    """Prose that means itself: no markup, no HTML, no links, no mentions."""
    text = _MARKS.sub(r"\\\1", text)
    text = _LINKS.sub(lambda found: f"\\{found[0]}", text)
    return _AT_START.sub(_as_text, text)


def _as_text(found: re.Match[str]) -> str:
    """What would begin a list or underline a heading."""
    before, sign, number, point = found.groups()
    return f"{before}\\{sign}" if sign else f"{before}{number}\\{point}"


def _code(text: str) -> str:
    """Code in a line, between as many backticks as it takes."""
    if not text:
        return ""
    ticks = "`" * (_longest(text) + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _longest(text: str) -> int:
    """The length of the longest run of backticks."""
    return max(map(len, _TICKS.findall(text)), default=0)


def _fenced(lines: Sequence[str], language: str) -> str:
    body = "\n".join(lines)
    fence = "`" * max(3, _longest(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


STYLE = Style("md", escaped, _code, _fenced)
