"""The Airy function over both its regions and the seams between them."""

from __future__ import annotations

from collections.abc import Iterator

import flint
import pytest
import torch
from specs import module
from torch import Tensor

AT = torch.cat(
    [
        torch.linspace(-20, 20, 401, dtype=torch.float64),
        torch.tensor([-3 - 1e-9, 2 + 1e-9, 1e-300, -0.0, 60, 103]).double(),
    ]
)


def truth(order: int) -> Tensor:
    """The values or the slopes, in balls."""
    with flint.ctx.workprec(300):
        return torch.tensor([float(flint.arb(x).airy()[order]) for x in AT.tolist()])


def size(value: Tensor, order: int) -> Tensor:
    """What a digit is counted from: the wave's height below 0, the value above."""
    return torch.where(AT < 0, (1 - AT) ** (order / 2 - 1 / 4), value.abs())


@pytest.fixture(autouse=True)
def in_doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("name", "order"), [("airyai", 0), ("airyaiprime", 1)])
def test_values_and_two_derivatives(name: str, order: int) -> None:
    x = AT.clone().requires_grad_()
    value = module("x", f"{name}(x)").f(x)
    [slope] = torch.autograd.grad(value.sum(), x, create_graph=True)
    ai, prime = truth(0), truth(1)
    exact = [(ai, 0), (prime, 1), (AT * ai, 2), (ai + AT * prime, 3)][order:]
    [bend] = torch.autograd.grad(slope.sum(), x)
    for found, (want, at) in zip((value, slope, bend), exact, strict=False):
        error = (found.detach() - want).abs()
        assert bool((error <= 1e-11 * size(want, at)).all()), (at, error.max())
