"""Layouts, modes, what is kept, tensors without data: nothing of it matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparison import Case
from contract import (
    Bound,
    Outputs,
    Point,
    assert_same,
    at,
    point,
    real_sum,
    total,
    weights,
)
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint
from torch_cases import ELEMENTWISE, EVERY

every_case = pytest.mark.parametrize("case", EVERY, ids=str)


def gradients(
    function: Bound, leaves: list[Tensor], retain_graph: bool = False
) -> tuple[Tensor, ...]:
    """Gradients of the usual objective."""
    values = function(*leaves)
    objective = total(lambda *_: values)()
    return torch.autograd.grad(objective, leaves, retain_graph=retain_graph)


# -- memory and modes ------------------------------------------------------------------


@every_case
def test_checkpoint(case: Case) -> None:
    given = point(case, [(2, 3), (3,)])

    def again(*args: Tensor) -> Outputs:
        return checkpoint(given.ours, *args, use_reentrant=False)

    expected = gradients(given.ours, given.leaves)
    assert_same(gradients(again, given.leaves), expected, 0, 0)


@every_case
def test_saved_tensor_hooks(case: Case) -> None:
    """Whatever is kept can be put away and brought back, as offloading does."""
    given = point(case, [(2, 3), (3,)])
    expected = gradients(given.ours, given.leaves)
    with saved_tensors_hooks(lambda t: t.resolve_conj().numpy(), torch.tensor):
        found = gradients(given.ours, given.leaves)
    assert_same(found, expected, 0, 0)


@every_case
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(case: Case, mode: Any) -> None:
    given = point(case, [(2, 3), (3,)])
    leaves = given.leaves
    expected = given.ours(*leaves)
    with mode():
        found = given.ours(*leaves)
    assert not any(y.requires_grad for y in found)
    assert_same(found, tuple(y.detach() for y in expected), 0, 0)


class Counting(TorchDispatchMode):
    """Counts the operators that torch runs."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def operators_of_backward(given: Point, leaves: list[Tensor]) -> int:
    """How many operators it takes to get the gradients of those that require it."""
    values = given.ours(*leaves)
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    with Counting() as counter:
        torch.autograd.grad(values, wanted, [torch.ones_like(y) for y in values])
    return counter.count


@pytest.mark.parametrize(
    "case", [c for c in EVERY if len(point(c).wanted) > 1], ids=str
)
def test_needs_of_inputs(case: Case) -> None:
    """An input that asks for no gradient costs none and changes no other."""
    given = point(case, [(2, 3), (3,)])
    every = gradients(given.ours, given.leaves)
    most = operators_of_backward(given, given.leaves)
    counts = []
    for chosen, expected in enumerate(every):
        leaves = given.args
        leaves[chosen].requires_grad_()
        counts.append(operators_of_backward(given, leaves))
        [found] = torch.autograd.grad(total(given.ours)(*leaves), leaves[chosen])
        assert_same(found, expected, 0, 0)
    assert min(counts) < most  # one may be a by-product of another, not all of all
    assert max(counts) <= most


# -- tensors without data --------------------------------------------------------------


def shapes_of(tensors: tuple[Tensor, ...]) -> list[tuple[torch.Size, torch.dtype]]:
    return [(t.shape, t.dtype) for t in tensors]


@every_case
def test_meta_tensors(case: Case) -> None:
    given = point(case, [(2, 3), (3,)])
    meta = at(case, {name: t.to("meta") for name, t in given.tensors.items()})
    leaves = [t.requires_grad_() for t in meta.args]
    values, real = meta.ours(*leaves), given.ours(*given.args)
    assert shapes_of(values) == shapes_of(real)
    found = torch.autograd.grad(real_sum(values), leaves)
    assert shapes_of(found) == shapes_of(tuple(leaves))


@every_case
def test_fake_tensors(case: Case) -> None:
    given = point(case, [(2, 3), (3,)])
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = at(case, {n: mode.from_tensor(t) for n, t in given.tensors.items()})
        leaves = [t.requires_grad_() for t in fake.args]
        found = gradients(fake.ours, leaves)
    assert shapes_of(found) == shapes_of(tuple(leaves))


# -- layouts ---------------------------------------------------------------------------


def transposed(t: Tensor) -> Tensor:
    return t.mT.contiguous().mT if t.dim() > 1 else t


