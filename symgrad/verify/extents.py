"""Shapes of inputs with named axes: a batch, and a size for each name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symgrad.axes import BATCH, listed, named, size_of
from symgrad.op import Op
from symgrad.verify.sampling import LARGEST_INDEX

Shape = tuple[int, ...]

SIZES = (3, 2, 4, 5)
"""Of axes in the order of their names, so that few are alike."""


def sizes(op: Op, offset: int = 0) -> dict[str, int]:
    """A size for every axis; one that an index looks into has place for all of them."""
    found: dict[str, int] = {}
    for item in op.inputs:
        for axis in named(item.labels):
            found.setdefault(size_of(axis), SIZES[(len(found) + offset) % len(SIZES)])
    return {**found, **dict.fromkeys(_looked_into(op), LARGEST_INDEX + 1)}


def _looked_into(op: Op) -> set[str]:
    """The axes that something is gathered from, or selected by a number."""
    gathered = {size_of(str(n.data)) for n in op.nodes if n.op == "gather"}
    selected = (
        listed(str(n.data).partition("|")[0]) for n in op.nodes if n.op == "select"
    )
    return gathered | {size_of(axis) for axes in selected for axis in axes}


def of_sizes(
    op: Op, batch: Shape, known: Mapping[str, int], others: Shape | None = None
) -> dict[str, Shape]:
    """A shape for every tensor; every other one has the batch ``others``."""
    shapes: dict[str, Shape] = {}
    for item in (i for i in op.inputs if i.kind.is_tensor):
        own = others if others is not None and len(shapes) % 2 else batch
        lead = own if BATCH in item.labels else ()
        shapes[item.name] = (*lead, *(known[size_of(a)] for a in named(item.labels)))
    return shapes


def choices(op: Op) -> Iterator[dict[str, Shape]]:
    """Shapes to try: with a batch, without, broadcast both ways, other sizes, empty."""
    usual, other = sizes(op), sizes(op, 1)
    batched = any(BATCH in item.labels for item in op.inputs)
    yield of_sizes(op, (2,), usual)
    if batched:
        yield of_sizes(op, (2, 1), other, (3,))
        yield of_sizes(op, (2,), other, (2, 1))
        yield of_sizes(op, (), usual)
        yield of_sizes(op, (0, 2), usual)
    else:
        yield of_sizes(op, (), other)
