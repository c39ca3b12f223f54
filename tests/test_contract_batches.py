"""vmap of ops with several outputs, some of which have no part in the batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from contract import assert_same
from specs import module, spec
from torch import Tensor
from torch.func import grad, hessian, jvp, vmap

from symgrad.generate import generate
from symgrad.verify.ladder import climb

Pair = tuple[Tensor, Tensor]
Op = Callable[..., Pair]

F: Op = module("a b", {"x": "a*b**2", "y": "exp(b)"}).f
"""Only x has a part in a batch of a."""

SHARED = module("a b", {"x": "a*b**2", "y": "exp(b) + a"}).f
"""Both outputs have a part in every batch."""

A = torch.tensor([[-2.0, 0.5, 1.25], [0.25, 1.5, -1.0]], dtype=torch.float64)
B = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.75, -0.5]], dtype=torch.float64)


def plain(a: Tensor, b: Tensor) -> Pair:
    """What F is."""
    return a * b**2, torch.exp(b)


def slopes(function: Op, a: Tensor, b: Tensor) -> Any:
    """The outputs, gradients from outside of the vmap, and gradients of those."""
    leaves = [a.clone().requires_grad_(), b.clone().requires_grad_()]
    x, y = function(*leaves)
    total = torch.sin(x).sum() + torch.cos(y).sum()
    first = torch.autograd.grad(total, leaves, create_graph=True)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), leaves)
    return x, y, first, second


IN_DIMS = [(0, None), (None, 0), (0, 0), (1, None), (None, 1), (1, 1), (0, -1)]
SQUARE = A[:, :2], B[:, :2]


@pytest.mark.parametrize("in_dims", IN_DIMS, ids=str)
def test_gradients_from_outside_of_a_batch(in_dims: tuple[int | None, ...]) -> None:
    ours, theirs = (vmap(f, in_dims=in_dims) for f in (F, plain))
    assert_same(slopes(ours, *SQUARE), slopes(theirs, *SQUARE))


NESTED = list(product([(0, None), (None, 0), (0, 0)], repeat=2))


@pytest.mark.parametrize("outside, inside", NESTED, ids=str)
def test_gradients_from_outside_of_nested_batches(
    outside: tuple[int | None, ...], inside: tuple[int | None, ...]
) -> None:
    a, b = (torch.stack([t, t * 0.5 - 0.25], 1) for t in SQUARE)
    ours, theirs = (vmap(vmap(f, inside), outside) for f in (F, plain))
    assert_same(slopes(ours, a, b), slopes(theirs, a, b))


@pytest.mark.parametrize("shapes", list(product([(), (3,), (2, 1), (2, 3)], repeat=2)))
def test_rows_of_different_rank(shapes: tuple[tuple[int, ...], ...]) -> None:
    """A batch of a smaller rank than what has none, and the reverse."""
    torch.manual_seed(0)
    rows = [torch.rand(4, *shape, dtype=torch.float64) for shape in shapes]
    for dims in ((0, None), (None, 0), (0, 0)):
        given = [r if d == 0 else r[0] for r, d in zip(rows, dims, strict=True)]
        ours, theirs = (vmap(f, in_dims=dims) for f in (F, plain))
        assert_same(slopes(ours, *given), slopes(theirs, *given))


def _per_sample(f: Op) -> Any:
    return vmap(grad(lambda a, b: sum(y.sum() for y in f(a, b)), (0, 1)), (0, None))


def _hessian(f: Op) -> Any:
    return vmap(hessian(lambda a, b: torch.cat(f(a, b)), (0, 1)), (0, None))


def _tangents(f: Op) -> Any:
    return vmap(lambda a, b: jvp(f, (a, b), (torch.cos(a), b)), (0, None))


def _tangents_outside(f: Op) -> Any:
    return lambda a, b: jvp(vmap(f, (0, None)), (a, b), (torch.cos(a), b * b))


TRANSFORMS = (_per_sample, _hessian, _tangents, _tangents_outside)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_with_a_batch(transform: Callable[[Op], Any]) -> None:
    assert_same(transform(F)(A, B[0]), transform(plain)(A, B[0]))


def test_an_empty_batch() -> None:
    x, y = vmap(F, (0, None))(A[:0], B[0])
    assert x.shape == y.shape == (0, 3)


def test_rows_that_are_numbers_do_not_widen() -> None:
    """A batch of 0-dim float64 tensors counts as one such tensor does."""
    numbers, sized = A[0], B.float()
    x, y = vmap(F, (0, None))(numbers, sized)
    assert x.dtype == y.dtype == torch.float32
    assert_same(x, vmap(plain, (0, None))(numbers, sized)[0], rtol=1e-6)


@pytest.mark.parametrize("flag", [True, False])
def test_a_python_condition_decides_what_has_a_part(flag: bool) -> None:
    inputs = {"a": "real", "b": "real", "k": "index", "flag": "bool"}
    formulas = {"x": "where(flag, a*b, b)*k", "y": "a*b"}
    f = module(inputs, formulas).f

    def expected(a: Tensor, b: Tensor, k: Tensor, flag: bool) -> Pair:
        return (a * b if flag else b) * k, a * b

    k = torch.tensor([2, 3])
    for dims in ((0, None, None, None), (None, 0, None, None), (None, None, 0, None)):
        given = [t if d == 0 else t[0] for t, d in zip((A, B), dims, strict=False)]
        index = k if dims[2] == 0 else k[0]
        ours, theirs = (
            lambda a, b, f=f, dims=dims, k=index: vmap(f, dims)(a, b, k, flag)
            for f in (f, expected)
        )
        assert_same(slopes(ours, *given), slopes(theirs, *given))


def test_only_such_ops_carry_a_rule_of_their_own() -> None:
    """Where every output has a part in every batch, torch's generated rule is right."""
    assert not F.__globals__["FFunction"].generate_vmap_rule
    assert SHARED.__globals__["FFunction"].generate_vmap_rule
    assert "_InOneBatch" not in SHARED.__globals__


def test_verify_finds_the_generated_rule_wrong_for_them() -> None:
    declared = spec("f", "a b", {"x": "a*b**2", "y": "exp(b)"})
    source = generate(declared).source
    rule = "class FFunction(torch.autograd.Function):\n    generate_vmap_rule = True\n"
    wrong = source.replace("class FFunction(_InOneBatch):\n", rule)
    assert wrong != source
    assert climb(source, declared, "full", [("f", 10)]).passed
    [finding] = climb(wrong, declared, "full", [("f", 10)]).failures
    assert "in a batch of a, taken outside of it" in finding.message
