"""PyTorch as the judge of what has named axes.

`pytest tests/test_judge_axes.py --update` writes docs/pytorch_axes.md anew.
"""

from __future__ import annotations

import pytest
import torch
from judge_axes import operator, refused, stale, verdict
from judge_axes_differences import DIFFERENCES, MISSING
from judge_axes_forms import along, weight_norm
from judge_axes_ops import ours
from judge_axes_page import PAGE, UNJUDGED, judged, page, unused
from judge_axes_points import lines
from judge_axes_rows import ROWS, Row
from judge_entries import of_torch
from judging import KINDS, database
from torch import Tensor
from torch.autograd import gradgradcheck


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
    assert found.compared > 0
    assert found.unexplained == []
    assert stale(row, found) == []


UNDERIVED = [
    row
    for row in ROWS
    if any(d.cases == MISSING for d in DIFFERENCES.get(row.name, ()))
]


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("row", UNDERIVED, ids=str)
def test_second_derivatives_that_torch_has_not(row: Row) -> None:
    function, leaves = refused(row)
    assert gradgradcheck(function, leaves)


def test_a_wrong_operator_is_found() -> None:
    def theirs(x: Tensor, dim: int) -> Tensor:
        return x.softmax(dim) + 1e-6 * x * x

    row = Row("softmax", "", along("softmax_dim"), torch=theirs, cases=lines)
    kinds = {text.partition(" ")[0] for text in verdict(row).unexplained}
    assert kinds == set(KINDS)


def test_a_wrong_shape_is_found() -> None:
    row = Row("sum", "", lambda x, dim: x.sum(dim), torch=_kept, cases=lines)
    assert "shape (1,), torch (1, 1)" in verdict(row).unexplained[0]


def _kept(x: Tensor, dim: int) -> Tensor:
    return x.sum(dim, keepdim=True)


def test_the_second_derivative_of_weight_norm_is_wrong_in_torch() -> None:
    """As the table of differences says."""
    torch.manual_seed(0)
    v = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    g = torch.randn(2, 1, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(weight_norm, (v, g))
    assert not gradgradcheck(torch._weight_norm, (v, g), raise_exception=False)


def test_the_page_is_that_of_the_tables(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_entries_are_those_of_torch() -> None:
    assert {*judged(), *UNJUDGED} <= set(of_torch())
    assert not set(UNJUDGED) & set(judged())
    assert len(judged()) >= 80


def test_every_op_of_the_spec_is_used() -> None:
    assert unused() == set()
    assert {op for row in ROWS for op in row.ops.split()} <= set(ours()[0])


def test_differences_are_well_formed() -> None:
    assert set(DIFFERENCES) <= {row.name for row in ROWS}
    for differences in DIFFERENCES.values():
        for difference in differences:
            assert set(difference.kinds.split()) <= set(KINDS)
            assert difference.reason.endswith(".")


def test_every_row_has_an_operator() -> None:
    assert all(row.torch or row.database for row in ROWS)
    assert callable(operator(ROWS[0]))
