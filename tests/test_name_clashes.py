"""Names of the user that a generated module imports or defines itself."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from specs import module, spec

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Spec
from symgrad.spec import load_text
from symgrad.verify.lint import lint

OPS = ("math", "functools", "inspect", "Tensor", "Any", "NamedTuple", "annotations")
MODULES = {"layer": "TypeVar", "nn": "Layer"}


def clashing() -> Spec:
    """Ops and modules called like imports, and in each a value called like one.

    What is emitted for it is checked, and its tests run, beside all in test_emitted.
    """
    op = {
        "inputs": {"x": "real", "math": "real in (1, 2)", "k": "float = 2"},
        "let": {"Tensor": "exp(-x*x)"},
        "forward": {"y": "selu(Tensor)*log(math)*log(k)", "z": "x*Tensor"},
    }
    ops: dict[str, Any] = dict.fromkeys(OPS, op)
    for name, layer in MODULES.items():
        ops[name] = {**op, "module": {"name": layer, "parameters": {"math": 1.5}}}
    return load_text(json.dumps({"symgrad": 1, "ops": ops}), "<clash>")


def test_the_lint_rung_knows_them() -> None:
    assert lint(generate(clashing()).source, clashing()) == ()


@pytest.mark.parametrize("name", ["Swish", "SwishJvp"])
@pytest.mark.parametrize("output", [False, True])
def test_a_class_gives_way_to_arguments_and_the_result(name: str, output: bool) -> None:
    x, y = ("x", name) if output else (name, "y")
    made = generate(spec("swish", x, {y: f"{x}**2"}))
    t = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    load_module("emitted", made.source).swish(t).backward()
    assert t.grad is not None and t.grad.item() == 6


@pytest.mark.parametrize("place", ["let", "forward"])
def test_a_value_may_hide_the_module_math(place: str) -> None:
    keys: dict[str, Any] = {"let": {"math": "exp(x)"}} if place == "let" else {}
    forward = {"y": "math*log(k)"} if keys else {"math": "exp(x)*log(k)", "z": "math*x"}
    f = module({"x": "real", "k": "float"}, forward, **keys).f
    x = torch.tensor([0.5], dtype=torch.float64)
    first, *_ = [f(x, 2.0)] if keys else f(x, 2.0)
    torch.testing.assert_close(first, x.exp() * math.log(2))
