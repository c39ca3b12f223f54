"""The page on security: its figures are those of the runs, and its tests exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fuzz_coverage
import pytest
import test_hostile_rows
from fuzz_targets import FAULTS, TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "SECURITY.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"

LARGEST = 200_000
"""Bytes of all corpora."""


# The page


def table() -> str:
    """The figures as the page has them."""
    figures = json.loads(fuzz_coverage.FIGURES.read_text("utf-8"))
    head = (
        "| any text as | inputs | accepted | faults | slowest | memory | time |",
        "|---|---:|---:|---:|---:|---:|---:|",
    )
    rows = [f"| {_row(name, figures[name])} |" for name in TARGETS]
    held = len(test_hostile_rows.ROWS) - len(test_hostile_rows.NOT_HELD)
    count = len(test_hostile_rows.ROWS)
    rest = f"Of {count} rows of hostile specs {held} are held by a test; of any other\n"
    rest += "the table there says why it cannot occur."
    return "\n".join(["", *head, *rows, "", rest, "", ""])


def _row(name: str, run: dict[str, Any]) -> str:
    cells = (
        name.removesuffix("s"),
        f"{run['inputs']:,}",
        f"{run['accepted']:,}",
        f"{run['faults']}",
        f"{run['slowest_seconds']} s",
        f"{run['peak_mib']} MiB",
        f"{run['seconds'] / 60:.0f} min",
    )
    return " | ".join(cells)


def test_the_figures_are_those_of_the_runs(update: bool) -> None:
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    found, after = rest.split(END)
    if update:
        PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")
    else:
        assert found == table()


def test_no_run_found_what_is_still_there() -> None:
    figures = json.loads(fuzz_coverage.FIGURES.read_text("utf-8"))
    assert {name: run["faults"] for name, run in figures.items()} == dict.fromkeys(
        TARGETS, 0
    )


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    links = re.findall(r"\[[^\]]+\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_files_and_codes_that_are_named_exist() -> None:
    from symgrad.codes import CODES

    text = PAGE.read_text("utf-8")
    files = re.findall(r"(?:symgrad|tests|docs)/[\w./]+\w", text)
    assert len(files) > 10
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert set(re.findall(r"SG\d{3}", text)) <= set(CODES)


def test_limits_are_those_of_the_page() -> None:
    import inspect

    from symgrad import limits
    from symgrad.verify import verify

    text = " ".join(PAGE.read_text("utf-8").split())
    given = inspect.signature(verify).parameters
    said = "Derivation may take {:g} s of processor time and {} GiB for a spec"
    assert said.format(limits.SECONDS, limits.MEMORY >> 30) in text
    time, memory = given["time_limit"].default, given["memory_limit"].default
    assert f"verification {time:g} s and {memory >> 30} GiB (SG602)" in text


# The corpora


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_the_corpus_is_a_fault(target: str) -> None:
    texts = fuzz_coverage.corpus(target)
    assert len(texts) > 100
    faults = {text: found for text in texts if (found := FAULTS[target](text))}
    assert faults == {}


def test_the_corpora_are_small() -> None:
    sizes = [path.stat().st_size for path in fuzz_coverage.CORPUS.iterdir()]
    assert sum(sizes) < LARGEST


PIECES = st.sampled_from(
    [*"()[],.+-*/%<>=!&|~ \n", *fuzz_coverage.WORDS, "1", "0.5", "not ", "if "]
)


@settings(max_examples=80, deadline=5_000)
@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=30))
def test_any_text_is_a_formula_or_a_refusal(text: str) -> None:
    assert FAULTS["formulas"](text) is None


def test_a_fault_of_a_formula_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import fuzz_targets

    def faulty(text: str, *_: Any, **__: Any) -> int:
        raise RecursionError(text)

    monkeypatch.setattr(fuzz_targets, "parse", faulty)
    assert FAULTS["formulas"]("x") == "RecursionError: x"


def test_guided_fuzzing_runs(tmp_path: Path, capsys: Any) -> None:
    pytest.importorskip("atheris", reason="pip install 'symgrad[fuzz]'")
    words = ["formulas", "--seconds", "1", "--work", str(tmp_path)]
    assert fuzz_coverage.main(words) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] > 100
