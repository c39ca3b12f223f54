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

from symgrad.op import Spec
from symgrad.verify.lint import lint
from symgrad.verify.process import ask
from symgrad.verify.report import (
    STOPPED,
    Finding,
    Report,
    RungResult,
    from_json,
)
from symgrad.verify.worker import Request

__all__ = ["Finding", "Report", "RungResult", "lint", "verify"]

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
) -> Report:
    """Climb the ladder with the text of a module, without its being imported here.

    ``time_limit`` is in seconds and for the whole call, ``memory_limit`` in bytes
    beyond what torch itself takes (ignored where the system has no such limit).
    ``only`` restricts the climb to pairs of an op's name and a rung's number.  What
    fails, limits included, is in the report; nothing is raised for it.
    """
    start = time.monotonic()
    results, failures = _linted(source, spec)
    if not failures:
        answer = ask(Request(source, spec, level, only, memory_limit), time_limit)
        if answer.data is None:
            failures = [Finding(None, "", answer.problem, code=STOPPED)]
        else:
            climbed = from_json(answer.data)
            results += climbed.results
            failures = list(climbed.failures)
    named = tuple(replace(f, reproduce=_command(f, spec, level)) for f in failures)
    return Report(tuple(results), named, time.monotonic() - start)


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
