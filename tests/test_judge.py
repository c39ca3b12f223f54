"""PyTorch as the judge: its elementwise operators against the specs that say the same.

`pytest tests/test_judge.py --update` writes docs/pytorch_coverage.md anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from judge_differences import DIFFERENCES
from judge_entries import RANDOM, UNJUDGED, judged, of_torch
from judge_page import PAGE, page
from judge_places import PLACES
from judge_rows import ROWS, Row
from judge_truth import truth
from judge_verdict import Verdict, stale, verdict
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


@pytest.mark.usefixtures("judge")
def test_a_wrong_operator_is_found() -> None:
    found = verdict(Row("sin", torch=lambda x: torch.sin(x) + 1e-6 * x))
    assert [text.partition(" ")[0] for text in found.unexplained[::3]] == [
        "value",
        "gradient",
    ]


def test_reasons_without_a_difference_are_found() -> None:
    assert stale(Row("sinc"), Verdict()) == ["second where torch is inexact"]


@pytest.mark.parametrize(
    ("op", "function", "x"),
    [
        ("tanh", mpmath.tanh, 0.75),
        ("tanh", mpmath.tanh, -30.0),
        ("digamma", mpmath.digamma, 2.5),
        ("special_ndtr", mpmath.ncdf, -9.0),
        ("special_erfcx", lambda x: mpmath.exp(x * x) * mpmath.erfc(x), 5.0),
        ("special_bessel_j0", lambda x: mpmath.besselj(0, x), 5.5),
    ],
)
def test_the_truth_is_that_of_another_library(
    op: str, function: Callable[..., Any], x: float
) -> None:
    with mpmath.workdps(60):
        for order, kind in enumerate(KINDS):
            want = float(mpmath.diff(function, x, order))
            assert truth(ours()[0][op], kind, 0, [x]) == pytest.approx(want, rel=1e-12)


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
    assert len(judged()) >= 191


def test_every_op_of_the_spec_is_used() -> None:
    assert set(ours()[0]) == {row.op for row in ROWS}


def test_differences_are_well_formed() -> None:
    assert set(DIFFERENCES) <= {row.op for row in ROWS}
    for differences in DIFFERENCES.values():
        for difference in differences:
            assert set(difference.kinds.split()) <= set(KINDS)
            assert difference.place in PLACES
            assert difference.reason.endswith(".")
