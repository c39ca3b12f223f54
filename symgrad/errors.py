"""What is wrong, where, and what to do: the one form of every message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

WIDEST = 160
"""Columns of a source line that a message shows; longer ones are cut."""


@dataclass(frozen=True, order=True)
class Span:
    """A piece of a file: 1-based lines and columns in characters, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong.

    ``lines`` are the source lines of the span; ``file`` is named as the user named it.
    ``notes`` say more about it, each in one line or several.
    """

    code: str
    message: str
    file: str
    span: Span | None
    lines: tuple[str, ...]
    help: str | None = None
    severity: Literal["error", "warning"] = "error"
    notes: tuple[str, ...] = ()


class SymgradError(Exception):
    """Base of all errors that symgrad raises on purpose.

    ``diagnostics`` holds all that was found wrong, in order of position.
    """

    def __init__(self, *problems: Diagnostic | str) -> None:
        self.diagnostics = tuple(p for p in problems if isinstance(p, Diagnostic))
        texts = (render(p) if isinstance(p, Diagnostic) else p for p in problems)
        super().__init__("\n\n".join(texts))


class SpecError(SymgradError):
    """A spec, a declaration in Python, or a configuration is wrong."""


class OutputError(SymgradError):
    """Files cannot be written, or must not be."""


class VerificationError(SymgradError):
    """Emitted code failed a rung of the verification ladder."""


def visible(text: str) -> str:
    """Text whose control characters cannot reach a terminal."""
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return "".join(shown)


Paint = Callable[[str, str], str]
"""A text in the colour of its role: error, warning, place or help."""


def unpainted(text: str, role: str) -> str:
    """The text as it is."""
    return text


def render(problem: Diagnostic, paint: Paint = unpainted) -> str:
    """A diagnostic for people: code, message, place, the text itself with carets."""
    head = paint(f"{problem.severity}[{problem.code}]:", problem.severity)
    lines = [f"{head} {visible(problem.message)}"]
    if problem.span is None:
        if problem.file:
            lines.append(f"  {paint('-->', 'place')} {visible(problem.file)}")
    else:
        place = f"{problem.span.line}:{problem.span.column}"
        lines.append(f"  {paint('-->', 'place')} {visible(problem.file)}:{place}")
        lines += _excerpt(problem.span, problem.lines, problem.severity, paint)
    lines += [f"  {visible(n)}" for note in problem.notes for n in note.splitlines()]
    if problem.help:
        lines.append(f"  = {paint('help:', 'help')} {visible(problem.help)}")
    return "\n".join(lines)


def _excerpt(
    span: Span, lines: tuple[str, ...], severity: str, paint: Paint
) -> list[str]:
    """The first line of a span with carets under it, cut round them if it is long."""
    if not lines:
        return []
    line = lines[0]
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(end, start + 1)
    first = max(0, start - WIDEST // 2) if len(line) > WIDEST else 0
    shown = line[first : first + WIDEST]
    before = visible(shown[: start - first])
    marked = visible(shown[start - first : end - first])
    gutter = " " * len(str(span.line))
    carets = "^" * max(1, len(marked))
    return [
        paint(f"{gutter} |", "place"),
        f"{paint(f'{span.line} |', 'place')} {visible(shown)}",
        f"{paint(f'{gutter} |', 'place')} {' ' * len(before)}{paint(carets, severity)}",
    ]


def as_json(problem: Diagnostic) -> dict[str, Any]:
    """A diagnostic for machines."""
    span = problem.span
    place = None
    if span is not None:
        place = {
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        }
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "file": problem.file,
        "span": place,
        "help": problem.help,
    }