def strided(t: Tensor) -> Tensor:
    """Every second column of a wider tensor."""
    wide = torch.stack([t, torch.full_like(t, 7)], -1)
    return wide.flatten(-2)[..., ::2] if t.dim() else wide[0]


def reversed_in_memory(t: Tensor) -> Tensor:
    """The same values in a tensor with another order of strides and an offset."""
    return transposed(torch.cat([t, t]))[t.shape[0] :] if t.dim() else t


LAYOUTS = (transposed, strided, reversed_in_memory)


@every_case
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_layouts(case: Case, layout: Callable[[Tensor], Tensor]) -> None:
    """Inputs and cotangents in another layout, results the same but for order."""
    plain = point(case, [(4, 6)])
    laid = at(case, {n: layout(t) for n, t in plain.tensors.items()})
    leaves = [layout(t).requires_grad_() for t in laid.args]
    values, expected = laid.ours(*leaves), plain.ours(*plain.leaves)
    assert_same(values, expected, 1e-14, 1e-14)
    found = torch.autograd.grad(values, leaves, [layout(weights(y)) for y in values])
    assert_same(found, gradients(plain.ours, plain.leaves), 1e-13, 1e-13)


@every_case
def test_expanded(case: Case) -> None:
    """Strides of 0, in the inputs and, as of a sum, in the cotangents."""
    plain = point(case, [(1, 3)])
    shapes = {n: case.shape(n, (4, 3)) for n in plain.tensors}
    wide = at(case, {n: t.expand(shapes[n]) for n, t in plain.tensors.items()})
    leaves, once = plain.leaves, plain.leaves
    pairs = zip(plain.wanted, leaves, strict=True)
    values = wide.ours(*(leaf.expand(shapes[n]) for n, leaf in pairs))
    found = torch.autograd.grad(real_sum(values), leaves)
    less = plain.ours(*once)
    times = values[0].numel() // less[0].numel()
    expected = torch.autograd.grad(times * real_sum(less), once)
    assert_same(found, expected)


@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_channels_last_is_kept(case: Case) -> None:
    given = point(case, [(2, 3, 4, 5)])
    form = torch.channels_last
    laid = at(case, {n: t.to(memory_format=form) for n, t in given.tensors.items()})
    leaves = [t.to(memory_format=form).requires_grad_() for t in laid.args]
    values = laid.ours(*leaves)
    assert all(y.is_contiguous(memory_format=form) for y in values)
    found = torch.autograd.grad(values, leaves, [torch.ones_like(y) for y in values])
    dense = [torch.empty_like(g) for g in found]  # a real part has gaps
    assert all(g.is_contiguous(memory_format=form) for g in dense)


@every_case
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)], ids=str)
def test_few_elements(case: Case, shape: tuple[int, ...]) -> None:
    given = point(case, [shape])
    assert_same(
        gradients(given.ours, given.leaves), gradients(given.theirs, given.leaves)
    )


@every_case
def test_one_tensor_for_all(case: Case) -> None:
    """The same tensor passed for every floating input: its gradients add up."""
    given = point(case, [(3,)])
    first = given.tensors[given.wanted[0]]
    if {t.dtype for t in given.args} != {first.dtype}:
        pytest.skip("a real and a complex input are never one tensor")
    if len({t.shape for t in given.args}) > 1:
        pytest.skip("inputs of different axes are never one tensor")
    if case.op.endswith("cauchy_term"):
        pytest.skip("it has a pole where two inputs are equal")
    size = 0.9 - 0.8 * torch.exp(-first.abs())
    shared = (size * torch.sgn(first) if first.is_complex() else size).requires_grad_()
    count = len(given.wanted)
    [found] = torch.autograd.grad(total(given.ours)(*[shared] * count), shared)
    [expected] = torch.autograd.grad(total(given.theirs)(*[shared] * count), shared)
    assert_same(found, expected)


@every_case
def test_nothing_is_modified(case: Case) -> None:
    """Inputs, cotangents and results stay, and a second backward equals the first."""
    given = point(case, [(2, 3), (3,)])
    leaves = given.leaves
    values = given.ours(*leaves)
    cotangents = [weights(y) for y in values]
    kept = [t.detach().clone() for t in (*leaves, *values, *cotangents)]
    first = torch.autograd.grad(values, leaves, cotangents, retain_graph=True)
    second = torch.autograd.grad(values, leaves, cotangents)
    assert_same(first, second, 0, 0)
    assert_same([t.detach() for t in (*leaves, *values, *cotangents)], kept, 0, 0)
