"""Half precision, mixed dtypes, autocast: each result in the dtype it should have."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from comparison import Case
from complex_cases import COMPLEX
from contract import Point, assert_same, at, cast, point
from torch import Tensor
from torch.func import jvp
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch_cases import CASES

every_case = pytest.mark.parametrize("case", CASES, ids=str)
SEVERAL = [c for c in CASES if len(point(c).wanted) > 1]
FLOAT32_NOISE = 2e-6
HALVES = {torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}


def results(given: Point, leaves: list[Tensor], ours: bool = True) -> list[Tensor]:
    """Values, then gradients by cotangents of the values' own dtypes."""
    values = (given.ours if ours else given.theirs)(*leaves)
    cotangents = [torch.full_like(y, 0.75) for y in values]
    return [*values, *torch.autograd.grad(values, leaves, cotangents)]


def in_float64(given: Point) -> Point:
    """The same points in float64."""
    wide = {n: cast(t, torch.float64) for n, t in given.tensors.items()}
    return at(given.case, wide)


def exact(given: Point) -> list[Tensor]:
    """The results of plain torch in float64."""
    doubled = in_float64(given)
    return results(doubled, doubled.leaves, ours=False)


def assert_rounded_once(
    found: list[Tensor], expected: list[Tensor], unit: float
) -> None:
    """Within one rounding of the truth, but for what float32 arithmetic loses."""
    for ours, theirs in zip(found, expected, strict=True):
        atol = FLOAT32_NOISE * max(1.0, theirs.abs().max().item())
        torch.testing.assert_close(ours.double(), theirs, rtol=unit, atol=atol)


@every_case
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision(case: Case, dtype: torch.dtype) -> None:
    given = point(case, [(40, 5), (5,)], dtype)
    found = results(given, given.leaves)
    assert {t.dtype for t in found} == {dtype}
    assert_rounded_once(found, exact(given), HALVES[dtype])


PAIRS = [
    (torch.float32, torch.float64),
    (torch.float64, torch.float32),
    (torch.bfloat16, torch.float32),
    (torch.float16, torch.bfloat16),
]
FLOAT32 = 2e-4
"""As for float32 alone: as in torch, a part of narrow inputs only is narrow."""


def mixed(case: Case, dtypes: tuple[torch.dtype, ...]) -> Point:
    """The floating inputs in the dtypes in turn."""
    given = point(case, [(2, 3)])
    floating = [n for n, t in given.tensors.items() if t.is_floating_point()]
    chosen = {n: dtypes[i % len(dtypes)] for i, n in enumerate(floating)}
    return at(case, {n: t.to(chosen.get(n, t.dtype)) for n, t in given.tensors.items()})


@pytest.mark.parametrize("case", SEVERAL, ids=str)
@pytest.mark.parametrize("dtypes", PAIRS, ids=str)
def test_mixed_dtypes(case: Case, dtypes: tuple[torch.dtype, ...]) -> None:
    """Results in the promoted dtype, each gradient in its input's own."""
    given = mixed(case, dtypes)
    leaves = given.leaves
    found = results(given, leaves)
    values, grads = found[: -len(leaves)], found[-len(leaves) :]
    assert {y.dtype for y in values} == {torch.promote_types(*dtypes)}
    assert [g.dtype for g in grads] == [t.dtype for t in leaves]
    for ours, theirs in zip(found, exact(given), strict=True):
        rtol = HALVES.get(ours.dtype, FLOAT32)
        torch.testing.assert_close(ours.double(), theirs, rtol=rtol, atol=rtol / 4)


