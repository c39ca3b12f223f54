"""TOML with the place of every key and value, which TOML libraries do not tell.

Python's own parser says what a file means, and whether it is TOML at all.  The scan
here only has to find where things stand in a file that is known to be well formed, so
it knows strings, comments, brackets and newlines, and nothing else of the language.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad.errors import Span, SpecError
from symgrad.yamlfile import Document, Path, Scalar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TOKEN = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}'
    r'|"(?:\\.|[^"\\])*"|\'[^\']*\')'
    r"|(?P<comment>\#[^\n]*)|(?P<bare>[A-Za-z0-9_+:-]+)|(?P<mark>[][{}=,.\n])",
    re.DOTALL,
)
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.S)


@dataclass(frozen=True)
class _Token:
    text: str
    span: Span

    @property
    def key(self) -> str:
        """What a part of a key means."""
        quoted = self.text[:1] in ("'", '"')
        return next(iter(tomllib.loads(f"{self.text} = 0"))) if quoted else self.text


def read(raw: bytes, file: str) -> Document:
    """The data of a TOML file, with places.

    Raises:
        SpecError: it is not UTF-8, or not TOML (SG150).
    """
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    document = Document(file, tuple(text.split("\n")))
    try:
        document.data = tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode().split("\n")
        place = len(before), len(before[-1]) + 1
        raise _refusal(document, "it is not UTF-8 text", place) from None
    except RecursionError:
        raise _refusal(document, "it is nested too deeply", (1, 1)) from None
    except tomllib.TOMLDecodeError as error:
        raise _refusal(document, *_said(str(error), document.lines)) from None
    except ValueError:  # from Python itself, which says no place
        raise _refusal(document, "a number has too many digits", (1, 1)) from None
    _Scan(text, document).read()
    return document


def _said(message: str, lines: Sequence[str]) -> tuple[str, tuple[int, int]]:
    """What the parser says, and of which line and column."""
    found = _PLACE.fullmatch(message)
    what = found[1] if found else message
    if found and found[2]:
        place = int(found[2]), int(found[3])
    else:
        place = len(lines), len(lines[-1]) + 1
    return what[:1].lower() + what[1:], place


def _refusal(document: Document, what: str, place: tuple[int, int]) -> SpecError:
    line, column = place
    span = Span(line, column, line, column + 1)
    return SpecError(document.problem("SG150", f"this is not TOML: {what}", span))


def _tokens(text: str) -> Iterator[_Token]:
    line, start = 1, 0
    for found in _TOKEN.finditer(text):
        column, inside = found.start() - start + 1, found[0].count("\n")
        if inside:
            start = text.rfind("\n", 0, found.end()) + 1
        end = line + inside, found.end() - start + 1
        if found.lastgroup != "comment":
            yield _Token(found[0], Span(line, column, *end))
        line += inside


class _Scan:
    """Walks over a file, and notes where keys and values stand."""

    def __init__(self, text: str, document: Document) -> None:
        self._tokens = [*_tokens(text), _Token("", Span(0, 0, 0, 0))]
        self._at = 0
        self._document = document

    def read(self) -> None:
        """All tables of the file."""
        table: Path = ()
        while self._here.text:
            if self._here.text == "\n":
                self._at += 1
            elif self._here.text == "[":
                table = self._key((), "]")
            else:
                self._pair(table)

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _key(self, table: Path, end: str) -> Path:
        """The path that a key means, each part of it noted where it is first."""
        path = table
        while self._here.text not in (end, ""):
            token = self._here
            if token.text not in (".", "["):
                path = (*path, token.key)
                self._document.keys.setdefault(path, token.span)
                self._document.values.setdefault(path, Scalar(token.span, None))
            self._at += 1
        self._at += 1
        while end == "]" and self._here.text == end:
            self._at += 1
        return path

    def _pair(self, table: Path) -> None:
        self._value(self._key(table, "="))

    def _value(self, path: Path) -> None:
        first = self._here
        if first.text in ("[", "{"):
            self._document.values[path] = Scalar(first.span, None)
            self._at += 1
            self._inside(path, {"[": "]", "{": "}"}[first.text])
            return
        last = first
        while self._here.text not in (",", "]", "}", "\n", ""):
            last = self._here
            self._at += 1
        start, end = first.span, last.span
        span = Span(start.line, start.column, end.end_line, end.end_column)
        style = first.text[0] if first.text[:1] in ("'", '"') else None
        self._document.values[path] = Scalar(span, style)

    def _inside(self, path: Path, end: str) -> None:
        """The values of a list, or the pairs of a table in braces."""
        place = 0
        while self._here.text not in (end, ""):
            if self._here.text in (",", "\n"):
                self._at += 1
            elif end == "]":
                self._value((*path, place))
                place += 1
            else:
                self._pair(path)
        self._at += 1
