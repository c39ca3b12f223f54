"""What is printed: code and JSON on standard output, all else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgrad import errors
from symgrad._version import __version__
from symgrad.errors import Diagnostic

if TYPE_CHECKING:
    from symgrad.gen import Outcome


def show(outcome: Outcome, as_json: bool) -> int:
    """Print what a command did; returns its exit code."""
    if as_json:
        _print_json(outcome.exit_code, outcome.notes, outcome.warnings, outcome)
        return outcome.exit_code
    for line in (*map(errors.render, outcome.warnings), *outcome.notes):
        print(line, file=sys.stderr)
    sys.stdout.write(outcome.text)
    return outcome.exit_code


def fail(
    code: int,
    message: str,
    diagnostics: Sequence[Diagnostic] = (),
    as_json: bool = False,
) -> int:
    """Say why there is nothing else to show; returns the exit code.

    ``message`` stands for the diagnostics where there are none.
    """
    if as_json:
        _print_json(code, () if diagnostics else (message,), diagnostics)
    lines = [errors.render(diagnostic) for diagnostic in diagnostics] or [message]
    print("\n\n".join(lines), file=sys.stderr)
    return code


def drop_stdout() -> None:
    """Let the interpreter not try again at exit to write to a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_json(
    code: int,
    notes: Sequence[str],
    diagnostics: Sequence[Diagnostic],
    outcome: Outcome | None = None,
) -> None:
    document: dict[str, Any] = {
        "symgrad": __version__,
        "exit_code": code,
        "diagnostics": [errors.as_json(diagnostic) for diagnostic in diagnostics],
        "notes": list(notes),
        "files": [
            {"path": change.file.path.as_posix(), "was": change.state}
            for change in (outcome.changes if outcome else ())
        ],
        "reports": [
            report.as_json() for report in (outcome.reports if outcome else ())
        ],
        "text": outcome.text if outcome else "",
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
