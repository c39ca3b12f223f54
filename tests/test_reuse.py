"""Temporaries that are written over, and choices that torch has an operator for."""

from __future__ import annotations

import ast
import json
import re
from fractions import Fraction
from typing import Any

import pytest
import torch
from specs import spec
from torch import Tensor

from symgrad.backends.torch_names import spelling
from symgrad.backends.torch_reuse import IN_PLACE, NOT_KEPT
from symgrad.cheaper import cheapen_choices
from symgrad.functions import TABLE
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.program import Graph, Kind, Program
from symgrad.spec import load_text
from symgrad.verify import lint
from symgrad.verify.lint_node import _NEW, _OVER

WHERE = {"acosh": 1.3}
"""An argument inside of the domain, where 0.3 is none."""


def source(formula: str) -> str:
    """What is emitted for a formula of x and w, without patches."""
    inputs = {name: "real" for name in ("x", "w") if re.search(rf"\b{name}\b", formula)}
    op = {"inputs": inputs, "forward": {"y": formula}, "accuracy": "fast"}
    text = json.dumps({"symgrad": 1, "ops": {"op": op}})
    return generate(load_text(text, "<test>")).source


def tensor(name: str) -> Tensor:
    return torch.full((2,), WHERE.get(name, 0.3), dtype=torch.float64)


def called(name: str) -> Any:
    found: Any = torch
    for part in str(spelling(name)).split(".")[1:]:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(NOT_KEPT))
def test_a_result_that_is_not_kept_may_be_written_over(name: str) -> None:
    args = [tensor(name).requires_grad_() for _ in TABLE[name].args]
    written = called(name)(*args).mul_(3)
    plain = called(name)(*args)
    wanted = torch.autograd.grad(3 * plain.sum(), args, materialize_grads=True)
    torch.testing.assert_close(
        torch.autograd.grad(written.sum(), args, materialize_grads=True), wanted
    )
    assert any(gradient.any() for gradient in wanted)


@pytest.mark.parametrize("name", sorted(IN_PLACE))
def test_torch_has_all_derivatives_of_a_function_in_place(name: str) -> None:
    method = f"{str(spelling(name)).removeprefix('torch.')}_"

    def in_place(x: Tensor) -> Tensor:
        result: Tensor = getattr(x * 1.0, method)()
        return result

    x = tensor(name).requires_grad_()
    flags = {"check_batched_grad": True}
    assert torch.autograd.gradcheck(in_place, x, check_forward_ad=True, **flags)
    assert torch.autograd.gradgradcheck(in_place, x, check_fwd_over_rev=True, **flags)


def test_the_lint_knows_the_same_functions_and_no_more() -> None:
    ours, over = (
        {str(spelling(name)).removeprefix("torch.") for name in names}
        for names in (NOT_KEPT, IN_PLACE)
    )
    assert ours | {"clamp_min", "clamp_max", "where"} == _NEW
    over |= {"add", "sub", "mul", "div", "neg"}
    assert {f"{name}_" for name in over} == _OVER


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("exp(x*w + 1)*x", "(x * w).add_(1).exp_() * x"),
        ("exp(x + w)*x", "torch.exp(x + w) * x"),  # its tangent may lack a batch
        ("x + sin(x)/2", "torch.sin(x).div_(2).add_(x)"),
        ("1/(x*w)", "1 / (x * w)"),
        ("x*sigmoid(w*x)", "x * (w * x).sigmoid_()"),  # its result is kept
        ("x*x + w", "x * x + w"),  # has not the dimensions of w
        # of two numbers it is a float32, whatever x is
        ("where(x > 0, 1, 0) + exp(x)", "torch.where(x > 0, 1.0, 0.0) + torch.exp(x)"),
    ],
)
def test_what_is_written_over(formula: str, line: str) -> None:
    assert line in source(formula)


TANGENTS = [
    "sigmoid(x + w)",
    "1/(1 + exp(-x)) + w",
    "exp(1 - x*w)*w",
    "sin(x + w)*x",
    "x**2*cos(x + 1) + w",
    "exp(where(x > 0.5, x, w)) + sqrt(x*w)",
    "log(x*w + 1)*exp(-x*w)",
]


@pytest.mark.parametrize("formula", TANGENTS)
def test_tangents_have_the_batch_of_what_they_are_written_into(formula: str) -> None:
    """In each batch of one input, forward over reverse, along a vector for all rows."""
    op = load_module("batched", source(formula)).op
    x, w = torch.rand(2, 4, 3, dtype=torch.float64) + 0.2
    one = torch.ones(3, dtype=torch.float64)

    def product(argnum: int) -> Any:
        slope = torch.func.grad(lambda x, w: op(x, w).sum(), argnum)

        def along(x: Tensor, w: Tensor) -> Any:
            moved = (one, one * 0) if argnum == 0 else (one * 0, one)
            return torch.func.jvp(slope, (x, w), moved)[1]

        return along

    for argnum in (0, 1):
        for dims in ((0, None), (None, 0), (0, 0)):
            rows = [
                t if dim == 0 else t[0] for t, dim in zip((x, w), dims, strict=True)
            ]
            found = torch.vmap(product(argnum), dims)(*rows)
            alone = [
                product(argnum)(*[t[k] if t.dim() == 2 else t for t in rows])
                for k in range(4)
            ]
            torch.testing.assert_close(found, torch.stack(alone))
            hessian = torch.func.hessian(lambda x, w: op(x, w).sum(), argnum)
            torch.vmap(hessian, dims)(*rows)


