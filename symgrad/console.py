"""What is printed: code and JSON on standard output, all else on standard error."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from symgrad import errors
from symgrad._version import __version__
from symgrad.errors import Diagnostic
from symgrad.terminal import coloured

if TYPE_CHECKING:
    from symgrad.outcome import Outcome

_STYLES: Mapping[str, Mapping[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"fg": "blue"},
    "help": {"fg": "cyan"},
    "---": {"bold": True},
    "+++": {"bold": True},
    "@@ ": {"fg": "cyan"},
    "+": {"fg": "green"},
    "-": {"fg": "red"},
}
"""Colours by role: those of a message, and how lines of a difference begin."""


def paint(text: str, role: str) -> str:
    """A text in the colour of its role."""
    return click.style(text, **_STYLES[role])


def dyed(diff: str) -> str:
    """A difference of files with its lines in colours."""
    return "".join(map(_dyed, diff.splitlines(keepends=True)))


def _dyed(line: str) -> str:
    text = line.rstrip("\n")
    role = next((r for r in (line[:3], line[:1]) if r in _STYLES), None)
    return line if role is None else paint(text, role) + line[len(text) :]


def show(
    outcome: Outcome, as_json: bool, dye: Callable[[str], str] | None = None
) -> int:
    """Print what a command did; returns its exit code.

    Where there are colours, its text is seen through ``dye``.
    """
    if as_json:
        _print_json(outcome.exit_code, outcome.notes, outcome.warnings, outcome)
        return outcome.exit_code
    for line in (*map(_rendered, outcome.warnings), *map(_seen, outcome.notes)):
        say(line)
    text = _seen(outcome.text) if sys.stdout.isatty() else outcome.text
    sys.stdout.write(dye(text) if dye and coloured(sys.stdout) else text)
    return outcome.exit_code


def _seen(text: str) -> str:
    """A text whose control characters reach no terminal: a path's, or a file's."""
    return re.sub(r"[^\n\t]+", lambda found: errors.visible(found[0]), text)


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
    say("\n\n".join(map(_rendered, diagnostics)) if diagnostics else message)
    return code


def fail_usage(code: int, error: click.ClickException, as_json: bool) -> int:
    """Say what is wrong with the words of a command; returns the exit code."""
    if as_json:
        return fail(code, error.format_message(), as_json=True)
    with io.StringIO() as said:
        error.show(file=said)
        head, word, message = said.getvalue().rstrip("\n").partition("Error:")
    if coloured(sys.stderr) and word:
        word = paint(word, "error")
    say(head + word + message)
    return code


def say(line: str) -> None:
    """A line for people."""
    print(line, file=sys.stderr)


def drop_stdout() -> None:
    """Let the interpreter not try again at exit to write to a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _rendered(problem: Diagnostic) -> str:
    painted = coloured(sys.stderr)
    return errors.render(problem, paint if painted else errors.unpainted)


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
