"""A share of the fuzzing over named axes, what it found, and that it finds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import fuzz_axes
import pytest
import torch
from fuzz_axes_drafts import drawn
from fuzz_axes_judge import Verdict, compare, loaded
from fuzz_axes_trial import Function, Trial
from torch import Tensor

from symgrad import along
from symgrad.generate import generate
from symgrad.op import Op
from symgrad.spec import load
from symgrad.verify import reference

SPEC = load(str(Path(__file__).with_name("found_axes.yaml")))
SIZES = {"m": 3, "n": 2, "p": 4}
LEADS = ((), (2,), (2, 1))
BATCHES, EACH = 6, 8
"""How many tests there are, and specs in each."""


def placed(op: Op, lead: tuple[int, ...], size: int | None) -> dict[str, Tensor]:
    """Inputs of an op; every other one has the batch, and all axes a size if asked."""
    torch.manual_seed(0)
    found = {}
    for place, item in enumerate(op.inputs):
        named = [axis for axis in item.axes or () if axis != "..."]
        batch = lead if "..." in (item.axes or ()) and place % 2 == 0 else ()
        shape = (*batch, *(size or SIZES[axis] for axis in named))
        value = torch.randn(shape, dtype=torch.float64)
        whole = torch.randint(0, size or min(SIZES.values()), shape)
        found[item.name] = whole if item.kind.value == "index" else value
    return found


def plain(op: Op, noise: float) -> tuple[Function, Callable[[], float]]:
    """The formulas in plain torch, nowhere near a kink."""
    return lambda **values: tuple(reference.outputs(op, values)), lambda: math.inf


@pytest.mark.parametrize("size", [None, 1])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("op", SPEC.ops, ids=lambda op: op.name)
def test_what_was_found_stays_mended(
    op: Op, lead: tuple[int, ...], size: int | None
) -> None:
    alone = replace(SPEC, ops=(replace(op, name="f"),))
    function = loaded(generate(alone).source)
    verdict = Verdict()
    compare(Trial(function, partial(plain, op), placed(op, lead, size), 0), verdict)
    assert verdict.unexplained == []
    assert verdict.compared["value"] > 0


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_specs(batch: int) -> None:
    for number in range(EACH):
        seed = f"test {batch}/{number}"
        draft = drawn(random.Random(seed))
        assert fuzz_axes.quietly(draft, seed).unexplained == [], draft.shown


def test_a_wrong_derivative_is_found_and_made_small(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**along.SLOPES, "mean": along.SLOPES["sum"]}
    monkeypatch.setattr(along, "SLOPES", wrong)
    assert fuzz_axes.main(["--count", "25", "--progress", "0"]) == 1
    smallest = capsys.readouterr().out.split("# smallest: ")[1]
    assert "mean(" in smallest.split("\n\n")[0]


def test_outputs_do_not_share_memory() -> None:
    [op] = [op for op in SPEC.ops if op.name == "view_of_another_output"]
    x = torch.randn(3, 2, dtype=torch.float64)
    function = loaded(generate(replace(SPEC, ops=(replace(op, name="f"),))).source)
    with torch.no_grad():
        outputs = function(x=x)
    homes = [t.untyped_storage().data_ptr() for t in (x, *outputs)]
    assert len(set(homes)) == len(homes)
