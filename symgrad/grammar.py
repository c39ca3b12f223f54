"""Formula text to a Python syntax tree, within limits that Python itself never reaches.

The text is parsed, never evaluated.  Every limit here fires before one of CPython's
would, so the same text gives the same message on every version.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

MAX_CHARACTERS = 4_096
MAX_PARTS = 1_000
MAX_DEPTH = 60

_ALLOWED = re.compile(r"[ \t\r\n0-9A-Za-z_.,+\-*/%@()<>=!&|~\[\]]*")
_CHARACTER_HELP = {
    "^": "use '**' for powers",
    "\u00d7": "use '*'",
    "\u00b7": "use '*'",
    "\u2212": "this is a minus sign of typography; use '-'",
    "\u00f7": "use '/'",
    ";": "a formula is one expression",
    ":": "write 'a if c else b', or where(c, a, b)",
    "'": "a formula has no text in it",
    '"': "a formula has no text in it",
    "#": "comments stand outside of formulas",
    "\\": "LaTeX is not read; write sqrt(x), sigmoid(x)",
    "{": "use parentheses",
    "}": "use parentheses",
}
_PART = re.compile(r"[0-9.]+(?:[eE][-+]?[0-9]+)?|\w+|[*/<>=!]{2}|[-+*/%@<>&|~]")
_UNARY_RUN = re.compile(
    rf"[-+~](?:\s*[-+~]){{{MAX_DEPTH}}}|(?:\bnot\s+){{{MAX_DEPTH}}}"
)
_NUMBER_BEFORE_NAME = re.compile(
    r"(?<![0-9A-Za-z_.])(?!0[xXbBoO])[0-9][0-9_]*(?:\.[0-9]*)?"
    r"(?=[A-Za-z])(?![eE][-+]?[0-9])(?![jJ](?![0-9A-Za-z_]))"
)
_SPLIT = "give parts of it a name under 'let'"


class FormulaError(Exception):
    """What is wrong with a formula.

    ``start`` and ``end`` are character offsets into its text.  ``mistakes`` are all
    independent ones, this one first.
    """

    def __init__(
        self, code: str, message: str, start: int, end: int, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help
        self.start, self.end = start, max(end, start + 1)
        self.mistakes: tuple[FormulaError, ...] = (self,)


@lru_cache(maxsize=256)
def tree(text: str, length: int = 1) -> tuple[ast.expr, int]:
    """The syntax tree of a formula, and the offset of its columns in the text.

    White space at both ends is not part of the tree; line ends count as blanks.
    ``length`` is how many times the limits of length it may have.

    Raises:
        FormulaError: characters, size, nesting or syntax that a formula cannot have.
    """
    _check_characters(text, length * MAX_CHARACTERS)
    _check_size(text, length * MAX_PARTS)
    flat = re.sub(r"\s", " ", text)
    lead = len(flat) - len(flat.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            parsed = ast.parse(flat.strip(), mode="eval").body
    except (RecursionError, MemoryError):
        raise _too_deep(text) from None
    except (SyntaxError, ValueError) as error:
        offset = getattr(error, "offset", None)  # from 1; 0 where something is missing
        at = lead + offset - 1 if offset else len(flat.rstrip()) - 1
        message = "this is not an expression" if offset else "something is missing here"
        raise FormulaError("SG200", message, at, at + 1) from None
    if _depth(parsed) > MAX_DEPTH:
        raise _too_deep(text)
    return parsed, lead


def _too_deep(text: str) -> FormulaError:
    message = f"the formula is nested deeper than {MAX_DEPTH} levels"
    return FormulaError("SG202", message, 0, len(text), _SPLIT)


def _check_characters(text: str, limit: int) -> None:
    if not text.strip():
        raise FormulaError("SG201", "the formula is empty", 0, len(text))
    if len(text) > limit:
        message = f"the formula has {len(text):,} characters; {limit:,} is the limit"
        raise FormulaError("SG202", message, 0, len(text), _SPLIT)
    found = _ALLOWED.match(text)
    at = found.end() if found else 0
    if at < len(text):
        name = f"{text[at]!a} (U+{ord(text[at]):04X})"
        message = f"the character {name} is not allowed in a formula"
        raise FormulaError("SG203", message, at, at + 1, _CHARACTER_HELP.get(text[at]))


def _check_size(text: str, limit: int) -> None:
    if len(_PART.findall(text)) > limit:
        message = f"the formula has more than {limit:,} parts"
        raise FormulaError("SG202", message, 0, len(text), _SPLIT)
    _check_brackets(text)
    run = _UNARY_RUN.search(text)
    if run:
        raise FormulaError("SG202", "too many signs in a row", run.start(), run.end())
    number = _NUMBER_BEFORE_NAME.search(text)
    if number:
        message, help = "a number runs into a name", f"write '{number[0]}*'"
        raise FormulaError("SG200", message, number.start(), number.end(), help)


def _check_brackets(text: str) -> None:
    open_: list[int] = []
    for at, character in enumerate(text):
        if character in "([":
            open_.append(at)
        elif character in ")]" and not (
            open_ and text[open_.pop()] + character in ("()", "[]")
        ):
            message = f"'{character}' closes nothing"
            raise FormulaError("SG200", message, at, at + 1)
        if len(open_) > MAX_DEPTH:
            message = f"parentheses are nested deeper than {MAX_DEPTH}"
            raise FormulaError("SG202", message, at, at + 1, _SPLIT)
    if open_:
        message = f"'{text[open_[-1]]}' is never closed"
        raise FormulaError("SG200", message, open_[-1], open_[-1] + 1)


def _depth(root: ast.expr) -> int:
    """Levels of nesting; a chain of operators such as a + b + c is one level."""
    deepest = 0
    todo: list[tuple[ast.AST, int]] = [(root, 1)]
    while todo:
        node, depth = todo.pop()
        deepest = max(deepest, depth)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.keyword)):
                todo.append((child, depth + (not _is_link(node, child))))
    return deepest


def _is_link(node: ast.AST, child: ast.AST) -> bool:
    chained = isinstance(node, ast.BinOp) and child is node.left
    return chained and isinstance(child, ast.BinOp)
