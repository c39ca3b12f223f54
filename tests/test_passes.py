"""The passes: guards that keep derivatives finite, and what is kept for backward."""

from __future__ import annotations

import pytest
import torch
from specs import module, op, spec

from symgrad.backends.torch import joint_program
from symgrad.derive import primal
from symgrad.formulas import rebuilt
from symgrad.generate import generate
from symgrad.guards import guard
from symgrad.passes import AFTER, BEFORE, stabilise
from symgrad.program import Graph, Program
from symgrad.regions import find_regions
from symgrad.settle import settle

POINTS = torch.tensor([-800.0, -4.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, 900.0]).double()

BRANCHES = [
    "where(x > 0, log(x), 0)",
    "where(x > 0, x*log(x), 0)",
    "where(x > 0, sqrt(x)*log(x), x)",
    "x if x > 0 else exp(x) - 1",
    "where(x > 0, exp(-1/x), 0)",
    "where(abs(x) < 1, asin(x/2), x)",
    "Piecewise((0, x <= 0), (x*log(x), x < 1), (sqrt(x - 0.5) + 1/x, True))",
    "where(x > 0, where(x < 2, log(x), sqrt(x - 1)), -x)",
    "where(x == 0, 1, sin(x)/x)",
    "where(x > 0.25, x**0.5, 0) + where(x > 0.25, 0, x**2)",
    "where(x > 0.25, x**2.5/(x - 0.2), 3*x)",
]


@pytest.mark.parametrize("text", BRANCHES)
@pytest.mark.parametrize("native", [False, True], ids=["backward", "native autograd"])
def test_branches_that_are_not_taken_leave_no_trace(text: str, native: bool) -> None:
    """First and second derivatives are finite; ``native`` differentiates forward."""
    emitted = module("x", text)
    x = POINTS.clone().requires_grad_()
    y = emitted.FFunction.forward(x) if native else emitted.f(x)
    finite = y.detach().isfinite()
    [first] = torch.autograd.grad(y[finite].sum(), x, create_graph=True)
    [second] = torch.autograd.grad(
        first.sum(), x, allow_unused=True, materialize_grads=True
    )
    assert first.isfinite().all(), first
    assert second.isfinite().all(), second


SETTLED = [
    ("x", "where(pi > 3 and x > 0, x, 2*x)", "where(x > 0, x, 2*x)"),
    ("x", "where(x < 0 or E > pi, x, 2*x)", "where(x < 0, x, 2*x)"),
    ("x", "where(not (x > 0 and exp(1) <= E), x, 2*x)", "where(not x > 0, x, 2*x)"),
    ("x", "where(pi**2 < 9, x, where(sqrt(2)**2 == 2, x*x, x))", "x*x"),
    ("x w", "where(pi < 3 and x > 0, 2*x, w*x)", "w*x"),
    ("x w", "where(pi > 3, 2*x, w)", "where(1 == 1, 2*x, w)"),
    ("x w", "where(pi < 3 and x > 0, 2*x, w)", "where(0 == 1, 2*x, w)"),
    ("x w", "where(pi < 3 and x > 0, 2, w)", "where(pi < 3 and x > 0, 2, w)"),
    ("x", "where(pi < 3, x, 2) + x", "where(0 == 1, x, 2) + x"),
]
"""Inputs, a formula, and what is left of it; shapes must not depend on less."""


def tree(program: Program) -> str:
    """The output ``y`` as nested calls."""
    texts: list[str] = []
    for node in program.nodes:
        args = ", ".join(texts[arg] for arg in node.args)
        texts.append(f"{node.op} {node.data} ({args})")
    return texts[program.outputs["y"]]


@pytest.mark.parametrize(("inputs", "text", "left"), SETTLED)
def test_conditions_on_constants_are_settled(inputs: str, text: str, left: str) -> None:
    settled = settle(primal(op(inputs, text)))
    assert tree(settled) == tree(primal(op(inputs, left)))
    assert "True &" not in generate(spec("f", inputs, text)).source
    assert "True |" not in generate(spec("f", inputs, text)).source


def test_what_a_settled_condition_drops_keeps_shapes_and_gradients() -> None:
    emitted = module("x w", "where(pi < 3 and x > 0, 2*x, w)")
    x, w = torch.ones(3, 1, requires_grad=True), torch.ones(2, requires_grad=True)
    y = emitted.f(x, w)
    assert torch.equal(y, torch.ones(3, 2))
    found = torch.autograd.grad(y.sum(), (x, w))
    assert [g.tolist() for g in found] == [[[0.0]] * 3, [3.0, 3.0]]


def test_branches_of_python_conditions_are_guarded() -> None:
    program = guard(primal(op({"x": "real", "flag": "bool"}, "log(x) if flag else x")))
    assert sum(node.op == "guard" for node in program.nodes) == 1


def test_a_value_used_outside_of_the_branch_is_not_in_its_region() -> None:
    declared = op("x w", "where(x > 0, exp(w)*x, 1) + exp(w)")
    regions = find_regions(declared.nodes, [declared.outputs[0].value])
    shared = next(v for v, n in enumerate(declared.nodes) if n.data == "exp")
    inside = next(v for v, n in enumerate(declared.nodes) if n.op == "mul")
    assert regions[shared] == ()
    assert len(regions[inside]) == 1


@pytest.mark.parametrize("text", [*BRANCHES, "tanh(x)*exp(x) + x/(1 + exp(-x))"])
def test_every_pass_leaves_a_legal_program(text: str) -> None:
    declared = op("x", text)
    program = primal(declared)
    program.check()
    for transform in BEFORE:
        program = transform(program)
        program.check()
    program = joint_program(declared)
    program.check()
    for transform in AFTER:
        transform(program).check()


def test_stabilise_is_idempotent() -> None:
    program = stabilise(primal(op("x", "x/(1 + exp(-x)) + log(1 + exp(x))")))
    again = stabilise(program)  # without what the first time left over
    assert stabilise(again).nodes == again.nodes


def test_conditions_of_constants_are_decided() -> None:
    graph = Graph()
    one, two = graph.const(1), graph.const(2)
    node = graph[graph.node("lt", one, two)]
    assert rebuilt(graph, node, [one, two]) is True
    assert rebuilt(graph, node, [two, one]) is False


def test_a_sign_that_a_rewrite_brings_meets_the_one_before_it() -> None:
    assert "--" not in generate(spec("f", "z", "-log(sigmoid(z))")).source


def test_what_both_branches_use_needs_no_guard() -> None:
    inputs = {"x": "real", "s": "real in (0, oo)", "c": "mask"}
    given = spec("f", inputs, "log(1 - ndtr(x/s)) if c else -(x/s)**2/2 - log(s)")
    assert "c | " not in generate(given).source
