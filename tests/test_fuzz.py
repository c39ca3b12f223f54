"""A share of the fuzzing of the whole tool, what it found, and that it finds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fuzz_whole
import pytest
import yaml
from conftest import Climbed
from fuzz_drafts import drawn
from fuzz_judge import judged
from fuzz_rules import RULES
from fuzz_witnesses import noisy

from symgrad.functions import TABLE
from symgrad.spec import load, load_text
from symgrad.verify import reference

PATH = Path(__file__).with_name("found.yaml")
FOUND = yaml.safe_load(PATH.read_text("utf-8"))["ops"]
WHOLE = load(str(PATH))
BATCHES, EACH = 5, 5
"""How many tests there are, and specs in each."""

SECONDS = 2
"""What a spec of the share may take; most that take longer take very long."""

SMALL, DRAWN = 10, 150
"""Operations of specs that are to find a fault, and among how many they are sought.

Of those with a ``tanh`` five find that its derivative is wrong, the first of them
after four.
"""

PLACES = 6
"""At how many places a spec is tried that was wrong once."""


def text(op: Mapping[str, Any]) -> str:
    """A spec of one op."""
    return yaml.safe_dump({"symgrad": 1, "ops": {"f": op}}, sort_keys=False)


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name: str) -> None:
    seeds = [f"found/{number}" for number in range(PLACES)]
    verdict = judged(text(FOUND[name]), *seeds)
    assert verdict.refused is None
    assert verdict.unexplained == []


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_climbs_the_ladder(name: str, climbed: Climbed) -> None:
    report = climbed(replace(WHOLE, ops=tuple(o for o in WHOLE.ops if o.name == name)))
    assert report.passed, str(report)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_specs(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_whole, "LIMIT", SECONDS)
    for number in range(EACH):
        seed = f"test {batch}/{number}"
        draft = drawn(random.Random(seed))
        verdict = fuzz_whole.judged_in_time(draft, seed)
        assert verdict is None or verdict.unexplained == [], draft.text


def test_every_rule_stands_in_the_documents() -> None:
    page = (PATH.parents[1] / "docs" / "verification.md").read_text("utf-8")
    assert [name for name in RULES if f"| {name} |" not in page] == []


def test_surrogates_are_moved_by_rounding_too() -> None:
    op = {"inputs": {"x": "real"}, "forward": {"y": "sign(x)"}}
    spec = load_text(text({**op, "surrogate": {"y": "tanh(x)"}}), "f.yaml")
    plain = reference.guarded(spec.ops[0])
    rough, kinds = noisy(plain)
    assert [f.value for f in rough.surrogates] == [rough.stand_ins["y"]]
    assert kinds


def test_specs_come_in_every_size_and_few_are_refused() -> None:
    drafts = [drawn(random.Random(f"sizes/{n}")) for n in range(600)]
    assert {d.size for d in drafts} > set(range(2, 30))
    assert max(d.size for d in drafts) > 50


def is_wrong(number: int) -> bool:
    """Whether a small spec with the fault that is planted is found to have it."""
    draft = drawn(random.Random(f"0/{number}"))
    if draft.size > SMALL or "tanh(" not in draft.text:
        return False
    verdict = fuzz_whole.judged_in_time(draft, f"0/{number}")
    return verdict is not None and bool(verdict.unexplained)


def test_a_wrong_derivative_is_found_and_made_small(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = replace(TABLE["tanh"], partials=("1 - 1.000001*y*y",))
    monkeypatch.setitem(TABLE, "tanh", wrong)  # type: ignore[arg-type]
    monkeypatch.setattr(fuzz_whole, "LIMIT", SECONDS)
    number = next(filter(is_wrong, range(DRAWN)))
    words = ["--count", "1", "--start", str(number), "--progress", "0"]
    assert fuzz_whole.main(words) == 1
    shown = capsys.readouterr().out
    smallest = shown.split("# smallest: ")[1]
    assert "tanh(" in smallest.split("\n\n")[0]
    assert "unexplained: 0" not in shown


def test_a_number_beside_a_kink_is_explained() -> None:
    op = {
        "inputs": {"x": "real"},
        "forward": {"y": "Max(x, 2*x - x)"},
        "edges": "right",
    }
    verdict = judged(text(op), "kink/0")
    assert verdict.explained["at a kink"] > 0
    assert verdict.unexplained == []
