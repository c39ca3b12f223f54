"""Shapes of inputs with named axes: a batch, and a size for each name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symgrad.axes import BATCH, named, size_of
from symgrad.op import Op
from symgrad.unroll import sizes_of

Shape = tuple[int, ...]

SIZES = (3, 2, 4, 5)
"""Of axes in the order of their names, so that few are alike."""


def sizes(op: Op, offset: int = 0) -> dict[str, int]:
    """A size for every axis, those of other axes with another offset."""
    return sizes_of(op, SIZES[offset:] + SIZES[:offset])


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


def choices(op: Op, broadcast: bool = True) -> Iterator[dict[str, Shape]]:
    """Shapes to try: with a batch, without, broadcast both ways, other sizes, empty."""
    usual, other = sizes(op), sizes(op, 1)
    batched = any(BATCH in item.labels for item in op.inputs)
    yield of_sizes(op, (2, 2), usual)
    if batched:
        yield of_sizes(op, (2, 1), other, (3,) if broadcast else None)
        yield of_sizes(op, (2,), other, (2, 1) if broadcast else None)
        yield of_sizes(op, (), usual)
        yield of_sizes(op, (0, 2), usual)
    else:
        yield of_sizes(op, (), other)
