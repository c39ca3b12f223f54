"""The reference pages are those of the tables, and public docstrings say what is so."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import reference_pages
from generated_modules import ROOT
from reference_pages import FUNCTIONS, PAGES, REWRITES, SIGNATURES, public_methods

import symgrad
from symgrad import exponentials
from symgrad.errors import SymgradError
from symgrad.functions import TABLE
from symgrad.rules import TABLE as RULES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_that_of_its_table(page: Path, update: bool) -> None:
    before = page.read_text("utf-8") if page.exists() else ""
    made = PAGES[page](before)
    if update:
        page.write_text(made, encoding="utf-8")
    assert page.read_text("utf-8") == made


def test_every_row_is_on_its_page() -> None:
    functions = re.findall(r"^### (\w+)$", FUNCTIONS.read_text("utf-8"), re.MULTILINE)
    assert functions == list(TABLE)
    rewrites = re.findall(
        r"^\| `(.*?)` \| `", REWRITES.read_text("utf-8"), re.MULTILINE
    )
    along_axes = [rule for rule, _ in exponentials.RULES]
    assert rewrites == [rule.pattern for rule in (*RULES, *along_axes)]


def test_every_public_name_has_its_signature() -> None:
    [block] = SIGNATURES.finditer(reference_pages.API.read_text("utf-8"))
    shown = re.findall(r"^(?:def|class) (\w+)", block[0], re.MULTILINE)
    assert {*shown, "__version__"} == set(symgrad.__all__)


def public() -> Iterator[tuple[str, Any]]:
    """What users call: public names, and the methods of those that are classes."""
    for name in symgrad.__all__:
        thing = getattr(symgrad, name)
        if callable(thing):
            yield name, thing
        if inspect.isclass(thing):
            members = public_methods(thing).items()
            yield from ((f"{name}.{n}", member) for n, member in members)


PUBLIC = dict(public())


def _op(**keys: Any) -> Any:
    return symgrad.Op("f", ["x"], {"y": "exp(x)"}, **keys)


def _ops() -> Any:
    return symgrad.load(ROOT / "examples" / "edges.yaml")


def _unkept() -> Any:
    """An op whose derivative needs x, where y is all that is kept."""
    return symgrad.Op("f", ["x"], {"y": "x*x"}, save="outputs")


WRONG: dict[str, Callable[[Path], Any]] = {
    "Op": lambda _: symgrad.Op("f", ["x"], {"y": "x +"}),
    "Op.program": lambda _: _unkept().program,
    "Op.verify": lambda _: _unkept().verify(),
    "Op.source": lambda _: _unkept().source(),
    "Op.compile": lambda _: _unkept().compile(),
    "Op.write": lambda folder: _op().write(folder / "file", verify="off"),
    "Ops.write": lambda folder: _ops().write(folder / "file", verify="off"),
    "load": lambda folder: symgrad.load(folder / "nowhere.yaml"),
}
"""What raises an error of symgrad's, by the public name that does."""

NEVER_WRONG = {"Ops", "Ops.source", "Op.name", "SymgradError"} | {
    "complexes",
    "indexed",
    "reals",
}


def test_every_public_name_is_looked_at() -> None:
    assert PUBLIC.keys() == WRONG.keys() | NEVER_WRONG


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_say_what_they_do(name: str) -> None:
    doc = inspect.getdoc(PUBLIC[name])
    assert doc and doc.split("\n\n")[0].rstrip().endswith((".", '``."'))


@pytest.mark.parametrize("name", WRONG)
def test_what_raises_says_so(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    with pytest.raises(SymgradError) as caught:
        WRONG[name](tmp_path)
    raises = (inspect.getdoc(PUBLIC[name]) or "").partition("Raises:")[2]
    assert type(caught.value).__name__ in raises


WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "symgrad").rglob("*.py"))
    if ">>>" in path.read_text("utf-8")
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_of_docstrings_run(module: str) -> None:
    found = doctest.testmod(import_module(module), extraglobs={"symgrad": symgrad})
    assert found.attempted and not found.failed
