"""The function table as a table of text, for ``symgrad functions``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from symgrad.errors import Diagnostic, SymgradError
from symgrad.functions import NAMES, TABLE, Function
from symgrad.kinds import REAL_VALUED
from symgrad.names import nearest
from symgrad.wirtinger import RULES

HEADS = "function", "derivatives", "kinks", "domain"
SHARES = 0.28, 0.0, 0.16, 0.16
"""The most of a line that each column has; the derivatives have what is left."""

NARROWEST = 72
GAP = "  "

MOST = 3
"""Lines of a derivative that are shown where all functions are."""


@dataclass(frozen=True)
class Listed:
    """A function as it is listed."""

    row: Function

    @property
    def call(self) -> str:
        """How it is called, with the values of arguments that may be left out."""
        row = self.row
        first = len(row.args) - len(row.defaults)
        given = dict(zip(row.args[first:], row.defaults, strict=True))
        args = (f"{a}={given[a]}" if a in given else a for a in row.args)
        return f"{row.name}({', '.join(args)})"

    @property
    def derivatives(self) -> list[str]:
        """Those by each argument, and what they are for complex ones."""
        pairs = zip(self.row.args, self.row.partials, strict=True)
        return [*(f"d/d{a} = {p}" for a, p in pairs), *_plane_lines(self.row)]

    @property
    def kinks(self) -> list[str]:
        """Conditions under which one-sided derivatives differ."""
        return [kink.when for kink in self.row.kinks]

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        row = self.row
        return {
            "name": row.name,
            "aliases": list(row.aliases),
            "arguments": list(row.args),
            "defaults": list(row.defaults),
            "derivatives": dict(zip(row.args, row.partials, strict=True)),
            "complex": list(_plane_lines(row)),
            "kinks": self.kinks,
            "domain": row.domain,
        }


def chosen(words: Sequence[str]) -> tuple[Listed, ...]:
    """The functions that have one of the words in a name; all of them without words.

    Raises ``SymgradError`` (SG153) where there is none.
    """
    wanted = [word.lower() for word in words] or [""]
    rows = [row for row in TABLE.values() if any(_has(row, word) for word in wanted)]
    if not rows:
        said = f"no function has {' or '.join(map(repr, words))} in its name"
        help = nearest(words[0], NAMES) or "'symgrad functions' lists all"
        raise SymgradError(Diagnostic("SG153", said, "", None, (), help))
    return tuple(map(Listed, rows))


def _has(row: Function, word: str) -> bool:
    return any(word in name.lower() for name in (row.name, *row.aliases))


def table(functions: Sequence[Listed], width: int, most: int | None = MOST) -> str:
    """A row for each function, in lines of at most so many columns.

    Of a derivative ``most`` lines are shown, all of it for ``None``.
    """
    cells = [_cells(function) for function in functions]
    sizes = _sizes([[[head] for head in HEADS], *cells], max(width, NARROWEST))
    lines = [*_row([[head] for head in HEADS], sizes, None)]
    lines.append(GAP.join("-" * size for size in sizes))
    for row in cells:
        lines += _row(row, sizes, most)
    return "\n".join(lines) + "\n"


def _cells(function: Listed) -> list[list[str]]:
    also = [f"also {name}" for name in function.row.aliases]
    domain = [function.row.domain] if function.row.domain else []
    return [[function.call, *also], function.derivatives, function.kinks, domain]


def _sizes(rows: Sequence[list[list[str]]], width: int) -> list[int]:
    """Columns as wide as their widest text, but for their share of a line."""
    widest = [max(len(t) for row in rows for t in row[n]) for n in range(len(HEADS))]
    pairs = zip(widest, SHARES, strict=True)
    sizes = [min(most, int(share * width)) for most, share in pairs]
    left = width - sum(sizes) - len(GAP) * (len(HEADS) - 1)
    sizes[1] = min(widest[1], left)
    return sizes


def _row(
    cells: Sequence[list[str]], sizes: Sequence[int], most: int | None
) -> Iterator[str]:
    columns = [
        [line for text in cell for line in _wrapped(text, size, most)]
        for cell, size in zip(cells, sizes, strict=True)
    ]
    for parts in zip_longest(*columns, fillvalue=""):
        padded = (f"{part:<{size}}" for part, size in zip(parts, sizes, strict=True))
        yield GAP.join(padded).rstrip()


def _wrapped(text: str, size: int, most: int | None) -> list[str]:
    """A text in lines; those after its first are set in."""
    return textwrap.wrap(
        text, size, subsequent_indent="  ", max_lines=most, placeholder=" ..."
    )


def _plane_lines(row: Function) -> Iterator[str]:
    """The derivatives by complex arguments, where they are others."""
    rule = RULES.get(row.name)
    if rule is None:
        return
    if rule.conjugates is None and rule.partials == row.partials:
        yield "also of complex numbers"
        return
    real = row.name in REAL_VALUED
    for a, partial in zip(row.args, rule.partials, strict=True):
        moved = f"dy = re(({partial})*d{a})"
        yield f"complex: {moved if real else f'd/d{a} = {partial}'}"
    for a, partial in zip(row.args, rule.conjugates or (), strict=False):
        yield f"complex: d/dconjugate({a}) = {partial}"
