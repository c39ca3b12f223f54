"""Every example with named axes against torch: values, gradients and those of those."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from axes_cases import AXES, AxesCase, Shape, declared
from contract import Bound, assert_same, at, bound, cast, point, total
from generated_modules import EXAMPLES
from test_contract_dtypes import NoFloat64
from torch import Tensor
from torch.utils._pytree import tree_leaves

BATCHES: dict[str, list[Shape]] = {
    "one": [(2,)],
    "none": [()],
    "broadcast": [(2, 1), (3,)],
}
RTOL, ATOL = 1e-8, 1e-10

every_case = pytest.mark.parametrize("case", AXES, ids=str)
every_batch = pytest.mark.parametrize("batch", BATCHES)


def theirs(case: AxesCase, batch: str, often: bool) -> Bound:
    """What the op must equal, or what that is where it is differentiated often."""
    given = point(case, BATCHES[batch])
    reference = (case.twice if often else None) or case.reference
    return bound(reference, given.tensors, given.wanted, case.numbers, by_name=False)


def first_order(function: Bound, leaves: list[Tensor]) -> tuple[Any, ...]:
    """Values, and gradients by cotangents that differ from place to place."""
    values = function(*leaves)
    objective = total(lambda *_: values)()
    return values, torch.autograd.grad(objective, leaves)


def second_order(function: Bound, leaves: list[Tensor]) -> tuple[Tensor, ...]:
    """Gradients of all gradients, each entry counted differently."""
    objective = total(function)(*leaves)
    slopes = torch.autograd.grad(objective, leaves, create_graph=True)
    moving = [slope for slope in slopes if slope.requires_grad]
    if not moving:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    whole = total(lambda *_: tuple(moving))()
    return torch.autograd.grad(whole, leaves, materialize_grads=True)


@every_batch
@every_case
def test_values_and_gradients(case: AxesCase, batch: str) -> None:
    given = point(case, BATCHES[batch])
    expected = first_order(theirs(case, batch, often=False), given.leaves)
    assert_same(first_order(given.ours, given.leaves), expected, RTOL, ATOL)


@every_batch
@every_case
def test_second_derivatives(case: AxesCase, batch: str) -> None:
    given = point(case, BATCHES[batch])
    expected = second_order(theirs(case, batch, often=True), given.leaves)
    assert_same(second_order(given.ours, given.leaves), expected, RTOL, ATOL)


WIDTHS = {torch.float32: 2e-6, torch.float16: 2.0**-8, torch.bfloat16: 2.0**-5}
"""How far results may be off, by the largest of their own: contractions round each."""


@pytest.mark.parametrize("dtype", WIDTHS, ids=str)
@every_case
def test_dtypes(case: AxesCase, dtype: torch.dtype) -> None:
    """Results of the inputs' dtype, near what float64 gives at the same points."""
    given = point(case, [(2,)], dtype)
    wide = {n: cast(t, torch.float64) for n, t in given.tensors.items()}
    exact = tree_leaves(first_order(at(case, wide).theirs, at(case, wide).leaves))
    with NoFloat64():
        found = tree_leaves(first_order(given.ours, given.leaves))
    assert {t.dtype for t in found} == {dtype}
    for ours, theirs in zip(found, exact, strict=True):
        atol = WIDTHS[dtype] * max(1.0, float(theirs.detach().abs().max()))
        torch.testing.assert_close(ours.double(), theirs, rtol=0.0, atol=atol)


HALVES = {torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("name", ["log_softmax", "logsumexp", "softmin"])
def test_reductions_are_rounded_once(name: str, dtype: torch.dtype) -> None:
    """torch's own log_softmax of half precision has its logarithm rounded before."""
    case = next(c for c in AXES if c.op == f"softmaxes.{name}")
    given = point(case, [(40,)], dtype)
    wide = {n: cast(t, torch.float64) for n, t in given.tensors.items()}
    exact = at(case, wide).theirs(*at(case, wide).args)
    for ours, theirs in zip(given.ours(*given.args), exact, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=HALVES[dtype], atol=1e-6)


def test_every_example_with_axes_is_compared() -> None:
    assert {case.op for case in AXES} == set(declared())


def test_there_are_examples_enough() -> None:
    assert len(declared()) >= 45


@pytest.mark.parametrize("name", declared())
def test_specs_are_short(name: str) -> None:
    """At most fifteen lines for an op."""
    stem, op = name.split(".")
    blocks = (EXAMPLES / f"{stem}.yaml").read_text().split("\n\n")
    [block] = [b for b in blocks if f"  {op}:" in b.splitlines()[:2]]
    lines = block.removeprefix("ops:\n").splitlines()
    assert len(lines) <= 15
