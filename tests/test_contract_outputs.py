"""Several outputs: all of them used, some, one; those without a derivative."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest
import torch
from comparison import Case
from contract import Bound, assert_same, point, weights
from specs import module
from torch import Tensor
from torch.func import jvp
from torch_cases import EVERY

SEVERAL = [c for c in EVERY if len(point(c).ours(*point(c).args)) > 1]


def partial_gradients(
    function: Bound, leaves: list[Tensor], chosen: Sequence[int]
) -> tuple[Tensor, ...]:
    """Gradients when only the chosen outputs are used."""
    values = [function(*leaves)[i] for i in chosen]
    cotangents = [weights(y) for y in values]
    return torch.autograd.grad(values, leaves, cotangents, materialize_grads=True)


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_every_choice_of_outputs(case: Case) -> None:
    given = point(case, [(2, 3), (3,)])
    count = len(given.ours(*given.args))
    choices = [c for n in range(1, count + 1) for c in combinations(range(count), n)]
    for chosen in choices:
        found = partial_gradients(given.ours, given.leaves, chosen)
        assert_same(found, partial_gradients(given.theirs, given.leaves, chosen))


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_outputs_feed_each_other(case: Case) -> None:
    """Outputs go into later formulas, each other's included."""
    given = point(case, [(3,)])

    def mixed(function: Bound) -> Bound:
        def composed(*args: Tensor) -> tuple[Tensor, ...]:
            first, *others = function(*args)
            moved = torch.sin(first).sum() * others[0] + first.sum()
            return moved, *others

        return composed

    chosen = range(len(given.ours(*given.args)))
    found = partial_gradients(mixed(given.ours), given.leaves, chosen)
    assert_same(found, partial_gradients(mixed(given.theirs), given.leaves, chosen))


FORMULAS = {
    "y": "x*k",
    "parity": "k % 2",
    "frozen": "stop_gradient(x)*2",
    "level": "floor(x)",
    "z": "x**2 + y",
}
MOVING = [True, False, False, False, True]


@pytest.fixture(scope="module")
def parts() -> Bound:
    """An op with outputs that no gradient passes through."""
    inputs = {"x": "real", "k": "index"}
    function: Bound = module(inputs, FORMULAS, nondifferentiable=["level"]).f
    return function


def test_outputs_without_derivative_are_marked(parts: Bound) -> None:
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
    found = parts(x, torch.tensor([2, 3]))
    assert [y.requires_grad for y in found] == MOVING
    [grad] = torch.autograd.grad([y.sum() for y in found if y.requires_grad], x)
    assert_same(grad.detach(), 2 * torch.tensor([2.0, 3.0]).double() + 2 * x.detach())


def test_tangents_of_outputs_without_derivative_are_zero(parts: Bound) -> None:
    x, k = torch.tensor([0.5, 1.5], dtype=torch.float64), torch.tensor([2, 3])
    _, tangents = jvp(lambda x: parts(x, k), (x,), (torch.ones_like(x),))
    assert [bool(t.any()) for t in tangents] == MOVING


def test_no_cotangent_at_all() -> None:
    """torch may ask a Function for gradients when none of its outputs has one."""
    f = module("x w", {"y": "x*w", "z": "x + w"})
    context = type("Context", (), {"output_shapes": ((), ()), "saved_tensors": ()})
    assert f.FFunction.backward(context(), None, None) == (None, None)
