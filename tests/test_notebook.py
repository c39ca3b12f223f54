"""The notebook of the documentation runs, and shows ops, programs and reports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebooks" / "first_op.ipynb"


def cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_it_is_kept_without_outputs() -> None:
    kept = cells(json.loads(NOTEBOOK.read_text()))
    assert kept and all(cell["outputs"] == [] for cell in kept)
    assert {cell["execution_count"] for cell in kept} == {None}


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", NOTEBOOK.read_text())
    assert links and all((NOTEBOOK.parent / link).is_file() for link in links)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The cells of code after a run, in an empty folder."""
    pytest.importorskip("ipykernel", reason="ipykernel runs notebooks")
    nbclient = pytest.importorskip("nbclient", reason="nbclient runs notebooks")
    nbformat = pytest.importorskip("nbformat", reason="nbformat reads notebooks")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    nbclient.NotebookClient(notebook, timeout=120, resources=place).execute()
    return cells(notebook)


def shown(cell: Any, kind: str) -> str:
    return "".join(str(out["data"].get(kind, "")) for out in cell["outputs"])


def test_an_op_is_shown_as_mathematics(executed: list[Any]) -> None:
    op = executed[0]
    assert r"\frac{\partial y}{\partial \beta}" in shown(op, "text/latex")


def test_a_program_is_shown_as_a_table(executed: list[Any]) -> None:
    assert "<td" in (table := shown(executed[1], "text/html"))
    assert "gradient of beta" in table


def test_a_report_is_shown_as_a_table(executed: list[Any]) -> None:
    assert "Verification: passed" in shown(executed[3], "text/html")


def test_it_learns(executed: list[Any]) -> None:
    [printed] = [out["text"] for out in executed[-1]["outputs"]]
    first, last = map(float, re.findall(r"loss (\S+) -> (\S+)", printed)[0])
    assert last < first / 100


def test_the_notebook_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert f"({NOTEBOOK.relative_to(ROOT / 'docs').as_posix()})" in index
