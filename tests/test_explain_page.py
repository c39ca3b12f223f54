"""docs/explain.md shows what ``symgrad explain`` prints; ``--update`` writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from documents import blocks
from generated_modules import ROOT

from symgrad.explain import explain
from symgrad.terminal import NO_TERMINAL, WIDTH, Terminal

PAGE = ROOT / "docs" / "explain.md"
UNTIL = "Backward, as it is written:"


def told(place: str, terminal: Terminal = NO_TERMINAL) -> str:
    return explain(f"{ROOT / place}", folder=ROOT / "generated", terminal=terminal)


def whole(place: str) -> str:
    return told(place.removeprefix("symgrad explain ")).replace(f"{ROOT}/", "")


def drawn(place: str) -> str:
    """The formulas and the derivatives as a terminal has them."""
    text = told(place, Terminal(WIDTH, colour=False, unicode=True))
    return text[text.index("Formulas:") : text.index("At kinks:")].rstrip() + "\n"


def rewrites(place: str) -> str:
    text = told(place).replace(f"{ROOT}/", "")
    start = text.index("What was rewritten")
    return text[start : text.index("Operations after")].rstrip() + "\n"


SHOWN: Mapping[str, Callable[[str], str]] = {
    "output": whole,
    "drawn": drawn,
    "rewrites": rewrites,
}
"""What a comment before a block says of it: what is cut from the output."""

BLOCKS = [block for block in blocks(PAGE) if block.source.partition(":")[0] in SHOWN]


def test_every_kind_is_shown() -> None:
    assert {block.source.partition(":")[0] for block in BLOCKS} == set(SHOWN)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_page_shows_what_is_printed(block, update: bool) -> None:
    kind, _, place = block.source.partition(": ")
    printed = SHOWN[kind](place)
    if update:
        head = f"<!-- {block.source} -->\n```text\n"
        page = PAGE.read_text("utf-8")
        PAGE.write_text(page.replace(head + block.text, head + printed), "utf-8")
    else:
        assert block.text == printed
