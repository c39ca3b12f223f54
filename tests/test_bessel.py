"""i1 and i1e where x is tiny: their derivatives neither vanish nor cancel."""

from __future__ import annotations

import math

import flint
import pytest
import torch
from specs import module

ULPS = 4
TINY = [
    0.0,
    5e-324,
    -1e-310,
    1e-300,
    2.5e-45,
    -1e-30,
    1e-12,
    -1.279971062539964e-05,
    3e-3,
]


def bent(name: str, x: float) -> tuple[flint.arb, flint.arb]:
    """The first and the second derivative, by recurrences that do not divide by x."""
    at = flint.arb(x)
    i0, i1, i2, i3 = (at.bessel_i(n) for n in range(4))
    value, first, second = i1, (i0 + i2) / 2, (i3 + 3 * i1) / 4
    if name == "i1":
        return first, second
    sign = math.copysign(1, x)
    fall = (-abs(at)).exp()
    return fall * (first - sign * value), fall * (second - 2 * sign * first + value)


def ulps(got: torch.Tensor, expected: flint.arb) -> float:
    """How far off a derivative is, in the spacing of its dtype there."""
    limits = torch.finfo(got.dtype)
    size = max(abs(float(expected)), limits.tiny)
    ulp = limits.eps * 2.0 ** (math.frexp(size)[1] - 1)
    return float(abs(got.item() - expected)) / ulp


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["i1", "i1e"])
def test_slopes_at_tiny_points(name: str, dtype: torch.dtype) -> None:
    f = module("x", f"{name}(x)").f
    for point in TINY:
        x = torch.tensor(point, dtype=dtype, requires_grad=True)
        [first] = torch.autograd.grad(f(x), x, create_graph=True)
        [second] = torch.autograd.grad(first, x)
        with flint.ctx.workprec(200):
            slope, bend = bent(name, x.item())
        assert ulps(first, slope) <= ULPS, point
        if x != 0 or name == "i1":  # i1e has a corner in its slope at 0
            assert ulps(second, bend) <= ULPS, point
