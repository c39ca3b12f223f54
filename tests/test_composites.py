"""Composites are smooth where their pieces meet, to the second derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence

import flint
import pytest
import torch
from specs import module, spec

from symgrad import precise
from symgrad.op import Op
from symgrad.rows_composite import ROWS

MEETING: dict[str, Sequence[tuple[float, ...]]] = {
    "log1mexp": [(-math.log(2),), (-1.0,)],
    "logexpm1": [(math.log(2),), (1.0,)],
    "log1psq": [(0.0,), (1e9,), (-1e9,), (2e9,)],
    "log1psq_ratio": [(0.0, 1.0), (1e9, 1.0), (-2e9, 2.0), (2e9, 0.5)],
    "exprel": [(0.0,), (0.01,), (-0.01,), (1.0,), (-1.0,), (80.0,), (80.5,), (89.0,)],
    "log1p_ratio": [(0.0, 1.0), (1e30, 1.0), (2e30, 1.0), (-0.5, 1.0)],
    "hypot_share": [(0.0, 1.0), (1.0, 1.0)],
    "scaled_share": [(0.0, 1.0, 2.0), (1.0, 3.0, 1.0)],
    "share": [(0.0, 1.0), (1.0, 2.0)],
    "square_share": [(0.0, 1.0), (1.0, 1.0)],
    "log_i0": [(0.5,), (-3.0,)],
    "sech_squared": [(0.0,), (5.0,)],
    "expm1_ratio": [(0.0, 1.0), (0.01, 1.0), (1.0, 1.0), (-1.0, 1.0), (80.5, 1.0)],
    "sqrt1pm1": [(0.0,), (1.0,), (-0.5,), (2.0,)],
    "hypot_excess": [(0.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (2.0, 1.0)],
    "add_hypot": [(0.0, 1.0), (-1.0, 2.0), (-2.0, 2.0), (-3.0, 2.0)],
}
"""Where one piece of a row ends and the next begins."""

FORMS = ("{}", "1/(1 + {})", "exp(-{})")
"""The row itself, and what differentiates its value as torch sees it."""

PLACES = [
    (form, row, point) for form in FORMS for row in MEETING for point in MEETING[row]
]


def test_every_row_is_here() -> None:
    assert set(MEETING) == {row.name for row in ROWS}


def derivatives(op: Op, point: Sequence[float]) -> tuple[float, float]:
    """The first two derivatives of a value by the first input, from three values."""
    leaves = [v for v, n in enumerate(op.nodes) if n.op == "input"]
    with flint.ctx.workprec(600):
        step = flint.arb(2) ** -60
        low, here, high = (
            precise.value(
                op.nodes,
                op.outputs[0].value,
                dict(
                    zip(
                        leaves,
                        (flint.arb(point[0]) + k * step, *point[1:]),
                        strict=True,
                    )
                ),
                digits=120,
            )
            for k in (-1, 0, 1)
        )
        first, second = (high - low) / (2 * step), (high - 2 * here + low) / step**2
        return float(first.mid()), float(second.mid())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("form", "name", "point"), PLACES, ids=str)
def test_derivatives_where_pieces_meet(
    form: str, name: str, point: tuple[float, ...], dtype: torch.dtype
) -> None:
    args = ("a", "b", "c")[: len(point)]
    formula = form.format(f"{name}({', '.join(args)})")
    inputs = dict.fromkeys(args, "real")
    tensors = [torch.tensor([x], dtype=dtype, requires_grad=True) for x in point]
    result = module(inputs, formula).f(*tensors)
    [op] = spec("f", inputs, formula).ops
    true = derivatives(op, [t.item() for t in tensors])
    [first] = torch.autograd.grad(result.sum(), tensors[0], create_graph=True)
    [second] = torch.autograd.grad(first.sum(), tensors[0], materialize_grads=True)
    tolerance = 1e-10 if dtype is torch.float64 else 2e-4
    for got, expected in zip((first, second), true, strict=True):
        if abs(expected) < torch.finfo(dtype).max:
            assert got.item() == pytest.approx(expected, rel=tolerance, abs=tolerance)
