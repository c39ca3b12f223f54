"""A strict subset of YAML, with the place of every key and value.

The file is read as a stream of events, so what is refused (anchors, tags, too deep, too
large) is refused before any tree exists.  Plain scalars are those of YAML 1.2: ``on``
and ``no`` are names and ``1e-5`` is a number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from symgrad.errors import Diagnostic, Span, SpecError

MAX_BYTES = 1 << 20
MAX_NODES = 20_000
MAX_DEPTH = 16
MAX_DIGITS = 40
MAX_MESSAGE = 200

Path = tuple[str | int, ...]
"""Keys and positions that lead from the top of a file to a value."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WORDS |= {word.capitalize(): value for word, value in _WORDS.items() if word}
_WORDS |= {word.upper(): value for word, value in _WORDS.items() if word}


@dataclass(frozen=True)
class Scalar:
    """Where a scalar stands, and how it is quoted: ``None`` for a plain one."""

    span: Span
    style: str | None


@dataclass
class Document:
    """The data of a file and the places of its keys and values."""

    file: str
    lines: tuple[str, ...]
    data: Any = None
    values: dict[Path, Scalar] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    def problem(
        self, code: str, message: str, span: Span | None, help: str | None = None
    ) -> Diagnostic:
        """A diagnostic at a place of this file."""
        lines = self.lines[span.line - 1 : span.end_line] if span else ()
        help = None if help is None else _clipped(help)
        return Diagnostic(code, _clipped(message), self.file, span, tuple(lines), help)

    def place(self, path: Path) -> Span | None:
        """The span of a value, or of the nearest value around it that is there."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values[path].span if path in self.values else None


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}..."


def read(raw: bytes, file: str, bounded: bool = True) -> Document:
    """The data of a YAML file, which is no larger than specs are, if ``bounded``.

    Raises:
        SpecError: the file is too large, not UTF-8, not YAML, or uses more of YAML than
            specs do.
    """
    if bounded and len(raw) > MAX_BYTES:
        message = f"the spec has more than {MAX_BYTES:,} bytes"
        raise SpecError(Diagnostic("SG101", message, file, None, ()))
    text = _decoded(raw, file)
    document = Document(file, tuple(text.replace("\r\n", "\n").split("\n")))
    _refuse_characters(text, document)
    _Reader(document, MAX_NODES if bounded else sys.maxsize).read(text)
    if document.data is None and not document.problems:
        raise SpecError(document.problem("SG115", "the spec is empty", None, _START))
    return document


_START = "begin with 'symgrad: 1' and 'ops:'"


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        span = Span(line, column, line, column + 1)
        message = f"the spec is not UTF-8 text: byte 0x{raw[error.start]:02x}"
        raise SpecError(Diagnostic("SG102", message, file, span, ())) from None


def _refuse_characters(text: str, document: Document) -> None:
    """No characters that hide or reorder what a person sees, and no bare returns."""
    found = _CONTROL.search(text) or re.search(r"\r(?!\n)", text)
    if found is None:
        return
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    message = _not_allowed(found[0])
    span = Span(line, column, line, column + 1)
    raise SpecError(document.problem("SG102", message, span, "remove it"))


def _not_allowed(character: str) -> str:
    return f"the control character U+{ord(character):04X} is not allowed"


@dataclass
class _Open:
    """A mapping or sequence whose end has not come yet."""

    data: dict[str, Any] | list[Any]
    path: Path
    start: Span
    key: str | None = None
    skipping: bool = False


class _Reader:
    """Builds the data of a document from events."""

    def __init__(self, document: Document, most: int) -> None:
        self._document = document
        self._most = most
        self._stack: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def read(self, text: str) -> None:
        """Read a whole file into the document."""
        try:
            for event in self._events(text):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            span = None if mark is None else _point(mark)
            message = f"this is not YAML: {error.problem or error.context}"
            self._refuse("SG100", message, span, error.context)
        except yaml.YAMLError as error:
            message = f"this is not YAML: {str(error).splitlines()[0]}"
            self._refuse("SG100", message, None)

    def _events(self, text: str) -> Iterator[Any]:
        return iter(yaml.parse(text, Loader=yaml.SafeLoader))

    def _refuse(
        self, code: str, message: str, span: Span | None, help: str | None = None
    ) -> NoReturn:
        problem = self._document.problem(code, message, span, help)
        raise SpecError(*self._document.problems, problem) from None

    def _take(self, event: Any) -> None:
        span = _span(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                message = "more than one YAML document"
                self._refuse("SG110", message, span, "remove '---'")
            if event.version or event.tags:
                self._refuse("SG110", "YAML directives are not allowed", span)
        elif isinstance(event, yaml.AliasEvent):
            message = f"the YAML alias '*{event.anchor}' is not allowed"
            self._refuse("SG111", message, span)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            closed = self._stack.pop()
            self._put(closed.data, Scalar(closed.start, None))
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event, span)

    def _check_node(self, event: Any, span: Span) -> None:
        self._nodes += 1
        if self._nodes > self._most:
            self._refuse("SG101", f"more than {self._most:,} YAML nodes", span)
        if event.anchor:
            message = f"the YAML anchor '&{event.anchor}' is not allowed"
            self._refuse("SG111", message, span)
        if event.tag:
            self._refuse("SG112", f"the YAML tag '{event.tag}' is not allowed", span)
        hidden = _CONTROL.search(getattr(event, "value", ""))
        if hidden:  # written as an escape
            self._refuse("SG102", _not_allowed(hidden[0]), span, "remove its escape")

    def _take_node(self, event: Any, span: Span) -> None:
        self._check_node(event, span)
        top = self._stack[-1] if self._stack else None
        wants_key = top is not None and isinstance(top.data, dict) and top.key is None
        if not isinstance(event, yaml.ScalarEvent):
            if wants_key:
                self._refuse("SG114", "a key must be a plain word", span)
            self._open(event, span)
        elif wants_key:
            self._take_key(event, span)
        else:
            value = self._scalar(event, span)
            self._put(value, Scalar(span, event.style))

    def _open(self, event: Any, span: Span) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse("SG101", f"nesting deeper than {MAX_DEPTH} levels", span)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        self._stack.append(_Open([] if is_list else {}, self._path(), span))

    def _take_key(self, event: Any, span: Span) -> None:
        top, key = self._stack[-1], str(event.value)
        path = (*top.path, key)
        if key == "<<":
            self._refuse("SG111", "the YAML merge key '<<' is not allowed", span)
        if key in top.data:
            first = self._document.keys[path]
            message = f"the key '{key}' is there already, on line {first.line}"
            problem = self._document.problem("SG113", message, span)
            self._document.problems.append(problem)
            top.skipping = True
        else:
            self._document.keys[path] = span
        top.key = key

    def _path(self) -> Path:
        """Where the value that comes now belongs."""
        if not self._stack:
            return ()
        top = self._stack[-1]
        if isinstance(top.data, list):
            return (*top.path, len(top.data))
        assert top.key is not None
        # What stands under a repeated key must not cover the places of the first.
        return (*top.path, f"{top.key}\n" if top.skipping else top.key)

    def _put(self, value: Any, place: Scalar) -> None:
        path = self._path()
        top = self._stack[-1] if self._stack else None
        if top is None:
            self._document.data = value
        elif isinstance(top.data, list):
            top.data.append(value)
        else:
            assert top.key is not None
            if not top.skipping:
                top.data[top.key] = value
            top.key, top.skipping = None, False
        self._document.values[path] = place

    def _scalar(self, event: Any, span: Span) -> Any:
        text = event.value
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            if len(text) > MAX_DIGITS:
                message = f"a number of {len(text):,} digits"
                self._refuse("SG103", message, span, "quote it")
            return int(text)
        return float(text) if _FLOAT.match(text) else text


def _point(mark: Any) -> Span:
    return Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
