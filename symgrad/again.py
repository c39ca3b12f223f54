"""The commands that show a failure of verification again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from symgrad import provenance
from symgrad.op import Spec
from symgrad.verify.report import Finding, Report

Again = Callable[[Finding], str]


def of_disk(spec: Spec, folder: Path, level: str) -> Again:
    """What verifies the module that is on the disk, on the rung that failed."""
    words = ["symgrad", "verify", _named(spec), "-o", str(folder)]
    words += ["--quick"] if level == "quick" else []

    def command(failure: Finding) -> str:
        rung = ["--rung", str(failure.rung)] if failure.rung else []
        return shlex.join([*words, *rung])

    return command


def of_generation(spec: Spec, folder: Path, level: str, reselect: bool) -> Again:
    """What generates a module, by the same lock, and verifies it before it is shown."""
    words = ["symgrad", "gen", _named(spec), "-o", str(folder), "--stdout"]
    words += ["--backend", spec.backend] if spec.backend else []
    words += ["--reselect"] if reselect else []
    words += ["--verify", level] if level != "quick" else []
    return lambda _: shlex.join(words)


def reproducible(report: Report, again: Again) -> Report:
    """A report whose failures say how to see them again."""
    named = (replace(failure, reproduce=again(failure)) for failure in report.failures)
    return replace(report, failures=tuple(named))


def _named(spec: Spec) -> str:
    return "-" if spec.path == provenance.STDIN else spec.path
