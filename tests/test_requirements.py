"""What docs/requirements.md says of PyTorch is so: rules broken, and what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def op(backward: Any, keep: Callable[..., None]) -> Any:
    """The product ``x*x*w``, written by hand, as its parts are given."""

    def setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        keep(ctx, *inputs)

    body = {
        "forward": staticmethod(lambda x, w: x * x * w),
        "setup_context": staticmethod(setup),
        "backward": staticmethod(backward),
    }
    return type("Product", (torch.autograd.Function,), body).apply


def save(ctx: Any, *inputs: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def right(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
    x, w = ctx.saved_tensors
    return 2 * grad * x * w, grad * x * x


def leaf(number: float) -> Tensor:
    return torch.full((3,), number, dtype=torch.float64, requires_grad=True)


def test_gradients_in_each_others_place_are_no_error() -> None:
    swapped = op(lambda ctx, grad: right(ctx, grad)[::-1], save)
    x, w = leaf(3.0), leaf(5.0)
    swapped(x, w).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [9.0] * 3


def test_a_gradient_of_a_number_is_an_error_and_that_of_integers_is_dropped() -> None:
    made = op(lambda ctx, grad: (grad, grad), lambda ctx, *_: None)
    with pytest.raises(RuntimeError, match="not a Variable"):
        made(leaf(1.0), 2.0).sum().backward()
    whole = torch.ones(3, dtype=torch.int64)
    made(leaf(1.0), whole).sum().backward()
    assert whole.grad is None


def on_context(ctx: Any, *inputs: Tensor) -> None:
    ctx.inputs = inputs


def from_context(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
    x, w = ctx.inputs
    return 2 * grad * x * w, grad * x * x


def changed_before_backward(made: Any) -> Tensor:
    x, w = leaf(3.0), torch.ones(3, dtype=torch.float64)
    y = made(x, w)
    w.mul_(100)
    return torch.autograd.grad(y.sum(), x)[0]


def test_a_change_of_what_is_kept_is_seen_by_save_for_backward_alone() -> None:
    assert changed_before_backward(op(from_context, on_context)).tolist() == [600.0] * 3
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        changed_before_backward(op(right, save))


def test_a_kept_intermediate_loses_a_part_of_second_derivatives() -> None:
    def keep(ctx: Any, x: Tensor, w: Tensor) -> None:
        ctx.save_for_backward(2 * x, x, w)

    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        twice, x, w = ctx.saved_tensors
        return grad * twice * w, grad * x * x

    x, w = leaf(3.0), leaf(5.0)
    [first] = torch.autograd.grad(op(backward, keep)(x, w).sum(), x, create_graph=True)
    assert first.tolist() == [30.0] * 3
    by_x, by_w = torch.autograd.grad(first.sum(), (x, w), allow_unused=True)
    assert by_x is None  # 10 in truth
    assert by_w.tolist() == [6.0] * 3


def test_once_differentiable_is_zero_under_func() -> None:
    made = op(once_differentiable(right), save)
    slope = torch.func.grad(lambda x: made(x, leaf(5.0)).sum())
    x = torch.full((3,), 3.0, dtype=torch.float64)
    assert slope(x).tolist() == [30.0] * 3
    assert torch.func.grad(lambda x: slope(x).sum())(x).tolist() == [0.0] * 3


def test_gradcheck_accepts_a_constant_that_is_a_little_wrong() -> None:
    made = op(lambda ctx, grad: tuple(1.0005 * g for g in right(ctx, grad)), save)
    assert torch.autograd.gradcheck(made, (leaf(0.3), leaf(0.5)))


def test_gradcheck_accepts_zeros_for_what_is_small() -> None:
    small = op(lambda ctx, grad: (0 * grad, 0 * grad), lambda ctx, *_: None)
    assert torch.autograd.gradcheck(small, (leaf(1e-3), leaf(1e-4)), atol=1e-5)


def test_cotangents_come_with_any_strides() -> None:
    seen: list[tuple[int, ...]] = []

    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(grad.stride())
        return right(ctx, grad)

    made = op(backward, save)
    made(leaf(1.0), leaf(1.0)).sum().backward()
    torch.cat([made(leaf(1.0)[None], leaf(1.0)[None]) for _ in range(2)], 1).T.backward(
        torch.ones(6, 1, dtype=torch.float64)
    )
    assert seen[0] == (0,)
    assert len(seen) == 3
