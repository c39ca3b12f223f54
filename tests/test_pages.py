"""Tutorials and how-to pages: whoever follows them gets what they say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_runs import PAGES, Reader, answered, forget_rules

import symgrad.verify


@pytest.fixture(autouse=True)
def unchanged_rules() -> Iterator[None]:
    """What a page adds to the rewrite table is forgotten with it."""
    yield
    forget_rules()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_followed(
    page: Path, tmp_path: Path, update: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(symgrad.verify, "ask", answered)
    before = set(sys.modules)
    Reader(page, tmp_path, monkeypatch, update).follow()
    for name in set(sys.modules) - before:
        if name.startswith("generated"):  # the next page has others of these names
            del sys.modules[name]


def test_there_are_pages() -> None:
    assert len(PAGES) >= 9
