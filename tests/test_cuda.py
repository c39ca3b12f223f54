"""Every example on a GPU: the same numbers, half precision, nothing waited for.

Skipped where torch has none.  CPU in float64 is what CUDA must give.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from comparison import Case
from contract import Point, assert_same, at, cast, moves, point, total
from torch import Tensor
from torch_cases import EVERY

if not torch.cuda.is_available():
    pytest.skip("torch has no CUDA device here", allow_module_level=True)

every_case = pytest.mark.parametrize("case", EVERY, ids=str)


def on_gpu(here: Point, dtype: torch.dtype = torch.float64) -> Point:
    """The same point on the GPU, where the reference is not run."""
    moved = {n: cast(t, dtype).cuda() for n, t in here.tensors.items()}
    return at(here.case, moved)


def values_and_gradients(p: Point, second: bool) -> list[Tensor]:
    """Outputs, gradients, and the gradient of those, on the CPU in double."""
    leaves = p.leaves
    results = list(p.ours(*leaves))
    moving = [y for y in results if y.requires_grad]
    if not moving:
        return [_home(y) for y in results]
    objective = total(lambda *args: tuple(moving))(*leaves)
    options: dict[str, Any] = {"allow_unused": True, "materialize_grads": True}
    found = torch.autograd.grad(objective, leaves, create_graph=second, **options)
    results += found
    if second and any(g.requires_grad for g in found):
        live = [(g.abs() ** 2).sum() for g in found if g.requires_grad]
        results += torch.autograd.grad(torch.stack(live).sum(), leaves, **options)
    return [_home(y) for y in results]


def _home(tensor: Tensor) -> Tensor:
    whole = torch.complex128 if tensor.is_complex() else torch.float64
    return tensor.detach().cpu().to(whole)


@every_case
def test_the_same_as_on_cpu(case: Case) -> None:
    here = point(case, ((5,), (5,)))
    expected = values_and_gradients(here, case.smooth)
    found = values_and_gradients(on_gpu(here), case.smooth)
    assert_same(found, expected, rtol=1e-9, atol=1e-9)


REAL = [case for case in EVERY if "complex_signals" not in case.op]
"""Of complex numbers in half precision torch has few operators."""


@pytest.mark.parametrize("case", REAL, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_narrow_dtypes(case: Case, dtype: torch.dtype) -> None:
    """As on the CPU from the same rounded inputs, to a few units of the dtype."""
    here = point(case)
    rounded = {n: cast(t, dtype) for n, t in here.tensors.items()}
    expected = values_and_gradients(at(case, rounded), False)
    found = values_and_gradients(on_gpu(here, dtype), False)
    unit = torch.finfo(dtype).eps
    for a, b in zip(found, expected, strict=True):
        size = max(1.0, float(b.abs().nan_to_num(posinf=0).max())) if b.numel() else 1.0
        assert_same(a, b, rtol=8 * unit, atol=8 * unit * size)


@contextmanager
def nothing_waits() -> Iterator[None]:
    """An error where the CPU would wait for the GPU, as ``.item()`` does."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@every_case
def test_nothing_waits_for_the_gpu(case: Case) -> None:
    p = on_gpu(point(case), torch.float32)
    leaves = p.leaves
    weights = [torch.rand_like(y) for y in p.ours(*leaves)]
    torch.cuda.synchronize()
    with nothing_waits():
        results = p.ours(*leaves)
        pairs = [
            (y, w) for y, w in zip(results, weights, strict=True) if y.requires_grad
        ]
        if pairs:
            outputs, sent = zip(*pairs, strict=True)
            torch.autograd.grad(outputs, leaves, sent, allow_unused=True)


@pytest.mark.parametrize("case", [c for c in EVERY if "lookups" in c.op], ids=str)
def test_deterministic_where_torch_is_asked_to_be(case: Case) -> None:
    p = on_gpu(point(case, ((64,),)), torch.float32)
    torch.use_deterministic_algorithms(True)
    try:
        first = values_and_gradients(p, False)
        again = values_and_gradients(p, False)
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


FEW = list({case.op.split(".")[0]: case for case in reversed(EVERY)}.values())


@pytest.mark.parametrize("case", FEW, ids=str)
def test_compiled(case: Case) -> None:
    """One op of every module through the compiler for GPUs."""
    p = on_gpu(point(case), torch.float32)
    compiled = torch.compile(p.ours, fullgraph=True)
    expected = values_and_gradients(p, False)
    found = values_and_gradients(replace(p, ours=compiled), False)
    assert_same(found, expected, rtol=1e-5, atol=1e-5)


@every_case
def test_tensors_on_different_devices_are_an_error(case: Case) -> None:
    p = on_gpu(point(case), torch.float32)
    if len([t for t in p.args if moves(t) and t.dim()]) < 2:
        pytest.skip("one tensor")
    first, *rest = p.args
    with pytest.raises(RuntimeError, match="device"):
        p.ours(first.cpu(), *rest)
