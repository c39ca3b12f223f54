"""``symgrad audit`` and ``symgrad verify MODULE:FUNCTION``, on hand-written code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from symgrad import audit as names
from symgrad import cli
from symgrad.audit.checks import CHECKS
from symgrad.audit.run import audit
from symgrad.verify.target import parse

HAND = Path(__file__).parent / "hand_written.py"
SWISH = "examples/swish.yaml:swish"


def audited(name: str, **given: Any) -> dict[str, list[str]]:
    """What an audit finds in a class, by the check that found it."""
    target = parse(f"{HAND}:{name}")
    assert target is not None
    found: dict[str, list[str]] = {}
    for finding in audit(target, given).failures:
        place = "" if finding.rung is None else CHECKS[finding.rung - 1].name
        found.setdefault(place, []).append(finding.message)
    return found


@pytest.mark.parametrize("name", ["Swish", "Modern", "OnceOnly", "Scaled"])
def test_a_right_class_passes(name: str) -> None:
    assert audited(name) == {}


FAULTS = {
    "ExtraNone": "arity",
    "Misplaced": "arity",
    "WrongFactor": "first order",
    "Unreduced": "broadcast",
    "TensorOnContext": "saves",
    "SavedIntermediate": "saves",
    "FlatMemory": "layouts",
    "WritesCotangent": "purity",
    "Different": "purity",
    "Detached": "second order",
    "AlwaysFloat32": "dtypes",
    "WrongVmap": "batches",
    "WrongJvp": "forward mode",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    assert FAULTS[name] in audited(name)


def test_the_checks_have_their_names_in_order() -> None:
    assert tuple(check.name for check in CHECKS) == names.CHECKS


def test_what_it_takes_can_be_said() -> None:
    assert audited("Scaled", x=(4,), scale=0.5) == {}
    [message] = audited("Scaled", q=3.0)[""]
    assert "takes x, scale, and no q" in message


def test_what_cannot_run_is_no_matter_of_what_is_offered() -> None:
    """The words of an error do not make it an option."""
    assert "arity" in audited("Broken")


def test_a_declared_backward_is_not_compared_with_forward() -> None:
    target = parse(f"{HAND}:Spike")
    assert target is not None
    assert not audit(target, {}).passed
    assert audit(target, {}, declared=True).passed


@pytest.mark.parametrize("name", ["nothing", "swish"])
def test_what_is_no_function_of_autograd(name: str) -> None:
    [[message]] = audited(name).values()
    assert "cannot be" in message


# -- from the command line -------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.run(words)
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_audit_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "audit", "--json", f"{HAND}:WrongFactor")
    [report] = json.loads(shown)["reports"]
    assert (code, report["passed"]) == (1, False)
    assert [r["passed"] for r in report["results"]].count(False) >= 1
    assert run(capsys, "audit", f"{HAND}:Scaled", "--input", "x=3x2")[0] == 0


def test_verify_any_callable(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "verify", f"{HAND}:swish", "--spec", SWISH, "--quick")
    assert code == 0, shown
    words = ("verify", f"{HAND}:swapped", "--spec", SWISH, "--rung", "2")
    code, shown = run(capsys, *words)
    assert code == 1
    assert "y is wrong" in shown
    assert f"symgrad verify {HAND}:swapped --spec {SWISH} --rung 2" in shown
    assert re.search(r"inputs: +x=-?[\d.]{1,5}, beta=-?[\d.]{1,5}\n", shown)  # smallest


@pytest.mark.parametrize(
    ("target", "spec", "said"),
    [
        ("nowhere", SWISH, "no MODULE:NAME"),
        (f"{HAND}:swish", "examples/swish.yaml:swihs", "did you mean 'swish'"),
        (f"{HAND}:swish", "examples/swish.yaml", "several ops"),
        (f"{HAND}:swish", f"{SWISH} --rung 99", "99 is not in the range"),
    ],
)
def test_wrong_words(
    capsys: pytest.CaptureFixture[str], target: str, spec: str, said: str
) -> None:
    code, shown = run(capsys, "verify", target, "--spec", *spec.split())
    assert code == 2
    assert said in shown
