"""Derivation: gradients of formulas against finite differences and ball arithmetic."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import module, op
from torch.autograd import gradcheck, gradgradcheck

from symgrad import precise
from symgrad.backends.torch import joint_program
from symgrad.program import Program


def leaf(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape) + 17 * len(shape))
    values = torch.rand(shape, generator=generator, dtype=torch.float64) * 1.6 + 0.2
    return values.requires_grad_()


SEVERAL = {
    "shapes": {"u": "2*x", "v": "x*w"},
    "chained": {"u": "x*w", "v": "u + b", "t": "tanh(v)*u"},
    "same value twice": {"u": "exp(x)*w", "v": "exp(x)*w + b"},
    "one is an input": {"u": "x", "v": "x*w*b"},
    "one of each": {"u": "x*x", "v": "w*w", "t": "b*b"},
}


@pytest.mark.parametrize("forward", SEVERAL.values(), ids=SEVERAL)
def test_outputs_of_different_shapes_are_reduced_before_they_meet(
    forward: dict[str, str],
) -> None:
    used = [n for n in ("x", "w", "b") if n in "".join(forward.values())]
    f = module(" ".join(used), forward).f
    shapes = {"x": (3,), "w": (2, 3), "b": (4, 1, 1)}
    for order in (used, used[::-1]):
        args = {
            name: leaf(*shapes[other]) for name, other in zip(used, order, strict=True)
        }
        assert gradcheck(
            lambda *a: f(**dict(zip(used, a, strict=True))), tuple(args.values())
        )
        assert gradgradcheck(
            lambda *a: f(**dict(zip(used, a, strict=True))), tuple(args.values())
        )


def test_a_missing_cotangent_is_zero() -> None:
    f = module("x w", {"u": "x*w", "v": "exp(x)"}).f
    x, w = leaf(3), leaf(3)
    u, v = f(x, w)
    [only_v] = torch.autograd.grad(v.sum(), x, retain_graph=True)
    [only_u] = torch.autograd.grad(u.sum(), w)
    torch.testing.assert_close(only_v, torch.exp(x))
    torch.testing.assert_close(only_u, x)


POLICIES = [
    ("relu(x)", {"torch": 0, "left": 0, "right": 1, "half": 0.5, "min_norm": 0}),
    ("abs(x)", {"torch": 0, "left": -1, "right": 1, "half": 0, "min_norm": 0}),
    ("2*abs(x) + relu(-x)", {"torch": 0, "left": -2, "right": 1}),
    ("Max(x, 0)", {"torch": 0.5, "left": 0, "right": 1, "half": 0.5, "min_norm": 0}),
    ("Min(1 - 1, x)", {"torch": 0.5, "left": 1, "right": 0, "min_norm": 0}),
    ("Max(x, stop_gradient(x))", {"torch": 0.5, "min_norm": 0}),
    ("Max(x, 2*x)", {"torch": 1.5, "min_norm": 1.5}),
    ("clamp(x, 0, 1)", {"torch": 1, "left": 0, "right": 1, "min_norm": 0}),
]


@pytest.mark.parametrize(
    ("text", "policy", "expected"),
    [(text, p, value) for text, row in POLICIES for p, value in row.items()],
)
def test_edges(text: str, policy: str, expected: float) -> None:
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    y = module("x", text, edges=policy).f(x)
    [slope] = torch.autograd.grad(y, x)
    assert slope.item() == expected


def test_the_shortest_subgradient_of_two_inputs_is_shared() -> None:
    inputs = {"x": "real", "w": "real", "c": {"kind": "real", "grad": False}}
    emitted = module(inputs, {"y": "Max(x, w)", "z": "Max(x, c)"}, edges="min_norm")
    x, w, c = (torch.zeros((), requires_grad=name != "c") for name in inputs)
    y, z = emitted.f(x, w, c)
    slopes = torch.autograd.grad(y, (x, w), retain_graph=True)
    assert slopes == (torch.tensor(0.5), torch.tensor(0.5))
    assert torch.autograd.grad(z, x)[0].item() == 0


def test_edges_of_one_function_leave_the_others_alone() -> None:
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    y = module("x", "relu(x) + abs(x)", edges={"relu": "right"}).f(x)
    assert torch.autograd.grad(y, x)[0].item() == 1


def test_an_edge_that_is_nan_is_nan_there_only() -> None:
    x = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = module("x", "relu(x)", edges="nan").f(x)
    slope = torch.autograd.grad(y.sum(), x)[0]
    torch.testing.assert_close(
        slope, torch.tensor([0, torch.nan, 1]).double(), equal_nan=True
    )


def test_a_surrogate_stands_for_its_output_in_later_formulas() -> None:
    f = module(
        "x w",
        {"s": "Heaviside(x, 1)", "y": "s*w"},
        surrogate={"s": "sigmoid(x)"},
    ).f
    x, w = leaf(4), leaf(4)
    s, y = f(x, w)
    assert torch.equal(y, w)
    smooth = torch.sigmoid(x)
    grad_x, grad_w = torch.autograd.grad((2 * s + 3 * y).sum(), (x, w))
    slope = smooth * (1 - smooth)
    torch.testing.assert_close(grad_x, 2 * slope + 3 * slope * w)
    torch.testing.assert_close(grad_w, 3 * smooth)


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [("0**x", 1.0, 0.0), ("x*1e308*10", 1.0, torch.inf), ("(-2)**x", 0.5, torch.nan)],
)
def test_a_constant_of_a_derivative_may_be_infinite(
    text: str, x: float, expected: float
) -> None:
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    [slope] = torch.autograd.grad(module("x", text).f(at), at)
    torch.testing.assert_close(slope.item(), expected, equal_nan=True)


@pytest.mark.parametrize("base", [{}, {"k": "float = 0"}], ids=["0", "k"])
def test_powers_of_zero_have_no_slope_and_no_bend(base: dict[str, str]) -> None:
    f = module({"x": "real", **base}, f"{'k' if base else 0}**x").f
    x = leaf(3)
    first = torch.autograd.grad(f(x).sum(), x, create_graph=True)[0]
    assert first.count_nonzero() == 0
    assert torch.autograd.grad(first.sum(), x)[0].count_nonzero() == 0


def test_stop_gradient_stops_every_derivative() -> None:
    f = module("x w", "stop_gradient(x**2)*w*x").f
    x, w = leaf(3), leaf(3)
    [slope] = torch.autograd.grad(f(x, w).sum(), x, create_graph=True)
    torch.testing.assert_close(slope, x**2 * w)
    [second] = torch.autograd.grad(
        slope.sum(), x, allow_unused=True, materialize_grads=True
    )
    torch.testing.assert_close(second, torch.zeros_like(x))


def test_an_override_is_reduced_and_the_rest_is_derived() -> None:
    f = module("x w", "x*w", backward={"x": "clamp(grad_y, -1, 1)*w"}).f
    x, w = leaf(3), leaf(2, 3)
    cotangent = torch.full((2, 3), 5.0, dtype=torch.float64)
    grad_x, grad_w = torch.autograd.grad(f(x, w), (x, w), cotangent)
    torch.testing.assert_close(grad_x, w.sum(0))
    torch.testing.assert_close(grad_w, 5 * x.expand(2, 3))


def test_a_derivative_that_is_zero_is_a_tensor_of_zeros() -> None:
    x, w = leaf(3), leaf(2, 1)
    grad_x, grad_w = torch.autograd.grad(
        module("x w", "floor(x)*w").f(x, w).sum(), (x, w)
    )
    assert torch.equal(grad_x, torch.zeros(3).double())
    torch.testing.assert_close(grad_w, torch.floor(x).sum().expand(2, 1))


# -- random formulas -------------------------------------------------------------------

ATOMS = st.sampled_from(["x", "w", "1/2", "3", "2.5"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    unary = st.sampled_from(
        ["sin", "exp", "tanh", "sigmoid", "atan", "softplus", "abs"]
    )
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(unary, inner).map(lambda t: f"{t[0]}({t[1]})"),
        inner.map(lambda t: f"(-{t})"),
        inner.map(lambda t: f"{t}/(2 + {t}**2)"),
        st.tuples(inner, inner, inner).map(
            lambda t: f"where({t[0]} > 1/3, {t[1]}, {t[2]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"log(1 + ({t[0]})**2)*{t[1]}"),
    )


FORMULAS = st.recursive(ATOMS, grown, max_leaves=7)


@settings(max_examples=60, deadline=None)
@given(FORMULAS, st.floats(-1.7, 1.7), st.floats(-1.7, 1.7))
def test_gradients_of_random_formulas(text: str, x: float, w: float) -> None:
    """Derived symbolically and evaluated, against differences of the formula."""
    declared = op("x w", f"{text} + x*w")
    program = joint_program(declared)
    program.check()
    numbers = {str(n.data): v for v, n in enumerate(declared.nodes) if n.op == "input"}
    point = {numbers["x"]: x, numbers["w"]: w}
    leaves = {program.inputs["x"]: x, program.inputs["w"]: w}
    leaves |= dict.fromkeys(program.cotangents.values(), 1.0)
    for name in ("x", "w"):
        truth = precise.slope(
            declared.nodes, declared.outputs[0].value, numbers[name], point
        )
        terms = program.gradients[name]  # none where it is zero
        got = sum(precise.floats(program.nodes, terms, leaves))
        if truth is not None and abs(truth) < 1e100:
            assert got == pytest.approx(truth, rel=1e-12, abs=1e-12), json.dumps(text)


def test_the_gradient_of_a_long_product_is_linear_in_its_length() -> None:
    """Where the derivative of the whole would have a factor for each pair."""
    sizes = (20, 40, 60)
    counts = []
    for size in sizes:
        names = [f"x{i}" for i in range(size)]
        program: Program = joint_program(op(" ".join(names), "*".join(names)))
        terms = [v for values in program.gradients.values() for v in values]
        counts.append(program.count_ops(terms))
    assert counts[2] - counts[1] == counts[1] - counts[0]
    assert counts[-1] <= 5 * sizes[-1]


# -- found by review -------------------------------------------------------------------


def test_an_infinite_cotangent_does_not_meet_a_slope_of_zero() -> None:
    x = torch.tensor([-1.0, 4.0], dtype=torch.float64, requires_grad=True)
    for text in ("sqrt(relu(x))", "sqrt(Max(x, 0))", "sqrt(clamp(x, 0, 9))"):
        [slope] = torch.autograd.grad(module("x", text).f(x).sum(), x)
        assert slope.tolist() == [0, 0.25], text


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_outputs_with_one_surrogate_and_two_shapes(order: tuple[str, str]) -> None:
    formulas = {"a": "sign(x) + 0*z", "b": "sign(x)"}
    forward = {name: formulas[name] for name in order}
    f = module("x z", forward, surrogate={"a": "x", "b": "x"}).f
    x, z = leaf(3), leaf(2, 3)
    results = dict(zip(order, f(x, z), strict=True))
    total = results["a"].sum() + results["b"].sum()
    [slope] = torch.autograd.grad(total, x)
    assert slope.tolist() == [3, 3, 3]


@pytest.mark.parametrize("flag", [True, False])
def test_a_python_bool_chooses_between_tensors_of_different_shapes(flag: bool) -> None:
    f = module({"x": "real", "z": "real", "k": "bool"}, "where(k, x*x, z)").f
    x, z = leaf(3), leaf(2, 1)
    y = f(x, z, flag)
    grad_x, grad_z = torch.autograd.grad(y.sum(), (x, z))
    torch.testing.assert_close(grad_x, 4 * x if flag else torch.zeros_like(x))
    torch.testing.assert_close(
        grad_z, torch.zeros(2, 1).double() if flag else z * 0 + 3
    )


def test_an_output_never_shares_memory_with_an_input() -> None:
    x = leaf(3)
    for text in ("x", "stop_gradient(x)"):
        first, *_ = module("x", {"a": text, "b": "x**2"}).f(x)
        assert first.data_ptr() != x.data_ptr()


def test_a_whole_output_has_no_cotangent_even_beside_a_constant_one() -> None:
    outputs = {"y": "Piecewise((k, x < k), (n, True))", "w": "k*zeta(2.5, 0.3 + n**2)"}
    declared = op({"x": "real", "k": "index", "n": "int"}, outputs)
    assert [f.name for f in declared.differentiable_outputs] == ["w"]
