"""Statements and lists over lines, as ruff lays them out: broken where they must be."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.printer import Text

LINE = 88
"""Columns of a line of emitted code."""


def assignment(target: str, value: Text, indent: int) -> list[str]:
    """``target = value`` as ruff lays it out, broken only where it must be."""
    return wrapped(f"{target} = ", value, indent)


def wrapped(lead: str, value: Text, indent: int, tail: str = "") -> list[str]:
    """``lead`` and an expression on one line, or in as few as its pieces allow."""
    pad, inner = " " * indent, " " * (indent + 4)
    line = f"{pad}{lead}{value.text}{tail}"
    fits = len(inner) + len(value) <= LINE
    if len(line) <= LINE or not (value.pieces or fits):
        return [line]
    if value.head:
        return bracketed(f"{lead}{value.head}(", value.pieces, f"){tail}", indent)
    parts = (value.text,) if fits else value.pieces
    return [f"{pad}{lead}(", *(f"{inner}{part}" for part in parts), f"{pad}){tail}"]


def wrapped_tuple(lead: str, items: Sequence[str | Text], indent: int) -> list[str]:
    """``lead`` and a tuple without parentheses, or an item a line within them."""
    pad, texts = " " * indent, [Text(i) if isinstance(i, str) else i for i in items]
    line = f"{pad}{lead}{', '.join(text.text for text in texts)}"
    if len(line) <= LINE:
        return [line]
    parts = [part for text in texts for part in wrapped("", text, indent + 4, ",")]
    return [f"{pad}{lead}(", *parts, f"{pad})"]


def bracketed(head: str, items: Sequence[str], tail: str, indent: int) -> list[str]:
    """A bracketed list on one line, on a line of its own, or an item a line."""
    pad, inner = " " * indent, " " * (indent + 4)
    joined = ", ".join(items)
    if indent + len(head) + len(joined) + len(tail) <= LINE:
        return [f"{pad}{head}{joined}{tail}"]
    alone = len(items) == 1 and head.startswith("def ")  # a parameter gets its comma
    if len(inner) + len(joined) <= LINE and not alone:
        return [f"{pad}{head}", f"{inner}{joined}", f"{pad}{tail}"]
    return [f"{pad}{head}", *(f"{inner}{item}," for item in items), f"{pad}{tail}"]


def listed(head: str, items: Sequence[str], tail: str, indent: int) -> list[str]:
    """A list or mapping on one line, or an item a line."""
    pad = " " * indent
    line = f"{pad}{head}{', '.join(items)}{tail}"
    if len(line) <= LINE:
        return [line]
    return [f"{pad}{head}", *(f"{pad}    {item}," for item in items), f"{pad}{tail}"]
