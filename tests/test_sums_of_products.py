"""How sums of products and numbers beside them are written: a table of lines."""

from __future__ import annotations

import pytest
from specs import spec

from symgrad.generate import generate

ROW, MATRIX = "real[..., n]", "real[n, n]"

LINES = {
    "rows of one shape are multiplied, not contracted": (
        {"x": ROW, "A": MATRIX},
        {"y": "sum(x[i]*A[i, j]*x[j], (i, j))"},
        "(_wide(x.to(A.dtype) @ A) * x).sum(-1)",
    ),
    "a factor without batch has no axis of its own": (
        {"x": ROW, "A": MATRIX},
        {"y[i]": "sum(A[i, j]*sin(x[j] - x[i]), j)"},
        ".sum(-1)",
    ),
    "a weight of each row joins the smallest factor": (
        {"x": ROW, "A": MATRIX},
        {"y": "sum(x[i]*A[i, j]*x[j], (i, j))"},
        "(grad_y[..., None] * x).to(A.dtype)",
    ),
    "a product that several formulas share is no outer one": (
        {"x": ROW, "y": ROW, "w": "real[..., p]", "C": "real[p, n, n]"},
        {"z": "sum(C[q, i, j]*x[i]*y[j]*w[q], (q, i, j))"},
        "einsum",
    ),
    "a number scales the row and not its elements": (
        {"x": ROW},
        {"y[i]": "x[i]*rsqrt(mean(x[j]**2, j))"},
        "[..., None] * x",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str) -> None:
    inputs, forward, line = LINES[name]
    assert line in generate(spec("f", inputs, forward)).source


def test_no_outer_product_is_formed() -> None:
    inputs, forward, _ = LINES["a product that several formulas share is no outer one"]
    source = generate(spec("f", inputs, forward)).source
    assert "None, None" not in source


def test_no_number_scales_a_whole_tensor() -> None:
    inputs, forward, _ = LINES["a number scales the row and not its elements"]
    assert "(2 * x)" not in generate(spec("f", inputs, forward)).source
