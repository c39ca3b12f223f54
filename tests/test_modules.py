"""The ``nn.Module`` beside a function."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from generated_modules import generated
from specs import module
from torch import nn

from symgrad.modules import TAKEN

LAYER = {
    "name": "Layer",
    "parameters": {
        "w": {"shape": ["n", 3], "init": "normal(0, 0.5)"},
        "b": {"shape": 3, "init": "uniform(-1, -0.5)"},
        "s": 0.25,
    },
}
INPUTS = {
    "x": "real",
    "w": "real",
    "b": "real",
    "s": "real",
    "keep": "mask",
    "slope": "float = 2",
    "flip": "bool",
}


def layer() -> type[nn.Module]:
    """A module with sizes, options, a mask and every kind of initial values."""
    order = ("flip", *(name for name in INPUTS if name != "flip"))
    inputs = {name: INPUTS[name] for name in order}
    formula = "where(keep, slope*s*x*w + b, 0) if flip else x*w + b"
    found: type[nn.Module] = module(inputs, formula, module=LAYER).Layer
    return found


def test_parameters_start_as_declared() -> None:
    torch.manual_seed(0)
    made = layer()(400, True, dtype=torch.float64)
    shapes = {name: tuple(p.shape) for name, p in made.named_parameters()}
    assert shapes == {"w": (400, 3), "b": (3,), "s": ()}
    assert made.w.std().item() == pytest.approx(0.5, rel=0.1)
    assert bool(((made.b >= -1) & (made.b <= -0.5)).all())
    assert made.s.item() == 0.25
    assert {p.dtype for p in made.parameters()} == {torch.float64}


def test_options_are_kept_and_shown() -> None:
    made = layer()(4, True)
    assert repr(made) == "Layer(n=4, flip=True, slope=2.0)"
    assert layer()(4, flip=False, slope=0.5).slope == 0.5


def test_it_applies_the_function() -> None:
    made = layer()(4, True)
    x, keep = torch.randn(2, 4, 3), torch.rand(4, 3) < 0.5
    expected = torch.where(keep, 2 * made.s * x * made.w + made.b, 0)
    torch.testing.assert_close(made(x, keep), expected)


def test_parameters_on_no_device_can_be_brought_to_life() -> None:
    """As frameworks do that place large models: meta, then empty, then reset."""
    made = generated("dynamic_tanh").DyT(5, device="meta")
    assert {p.device.type for p in made.parameters()} == {"meta"}
    made = made.to_empty(device="cpu")
    made.reset_parameters()
    assert made.alpha.item() == 0.5
    assert made.gamma.tolist() == [1.0] * 5


def test_it_is_saved_copied_and_compiled() -> None:
    made = generated("dynamic_tanh").DyT(3)
    held = io.BytesIO()
    torch.save(made.state_dict(), held)
    held.seek(0)
    other = generated("dynamic_tanh").DyT(3)
    other.load_state_dict(torch.load(held))
    x = torch.randn(2, 3)
    expected = copy.deepcopy(made)(x)
    torch.testing.assert_close(other(x), expected)
    compiled = torch.compile(made, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), expected)


def test_it_trains_to_what_a_layer_of_torch_would() -> None:
    """The same start, the same data, the same steps."""
    ours = generated("dynamic_tanh").DyT(3, dtype=torch.float64)
    plain = [p.detach().clone().requires_grad_() for p in ours.parameters()]
    x = torch.randn(8, 3, dtype=torch.float64)
    for _ in range(5):
        alpha, gamma, beta = plain
        loss = (gamma * torch.tanh(alpha * x) + beta - 1).square().mean()
        expected = torch.autograd.grad(loss, plain)
        found = torch.autograd.grad((ours(x) - 1).square().mean(), [*ours.parameters()])
        torch.testing.assert_close(found, expected)
        with torch.no_grad():
            for p, q, g in zip(ours.parameters(), plain, expected, strict=True):
                p -= 0.1 * g
                q -= 0.1 * g


def test_complex_parameters() -> None:
    """Of the complex dtype of that width, and trained like any other."""
    keys = {"name": "Turn", "parameters": {"w": {"shape": ["n"], "init": 1}, "b": 0}}
    inputs = {"z": "complex", "w": "complex", "b": "real"}
    made = module(inputs, "z*w + b", module=keys).Turn(3, dtype=torch.float64)
    assert {n: p.dtype for n, p in made.named_parameters()} == {
        "w": torch.complex128,
        "b": torch.float64,
    }
    z = torch.randn(3, dtype=torch.complex128)
    goal = (2 - 1j) * z
    for _ in range(2):  # one step of Newton's method is enough for a quadratic
        (made(z) - goal).abs().square().sum().backward()
        with torch.no_grad():
            made.w -= made.w.grad / (2 * z.abs() ** 2)
        made.zero_grad()
    torch.testing.assert_close(made.w.detach(), torch.full_like(z, 2 - 1j))


def test_names_that_modules_have_are_known() -> None:
    """As of the torch that is installed."""
    public = {name for name in dir(nn.Module()) if not name.startswith("_")}
    assert public <= TAKEN
