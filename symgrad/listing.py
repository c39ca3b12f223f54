"""A row of the function table as text, for ``symgrad functions``."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad.functions import Function
from symgrad.kinds import REAL_VALUED
from symgrad.wirtinger import RULES


def lines(row: Function) -> list[str]:
    """A row with its derivatives and kinks."""
    also = f"  (also {', '.join(row.aliases)})" if row.aliases else ""
    kinks = "; ".join(kink.when for kink in row.kinks)
    return [
        f"{row.name}({', '.join(row.args)}){also}",
        *(f"    d/d{a} = {p}" for a, p in zip(row.args, row.partials, strict=True)),
        *([f"    kinks: {kinks}"] if kinks else []),
        *_plane_lines(row),
    ]


def _plane_lines(row: Function) -> Iterator[str]:
    """The derivatives by complex arguments, where they are others."""
    rule = RULES.get(row.name)
    if rule is None:
        return
    if rule.conjugates is None and rule.partials == row.partials:
        yield "    also of complex numbers"
        return
    real = row.name in REAL_VALUED
    for a, partial in zip(row.args, rule.partials, strict=True):
        moved = f"dy = re(({partial})*d{a})"
        yield f"    complex: {moved if real else f'd/d{a} = {partial}'}"
    for a, partial in zip(row.args, rule.conjugates or (), strict=False):
        yield f"    complex: d/dconjugate({a}) = {partial}"
