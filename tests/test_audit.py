"""``symgrad audit`` and ``symgrad verify MODULE:FUNCTION``, on hand-written code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from symgrad import audit as names
from symgrad import callables, cli, verify
from symgrad.audit.checks import CHECKS
from symgrad.audit.given import Shaped
from symgrad.audit.given import parse as parse_given
from symgrad.audit.run import audit
from symgrad.verify.report import Report
from symgrad.verify.target import Target, parse

HAND = Path(__file__).parent / "hand_written.py"
SWISH = "examples/swish.yaml:swish"


def target(name: str) -> Target:
    found = parse(f"{HAND}:{name}")
    assert found is not None
    return found


def audited(name: str, **given: Any) -> dict[str, list[str]]:
    """What an audit finds in a class, by the check that found it."""
    found: dict[str, list[str]] = {}
    for finding in audit(target(name), given).failures:
        place = "" if finding.rung is None else CHECKS[finding.rung - 1].name
        found.setdefault(place, []).append(finding.message)
    return found


@pytest.mark.parametrize(
    "name", ["Swish", "Modern", "OnceOnly", "Scaled", "SavedSign", "Bell"]
)
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
    "NeverDouble": "dtypes",
    "WrongVmap": "batches",
    "WrongJvp": "forward mode",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    assert FAULTS[name] in audited(name)


def test_the_checks_have_their_names_in_order() -> None:
    assert tuple(check.name for check in CHECKS) == names.CHECKS


def test_a_write_that_has_no_effect_a_second_time_is_found() -> None:
    found = audit(target("Clamped"), {}, declared=True).failures
    assert [f.message for f in found] == ["an input is written to"]


def test_what_is_missing_is_said_in_short() -> None:
    notes = [result.note for result in audit(target("Swish"), {}).results]
    assert "transforms: not offered: it has no setup_context" in notes


def test_what_it_takes_can_be_said() -> None:
    assert audited("Scaled", x=Shaped((4,)), scale=0.5) == {}
    [message] = audited("Scaled", q=3.0)[""]
    assert "takes x, scale, and no q" in message


def test_what_cannot_run_is_no_matter_of_what_is_offered() -> None:
    """The words of an error do not make it an option."""
    assert "arity" in audited("Broken")


def test_a_declared_backward_is_not_compared_with_forward() -> None:
    assert not audit(target("Spike"), {}).passed
    assert audit(target("Spike"), {}, declared=True).passed


@pytest.mark.parametrize("name", ["nothing", "swish"])
def test_what_is_no_function_of_autograd(name: str) -> None:
    [[message]] = audited(name).values()
    assert "cannot be" in message


UNUSABLE = {
    "ComplexOutput": "an output is complex.*write a spec",
    "EmptyOutput": "outputs are empty; say what it takes with --input",
    "ListOutput": "gives a value of type list: outputs are tensors",
    "NumberOutput": "gives a value of type float: outputs are tensors",
    "NoOutput": "gives nothing: outputs are tensors",
    "WholeOutput": "nothing to differentiate",
    "ExitsAtOnce": r"calls sys\.exit\(3\)",
    "ByKeyword": "takes scale by keyword only, and apply hands on no keywords",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_audited_is_told_why(name: str) -> None:
    [[message]] = audited(name).values()
    assert re.search(UNUSABLE[name], message)
    assert "cannot be audited" in message


def test_a_keyword_that_has_a_default_is_left_alone() -> None:
    assert audited("DefaultByKeyword") == {}


def test_an_exit_is_a_failure_of_the_check() -> None:
    found = audited("Exits")
    assert set(found) >= {"arity", "first order", "purity", "second order", "dtypes"}
    assert {text for texts in found.values() for text in texts} == {"calls sys.exit(3)"}


def test_where_a_process_died_is_told() -> None:
    report = verify.audit(target("Dies"), {})
    [failure] = report.failures
    assert (failure.rung, failure.op, failure.code) == (1, "Dies", "SG602")
    assert "status 3, by a crash, or a call of os._exit" in failure.message


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="no memory limit here"
)
def test_an_audit_has_a_memory_limit() -> None:
    report = verify.audit(target("Hog"), {}, memory_limit=2**29)
    assert "allocate memory" in report.failures[0].message
    assert verify.audit(target("Modern"), {}, memory_limit=2**30).passed


def test_what_fails_when_it_is_compiled_fails() -> None:
    [message] = audited("FailsCompiled")["compile"]
    assert "Observed exception" in message
    assert "compile" not in audited("BreaksGraph")  # which is not offered, and is said


def test_whole_numbers_and_masks_can_be_given() -> None:
    given = {"rows": Shaped((4,), "int"), "keep": Shaped((4, 1), "bool")}
    assert audited("Picked", **given) == {}
    assert "" in audited("Picked")


@pytest.mark.parametrize("text", ["x=2x3", "x=4x", "x=[]", "i=4x:int", "m=2x3:bool"])
def test_what_is_given_is_written_as_it_is_read(text: str) -> None:
    name, value = parse_given(text)
    assert f"{name}={value}" == text


@pytest.mark.parametrize("text", ["x", "x=", "2=3", "x=4x:text", "x=2*3"])
def test_what_is_no_argument(text: str) -> None:
    with pytest.raises(ValueError):
        parse_given(text)


# -- callables beside a spec -----------------------------------------------------------


def climbed(name: str, *rungs: int) -> Report:
    op = callables.op_of(SWISH)
    return verify.verify_callable(target(name), op, SWISH, only=rungs)


SAID = {
    "swish_list": (2, "gives a value of type list: outputs are tensors"),
    "swish_number": (2, "gives a value of type float: outputs are tensors"),
    "swish_in_single": (2, "y has a wrong dtype"),
    "swish_exits": (2, "calls sys.exit(3)"),
    "swish_dies": (2, "the process ended with status 3, by a crash"),
    "swish_of_three": (None, "does not take what swish declares: missing"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_a_callable(name: str) -> None:
    rung, text = SAID[name]
    [failure] = climbed(name, 2).failures
    assert (failure.rung, failure.op) == (rung, "swish")
    assert text in failure.message


def test_inputs_may_be_taken_by_keyword() -> None:
    report = climbed("swish_by_keyword", 2, 7)
    assert report.passed, str(report)


def test_what_fails_in_a_transform_fails() -> None:
    """Only a lack of torch's is no failure."""
    assert [f.rung for f in climbed("swish_no_transforms", 10).failures] == [10]
    assert climbed("swish", 3).passed


# -- from the command line -------------------------------------------------------------


def test_a_callable_wants_a_spec(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "verify", f"{HAND}:swish")
    assert code == 2
    assert f"symgrad verify {HAND}:swish --spec SPEC:OP" in shown
    assert f"symgrad audit {HAND}:swish" in shown


def test_only_some_rungs_of_a_spec(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--rung", "9", "--rung", "5", "examples/swish.yaml")
    code, shown = run(capsys, "verify", "--json", *words)
    [report] = json.loads(shown)["reports"]
    assert code == 0
    assert {result["rung"] for result in report["results"]} == {0, 5, 9}


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
