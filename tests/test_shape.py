"""The shape of the code: what is long is told, and what is too long fails."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "symgrad").rglob("*.py"))

LONG_FUNCTION, LONGEST_FUNCTION = 40, 60
LONG_FILE, LONGEST_FILE = 300, 400
MEDIAN = 10


class Outliers(UserWarning):
    """Functions and files that are longer than they should be."""


def functions() -> Iterator[tuple[int, str]]:
    """The lines of every function, and where it is."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert node.end_lineno is not None
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                yield node.end_lineno - node.lineno + 1, place


LENGTHS = sorted(functions(), reverse=True)
LINES = sorted(
    ((len(p.read_text("utf-8").splitlines()), f"{p.relative_to(ROOT)}") for p in FILES),
    reverse=True,
)


def told(lengths: list[tuple[int, str]], long: int) -> str:
    """What is longer than it should be, the longest first, a line each."""
    found = [f"{count:4} {place}" for count, place in lengths if count > long]
    return "\n".join([f"{len(found)} of {len(lengths)} above {long} lines:", *found])


def test_functions_are_short() -> None:
    warnings.warn(told(LENGTHS, LONG_FUNCTION), Outliers, stacklevel=1)
    assert LENGTHS[0][0] <= LONGEST_FUNCTION, LENGTHS[0]
    assert median(count for count, _ in LENGTHS) < MEDIAN


def test_files_are_short() -> None:
    warnings.warn(told(LINES, LONG_FILE), Outliers, stacklevel=1)
    assert LINES[0][0] <= LONGEST_FILE, LINES[0]
