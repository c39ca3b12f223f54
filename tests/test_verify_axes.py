"""The ladder, where axes have names: what is right passes, what is wrong does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from specs import op
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


OWN: Mapping[str, tuple[Op, Callable[..., Any], tuple[int, ...]]] = {
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
