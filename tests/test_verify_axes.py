"""The ladder, where axes have names: what is right passes, what is wrong does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from specs import module, op
from torch import Tensor

from symgrad.op import Op
from symgrad.verify.ladder import climb_with
from symgrad.verify.report import Report
from symgrad.verify.subject import Subject


def verified(tested: Op, function: Callable[..., Any], *rungs: int) -> Report:
    """What the ladder says of a function that somebody wrote."""
    due = [(tested.name, rung) for rung in rungs]
    return climb_with([Subject(tested, function)], "full", due)


ROW = {"x": "real[..., n]"}
LARGEST = op(ROW, "amax(x[i], i)")
UNIT = op(ROW, {"y[i]": "x[i]/Max(norm(x[k], k), 1e-12)"})


def unit(x: Tensor, eps: float = 1e-12) -> Tensor:
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / torch.maximum(norm, x.new_tensor(eps))


CROSS_ENTROPY = op(
    {**ROW, "label": "index[...]"}, {"loss": "logsumexp(x[i], i) - x[label]"}
)


def cross_entropy(x: Tensor, label: Tensor, smoothing: float = 0.0) -> Tensor:
    """Takes a row for each label, as torch's own."""
    given = x.reshape(-1, x.shape[-1]), label.reshape(-1)
    loss = F.cross_entropy(*given, reduction="none", label_smoothing=smoothing)
    return loss.reshape(label.shape)


MATVEC = op({"A": "real[m, n]", "x": "real[n]"}, {"y[i]": "sum(A[i, k]*x[k], k)"})


def halved(A: Tensor, x: Tensor) -> Tensor:
    y = A @ x
    return y.half() if y.dtype == torch.bfloat16 and A.dtype == torch.float32 else y


OWN: Mapping[str, tuple[Op, Callable[..., Any], tuple[int, ...]]] = {
    "batches that do not broadcast": (CROSS_ENTROPY, cross_entropy, (1, 2, 3, 4)),
    "products in autocast": (MATVEC, torch.matmul, (9,)),
    "ties of three": (LARGEST, lambda x: x.amax(-1), (1, 2, 8)),
    "rounding beside 0": (UNIT, unit, (1, 2, 8)),
}
"""An op, what torch has for it, and rungs."""


@pytest.mark.parametrize("name", OWN)
def test_no_false_alarm(name: str) -> None:
    tested, function, rungs = OWN[name]
    report = verified(tested, function, *rungs)
    assert report.passed, str(report)
    assert [r.rung for r in report.results] == list(rungs)


WRONG: Mapping[str, tuple[Op, Callable[..., Any], int, str]] = {
    "the first of ties": (
        LARGEST,
        lambda x: x.max(-1).values,
        8,
        "the gradient of x_0 at an edge",
    ),
    "a loss that refuses such batches": (
        CROSS_ENTROPY,
        partial(cross_entropy, smoothing=0.1),
        2,
        "loss is wrong",
    ),
    "a dtype of neither": (MATVEC, halved, 9, "y is another under autocast"),
    "more than rounding": (
        UNIT,
        partial(unit, eps=2e-12),
        8,
        "the gradient of x_0 at an edge",
    ),
}
"""An op, a function that is another, the rung that finds it, and its words."""


@pytest.mark.parametrize("name", WRONG)
def test_a_rung_finds(name: str) -> None:
    tested, function, rung, said = WRONG[name]
    [failure] = verified(tested, function, rung).failures
    assert said in failure.message, str(failure)


def test_a_surrogate_along_axes_is_what_counts_at_edges() -> None:
    inputs = {"x": "real[..., n]", "W": "real[m, n]"}
    total = "sum(W[i, j]*x[j], j)"
    keys = {"surrogate": {"y[i]": f"sigmoid({total})"}}
    texts = {"y[i]": f"Heaviside({total})"}
    function = module(inputs, texts, **keys).f
    assert verified(op(inputs, texts, **keys), function, 1, 8).passed
