"""Problems of a file as they are found, each with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import pydantic

from symgrad import names
from symgrad.errors import Diagnostic, Span, SpecError
from symgrad.grammar import FormulaError
from symgrad.model import Strict
from symgrad.names import nearest
from symgrad.yamlfile import Document, Path, Scalar

_Model = TypeVar("_Model", bound=Strict)

_SYNONYMS = {
    "expression": "forward",
    "expr": "forward",
    "formula": "forward",
    "outputs": "forward",
    "output": "forward",
    "args": "inputs",
    "description": "doc",
    "version": "symgrad",
    "gradient": "backward",
    "lets": "let",
}
"""What people write for a key of a spec."""


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
        span = self._span(path, True)
        problem = self._document.problem(code, message, span)
        self.warnings.append(replace(problem, severity="warning"))

    def add_within(
        self,
        code: str,
        message: str,
        path: Path,
        text: str,
        start: int,
        end: int,
        help: str | None = None,
    ) -> None:
        """A problem at characters of a scalar's text."""
        scalar = self._document.values[path]
        span = within(self._document.lines, scalar, text, start, end)
        self._found.append(self._document.problem(code, message, span, help))

    def add_mistakes(self, mistake: FormulaError, path: Path, text: str) -> None:
        """All mistakes of a formula."""
        for m in mistake.mistakes:
            self.add_within(m.code, m.message, path, text, m.start, m.end, m.help)

    def check_name(self, name: str, path: Path, is_key: bool = True) -> None:
        """The rules for names."""
        found = names.objection(name)
        if found is not None:
            self.add(*found, path, is_key=is_key)

    def validate(self, kind: type[_Model], data: Any, path: Path) -> _Model | None:
        """Data as a model, or ``None`` and what is wrong with it."""
        try:
            return kind.model_validate(data)
        except pydantic.ValidationError as error:
            reported: set[Path] = set()
            for item in error.errors(include_url=False, include_context=True):
                self._add_invalid(kind, item, path, reported)
            return None

    def _add_invalid(self, kind: type[Strict], item: Any, path: Path, reported: set[Path]) -> None:
        place = (*path, *self._real(path, item["loc"]))
        if place in reported:
            return  # the other alternatives of a union
        reported.add(place)
        last = str(item["loc"][-1]) if item["loc"] else ""
        if item["type"] == "extra_forbidden":
            help = _nearest_key(last, _fields(kind, item["loc"][:-1]))
            self.add("SG120", f"unknown key '{last}'", (*path, *item["loc"]), help, True)
        elif item["type"] == "missing":
            owner = (*path, *item["loc"][:-1])
            self.add("SG121", f"the key '{last}' is missing", owner, None, bool(owner))
        else:
            code, message = _invalid(item)
            self.add(code, message, place, _nearest_value(item))

    def _real(self, path: Path, loc: Sequence[str | int]) -> Path:
        """A place without the names of union members that pydantic adds."""
        real: Path = ()
        for step in loc:
            if (*path, *real, step) in self._document.values:
                real = (*real, step)
        return real

    def _span(self, path: Path | None, is_key: bool) -> Span | None:
        if path is None:
            return None
        if is_key and path in self._document.keys:
            return self._document.keys[path]
        return self._document.place(path)


def _position(problem: Diagnostic) -> tuple[int, int]:
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


def _fields(kind: type[Strict], loc: Iterable[str | int]) -> list[str]:
    """The keys that are allowed where an unknown one stands."""
    del loc
    return list(kind.model_fields)


def _nearest_key(given: str, allowed: Sequence[str]) -> str:
    synonym = _SYNONYMS.get(given)
    if synonym in allowed:
        return f"did you mean '{synonym}'?"
    close = get_close_matches(given, allowed, 1, 0.6)
    return f"did you mean '{close[0]}'?" if close else f"allowed: {', '.join(allowed)}"


def _nearest_value(item: Any) -> str | None:
    """The allowed values, or the nearest one."""
    expected = re.findall(r"'([^']*)'|\b(\d+)\b", str(item.get("ctx", {}).get("expected", "")))
    allowed = [a or b for a, b in expected]
    if not allowed:
        return None
    close = get_close_matches(str(item["input"]), allowed, 1, 0.5)
    return f"did you mean '{close[0]}'?" if close else f"allowed: {', '.join(allowed)}"


_KINDS = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}


def _invalid(item: Any) -> tuple[str, str]:
    """Code and message for a value of the wrong type or size."""
    kind, given = item["type"], item["input"]
    if kind in _KINDS:
        return "SG122", f"this should be {_KINDS[kind]}, not {_shown(given)}"
    if kind == "literal_error":
        return "SG123", f"{_shown(given)} is not one of the allowed values"
    if kind in ("too_long", "string_too_long"):
        limit = item["ctx"]["max_length"]
        return "SG106", f"this is too long; {limit} is the limit"
    if kind == "too_short":
        return "SG124", "there is nothing here: at least one is needed"
    return "SG122", f"this is not allowed here: {_shown(given)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def within(lines: Sequence[str], scalar: Scalar, text: str, start: int, end: int) -> Span:
    """The place in a file of characters of a scalar's text.

    YAML only moves white space about, so the n-th other character of the text is the
    n-th of the source; where it does more (escapes), the place is the whole scalar.
    """
    places = _characters(lines, scalar)
    marks = [i for i, c in enumerate(text) if not c.isspace()]
    if len(places) != len(marks):
        return scalar.span
    chosen = [p for p, i in zip(places, marks, strict=True) if start <= i < end]
    if not chosen:
        after = [p for p, i in zip(places, marks, strict=True) if i >= start]
        line, column = after[0] if after else (places[-1][0], places[-1][1] + 1)
        return Span(line, column, line, column + 1)
    (line, column), (end_line, end_column) = chosen[0], chosen[-1]
    if end_line != line:
        return Span(line, column, line, len(lines[line - 1]) + 1)
    return Span(line, column, end_line, end_column + 1)


def _characters(lines: Sequence[str], scalar: Scalar) -> list[tuple[int, int]]:
    """Line and column of every character of a scalar that is not white space."""
    span, quoted = scalar.span, scalar.style in ("'", '"')
    first = span.line + (scalar.style in ("|", ">"))
    places = []
    for number in range(first, span.end_line + 1):
        line = lines[number - 1] if number <= len(lines) else ""
        begin = span.column - 1 + quoted if number == span.line else 0
        stop = span.end_column - 1 - quoted if number == span.end_line else len(line)
        columns = range(begin, min(stop, len(line)))
        places += [(number, c + 1) for c in columns if not line[c].isspace()]
    return places
