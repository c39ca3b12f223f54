"""The benchmarks run, and what they are there to show is so."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import overhead

GRAD, NO_GRAD = 15.0, 3.0
"""Microseconds over the same operators of torch, on a machine that is not busy."""


def slowness() -> float:
    """How much slower than usual this machine is just now, at what Python does."""
    signature = inspect.signature(overhead.cost)
    call = lambda *args: signature.bind(*args)  # noqa: E731
    usual = 2.0
    return max(1.0, overhead.cost(call, [torch.zeros(()), torch.zeros(())]) / usual)


@pytest.mark.parametrize("pair", overhead.PAIRS, ids=lambda p: p.op.__name__)
@pytest.mark.parametrize(("with_grad", "limit"), [(True, GRAD), (False, NO_GRAD)])
def test_overhead_of_a_call(pair: overhead.Pair, with_grad: bool, limit: float) -> None:
    """In one of three attempts: others may be at work on the machine."""
    attempts = (overhead.compare(pair, with_grad)[1] / slowness() for _ in range(3))
    assert any(extra < limit for extra in attempts)
