"""Contractions of two factors as products of matrices.

PyTorch's batching of gradients, which gradcheck asks for, has a rule for these and none
for ``einsum``; and they are what a person would write.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.axes import BATCH, named
from symgrad.backends.torch_align import aligned, reordered
from symgrad.printer import ATOM, PRODUCT, UNARY, Text, call
from symgrad.program import Node


def is_product(nodes: Sequence[Node], node: Node) -> bool:
    """Whether a contraction is written without ``einsum``."""
    parts, args = [nodes[arg] for arg in node.args], [Text("_")] * len(node.args)
    return len(parts) == 2 and matrix_product(node, parts, args) is not None


def matrix_product(
    node: Node, parts: Sequence[Node], args: Sequence[Text]
) -> Text | None:
    """``a @ b``, or the same over all rows of a batch; ``None`` if it is neither.

    Torch has these for one dtype only, which complex factors may not have.
    """
    if any(part.kind.is_complex for part in parts):
        return None
    out = named(node.axes)
    pairs = list(zip(parts, args, strict=True))
    free = [_free(part.axes, parts[1 - k].axes) for k, part in enumerate(parts)]
    if max(map(len, free)) > 1 or not set(free[0] + free[1]) <= set(out):
        return None
    if free[1] and out[-2:] == (*free[1], *free[0]) and free[0]:
        pairs, free = pairs[::-1], free[::-1]
    shared = [axis for axis in named(parts[0].axes) if axis in parts[1].axes]
    gone = [axis for axis in shared if axis not in out]
    stay = [axis for axis in shared if axis in out]
    batch = BATCH in parts[0].axes or BATCH in parts[1].axes
    if batch and BATCH not in node.axes:
        return None if stay else _over_rows(pairs, free, gone, out)
    if len(gone) != 1:
        return None
    if (line := _row(pairs, free, stay, gone[0])) is not None:
        return line
    return _product(pairs, free, stay, gone[0], out)


Pairs = Sequence[tuple[Node, Text]]


def _free(axes: Sequence[str], others: Sequence[str]) -> list[str]:
    return [axis for axis in named(axes) if axis not in others]


def _row(
    pairs: Pairs, free: Sequence[Sequence[str]], stay: Sequence[str], gone: str
) -> Text | None:
    """``x @ W``: a vector for each place of the batch, and one matrix for all."""
    for k in (0, 1):
        (vector, a), (matrix, b) = pairs[k], pairs[1 - k]
        flat = not stay and not free[k] and free[1 - k] and BATCH in vector.axes
        if flat and BATCH not in matrix.axes:
            right = aligned(b, matrix.axes, [gone, *free[1 - k]])
            left = aligned(a, vector.axes, [gone])
            return Text(f"{left.within(PRODUCT)} @ {right.within(UNARY)}", PRODUCT)
    return None


def _product(
    pairs: Pairs,
    free: Sequence[Sequence[str]],
    stay: Sequence[str],
    gone: str,
    out: Sequence[str],
) -> Text:
    """``a @ b``; a factor without an axis of its own is a row or a column."""
    (left, first), (right, second) = pairs
    vectors = [part.axes == (gone,) for part, _ in pairs]
    if not (free[0] or free[1] or any(vectors)):
        return reordered(_inner(pairs, [*stay, gone]), stay, out)
    lone: list[str | None] = [None]
    rows: list[str | None] = [] if vectors[0] else [*free[0]] or lone
    columns: list[str | None] = [] if vectors[1] else [*free[1]] or lone
    a = aligned(first, left.axes, [*stay, *rows, gone])
    b = aligned(second, right.axes, [*stay, gone, *columns])
    text = Text(f"{a.within(PRODUCT)} @ {b.within(UNARY)}", PRODUCT)
    for dims, place in ((columns, -1), (rows, -1 - len(free[1]))):
        if dims == lone:
            text = Text(f"{text.within(ATOM)}.squeeze({place})")
    return reordered(text, [*stay, *free[0], *free[1]], out)


def _inner(pairs: Pairs, shared: Sequence[str]) -> Text:
    """``(a * b).sum(-1)``, where the factors have the same axes."""
    a, b = (aligned(text, part.axes, shared) for part, text in pairs)
    return Text(f"({a.within(PRODUCT)} * {b.within(UNARY)}).sum(-1)")


def _over_rows(
    pairs: Pairs, free: Sequence[Sequence[str]], gone: Sequence[str], out: Sequence[str]
) -> Text:
    """The sum over the batch, and over the axes that go, of the products of rows."""
    texts = []
    for (part, text), own in zip(pairs, free, strict=True):
        held = (BATCH, *named(part.axes))  # in front there is a batch, or nothing
        places: list[str | None] = [*gone, *own] if own else [*gone, None]
        texts.append(aligned(text, held, places))
    product = call("_rows_product", texts)
    for own, place in ((free[1], -1), (free[0], -2 + (not free[1]))):
        if not own:
            product = Text(f"{product.text}.squeeze({place})")
    return reordered(product, [*free[0], *free[1]], out)
