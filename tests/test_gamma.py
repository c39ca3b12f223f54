"""Polygamma functions below 0, where torch's own take the longer the further down."""

from __future__ import annotations

import flint
import pytest
import torch
from specs import module, spec

from symgrad.ball_functions import polygamma
from symgrad.generate import generate
from symgrad.verify.ladder import climb

BELOW = (-0.3, -1.0625, -2.75, -99.4375, -1000.3125, -(2.0**30) - 0.375)


@pytest.mark.parametrize("order", range(1, 9))
def test_values_and_slopes_are_the_truth(order: int) -> None:
    f = module("x", f"polygamma({order}, x)").f
    x = torch.tensor(BELOW, dtype=torch.float64, requires_grad=True)
    value = f(x)
    [slope] = torch.autograd.grad(value.sum(), x)
    for n, found in ((order, value), (order + 1, slope)):
        want = [float(polygamma(flint.arb(n), flint.arb(at))) for at in BELOW]
        torch.testing.assert_close(found.tolist(), want, rtol=1e-12, atol=0)


@pytest.mark.parametrize("order", range(1, 9))
def test_balls_agree_on_both_sides_of_where_they_change(order: int) -> None:
    """From -100 down they are reflected; another library's are not."""
    at = flint.arb(-100.3)
    plain = flint.acb(at).polygamma(flint.acb(order)).real
    assert polygamma(flint.arb(order), at).overlaps(plain)


def test_nothing_takes_long_far_below_0() -> None:
    """torch's polygamma(2, -1e300) does not return."""
    f = module("x", "digamma(x)").f
    x = torch.tensor([-1e300, -1e17, -1e9], dtype=torch.float64, requires_grad=True)
    value = f(x)
    for _ in range(3):
        [value] = torch.autograd.grad(value.sum(), x, create_graph=True)
    assert value.shape == x.shape


@pytest.mark.parametrize("formula", ["trigamma(x)", "polygamma(3, x)"])
def test_they_climb_the_ladder_on_all_real_numbers(formula: str) -> None:
    declared = spec("f", "x", formula)
    report = climb(generate(declared).source, declared, "quick")
    assert report.passed, str(report)
