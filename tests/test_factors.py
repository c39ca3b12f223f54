"""Factors that are taken out of sums leave the same value, and help where they may."""

from __future__ import annotations

import pytest
import torch
from specs import module, spec

from symgrad import precise
from symgrad.factors import Factoring
from symgrad.generate import generate
from symgrad.parse import parse
from symgrad.program import Graph, Kind

NAMES = ("x", "w", "s")

SPLIT = {
    "x*w - w*sin(x)": {"w"},
    "w/x/s - w*log(x)/x**2/s": {"w", "s"},
    "-(w*x) + w": {"w"},
    "2*w*x + x*x*w": {"w"},
    "x*w + w*w*x": {"x"},
    "x*w + x*s": {"x"},
    "x/w - 1/w": {"w"},
    "x + w": set(),
    "w*(s*x)/(s*w) + s": set(),
}
"""Sums, and what is a factor of both terms and of no input that is left."""


@pytest.mark.parametrize("text", SPLIT)
def test_what_is_taken_out(text: str) -> None:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in NAMES}
    root = parse(text, graph, names)
    factoring = Factoring(graph)
    split = factoring.split(root)
    taken = {
        name for name in NAMES for f in (split or (0, ()))[1] if f.value == names[name]
    }
    assert taken == SPLIT[text]
    if split is not None:
        product = factoring.times(*split)
        point = dict(zip(names.values(), (0.7, 1.3, -2.1), strict=True))
        a, b = precise.values(graph.nodes, [root, product], point)
        assert abs(a - b) <= abs(a) * 1e-40


RULES = {
    "w - w*exp(x)": "(w * torch.expm1(x)).neg_()",
    "w*log(1 + x) - w": "torch.log1p(x)",
}


@pytest.mark.parametrize("formula", RULES)
def test_rules_apply_to_what_is_left(formula: str) -> None:
    made = spec("f", {"x": "real", "w": "real"}, formula)
    assert RULES[formula] in generate(made).source


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_patches_stand_beside_a_factor(dtype: torch.dtype) -> None:
    x = torch.tensor([1.0, 1.00001], dtype=dtype, requires_grad=True)
    w = torch.tensor([3.0, 3.0], dtype=dtype)
    value = module({"x": "real", "w": "real"}, "w*(log(x)/(x - 1))").f(x, w)
    [slope] = torch.autograd.grad(value.sum(), x)
    t = x.detach().double() - 1
    torch.testing.assert_close(value, (3 - 1.5 * t).to(dtype))
    torch.testing.assert_close(slope, (-1.5 + 2 * t).to(dtype))


THREE = {
    "w/x - w*sin(x)/x**2": -2 / 3 / 2,
    "w*(sin(x)/x - cos(x))/x": -2 / 3,
}
"""Formulas whose gradients are sums of three, and that by x at 0 where w is -2."""


@pytest.mark.parametrize("formula", THREE)
def test_sums_of_sums_are_patched(formula: str) -> None:
    x = torch.tensor(3.6e-14, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(-2.0, dtype=torch.float64)
    value = module({"x": "real", "w": "real"}, formula).f(x, w)
    [slope] = torch.autograd.grad(value, x)
    assert slope.item() == pytest.approx(THREE[formula], rel=1e-12)


@pytest.mark.parametrize("count", [12, 40])
def test_products_of_products_take_no_time(count: int) -> None:
    """Each has twice the factors of the one before."""
    lets = {"a0": "x*w"} | {f"a{n}": f"a{n - 1}*a{n - 1}" for n in range(1, count)}
    made = spec("f", {"x": "real", "w": "real"}, f"a{count - 1} + a3*w", let=lets)
    assert "a3 * w" in generate(made).source


def test_sums_without_use_stay_as_they_are() -> None:
    made = spec("f", {"x": "real", "w": "real"}, "w*x + w*x**3")
    assert "(w * x).add_(w * (x * x * x))" in generate(made).source
