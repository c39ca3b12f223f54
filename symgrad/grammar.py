"""Formula text to a Python syntax tree, within limits that Python itself never reaches.

The text is parsed, never evaluated.  Every limit here fires before one of CPython's
would, so the same text gives the same message on every version.
"""

from __future__ import annotations

import ast
import re
import warnings

MAX_CHARACTERS = 4_096
MAX_NODES = 1_000
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
_UNARY_RUN = re.compile(r"[-+~](?:\s*[-+~]){%d}|(?:\bnot\s+){%d}" % (MAX_DEPTH, MAX_DEPTH))
_IMPLICIT_PRODUCT = re.compile(r"(?<![0-9A-Za-z_.])[0-9][0-9_]*(?:\.[0-9]*)?(?=[A-DF-Za-df-z]|[eE](?![-+0-9]))")
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


def tree(text: str) -> tuple[ast.expr, int]:
    """The syntax tree of a formula, and the offset of its columns in the text.

    White space at both ends is not part of the tree; line ends count as blanks.

    Raises:
        FormulaError: characters, size, nesting or syntax that a formula cannot have.
    """
    _check_text(text)
    flat = re.sub(r"\s", " ", text)
    lead = len(flat) - len(flat.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            parsed = ast.parse(flat.strip(), mode="eval").body
    except (RecursionError, MemoryError):
        raise FormulaError("SG202", "the formula is nested too deeply", 0, len(text), _SPLIT) from None
    except (SyntaxError, ValueError) as error:
        at = min(lead + max((getattr(error, "offset", 1) or 1) - 1, 0), len(text))
        raise FormulaError("SG200", "this is not an expression", at, at + 1) from None
    _check_size(parsed, len(text))
    return parsed, lead


def _check_text(text: str) -> None:
    if not text.strip():
        raise FormulaError("SG201", "the formula is empty", 0, len(text))
    if len(text) > MAX_CHARACTERS:
        message = f"the formula has {len(text):,} characters; {MAX_CHARACTERS:,} is the limit"
        raise FormulaError("SG202", message, 0, len(text), _SPLIT)
    end = _ALLOWED.match(text)
    at = end.end() if end else 0
    if at < len(text):
        name = f"{text[at]!a} (U+{ord(text[at]):04X})"
        message = f"the character {name} is not allowed in a formula"
        raise FormulaError("SG203", message, at, at + 1, _CHARACTER_HELP.get(text[at]))
    _check_nesting(text)
    product = _IMPLICIT_PRODUCT.search(text)
    if product and not text[product.start() :].startswith(("0x", "0b", "0o")):
        help = f"write '{product[0]}*'"
        raise FormulaError("SG200", "a number runs into a name", product.start(), product.end(), help)


def _check_nesting(text: str) -> None:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth > MAX_DEPTH:
            message = f"parentheses are nested deeper than {MAX_DEPTH}"
            raise FormulaError("SG202", message, at, at + 1, _SPLIT)
    run = _UNARY_RUN.search(text)
    if run:
        raise FormulaError("SG202", "too many signs in a row", run.start(), run.end())


def _check_size(root: ast.expr, length: int) -> None:
    """Count nodes, and depth; a chain such as a + b + c + … is not deep."""
    todo: list[tuple[ast.AST, int]] = [(root, 1)]
    count = 0
    while todo:
        node, depth = todo.pop()
        count += 1
        if count > MAX_NODES:
            message = f"the formula has more than {MAX_NODES:,} parts"
            raise FormulaError("SG202", message, 0, length, _SPLIT)
        if depth > MAX_DEPTH:
            message = f"the formula is nested deeper than {MAX_DEPTH} levels"
            raise FormulaError("SG202", message, 0, length, _SPLIT)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.keyword)):
                chained = isinstance(node, ast.BinOp) and child is node.left
                todo.append((child, depth + (not (chained and isinstance(child, ast.BinOp)))))
