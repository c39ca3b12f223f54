"""The verification ladder: what emitted code must pass before it is written.

``lint`` reads the text; ``verify`` also runs it, in a separate process.  Importing
this package does not import torch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from symgrad.audit.given import Given
from symgrad.op import Op, Spec
from symgrad.verify.lint import lint
from symgrad.verify.process import ask
from symgrad.verify.report import (
    STOPPED,
    Finding,
    Report,
    RungResult,
    from_json,
)
from symgrad.verify.target import Target
from symgrad.verify.watch import Watch, ignore
from symgrad.verify.worker import AuditRequest, Request

__all__ = [
    "Finding",
    "Report",
    "RungResult",
    "audit",
    "lint",
    "verify",
    "verify_callable",
]

Level = Literal["quick", "full"]
GIB = 1024**3


def verify(
    source: str,
    spec: Spec,
    level: Level = "quick",
    *,
    time_limit: float = 120.0,
    memory_limit: int | None = 4 * GIB,
    only: Sequence[tuple[str, int]] | None = None,
    kernels: str = "",
    watch: Watch = ignore,
) -> Report:
    """Climb the ladder with the text of a module, without its being imported here.

    ``time_limit`` is in seconds and for the whole call, ``memory_limit`` in bytes
    beyond what torch itself takes (ignored where the system has no such limit).
    ``only`` restricts the climb to pairs of an op's name and a rung's number,
    ``kernels`` is the C++ beside the module, if it has some, and ``watch`` is told of
    each step as it is begun.  What fails, limits included, is in the
    report; nothing is raised for it.
    """
    start = time.monotonic()
    results, failures = _linted(source, spec)
    if not failures:
        request = Request(source, spec, level, only, memory_limit, kernels)
        climbed = _asked(request, time_limit, watch)
        results += climbed.results
        failures = list(climbed.failures)
    named = tuple(replace(f, reproduce=_command(f, spec, level)) for f in failures)
    return Report(tuple(results), named, time.monotonic() - start)


def verify_callable(
    target: Target,
    op: Op,
    origin: str,
    level: Level = "full",
    *,
    time_limit: float = 300.0,
    memory_limit: int | None = 4 * GIB,
    only: Sequence[int] | None = None,
    watch: Watch = ignore,
) -> Report:
    """Climb the ladder with a callable of the user's, in a process of its own.

    It takes what ``op`` declares, in that order, and is to be what ``op`` describes;
    nothing is known of how it is written, so rung 0 is left out.  ``origin`` is how a
    person would name the op, and ``only`` restricts the climb to some rungs.
    """
    start = time.monotonic()
    rungs = None if only is None else [(op.name, number) for number in only]
    request = Request(target, Spec("", "", (op,), ""), level, rungs, memory_limit)
    report = _asked(request, time_limit, watch)
    again = f"symgrad verify {target} --spec {origin}"
    named = (
        replace(f, reproduce=f"{again} --rung {f.rung}" if f.rung else again)
        for f in report.failures
    )
    return Report(report.results, tuple(named), time.monotonic() - start)


def audit(
    target: Target,
    given: Given,
    declared: bool = False,
    *,
    time_limit: float = 300.0,
    memory_limit: int | None = 4 * GIB,
    watch: Watch = ignore,
) -> Report:
    """Look at a hand-written Function alone, in a process of its own.

    ``given`` are shapes of tensors and values of numbers by the names of arguments;
    what is not there is taken from defaults and annotations.  ``declared`` says that
    backward is meant to be another than forward's own, as that of a surrogate is.
    """
    start = time.monotonic()
    request = AuditRequest(target, given, declared, memory_limit)
    report = _asked(request, time_limit, watch)
    words = [f"symgrad audit {target}", *(["--declared"] if declared else [])]
    words += [f"--input {name}={value}" for name, value in given.items()]
    named = (replace(f, reproduce=" ".join(words)) for f in report.failures)
    return Report(report.results, tuple(named), time.monotonic() - start)


def _asked(request: Request | AuditRequest, time_limit: float, watch: Watch) -> Report:
    """What the child process found, or where it was when it was stopped."""
    answer = ask(request, time_limit, watch)
    if answer.data is not None:
        return from_json(answer.data)
    step = answer.step
    rung, op = (step.rung, step.op) if step else (None, "")
    return Report((), (Finding(rung, op, answer.problem, code=STOPPED),), 0.0)


def _linted(source: str, spec: Spec) -> tuple[list[RungResult], list[Finding]]:
    findings = list(lint(source, spec))
    wrong = {finding.op for finding in findings}
    passed = [op.name not in wrong and "" not in wrong for op in spec.ops]
    results = [
        RungResult(op.name, 0, ok) for op, ok in zip(spec.ops, passed, strict=True)
    ]
    return results, findings


def _command(failure: Finding, spec: Spec, level: Level) -> str:
    """How to see a failure again."""
    if not Path(spec.path).is_file():
        return f"symgrad.verify.verify(source, spec, {level!r})"
    words = ["python -m symgrad.verify.replay", spec.path, "--level", level]
    if failure.op:
        words += ["--op", failure.op]
    if failure.rung:
        words += ["--rung", str(failure.rung)]
    return " ".join(words)
