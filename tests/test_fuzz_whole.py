"""A share of the fuzzing of the whole tool, and what it has found so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_specs import case
from fuzz_whole import failure, run, smallest

from symgrad.functions import TABLE
from symgrad.generate import generate
from symgrad.spec import load
from symgrad.verify.ladder import climb

FOUND = load(str(Path(__file__).with_name("found.yaml")))


@pytest.mark.parametrize("name", [op.name for op in FOUND.ops])
def test_what_was_found_stays_mended(name: str) -> None:
    alone = replace(FOUND, ops=tuple(op for op in FOUND.ops if op.name == name))
    report = climb(generate(alone).source, alone, "full")
    assert report.passed, str(report)


def test_a_share() -> None:
    seen, found = run(range(0, 2000, 83), seconds=20)
    assert found == []
    assert seen["compared"] > 0.4 * seen["specs"]


def test_a_planted_fault_is_found_and_made_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partial with a wrong factor, in a spec with much else in it."""
    wrong = replace(TABLE["tanh"], partials=("1.001*(1 - y*y)",))
    monkeypatch.setitem(TABLE, "tanh", wrong)  # type: ignore[arg-type]
    made = case(7)
    formula = {"y": replace(case(3).outputs["y0"], pattern="tanh(x*w) + 0*({} + {})")}
    made = replace(made, lets={}, outputs=formula, keys={})
    assert "grad_" in failure(made, 7, Counter())
    assert len(smallest(made, 7).yaml().splitlines()) <= 8
