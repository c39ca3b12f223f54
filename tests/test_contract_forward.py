"""Forward mode at its corners: shapes, dtypes, inputs that do not move, no_grad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from contract import assert_same
from specs import module
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import jacfwd, jacrev, jvp

HELD = {"kind": "real", "grad": False}
X = torch.tensor([0.5, 1.5, -2.0], dtype=torch.float64)
W = torch.tensor([2.0, -1.0, 0.25], dtype=torch.float64)
T = torch.tensor([1.0, -3.0, 0.5], dtype=torch.float64)


def op(inputs: Any, forward: Any, **keys: Any) -> Callable[..., Any]:
    function: Callable[..., Any] = module(inputs, forward, **keys).f
    return function


def tangents(function: Callable[..., Any], *args: Tensor) -> Any:
    return jvp(function, args, tuple(T.to(a.dtype).expand_as(a) for a in args))[1]


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("w + where(flag, w*x, x)", lambda x, w, f: w + (w * x if f else x)),
        ("where(flag, 2*x, 3) + floor(w)", lambda x, w, f: (2 * x if f else 0 * x) + w),
        ("where(flag, x, 0*w)*w", lambda x, w, f: (x if f else 0 * x) * w),
    ],
)
def test_a_python_condition_changes_no_shape(
    flag: bool, formula: str, plain: Callable[..., Tensor]
) -> None:
    """The tangent has the output's shape whichever branch is taken."""
    f = op({"x": "real", "w": HELD, "flag": "bool"}, formula)
    column = X.unsqueeze(-1)
    direction = torch.ones_like(column)
    value, found = jvp(lambda x: f(x, W, flag), (column,), (direction,))
    _, expected = jvp(lambda x: plain(x, W, flag), (column,), (direction,))
    assert found.shape == value.shape
    assert_same(found, expected.expand_as(found))


def test_inputs_that_do_not_move_are_constants() -> None:
    """A tangent of an input without gradient counts for nothing, and does no harm."""
    f = op({"x": "real", "w": "real", "c": HELD}, {"y": "x*w*c", "z": "x + w*c"})
    c = X + 3
    assert_same(tangents(lambda x: f(x, W, c), X), (W * c * T, T))
    assert_same(tangents(lambda w: f(X, w, c), W), (X * c * T, c * T))
    assert_same(tangents(lambda c: f(X, W, c), c), (0 * X, 0 * X))


@pytest.mark.parametrize("formula", ["x + w", "2*x + w", "x*w", "floor(w) + x"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_tangents_have_the_dtype_of_outputs(formula: str, dtype: torch.dtype) -> None:
    f = op({"x": "real", "w": HELD}, formula)
    x = X.to(dtype)
    value, found = jvp(lambda x: f(x, W), (x,), (T.to(dtype),))
    assert (value.dtype, found.dtype) == (torch.float64, torch.float64)


RULES = {
    "edges": ("x", "relu(x)", {"edges": {"relu": "right"}}, (0 * X,)),
    "held": ({"x": "real", "w": HELD}, "x*w", {}, (X, W)),
    "marked": ("x", {"y": "x*x", "z": "x**3"}, {"nondifferentiable": ["z"]}, (X,)),
    "given": ("x", "sign(x)", {"backward": {"x": "2*grad_y"}}, (X,)),
    "frozen": ("x", "x*stop_gradient(x)", {}, (X,)),
    "plain": ("x w", "x*exp(w)", {}, (X, W)),
}


@pytest.mark.parametrize("rule", RULES)
def test_no_grad_changes_no_tangent(rule: str) -> None:
    """Forward mode goes on where gradients are off, and by the same rules."""
    inputs, formula, keys, args = RULES[rule]
    f = op(inputs, formula, **keys)
    expected = tangents(f, *args)
    with torch.no_grad():
        assert_same(tangents(f, *args), expected)


@pytest.mark.parametrize(
    "forward", ["x + w", "x", {"y": "x*w", "z": "x*w + 1"}, {"y": "x", "z": "x + w"}]
)
def test_tangents_share_no_memory(forward: Any) -> None:
    """An output may be changed in place without changing another's tangent."""
    inputs = {"x": "real", "w": HELD} if "w" in str(forward) else "x"
    f = op(inputs, forward)
    with forward_ad.dual_level():
        direction = T.clone()
        x = forward_ad.make_dual(X.clone(), direction)
        found = f(x, W) if "w" in str(forward) else f(x)
        outputs = found if isinstance(found, tuple) else (found,)
        memory = [forward_ad.unpack_dual(y).tangent.data_ptr() for y in outputs]
    assert len({*memory, direction.data_ptr()}) == len(memory) + 1


def test_one_tangent_may_be_missing_where_a_slope_is_infinite() -> None:
    """What torch itself fills with zeros: 0 times infinity, as the contract says."""
    f = op("x w", "sqrt(x)*w")
    _, found = jvp(lambda w: f(0 * X, w), (W,), (T,))
    assert found.isnan().all()


class Cube(torch.autograd.Function):
    """Written by hand as torch's documentation has it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad * 3 * ctx.saved_tensors[0] ** 2

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return tangent * 3 * ctx.saved_tensors[0] ** 2


@pytest.mark.parametrize("f", [Cube.apply, op("x", "x**3")], ids=["by hand", "ours"])
def test_forward_mode_in_forward_mode_is_beyond_torch(f: Callable[..., Any]) -> None:
    """Whatever the Function: torch 2.13 gives zeros.  Other nestings are right."""
    second = torch.diag_embed(torch.diag_embed(6 * X))
    assert not jacfwd(jacfwd(f))(X).any()
    for outer, inner in ((jacfwd, jacrev), (jacrev, jacfwd), (jacrev, jacrev)):
        assert_same(outer(inner(f))(X), second)
