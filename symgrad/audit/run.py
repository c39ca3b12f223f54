"""An audit from beginning to end.  Runs in the child process."""

from __future__ import annotations

import time

from symgrad.audit.checks import CHECKS, Check, run
from symgrad.audit.findings import Absent
from symgrad.audit.given import Given
from symgrad.audit.trial import Trial, Unusable, trials
from symgrad.verify.report import NOT_FOUND, Finding, Report, RungResult
from symgrad.verify.target import Target, find
from symgrad.verify.watch import Step, Watch, ignore


def audit(
    target: Target, given: Given, declared: bool = False, watch: Watch = ignore
) -> Report:
    """Run every check on a class; a check is a rung of the report.

    ``declared`` says that backward is meant to be another than forward's own.
    """
    start = time.monotonic()
    try:
        cls = find(target)
    except BaseException as error:
        said = f"{target} cannot be found: {type(error).__name__}: {error}"
        return Report((), (Finding(None, target.name, said, code=NOT_FOUND),), 0.0)
    try:
        tried = trials(cls, given)
    except Unusable as error:
        said = f"{target} cannot be audited: {error}"
        return Report((), (Finding(None, target.name, said),), 0.0)
    results: list[RungResult] = []
    failures: list[Finding] = []
    for number, check in enumerate(CHECKS, 1):
        if declared and check.exact:
            continue
        watch(Step(target.name, number, check.name))
        result, found = _attempt(target.name, number, check, tried)
        results.append(result)
        failures += found
    return Report(tuple(results), tuple(failures), time.monotonic() - start)


def _attempt(
    name: str, number: int, check: Check, tried: list[Trial]
) -> tuple[RungResult, list[Finding]]:
    """One check at every trial; the first that finds something speaks."""
    for trial in tried:
        try:
            found = run(check, trial)
        except Absent as absent:
            note = f"{check.name}: not offered: {absent}"
            return RungResult(name, number, True, note=note), []
        if found:
            inputs = ", ".join(map(_shown, trial.names, trial.args))
            findings = [Finding(number, name, text, inputs=inputs) for text in found]
            return RungResult(name, number, False, note=check.name), findings
    return RungResult(name, number, True, note=check.name), []


def _shown(name: str, value: object) -> str:
    tolist = getattr(value, "tolist", None)
    return f"{name}={tolist() if tolist else value!r}"
