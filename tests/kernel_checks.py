"""An op with kernels beside its formula: results, gradients, and what was called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from kernel_cases import Compiled, counted, floating
from torch import Tensor

CLOSE = {
    torch.float64: (1e-12, 1e-13),
    torch.float32: (2e-5, 2e-6),
    torch.bfloat16: (1.2e-2, 8e-3),
    torch.float16: (1.5e-3, 1e-3),
}
"""How near to the formula in float64, that of a few units in the last place."""

Given = dict[str, Any]


def wide(given: Given) -> Given:
    return {
        n: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v
        for n, v in given.items()
    }


def run(
    function: Callable[..., Any], given: Given, like: Callable[[Tensor], Tensor]
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Results and gradients; ``like`` lays the cotangents out in memory."""
    leaves = {n: v.detach().requires_grad_() for n, v in floating(given).items()}
    found = function(**{**given, **leaves})
    results = list(found) if isinstance(found, tuple) else [found]
    sent = [
        like(torch.linspace(-1, 2, y.numel()).view_as(y).to(y.dtype)) for y in results
    ]
    gradients = torch.autograd.grad(results, list(leaves.values()), sent)
    return results, dict(zip(leaves, gradients, strict=True))


def near(found: Tensor, truth: Tensor, dtype: torch.dtype) -> None:
    rtol, atol = CLOSE[dtype]
    size = max([1.0, *truth.abs().flatten().tolist()])
    torch.testing.assert_close(found.double(), truth, rtol=rtol, atol=atol * size)


def check(
    kernels: Compiled,
    name: str,
    given: Given,
    like: Callable[[Tensor], Tensor] = torch.clone,
    calls: tuple[str, ...] = ("forward", "backward"),
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The op beside its formula in float64, and which of its kernels are called."""
    with counted(kernels.module) as called:
        got, gradients = run(getattr(kernels.module, name), given, like)
    assert called == [f"{name}_{which}" for which in calls]
    formula = getattr(kernels.formulas, name)
    plain, _ = run(formula, given, like)
    truths, true_gradients = run(formula, wide(given), like)
    kinds = {v.dtype for v in floating(given).values()}
    least = max(kinds, key=lambda dtype: torch.finfo(dtype).eps)  # what is kept may be
    for y, p, truth in zip(got, plain, truths, strict=True):
        assert (y.dtype, y.shape) == (p.dtype, p.shape)
        near(y.detach(), truth.detach(), least)
    for n, gradient in gradients.items():
        assert (gradient.dtype, gradient.shape) == (given[n].dtype, given[n].shape)
        near(gradient, true_gradients[n], least)
    return got, gradients
