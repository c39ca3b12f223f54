"""Complex ops at their corners: the whole ladder, and torch's checks in every mode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Climbed
from contract import assert_same
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Op
from symgrad.spec import load
from symgrad.verify import sampling
from symgrad.verify.first_order import is_exact
from symgrad.verify.subject import smooth_values, tensor_inputs

CORNERS = load(str(Path(__file__).parent / "complex" / "corners.yaml"))
OPS = {op.name: op for op in CORNERS.ops}
MODULE = load_module("corners", generate(CORNERS).source)
SHAPES = [(2, 3), (3,), (2, 1)]


@pytest.mark.parametrize("name", OPS)
def test_the_ladder(name: str, climbed: Climbed) -> None:
    alone = replace(CORNERS, ops=(OPS[name],))
    report = climbed(alone)
    assert report.passed, str(report)


def wanted_alone(op: Op) -> tuple[Any, list[Tensor]]:
    """An op of its differentiable inputs, and smooth points for them."""
    names = tensor_inputs(op)
    shapes = {n: SHAPES[place % len(SHAPES)] for place, n in enumerate(names)}
    values = smooth_values(op, shapes, sampling.generator(op, "corners"))
    moving = [item.name for item in op.inputs if item.differentiable]
    kept = [f in op.differentiable_outputs for f in op.outputs]

    def function(*tensors: Tensor) -> tuple[Tensor, ...]:
        given = {**values, **dict(zip(moving, tensors, strict=True))}
        found = getattr(MODULE, op.name)(**given)
        several = found if isinstance(found, tuple) else (found,)
        return tuple(y for y, keep in zip(several, kept, strict=True) if keep)

    return function, [torch.as_tensor(values[n]).requires_grad_() for n in moving]


@pytest.mark.parametrize("name", [name for name in OPS if is_exact(OPS[name])])
def test_gradcheck_in_every_mode(name: str) -> None:
    function, inputs = wanted_alone(OPS[name])
    first = {"check_forward_ad": True, "check_batched_grad": True}
    assert gradcheck(function, inputs, check_batched_forward_grad=True, **first)
    if any(g.requires_grad for g in _gradients(function, inputs)):
        second = {"check_fwd_over_rev": True, "check_batched_grad": True}
        assert gradgradcheck(function, inputs, **second)


@pytest.mark.parametrize("name", OPS)
def test_compile(name: str) -> None:
    """Values and gradients, traced without a break."""
    function, inputs = wanted_alone(OPS[name])
    torch._dynamo.reset()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    assert_same(compiled(*inputs), function(*inputs))
    assert_same(_gradients(compiled, inputs), _gradients(function, inputs))


def _gradients(function: Any, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    values = function(*inputs)
    cotangents = [torch.ones_like(y) for y in values]
    return torch.autograd.grad(values, inputs, cotangents, create_graph=True)
