"""Declarations of inputs: ``real in (0, oo)``, ``float = 1.0``, or a mapping."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from symgrad.grammar import FormulaError
from symgrad.op import Input, Interval
from symgrad.parse import parse
from symgrad.program import Graph, Kind

KINDS = tuple(kind.value for kind in Kind)
_NUMBERS = (Kind.FLOAT, Kind.INT, Kind.BOOL)

_DECLARATION = re.compile(
    r"\s*(?P<kind>[A-Za-z_]\w*)"
    r"(?:\s*(?P<axes>\[[^\[\]]*\]))?"
    r"(?:\s+in\s*(?P<domain>[(\[].*?[)\]])(?=\s*(?:=|$)))?"
    r"(?:\s*=\s*(?P<default>\S.*?))?\s*\Z",
    re.DOTALL,
)
_HELP = "such as 'real', 'real in (0, oo)', 'float = 1.0'"


class DeclarationError(Exception):
    """What is wrong with a declaration, at ``start`` to ``end`` of its text."""

    def __init__(
        self, code: str, message: str, start: int, end: int, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help
        self.start, self.end = start, end


@dataclass(frozen=True)
class _Part:
    """A piece of a declaration and where it begins."""

    text: str
    start: int

    def error(self, code: str, message: str, help: str | None = None) -> DeclarationError:
        return DeclarationError(code, message, self.start, self.start + len(self.text), help)


def from_text(name: str, text: str) -> Input:
    """The input that a short declaration describes.

    Raises:
        DeclarationError: its syntax, kind, domain or default is wrong.
    """
    found = _DECLARATION.match(text)
    if found is None:
        raise DeclarationError("SG129", "this is not a declaration", 0, len(text), _HELP)
    parts = {
        key: _Part(value, found.start(key)) for key, value in found.groupdict().items() if value
    }
    kind = _kind(parts["kind"])
    if "axes" in parts:
        raise parts["axes"].error("SG701", "named axes are not built yet")
    domain = interval(parts["domain"].text, parts["domain"].start) if "domain" in parts else None
    default = _default(kind, parts["default"]) if "default" in parts else None
    whole = _Part(text, 0)
    return _checked(name, kind, domain, default, "default" in parts, True, whole)


def from_mapping(name: str, given: Any) -> Input:
    """The input that a mapping describes, its types checked before.

    Raises:
        DeclarationError: with the key that is wrong as ``args[1]``.
    """
    kind = Kind(given.kind)
    if given.axes is not None:
        raise _keyed("axes", "SG701", "named axes are not built yet")
    if given.boundary is not None:
        raise _keyed("boundary", "SG708", "stencils are not built yet")
    domain = None
    if given.domain is not None:
        try:
            domain = interval(given.domain, 0)
        except DeclarationError as error:
            error.args = (error.message, "domain")
            raise
    has_default = given.default is not None
    default = given.default
    if has_default:
        default = _converted(kind, default)
        if default is None:
            raise _keyed("default", "SG131", f"{given.default!r} is not a default for {given.kind}")
    if not given.grad and kind is not Kind.REAL:
        raise _keyed("grad", "SG123", f"'grad' is for real inputs; a {given.kind} has none")
    return _checked(name, kind, domain, default, has_default, given.grad, _Part("", 0))


def _keyed(key: str, code: str, message: str) -> DeclarationError:
    error = DeclarationError(code, message, 0, 0)
    error.args = (message, key)
    return error


def _kind(part: _Part) -> Kind:
    if part.text not in KINDS:
        close = get_close_matches(part.text, KINDS, 1, 0.5)
        help = f"did you mean '{close[0]}'?" if close else f"one of {', '.join(KINDS)}"
        raise part.error("SG123", f"'{part.text}' is not a kind of input", help)
    if part.text == Kind.COMPLEX.value:
        raise part.error("SG702", "complex inputs are not built yet")
    return Kind(part.text)


def _default(kind: Kind, part: _Part) -> float | int | bool:
    """A Python number as it is written after ``=``."""
    if kind not in _NUMBERS:
        raise part.error("SG131", f"a {kind.value} input has no default", "only Python numbers have")
    words = {"True": True, "False": False, "true": True, "false": False}
    value: Any = words.get(part.text)
    if value is None:
        try:
            value = int(part.text) if re.fullmatch(r"[-+]?\d+", part.text) else float(part.text)
        except ValueError:
            value = None
    converted = None if value is None else _converted(kind, value)
    if converted is None:
        raise part.error("SG131", f"'{part.text}' is not a {kind.value}")
    return converted


def _converted(kind: Kind, value: Any) -> float | int | bool | None:
    """A default as its kind has it, ``None`` where it cannot be."""
    if kind is Kind.BOOL:
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or kind not in _NUMBERS:
        return None
    if kind is Kind.INT:
        return value if isinstance(value, int) else None
    return float(value) if math.isfinite(value) else None


def interval(text: str, offset: int) -> Interval:
    """``(0, oo)`` and the like; the ends are constant expressions.

    Raises:
        DeclarationError: not an interval, or one with nothing in it.
    """
    whole = _Part(text, offset)
    stripped = text.strip()
    ends = _split(stripped[1:-1]) if len(stripped) > 1 else []
    bracketed = stripped[:1] in ("(", "[") and stripped[-1:] in (")", "]")
    if not bracketed or len(ends) != 2:
        raise whole.error("SG130", "this is not an interval", "such as (0, oo) or [-1, 1]")
    start = offset + len(text) - len(text.lstrip()) + 1
    low = _endpoint(_Part(ends[0], start))
    high = _endpoint(_Part(ends[1], start + len(ends[0]) + 1))
    low_open, high_open = stripped[0] == "(", stripped[-1] == ")"
    closed_at_infinity = (math.isinf(low) and not low_open) or (math.isinf(high) and not high_open)
    if closed_at_infinity:
        raise whole.error("SG130", "an interval is open where it is infinite", "write (… oo)")
    if low > high or (low == high and (low_open or high_open)):
        raise whole.error("SG130", "the interval is empty")
    return Interval(low, high, low_open, high_open)


def _split(text: str) -> list[str]:
    """Text at its commas outside of parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _endpoint(part: _Part) -> float:
    from symgrad import precise

    word = part.text.strip()
    if word in ("oo", "+oo", "-oo"):
        return -math.inf if word == "-oo" else math.inf
    graph = Graph()
    try:
        value = parse(part.text, graph, {})
        return precise.constant(graph.nodes, value)
    except FormulaError as mistake:
        start = part.start + mistake.start
        end = part.start + mistake.end
        raise DeclarationError(mistake.code, mistake.message, start, end, mistake.help) from None
    except ValueError:
        raise part.error("SG130", "an end of an interval is a finite number, oo or -oo") from None


def _checked(
    name: str,
    kind: Kind,
    domain: Interval | None,
    default: float | int | bool | None,
    has_default: bool,
    grad: bool,
    whole: _Part,
) -> Input:
    if domain is not None and kind in (Kind.MASK, Kind.BOOL):
        raise whole.error("SG130", f"a {kind.value} input has no domain")
    if has_default and domain is not None and default is not None and default not in domain:
        raise whole.error("SG131", f"the default {default!r} is outside of {domain}")
    return Input(
        name,
        kind,
        domain=domain,
        default=default,
        has_default=has_default,
        grad=grad,
    )
