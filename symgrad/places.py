"""Problems of a file as they are found, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from symgrad import model, names
from symgrad.errors import Diagnostic, Span, SpecError
from symgrad.grammar import FormulaError
from symgrad.yamlfile import Document, Path, Scalar

_Model = TypeVar("_Model", bound=model.Strict)


class Problems:
    """What is wrong with one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: list[Diagnostic] = list(document.problems)
        self.warnings: list[Diagnostic] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._found)

    def error(self) -> SpecError:
        """All of them, in order of position."""
        return SpecError(*sorted(dict.fromkeys(self._found), key=_position))

    def at(self, path: Path) -> Diagnostic:
        """A value as a diagnostic that says nothing yet."""
        return self._document.problem("", "", self._span(path, False))

    def add(
        self,
        code: str,
        message: str,
        path: Path | None,
        help: str | None = None,
        is_key: bool = False,
    ) -> None:
        """A problem at a value, or, if ``is_key``, at the key that leads to it."""
        span = self._span(path, is_key)
        self._found.append(self._document.problem(code, message, span, help))

    def warn(self, code: str, message: str, path: Path) -> None:
        """Something legal that is hardly meant, at a key."""
        problem = self._document.problem(code, message, self._span(path, True))
        self.warnings.append(replace(problem, severity="warning"))

    def add_within(
        self,
        code: str,
        message: str,
        path: Path,
        part: tuple[str, int, int],
        help: str | None = None,
    ) -> None:
        """A problem at a part of a scalar: its text, the part's begin and its end."""
        text, start, end = part
        scalar = self._document.values[path]
        span = within(self._document.lines, scalar, text, start, max(end, start + 1))
        self._found.append(self._document.problem(code, message, span, help))

    def add_mistakes(self, mistake: FormulaError, path: Path, text: str) -> None:
        """All mistakes of a formula."""
        for m in mistake.mistakes:
            self.add_within(m.code, m.message, path, (text, m.start, m.end), m.help)

    def check_name(self, name: str, path: Path, is_key: bool = True) -> None:
        """The rules for names."""
        found = names.objection(name)
        if found is not None:
            self.add(*found, path, is_key=is_key)

    def validate(self, kind: type[_Model], data: Any, path: Path) -> _Model | None:
        """Data as a model, or ``None`` and what is wrong with it."""
        result = model.validate(kind, data)
        if isinstance(result, kind):
            return result
        assert isinstance(result, tuple)
        self.complain(result, path)
        return None

    def complain(self, result: Sequence[model.Complaint], path: Path) -> None:
        """What is wrong with data as a model."""
        # Of the alternatives of a type, the one that fits best is complained of: where
        # something inside is wrong, not the whole; else the first.
        places = [self._real(path, complaint) for complaint in result]
        around = {place[:end] for place in places for end in range(len(place))}
        told: set[Path] = set()
        for place, complaint in zip(places, result, strict=True):
            if complaint.is_key or not (place in around or place in told):
                told.add(place)
                code, message, help = complaint.code, complaint.message, complaint.help
                self.add(code, message, place, help, complaint.is_key and place != ())

    def _real(self, path: Path, complaint: model.Complaint) -> Path:
        """A place without the names of alternatives in it."""
        for step in complaint.loc:
            if (*path, step) in self._document.values:
                path = (*path, step)
        return path

    def _span(self, path: Path | None, is_key: bool) -> Span | None:
        if path is None:
            return None
        if is_key and path in self._document.keys:
            return self._document.keys[path]
        return self._document.place(path)


def _position(problem: Diagnostic) -> tuple[int, int]:
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


_Place = tuple[int, int, int]
"""The line of a character, its column, and that behind it."""


def within(
    lines: Sequence[str], scalar: Scalar, text: str, start: int, end: int
) -> Span:
    """The place in a file of characters of a scalar's text.

    YAML only moves white space about, so the n-th other character of the text is the
    n-th of the source, be it written as an escape.
    """
    places = list(_characters(lines, scalar))
    marks = [i for i, c in enumerate(text) if not c.isspace()]
    if len(places) != len(marks) or not places:
        return scalar.span
    pairs = list(zip(places, marks, strict=True))
    chosen = [place for place, i in pairs if start <= i < end]
    if not chosen:  # something is missing here
        line, _, column = places[-1]
        later = [place for place, i in pairs if i >= start]
        line, column, _ = later[0] if later else (line, column, 0)
        return Span(line, column, line, column + 1)
    line, column, _ = chosen[0]
    return Span(line, column, line, max(stop for at, _, stop in chosen if at == line))


_CHARACTER: Mapping[str | None, re.Pattern[str]] = {
    "'": re.compile(r"''|."),
    '"': re.compile(r"\\(x..|u.{4}|U.{8}|.|$)|."),
}
"""How a character is written between quotes."""

_PLAIN = re.compile(".")


def _characters(lines: Sequence[str], scalar: Scalar) -> Iterator[_Place]:
    """The place of every character of a scalar that is not white space."""
    span, quoted = scalar.span, scalar.style in ("'", '"')
    pattern = _CHARACTER.get(scalar.style, _PLAIN)
    first = span.line + (scalar.style in ("|", ">"))
    for number in range(first, span.end_line + 1):
        line = lines[number - 1] if number <= len(lines) else ""
        begin = span.column - 1 + quoted if number == span.line else 0
        stop = span.end_column - 1 - quoted if number == span.end_line else len(line)
        for found in pattern.finditer(line, begin, min(stop, len(line))):
            if not _is_white(found[0], scalar.style):
                yield number, found.start() + 1, found.end() + 1


_ESCAPED_WHITE = ("\\", "\\t", "\\n", "\\r", "\\ ", "\\_", "\\\t")


def _is_white(written: str, style: str | None) -> bool:
    """Whether this stands for white space, or, at the end of a line, for nothing."""
    if style != '"' or written[0] != "\\":
        return written.isspace()
    digits = written[2:]
    return chr(int(digits, 16)).isspace() if digits else written in _ESCAPED_WHITE
