"""Declarations of inputs: ``real in (0, oo)``, ``float = 1.0``, or a mapping."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from symgrad.axes import BATCH
from symgrad.grammar import FormulaError
from symgrad.intervals import Interval
from symgrad.names import nearest, objection
from symgrad.op import Input
from symgrad.parse import parse
from symgrad.program import Graph, Kind

KINDS = tuple(kind.value for kind in Kind if kind is not Kind.PLANE)
MAX_CHARACTERS = 500
_NUMBERS = (Kind.FLOAT, Kind.INT, Kind.BOOL)
_WHOLE = (Kind.INDEX, Kind.INT)
_INT_BITS = 63

_DECLARATION = re.compile(
    r"\s*(?P<kind>[A-Za-z_][A-Za-z0-9_]*)"
    r"(?:\s*(?P<axes>\[[^\[\]]*\]))?"
    r"(?:\s+in\s*(?P<domain>[(\[].*?[)\]])(?=\s*(?:=|$)))?"
    r"(?:\s*=\s*(?P<default>\S.*?))?\s*\Z",
    re.DOTALL,
)
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_TRUTH = {"True": True, "False": False, "true": True, "false": False}
_HELP = "such as 'real', 'real in (0, oo)', 'float = 1.0'"


class DeclarationError(Exception):
    """What is wrong with a declaration: characters ``start`` to ``end`` of its text.

    ``key`` is the key whose value that text is, if the declaration is a mapping.
    """

    def __init__(
        self,
        code: str,
        message: str,
        start: int = 0,
        end: int = 0,
        help: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.key = code, message, help, key
        self.start, self.end = start, end


@dataclass(frozen=True)
class _Part:
    """A piece of a declaration, where it begins, and the key that leads to it."""

    text: str
    start: int = 0
    key: str | None = None

    def error(
        self, code: str, message: str, help: str | None = None
    ) -> DeclarationError:
        end = self.start + len(self.text)
        return DeclarationError(code, message, self.start, end, help, self.key)


def from_text(name: str, text: str) -> Input:
    """The input that a short declaration describes.

    Raises:
        DeclarationError: its syntax, kind, domain or default is wrong.
    """
    whole = _Part(text)
    if len(text) > MAX_CHARACTERS:
        message = f"a declaration has at most {MAX_CHARACTERS} characters"
        raise whole.error("SG106", message)
    found = _DECLARATION.match(text)
    if found is None:
        raise whole.error("SG129", "this is not a declaration", _HELP)
    groups = found.groupdict()
    parts = {k: _Part(v, found.start(k)) for k, v in groups.items() if v is not None}
    kind = _kind(parts["kind"])
    axes = _axes(kind, parts["axes"]) if "axes" in parts else None
    domain = interval(parts["domain"]) if "domain" in parts else None
    default = _written_default(kind, parts["default"]) if "default" in parts else None
    return _checked(Input(name, kind, axes, domain, default, "default" in parts), parts)


def axes_of(declared: Any) -> list[str]:
    """The names of the axes of a declaration, right or wrong."""
    if isinstance(declared, dict):
        written = str(declared.get("axes", ""))
    else:
        found = _DECLARATION.match(declared) if isinstance(declared, str) else None
        written = (found and found["axes"]) or ""
    return re.findall(r"[A-Za-z]\w*", written, re.ASCII)


def _axes(kind: Kind, part: _Part) -> tuple[str, ...]:
    """The names between brackets, ``...`` in front where it stands there."""
    if not kind.is_tensor:
        message = f"a {kind.value} is a Python number, and has no axes"
        raise part.error("SG234", message, "leave the brackets out")
    inside = part.text.strip().removeprefix("[").removesuffix("]")
    names = [name.strip() for name in inside.split(",")] if inside.strip() else []
    for place, name in enumerate(names):
        if name == BATCH and place == 0:
            continue
        found = objection(name)
        if found is not None:
            help = "'...' stands first" if name == BATCH else found[1]
            raise part.error("SG234", f"{name!r} is no name of an axis", help)
    return tuple(names)


def from_mapping(name: str, given: Any) -> Input:
    """The input that a :class:`~symgrad.model.DeclarationModel` describes.

    Raises:
        DeclarationError: a key whose value is wrong.
    """
    parts = {key: _Part("", 0, key) for key in ("kind", "domain", "default", "grad")}
    kind = _kind(_Part(given.kind, 0, "kind"))
    axes = None
    if given.axes is not None:
        listed = given.axes if isinstance(given.axes, list) else [given.axes]
        axes = _axes(kind, _Part(", ".join(listed), 0, "axes"))
    if given.boundary is not None:
        raise _Part("", 0, "boundary").error("SG708", "stencils are not built yet")
    domain = None
    if given.domain is not None:
        domain = interval(_Part(given.domain, 0, "domain"))
    default = given.default
    if default is not None:
        default = _default(kind, default, parts["default"])
    if "grad" in given.model_fields_set and not kind.is_floating:
        message = f"'grad' is for floating tensors, not for kind {given.kind}"
        raise parts["grad"].error("SG123", message, "leave it out")
    has_default = default is not None
    item = Input(name, kind, axes, domain, default, has_default, given.grad)
    return _checked(item, parts)


def _kind(part: _Part) -> Kind:
    if part.text not in KINDS:
        help = nearest(part.text, KINDS, "one of")
        raise part.error("SG123", f"'{part.text}' is not a kind of input", help)
    return Kind(part.text)


# Defaults


def _written_default(kind: Kind, part: _Part) -> float | int | bool:
    """A Python number as it is written after ``=``."""
    value: Any = _TRUTH.get(part.text)
    if value is None and _INTEGER.match(part.text):
        value = int(part.text)
    elif value is None and _FLOAT.match(part.text):
        value = float(part.text)
    return _default(kind, value, part)


def _default(kind: Kind, value: Any, part: _Part) -> float | int | bool:
    """A default as an input of that kind has it."""
    if kind not in _NUMBERS:
        message = f"an input of kind {kind.value} has no default"
        raise part.error("SG131", message, "only Python numbers have one")
    converted = _converted(kind, value)
    if converted is None:
        shown = part.text or repr(value)
        message = f"{shown} is no default for an input of kind {kind.value}"
        named = ("True", "False") if kind is Kind.BOOL else ()
        raise part.error("SG131", message, nearest(shown, named))
    return converted


def _converted(kind: Kind, value: Any) -> float | int | bool | None:
    """A number as its kind has it, ``None`` where it cannot be."""
    if isinstance(value, bool) or kind is Kind.BOOL:
        return value if isinstance(value, bool) and kind is Kind.BOOL else None
    if kind is Kind.INT:
        fits = isinstance(value, int) and value.bit_length() <= _INT_BITS
        return value if fits else None
    if value is None or not math.isfinite(value):
        return None
    return float(value)


# Domains


def interval(part: _Part) -> Interval:
    """``(0, oo)`` and the like; the ends are constant expressions.

    Raises:
        DeclarationError: not an interval, or one with nothing in it.
    """
    text = part.text.strip()
    ends = _split(text[1:-1])
    if text[:1] not in ("(", "[") or text[-1:] not in (")", "]") or len(ends) != 2:
        message = "this is not an interval"
        raise part.error("SG130", message, "such as (0, oo) or [-1, 1]")
    start = part.start + part.text.index(text) + 1
    low = _endpoint(_Part(ends[0], start, part.key))
    high = _endpoint(_Part(ends[1], start + len(ends[0]) + 1, part.key))
    found = Interval(low, high, text[0] == "(", text[-1] == ")")
    if (math.isinf(low) and not found.low_open) or (
        math.isinf(high) and not found.high_open
    ):
        message = "an interval is open where it is infinite"
        raise part.error("SG130", message, "write '(-oo' and 'oo)'")
    if low > high or (low == high and (found.low_open or found.high_open)):
        help = "the lower end stands first; a single number is [a, a]"
        raise part.error("SG130", "the interval is empty", help)
    return found


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


_INFINITE = {"oo": math.inf, "+oo": math.inf, "-oo": -math.inf}


def _endpoint(part: _Part) -> float:
    from symgrad import precise  # loaded by the declarations that need it

    word = part.text.strip()
    if word in _INFINITE:
        return _INFINITE[word]
    graph = Graph()
    try:
        return precise.constant(graph.nodes, parse(part.text, graph, {}))
    except FormulaError as mistake:
        start, end = part.start + mistake.start, part.start + mistake.end
        help = "ends are constants" if mistake.code == "SG210" else mistake.help
        raise DeclarationError(
            mistake.code, mistake.message, start, end, help, part.key
        ) from None
    except ValueError:
        message = "an end of an interval is a finite number, oo or -oo"
        raise part.error("SG130", message, "write '(-oo' or 'oo)'") from None


def _has_whole(domain: Interval) -> bool:
    """Whether a whole number is in an interval."""
    near = domain.low if math.isfinite(domain.low) else domain.high
    return not math.isfinite(near) or any(
        number in domain for number in range(math.floor(near) - 1, math.ceil(near) + 2)
    )


def _checked(item: Input, parts: dict[str, _Part]) -> Input:
    """The input, if its domain suits its kind and its default."""
    if item.domain is not None and (item.kind.is_condition or item.kind.is_complex):
        message = f"a {item.kind.value} input has no domain"
        raise parts["domain"].error("SG130", message, "leave the domain out")
    if item.domain is not None and item.kind in _WHOLE and not _has_whole(item.domain):
        message = f"no whole number is in the interval {item.domain}"
        raise parts["domain"].error("SG130", message, "such as [0, 1] or (0, oo)")
    if item.has_default and item.domain is not None:
        assert item.default is not None
        if item.default not in item.domain:
            message = f"the default {item.default!r} is outside of {item.domain}"
            raise parts["default"].error("SG131", message)
    return item
