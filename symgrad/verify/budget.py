"""How much of a rung is done for an op, by its size; work is counted, never seconds."""

from __future__ import annotations

from symgrad.op import Op

WHOLE = 400
"""Values of an op up to which nothing is left out."""

LARGE = 1_500
"""Values beyond which the slow halves of rungs are left out."""


def share(op: Op) -> float:
    """The part of the points that is affordable."""
    return min(1.0, WHOLE / len(op.nodes))


def is_large(op: Op) -> bool:
    """Whether one configuration, checked fast, has to do."""
    return len(op.nodes) > LARGE


def note(op: Op) -> str | None:
    """What a report says of a rung that was cut short."""
    return f"reduced: {len(op.nodes):,} values" if is_large(op) else None
