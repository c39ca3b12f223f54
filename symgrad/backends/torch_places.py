"""How PyTorch writes what says where elements are: accesses, parts, gathers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symgrad.axes import BATCH, accessed, dim, is_along, moves, named, scattered
from symgrad.backends.torch_align import aligned, reordered
from symgrad.backends.torch_written import Spelling, Written, summed
from symgrad.parts import part_of, whole
from symgrad.printer import ATOM, Text, call


def _access(w: Written) -> Text:
    """Other names cost nothing; of two places with one name the diagonal is taken."""
    after = accessed(w.data, w.parts[0].axes)
    pairs = list(_diagonals(after))
    if len(pairs) > 1:
        return summed(w, [_same_batch(after, w.node.axes)], w.node.axes)
    if not pairs:
        return w.args[0]
    [(labels, pair)] = pairs
    text = call("torch.diagonal", [w.args[0], *_dims(pair, len(labels))])
    return reordered(text, _without(labels, pair), named(w.node.axes))


def _same_batch(axes: Sequence[str], like: Sequence[str]) -> list[str]:
    return [*([BATCH] if BATCH in like else []), *axes]


def _place(w: Written) -> Text:
    """The way back: zeros beside the diagonals, the last of them first."""
    held = [axis for axis in moves(w.data)[0] if axis in w.parts[0].axes]
    steps = list(_diagonals(held))
    order = _without(*steps[-1]) if steps else held
    text = aligned(w.args[0], w.parts[0].axes, order)
    for labels, pair in reversed(steps):
        text = call("torch.diag_embed", [text, *_dims(pair, len(labels))])
    return text


_Pair = tuple[int, int]


def _diagonals(labels: Sequence[str]) -> Iterator[tuple[list[str], _Pair]]:
    """The pairs of places that have one label, one after the other.

    Each is taken away, and its diagonal comes last.
    """
    left = list(labels)
    for axis in dict.fromkeys(labels):
        while left.count(axis) > 1:
            first = left.index(axis)
            pair = first, left.index(axis, first + 1)
            yield left, pair
            left = _without(left, pair)


def _without(labels: Sequence[str], pair: _Pair) -> list[str]:
    """The labels of a diagonal."""
    return [*(a for k, a in enumerate(labels) if k not in pair), labels[pair[0]]]


def _dims(pair: _Pair, rank: int) -> list[Text]:
    return [Text(f"dim{n + 1}={place - rank}") for n, place in enumerate(pair)]


def _ordered(w: Written) -> Text:
    return aligned(w.args[0], w.parts[0].axes, w.labels)


def _select(w: Written) -> Text:
    [axis] = w.labels
    after = [":"] * (-1 - dim(axis, w.parts[0].axes))
    place = ", ".join(["...", w.data.partition("|")[2], *after])
    return Text(f"{w.args[0].within(ATOM)}[{place}]")


def _part(w: Written) -> Text:
    """A slice; where the places are counted torch says if there are fewer."""
    part, place = part_of(w.data), dim(whole(w.data), w.parts[0].axes)
    assert part is not None
    if part.length is not None:
        return w.method("narrow", str(place), str(part.start), str(part.length))
    inside = f"{part.start or ''}:{-part.cut or ''}"
    pattern = ", ".join(["...", inside, *[":"] * (-1 - place)])
    return Text(f"{w.args[0].within(ATOM)}[{pattern}]")


def _pad(w: Written) -> Text:
    part, place = part_of(w.data), dim(w.data, w.parts[0].axes)
    assert part is not None
    start = f"{w.args[1].text} - {-part.start}" if part.start < 0 else str(part.start)
    more = [Text(str(place)), Text(start), w.args[1]]
    return call("_padded", [w.args[0], *more])


def _insert(w: Written) -> Text:
    place = int(w.data.partition("|")[2])
    padding = f"({place}, {w.args[1].text} - {place + 1})"
    return call("F.pad", [Text(f"{w.args[0].within(ATOM)}[..., None]"), Text(padding)])


def _gather(w: Written) -> Text:
    base, index = w.parts
    at = w.data
    if is_along(at, base.axes, index.axes):
        place = dim(at, base.axes)
        pattern, fresh = _beside(at, named(base.axes), index.axes)
        picked = aligned(w.args[1], index.axes, pattern)
        if len(fresh) > 1:
            more = [Text(str(place)), Text(str(len(fresh)))]
            return call("_take_block", [w.args[0], picked, *more])
        text = call("_take", [w.args[0], picked, Text(str(place))])
        return text if fresh else Text(f"{text.text}.squeeze({place})")
    place = base.axes.index(at)
    first = w.args[0].within(ATOM) + (f".movedim({place}, 0)" if place else "")
    if index.axes:
        return Text(f"{first}[{w.args[1].text}]")
    # of a 0-dim index torch wants the number, which a traced tensor does not have
    row = f"{first}[{w.args[1].within(ATOM)}[..., None]]"
    return Text(f"{row}.squeeze({-len(named(base.axes))})")


def _beside(
    at: str, base: Sequence[str], index: Sequence[str]
) -> tuple[list[str | None], list[str]]:
    """The base's axes with a gather's new ones in the place of its own, and those."""
    fresh = [axis for axis in named(index) if axis not in base]
    inside: list[str | None] = [*fresh] or [None]
    return [a for axis in base for a in (inside if axis == at else [axis])], fresh


def _scatter(w: Written) -> Text:
    (at, base), (values, index, *_) = scattered(w.data), w.parts
    if is_along(at, base, index.axes):
        held = [axis for axis in named(base) if axis in w.node.axes]
        pattern, fresh = _beside(at, held, index.axes)
        sent = aligned(w.args[0], (BATCH, *values.axes), pattern)
        picked = aligned(w.args[1], (BATCH, *index.axes), pattern)
        more = [Text(str(dim(at, w.node.axes))), w.args[2]]
        if len(fresh) > 1:
            more.append(Text(str(len(fresh))))
        function = "_scatter_block" if len(fresh) > 1 else "_scatter"
        return call(function, [sent, picked, *more])
    rest = [axis for axis in base if axis != at]
    places = [*named(index.axes), *rest]
    sent = aligned(w.args[0], (BATCH, *values.axes), places)
    shape = ", ".join(text.text for text in w.args[2:])
    shape = f"({shape},)" if len(w.args) == 3 else f"({shape})"
    return call("_scatter_rows", [sent, w.args[1], Text(shape)])


PLACES: Mapping[str, Spelling] = {
    "access": _access,
    "place": _place,
    "ordered": _ordered,
    "select": _select,
    "insert": _insert,
    "part": _part,
    "pad": _pad,
    "gather": _gather,
    "scatter": _scatter,
}
"""One row for each primitive that only moves elements."""
