"""Code blocks of the documentation, and what each one claims to be.

A comment on the line before a block says where it comes from:

    <!-- file: generated/first_op.py -->

Tests take blocks by that comment and compare them with the thing itself.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from generated_modules import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))

_BLOCK = re.compile(
    r"^(?:<!-- (?P<source>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: ``source`` is the comment before it, empty without one."""

    page: str
    source: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.source}"


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    return [
        Block(page.name, found["source"] or "", found["language"], found["text"])
        for found in _BLOCK.finditer(page.read_text())
    ]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text())


def without_indent(text: str) -> str:
    """Text moved to the left margin, so that an excerpt of a class can be compared."""
    return "\n".join(line.strip() for line in textwrap.dedent(text).strip().split("\n"))
