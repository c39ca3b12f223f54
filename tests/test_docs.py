"""The documentation says what is so: excerpts, links, lists and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from documents import DOCS, Block, blocks, prose, without_indent
from generated_modules import ROOT

from symgrad.names import RESERVED
from symgrad.program import Kind
from symgrad.spec import load_text

BLOCKS = [block for page in DOCS for block in blocks(page)]
EXCERPTS = [block for block in BLOCKS if block.source.startswith("file: ")]
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(r"(symgrad|templates|examples|generated|tests)/[\w./*]+$")
REFERENCE = ROOT / "docs" / "spec-reference.md"


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [t for t in LINK.findall(prose(page)) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("block", EXCERPTS, ids=str)
def test_excerpts_stand_in_their_files(block: Block) -> None:
    whole = (ROOT / block.source.removeprefix("file: ")).read_text()
    assert without_indent(block.text) in without_indent(whole)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    paths = [c for c in CODE.findall(prose(page)) if PLACE.match(c)]
    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    listed = set(LINK.findall(index))
    assert {page.name for page in DOCS} - {"README.md"} <= listed


def test_reserved_names_are_printed_in_full() -> None:
    [block] = [b for b in blocks(REFERENCE) if b.source == "reserved"]
    assert block.text.split() == sorted(RESERVED)


def test_every_kind_that_works_is_described() -> None:
    table = REFERENCE.read_text()
    assert all(f"`{kind.value}`" in table for kind in Kind)


def test_the_two_ways_to_declare_an_input_agree() -> None:
    found = [b.text for b in blocks(REFERENCE) if b.text.startswith("inputs:\n  rate")]
    assert len(found) == 2
    ops = [load_text(_op_with(text), "reference.yaml").ops[0] for text in found]
    assert ops[0].inputs == ops[1].inputs


def _op_with(inputs: str) -> str:
    declared = {**yaml.safe_load(inputs), "forward": {"y": "log(rate)"}}
    return yaml.safe_dump({"symgrad": 1, "ops": {"check": declared}})
