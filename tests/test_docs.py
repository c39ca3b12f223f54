"""The documentation says what is so: excerpts, links, lists and commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import DOCS, Block, blocks, prose, without_indent
from generated_modules import ROOT

from symgrad.backends.torch import steps
from symgrad.declare import KINDS
from symgrad.errors import SpecError
from symgrad.names import FIXED_FUNCTIONS, RESERVED
from symgrad.spec import load, load_text

BLOCKS = [block for page in DOCS for block in blocks(page)]
EXCERPTS = [block for block in BLOCKS if block.source.startswith("file: ")]
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(r"(symgrad|templates|examples|generated|tests)/[\w./*]+$")
INSTALLED = {"symgrad/templates"}
"""What is there in the package alone."""

REFERENCE = ROOT / "docs" / "spec-reference.md"


def each_page(test: Any) -> Any:
    """Once for every page."""
    names = [str(page.relative_to(ROOT / "docs")) for page in DOCS]
    return pytest.mark.parametrize("page", DOCS, ids=names)(test)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    targets = [t for t in LINK.findall(prose(page)) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("block", EXCERPTS, ids=str)
def test_excerpts_stand_in_their_files(block: Block) -> None:
    whole = (ROOT / block.source.removeprefix("file: ")).read_text()
    assert without_indent(block.text) in without_indent(whole)


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    paths = {c for c in CODE.findall(prose(page)) if PLACE.match(c)} - INSTALLED
    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_every_page_is_in_an_index() -> None:
    indices = [page for page in DOCS if page.name == "README.md"]
    links = {i: LINK.findall(i.read_text("utf-8")) for i in indices}
    listed = {(i.parent / link).resolve() for i, ls in links.items() for link in ls}
    assert set(DOCS) - listed == {ROOT / "docs" / "README.md"}


@pytest.mark.parametrize(
    ("block", "names"), [("reserved", RESERVED), ("fixed", FIXED_FUNCTIONS)]
)
def test_names_are_printed_in_full(block: str, names: frozenset[str]) -> None:
    [found] = [b for b in blocks(REFERENCE) if b.source == block]
    assert found.text.split() == sorted(names)


def test_the_passes_are_told_in_their_order() -> None:
    [told] = [b for b in blocks(ROOT / "docs" / "explanation.md") if b.source]
    names = ("normalisations", "swish")
    ops = [load(str(ROOT / "examples" / f"{name}.yaml")).ops[0] for name in names]
    with_axes, flat = ([name for name, _ in steps(op)] for op in ops)
    assert told.source == "passes"
    assert re.sub(r"[()]", "", told.text).split() == with_axes
    assert re.sub(r"\(\w+\)", "", told.text).split() == flat


def test_every_kind_that_works_is_described() -> None:
    table = REFERENCE.read_text()
    assert all(f"`{kind}`" in table for kind in KINDS)


def test_the_two_ways_to_declare_an_input_agree() -> None:
    found = [b.text for b in blocks(REFERENCE) if b.text.startswith("inputs:\n  rate")]
    assert len(found) == 2
    ops = [load_text(_op_with(text), "reference.yaml").ops[0] for text in found]
    assert ops[0].inputs == ops[1].inputs


def test_the_module_of_the_reference_is_one() -> None:
    [text] = [b.text for b in blocks(REFERENCE) if b.text.startswith("module:\n  name")]
    inputs = dict.fromkeys(("x", "alpha", "gamma", "beta"), "real")
    forward = {"y": "gamma*tanh(alpha*x) + beta"}
    op = {"inputs": inputs, "forward": forward, **yaml.safe_load(text)}
    [found] = load_text(_spec(op), "reference.yaml").ops
    assert found.module is not None
    assert (found.module.name, found.module.sizes) == ("DyT", ["features"])


def _op_with(inputs: str) -> str:
    declared = {**yaml.safe_load(inputs), "forward": {"y": "log(rate)"}}
    return _spec(declared)


def _spec(op: dict[str, Any]) -> str:
    return yaml.safe_dump({"symgrad": 1, "ops": {"check": op}})


AXES = {"x": "real[..., n]"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("stencils", {"inputs": AXES, "forward": {"y[i]": "x[i + 1]"}}),
    (
        "depend on a value",
        {
            "inputs": {**AXES, "k": "int"},
            "forward": {"y": "k*Sum(x[i], (i, 0, k))"},
        },
    ),
    ("boundary", {"inputs": {"x": {"kind": "real", "boundary": "zero"}}}),
    ("`@`", {"forward": {"y": "x @ x"}}),
    ("`inv`", {"forward": {"y": "inv(x)"}}),
    ("`det`", {"forward": {"y": "det(x)"}}),
    ("`root`", {"forward": {"y": "root(x, y, 1)"}}),
    ("`Integral`", {"forward": {"y": "Integral(t*x, (t, 0, 1))"}}),
    ("`backend: triton`", {"backend": "triton"}),
]


@pytest.mark.parametrize(("word", "part"), REFUSED, ids=[word for word, _ in REFUSED])
def test_what_is_refused_until_later_is(word: str, part: dict[str, Any]) -> None:
    later = REFERENCE.read_text().split("## What is refused until later")[1]
    assert word in later.split("\n## ")[0]
    with pytest.raises(SpecError) as error:
        load_text(_spec({"inputs": {"x": "real"}, "forward": {"y": "x"}, **part}), "f")
    assert {d.code[:3] for d in error.value.diagnostics} == {"SG7"}


ACCEPTED = [
    "where(0 < x < 1, x, 0)",
    "x if x > 0 and not x > 2 else 1",
    "Piecewise((x, x > 0), (0, True))",
    "Max(x, 1, 2) + Min(x, 0) + maximum(x, 1) + minimum(x, 2)",
    "frac(x) + sinc(x) + Heaviside(x) + round(x)",
    "x//2 + x % 3 - x**2",
    "pi*x + E + 1/2 + 0.1",
    "abs(exp(I*x))",
    "x - stop_gradient(x)",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_formulas_may_contain(text: str) -> None:
    load_text(_spec({"inputs": {"x": "real"}, "forward": {"y": text}}), "f")


TESTS = Path(__file__).parent
CONTRACT = (TESTS.parent / "docs" / "contract.md").read_text()


def test_the_contract_names_tests_that_there_are() -> None:
    named = re.findall(r"`(test_\w+)\.py::(test_\w+)`", CONTRACT)
    assert len(named) > 35
    for file, test in named:
        text = (TESTS / f"{file}.py").read_text()
        assert f"def {test}(" in text, f"{file}.py::{test}"


def test_every_contract_test_stands_in_the_contract() -> None:
    for path in sorted(TESTS.glob("test_contract_*.py")):
        for test in re.findall(r"^def (test_\w+)", path.read_text(), re.M):
            assert f"{path.name}::{test}" in CONTRACT, f"{path.name}::{test}"
