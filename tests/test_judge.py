"""PyTorch as the judge: its elementwise operators against the specs that say the same.

`pytest tests/test_judge.py --update` writes docs/pytorch_coverage.md anew.
"""

from __future__ import annotations

import pytest
import torch
from judge_differences import DIFFERENCES
from judge_entries import RANDOM, UNJUDGED, judged, of_torch
from judge_page import PAGE, page
from judge_places import PLACES
from judge_rows import ROWS, Row
from judge_verdict import stale, verdict
from judging import KINDS, database, ours


@pytest.fixture(scope="module")
def judge() -> None:
    """The tests that need torch's database of operators are skipped without it."""
    pytest.importorskip("expecttest", reason="torch's test database needs expecttest")
    if not torch.__version__.startswith("2.13."):
        pytest.skip("the differences are written down for torch 2.13")
    try:
        database()
    except ImportError as error:
        pytest.skip(f"torch's test database cannot be imported: {error}")


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_judge_agrees(row: Row) -> None:
    found = verdict(row)
    assert found.points > 0
    assert found.unexplained == []
    assert stale(row, found) == []


def test_the_page_is_that_of_the_tables(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_entries_are_those_of_torch() -> None:
    """All that torch's own table calls elementwise, and nothing that it has not."""
    table = of_torch()
    accounted = {*judged(), *UNJUDGED}
    assert accounted <= set(table)
    elementwise = {
        name for name, texts in table.items() if "auto_element_wise" in texts
    }
    assert elementwise - accounted == RANDOM


def test_an_entry_is_judged_or_not() -> None:
    assert not set(UNJUDGED) & set(judged())
    assert len(judged()) >= 167


def test_every_op_of_the_spec_is_used() -> None:
    assert set(ours()[0]) == {row.op for row in ROWS}


def test_differences_are_well_formed() -> None:
    assert set(DIFFERENCES) <= {row.op for row in ROWS}
    for differences in DIFFERENCES.values():
        for difference in differences:
            assert set(difference.kinds.split()) <= set(KINDS)
            assert difference.place in PLACES
            assert difference.reason.endswith(".")
