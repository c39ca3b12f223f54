"""The codes of messages: all in one table, explained, and printed on a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symgrad.codes import CODES, Code

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "errors.md"

GROUPS = {
    "SG1": "Files, keys, names",
    "SG2": "Formulas",
    "SG3": "Derivatives",
    "SG4": "Generated source",
    "SG5": "Files that are written",
    "SG6": "Verification",
    "SG7": "Not built yet",
    "SG9": "Installation",
}
HEAD = """\
# Errors

Every message has a stable code, and `symgrad explain SG210` prints what stands here.
`pytest tests/test_codes.py --update` writes this page from `symgrad/codes.py`.
"""


def page() -> str:
    """The page that the table gives."""
    parts = [HEAD]
    for prefix, title in GROUPS.items():
        rows = [row for code, row in CODES.items() if code.startswith(prefix)]
        if rows:
            parts += [f"## {title}\n", *map(_entry, rows)]
    return "\n".join(parts)


def _entry(row: Code) -> str:
    text = re.sub(r"([*_<>])", r"\\\1", row.explanation)
    return f"### {row.code}: {row.title}\n\n{text}\n"


def test_the_page_is_that_of_the_table(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_code_is_on_the_page() -> None:
    assert re.findall(r"^### (SG\d{3}):", page(), re.MULTILINE) == list(CODES)


def test_the_table_of_codes_is_complete_and_has_nothing_else() -> None:
    quoted = {
        code
        for path in (ROOT / "symgrad").rglob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"(SG\d{3})"', path.read_text("utf-8"))
    }
    assert quoted == set(CODES)


@pytest.mark.parametrize("row", CODES.values(), ids=lambda row: row.code)
def test_codes_are_explained(row: Code) -> None:
    assert re.fullmatch(r"SG[1-79]\d\d", row.code)
    assert row.title and not row.title.endswith(".")
    assert row.explanation.endswith((".", ")", "*x"))
