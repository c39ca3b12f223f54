"""PyTorch as the judge of complex ops: values and gradients at its own samples."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from judge_complex import ROWS, ours
from judge_rows import Row
from judging import database
from torch import Tensor

from symgrad.op import Op

RTOL = 1e-7
MOST = 64
"""Elements that are taken of one sample."""
NEAR = 1e-8
"""Relative to this below it: torch takes exp(z) for expm1(z) + 1."""
FAR = 1e100
"""Beyond that, products of torch's complex numbers are inf and NaN in turn."""


@pytest.fixture(scope="module", autouse=True)
def judge() -> None:
    """Skip without torch's database of operators."""
    pytest.importorskip("expecttest", reason="torch's test database needs expecttest")
    try:
        database()
    except ImportError as error:
        pytest.skip(f"torch's test database cannot be imported: {error}")


def samples(row: Row) -> list[list[Tensor]]:
    """Torch's reference inputs of the kinds that the op takes, flat."""
    inputs = ours()[0][row.op].inputs
    dtypes = [
        torch.complex128 if item.kind.is_complex else torch.float64 for item in inputs
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = list(database()[row.database].reference_inputs("cpu", dtypes[0]))
    found = []
    for sample in given:
        args = [sample.input, *sample.args]
        sound = len(args) == len(inputs) and all(isinstance(a, Tensor) for a in args)
        if sound and not sample.kwargs:
            pairs = zip(torch.broadcast_tensors(*args), dtypes, strict=True)
            flat = [a.detach().to(dtype).flatten() for a, dtype in pairs]
            found.append([a[:: -(-len(a) // MOST) or 1] for a in flat])
    return [_inside(ours()[0][row.op], args) for args in found]


def _inside(op: Op, args: list[Tensor]) -> list[Tensor]:
    """The finite points in the domain: where torch's polar is right, r is positive."""
    kept = torch.stack([a.isfinite() for a in args]).all(0)
    for item, column in zip(op.inputs, args, strict=True):
        if item.domain is not None:
            kept &= column > item.domain.low
    return [a[kept] for a in args]


def outcome(function: Any, args: list[Tensor]) -> list[Tensor]:
    """The value, and the gradients for cotangents that turn from place to place."""
    leaves = [a.clone().requires_grad_() for a in args]
    value = function(*leaves)
    turns = torch.arange(value.numel(), dtype=torch.float64)
    cotangent = torch.polar(1 + turns % 3, turns)
    cotangent = cotangent if value.is_complex() else cotangent.real
    return [value.detach(), *torch.autograd.grad(value, leaves, cotangent)]


def assert_agree(ours: list[Tensor], theirs: list[Tensor]) -> int:
    """How many numbers are equal; those where torch has a moderate finite one."""
    count = 0
    for mine, plain in zip(ours, theirs, strict=True):
        assert mine.dtype == plain.dtype
        there = plain.isfinite() & (plain.abs() < FAR)
        size = plain[there].abs() + NEAR
        off = (mine[there] - plain[there]).abs() / size
        assert bool((off <= RTOL).all()), (off.max(), mine[there][off.argmax()])
        count += int(there.sum())
    return count


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_judge_agrees(row: Row) -> None:
    function = getattr(ours()[1], row.op)
    operator = database()[row.database].op
    count = sum(
        assert_agree(outcome(function, args), outcome(operator, args))
        for args in samples(row)
    )
    assert count > 40


def test_a_missing_conjugate_is_found() -> None:
    z = torch.randn(9, dtype=torch.complex128)
    value, gradient = outcome(torch.exp, [z])
    with pytest.raises(AssertionError):
        assert_agree([value, gradient.conj()], outcome(torch.exp, [z]))
