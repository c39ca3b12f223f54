"""Reductions where their formula divides by 0, or has nothing to reduce."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text

SPEC = """\
symgrad: 1
ops:
  spread:
    inputs: {x: "real[..., n]"}
    forward: {y: "std(x[i], i)"}
  product:
    inputs: {x: "real[..., n]"}
    forward: {y: "prod(x[i], i)"}
"""


@pytest.mark.parametrize("op", ["spread", "product"])
@pytest.mark.parametrize(
    "lines", [[[0.5, 0.5, 0.5], [0.5, 1.0, 2.0]], [[0.0, 0.0, 0.0]], [[2.0]], [[], []]]
)
def test_gradients_are_those_of_torch(op: str, lines: list[list[float]]) -> None:
    module = load_module("corners", generate(load_text(SPEC, "f.yaml")).source)
    theirs = {"spread": torch.Tensor.std, "product": torch.Tensor.prod}[op]
    found = _gradients(getattr(module, op), lines)
    torch.testing.assert_close(
        found, _gradients(lambda x: theirs(x, -1), lines), equal_nan=True
    )


def _gradients(function: object, lines: list[list[float]]) -> Tensor:
    assert callable(function)
    x = torch.tensor(lines, dtype=torch.float64, requires_grad=True)
    [found] = torch.autograd.grad(function(x).sum(), x)
    return found
