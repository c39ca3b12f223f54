"""Bessel functions of the second kind through an op: every digit, at every size."""

from __future__ import annotations

import math
from typing import Any

import flint
import pytest
import torch
from table_rows import each

import symgrad

X = symgrad.reals("x")


def _y(x: flint.arb) -> tuple[flint.arb, ...]:
    y, slope = x.bessel_y(0), -x.bessel_y(1)
    return y, slope, -y - slope / x


def _k(x: flint.arb) -> tuple[flint.arb, ...]:
    y, slope = x.bessel_k(0), -x.bessel_k(1)
    return y, slope, y - slope / x


def _scaled(x: flint.arb) -> tuple[flint.arb, ...]:
    y, k1 = x.bessel_k(0, scaled=True), x.bessel_k(1, scaled=True)
    return y, y - k1, 2 * (y - k1) + k1 / x


# The second derivative of k0e is one of differences.
LIMITS = {"y0": (15, 10, 10), "k0": (6, 6, 6), "k0e": (6, 10, 30)}
CASES = {"y0": _y, "k0": _k, "k0e": _scaled}


def op(name: str) -> Any:
    return symgrad.Op("f", {X: "real in (0, oo)"}, f"{name}(x)").compile(verify="off")


def exactly(x: float, name: str, order: int) -> float:
    with flint.ctx.workprec(20_000 if x > 50 else 300):
        return float(CASES[name](flint.arb(x))[order])


def in_torch(f: Any, points: list[float]) -> list[torch.Tensor]:
    """Value, first and second derivative."""
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = f(x)
    [first] = torch.autograd.grad(y.sum(), x, create_graph=True)
    [second] = torch.autograd.grad(first.sum(), x)
    return [y, first, second]


SMALL = [10.0**k for k in range(-150, -2, 3)]
MIDDLE = [10 ** (k / 60) for k in range(-120, 150)]
EDGES = [math.nextafter(1, 0), 1.0, math.nextafter(16, 0), 16.0]


@each(list(CASES), "name")
def test_digits(name: str) -> None:
    """In units of the last place, of the amplitude where the function oscillates."""
    points = SMALL + MIDDLE + EDGES
    for order, found in enumerate(in_torch(op(name), points)):
        for x, got in zip(points, found.tolist(), strict=True):
            want = exactly(x, name, order)
            wave = math.sqrt(2 / math.pi / x) if name == "y0" and x > 0.5 else 0.0
            scale = max(abs(want), wave) * 2.0**-52
            assert abs(got - want) <= LIMITS[name][order] * scale, (x, order, got)


@each(list(CASES), "name")
def test_there_is_no_value_below_zero(name: str) -> None:
    x = torch.tensor([-30.0, -0.5], dtype=torch.float64)
    assert torch.isnan(op(name)(x)).all()


@pytest.mark.parametrize("name", ["y0", "k0"])
def test_compiled_gradients(name: str) -> None:
    f = op(name)
    points = torch.tensor([0.01, 0.7, 3.0, 15.0, 40.0], dtype=torch.float64)
    slope = torch.func.grad(lambda x: f(x).sum())
    compiled = torch.compile(slope, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(points), slope(points), rtol=1e-14, atol=0)
    want = [exactly(x, name, 1) for x in points.tolist()]
    assert compiled(points).tolist() == pytest.approx(want, rel=1e-13)
