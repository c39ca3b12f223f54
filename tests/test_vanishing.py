"""Products of which a factor vanishes where another is large."""

from __future__ import annotations

import math

import pytest
import torch
from specs import module, op, spec

from symgrad import precise
from symgrad.generate import generate
from symgrad.patches.lost import INFINITE, SMALL

Inputs = dict[str, str]

P, R = "real in (0, oo)", "real"

LOST: dict[str, tuple[Inputs, str, dict[str, float]]] = {
    "arrhenius": ({"k": P, "t": P}, "exp(-k/t)", {"k": 20.0, "t": 1e-38}),
    "weibull": (
        {"p": P, "v": P, "k": "real in (1/2, 5)"},
        "1 - exp(-(p/v)**k)",
        {"p": 1e25, "v": 1.0, "k": 2.5},
    ),
    "the value of one": (
        {"x": P, "k": "real in (1/2, 5)"},
        "sigmoid(k*log(x))*k/x",
        {"x": 1e-30, "k": 1.6},
    ),
    "a sigmoid": (
        {"x": P, "b": P, "k": "real in (1/2, 5)"},
        "x**k/(b**k + x**k)",
        {"x": 1e-37, "b": 2.0, "k": 1.2},
    ),
}
"""Ops that are NaN or 0 in float32 at a point unless they are mended."""


@pytest.mark.parametrize("name", LOST)
def test_what_is_lost_is_mended(name: str) -> None:
    inputs, formula, point = LOST[name]
    made = op(inputs, formula)
    leaves = {str(n.data): v for v, n in enumerate(made.nodes) if n.op == "input"}
    given = {n: torch.tensor([x], requires_grad=True) for n, x in point.items()}
    places = {leaves[n]: float(t.item()) for n, t in given.items()}
    root = made.outputs[0].value
    value = module(inputs, formula).f(**given)
    value.sum().backward()
    exact = float(precise.floats(made.nodes, [root], places)[0])
    assert value.item() == pytest.approx(exact, rel=1e-4, abs=1e-37)
    for name, tensor in given.items():
        true = precise.derivative(made.nodes, root, leaves[name], places)
        assert true is not None and tensor.grad is not None
        expected = float(true.mid())
        if abs(expected) < 3e38:
            assert tensor.grad.item() == pytest.approx(expected, rel=1e-4, abs=1e-37)


def test_what_divides_may_grow() -> None:
    emitted = module({"w": P}, "1/(w**5*(exp(1/w) - 1))").f
    assert emitted(torch.tensor([1e-10, 1e-20])).tolist() == [0, 0]


BEYOND = {
    "exp(-x**2/w)*cosh(x)": {"x": 150.0, "w": 200.0},
    "exp(-w/x)/x**6": {"x": 1e-8, "w": 1.5e-6},
    "exp(-x**2/w)*x**20": {"x": 150.0, "w": 200.0},
    "exp(-x/w)*cosh(x**(1/4))": {"x": 1e10, "w": 4e7},
}
"""Products that are a number where one factor is 0 and another infinite."""


@pytest.mark.parametrize("formula", BEYOND)
def test_what_is_a_number_is_never_0(formula: str) -> None:
    point = BEYOND[formula]
    emitted = module(dict.fromkeys(point, P), formula).f
    value = emitted(**{n: torch.tensor([x]) for n, x in point.items()})
    assert value.item() != 0


@pytest.mark.parametrize("given", [math.nan, math.inf])
def test_what_is_outside_stays(given: float) -> None:
    inputs, formula, _ = LOST["arrhenius"]
    t = torch.tensor([1e-38], requires_grad=True)
    value = module(inputs, formula).f(torch.tensor([200.0]), t)
    value.backward(torch.tensor([given]))
    assert t.grad is not None and t.grad.isnan().all()
    scaled = module({"b": R, "k": P, "t": P}, "b*exp(-k/t)/t**2").f
    b, k, t = torch.tensor([given]), torch.tensor([200.0]), torch.tensor([1e-38])
    assert scaled(b, k, t).isnan().all()


@pytest.mark.parametrize("name", LOST)
def test_it_says_why(name: str) -> None:
    inputs, formula, _ = LOST[name]
    source = generate(spec("f", inputs, formula)).source
    assert INFINITE in source or SMALL in source


RIGHT: dict[str, Inputs] = {
    "w*exp(-x**2)": {"w": R, "x": R},
    "exp(-x*w)": {"x": R, "w": R},
    "a*b*sigmoid(x)": {"a": R, "b": R, "x": R},
    "exp(-x)*x": {"x": R},
}


@pytest.mark.parametrize("formula", RIGHT)
def test_what_is_not_lost_stays(formula: str) -> None:
    source = generate(spec("f", RIGHT[formula], formula)).source
    assert INFINITE not in source and SMALL not in source


def test_nan_stays() -> None:
    """A product is 0 only where a factor vanishes, not where that is NaN."""
    inputs, formula, _ = LOST["arrhenius"]
    k = torch.tensor([1.0, math.nan], requires_grad=True)
    t = torch.tensor([math.nan, 1.0], requires_grad=True)
    module(inputs, formula).f(k, t).sum().backward()
    assert k.grad is not None and t.grad is not None
    assert k.grad.isnan().all() and t.grad.isnan().all()


def test_second_derivatives_are_finite_where_nothing_counts() -> None:
    inputs, formula, _ = LOST["arrhenius"]
    k, t = torch.tensor([20.0]), torch.tensor([1e-38], requires_grad=True)
    value = module(inputs, formula).f(k, t)
    [first] = torch.autograd.grad(value.sum(), t, create_graph=True)
    [second] = torch.autograd.grad(first.sum(), t)
    assert first.isfinite().all() and second.isfinite().all()