@pytest.mark.parametrize("case", SEVERAL, ids=str)
def test_zero_dim_tensors_do_not_widen(case: Case) -> None:
    """A 0-dim float64 beside float32 tensors, as a learned scalar is."""
    given = point(case, [(2, 3)], torch.float32)
    last = given.wanted[-1]
    scalar = given.tensors[last].double().mean()
    scalars = at(case, {**given.tensors, last: scalar})
    leaves = scalars.leaves
    found = results(scalars, leaves)
    assert {y.dtype for y in found[: -len(leaves)]} == {torch.float32}
    assert [g.dtype for g in found[-len(leaves) :]] == [t.dtype for t in leaves]
    for ours, theirs in zip(found, exact(scalars), strict=True):
        torch.testing.assert_close(
            ours.double(), theirs, rtol=FLOAT32, atol=FLOAT32 / 4
        )


@every_case
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_autocast(case: Case, dtype: torch.dtype) -> None:
    """Elementwise ops are none that autocast casts: the same in its region as out."""
    given = point(case, [(2, 3), (3,)], dtype)
    expected = results(given, given.leaves)
    with torch.autocast("cpu", torch.bfloat16):
        found = results(given, given.leaves)
    assert_same(found, expected, 0, 0)


@every_case
@pytest.mark.parametrize("dtype", [torch.float32, *HALVES], ids=str)
def test_tangents(case: Case, dtype: torch.dtype) -> None:
    """Forward mode in the dtype of the outputs, its result that of backward."""
    given = point(case, [(40, 5), (5,)], dtype)
    directions = tuple(torch.full_like(t, 0.5) for t in given.args)
    values, tangents = jvp(given.ours, tuple(given.args), directions)
    assert [t.dtype for t in tangents] == [y.dtype for y in values]
    wide = {
        n: t.double() if t.is_floating_point() else t for n, t in given.tensors.items()
    }
    doubled = at(case, wide)
    along = tuple(t.double() for t in directions)
    _, expected = jvp(doubled.theirs, tuple(doubled.args), along)
    assert_rounded_once(list(tangents), list(expected), HALVES.get(dtype, FLOAT32))


class NoFloat64(TorchDispatchMode):
    """Refuses operators that give float64, which some devices have not."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            assert getattr(tensor, "dtype", None) != torch.float64, func
        return result


@every_case
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_no_float64_appears(case: Case, dtype: torch.dtype) -> None:
    given = point(case, [(2, 3), (3,)], dtype)
    with NoFloat64():
        results(given, given.leaves)
        jvp(given.ours, tuple(given.args), tuple(given.args))


@pytest.mark.parametrize("case", COMPLEX, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_complex_dtypes(case: Case, dtype: torch.dtype) -> None:
    """The values' dtypes are plain torch's, each gradient has its input's own."""
    given = point(case, [(2, 3), (3,)], dtype)
    leaves = given.leaves
    found, plain = results(given, leaves), results(given, given.leaves, ours=False)
    assert [t.dtype for t in found] == [t.dtype for t in plain]
    assert [g.dtype for g in found[-len(leaves) :]] == [t.dtype for t in leaves]
    wide = [t.to(p.dtype) for t, p in zip(exact(given), plain, strict=True)]
    assert_same(found, wide, rtol=FLOAT32, atol=FLOAT32 / 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert_same(results(given, given.leaves), found, 0, 0)


@pytest.mark.parametrize("narrow", [torch.float32, *HALVES], ids=str)
def test_real_and_complex_inputs_of_different_widths(narrow: torch.dtype) -> None:
    """A real input of half precision is computed with as float32, as beside reals."""
    case = next(c for c in COMPLEX if c.op.endswith("rotary"))
    given = point(case, [(2, 3)])
    mixed = at(case, {**given.tensors, "theta": given.tensors["theta"].to(narrow)})
    leaves = mixed.leaves
    y, grad_q, grad_theta = results(mixed, leaves)
    assert (y.dtype, grad_q.dtype, grad_theta.dtype) == (
        torch.complex128,
        torch.complex128,
        narrow,
    )
    unit = HALVES.get(narrow, FLOAT32)
    assert_rounded_once([grad_theta], exact(mixed)[-1:], unit)