def test_nothing_that_depends_on_a_cotangent_is_written_over() -> None:
    """In forward mode over reverse it may be a zero of torch's own."""
    written = source("x*w*sin(x) + w/x")
    calls = [
        node
        for node in ast.walk(ast.parse(written))
        if isinstance(node, ast.Attribute) and node.attr in _OVER
    ]
    assert calls
    for node in calls:
        assert "grad_y" not in ast.unparse(node)
        assert "tangent" not in ast.unparse(node)


PLANTED = {
    "x.mul_(2)": "mul_ writes in place",
    "grad_y.neg_()": "neg_ writes in place",
    "torch.exp(x).mul_(2)": "mul_ writes in place",
    "x.expand(3).add_(1)": "add_ writes in place",
    "(x if need else y).add_(1)": "add_ writes in place",
    "(x * 2).set_(x)": "set_ writes in place",
    "torch.sin(x).add_(1)": None,
    "(-x).exp_()": None,
}


@pytest.mark.parametrize("text", PLANTED)
def test_the_lint_admits_what_is_new_alone(text: str) -> None:
    spec = load_text(
        "symgrad: 1\nops: {op: {inputs: {x: real}, forward: {y: x*2}}}", "<test>"
    )
    made = generate(spec).source
    planted = made.replace("return 2 * grad_y", f"return {text}")
    assert planted != made
    found = [f.message for f in lint(planted, spec) if "in place" in f.message]
    assert [m.split(": ", 1)[1] for m in found] == [PLANTED[text]] * bool(PLANTED[text])


CHOICES = {
    # the test, whether it is turned, the harmless value: which clamp
    ("lt", True, 2): "min",
    ("le", True, 2): "min",
    ("gt", False, 2): "min",
    ("ge", False, 2): "min",
    ("gt", True, 2): "max",
    ("ge", True, 2): "max",
    ("lt", False, 2): "max",
    ("le", False, 2): "max",
    ("gt", False, 3): None,  # between 2 and 3 it counts
    ("eq", False, 2): None,
}


@pytest.mark.parametrize("row", CHOICES, ids=str)
def test_guards_at_a_bound_are_clamps(row: tuple[str, bool, int]) -> None:
    op, turned, other = row
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    test = graph.node(op, x, graph.const(2))
    test = graph.node("not", test) if turned else test
    value = graph.node("guard", test, x, graph.const(other))
    program = Program(tuple(graph.nodes), {"x": x}, {"y": value})
    program = cheapen_choices(program)
    node = program.nodes[program.outputs["y"]]
    wanted = CHOICES[row]
    assert (node.op, node.data) == (("clamped", wanted) if wanted else ("guard", None))
    if wanted:
        assert program.nodes[node.args[1]].data == Fraction(2)


def test_the_derivative_of_a_rectifier_is_torchs_own() -> None:
    """Of infinite and absent cotangents too, which a product with a mask is not."""
    text = source("relu(x)**2 + relu(x)")
    assert "_gated(" in text
    op = load_module("gated", text).op
    x = torch.tensor([-1.0, 0.0, 2.0, -3.0, float("nan")], requires_grad=True)
    cotangent = torch.tensor([float("inf"), float("nan"), 1.0, 2.0, 1.0])
    [ours] = torch.autograd.grad(op(x), x, cotangent)
    [torchs] = torch.autograd.grad(torch.relu(x) ** 2 + torch.relu(x), x, cotangent)
    torch.testing.assert_close(ours[2:], torchs[2:], equal_nan=True)
    hessian = torch.func.hessian(lambda x: op(x).sum())(x.detach()[2:3])
    torch.testing.assert_close(hessian, torch.tensor([[2.0]]))


def test_two_inputs_keep_the_choice_which_may_broadcast() -> None:
    assert "_gated(" not in source("relu(x)*w")


def test_the_derivative_of_a_rectifier_is_written_over() -> None:
    forward = "relu(x)*hardtanh(x)*hardsigmoid(x) + relu6(x)*softsign(x)"
    whole = spec("f", {"x": "real"}, forward)
    written = generate(whole).source
    assert re.search(r"_gated\([^)]*\)\.add_\(", written)
    assert lint(written, whole) == ()
