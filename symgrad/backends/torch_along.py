"""How PyTorch writes the primitives of axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symgrad.axes import (
    BATCH,
    accessed,
    dim,
    index_of,
    is_along,
    listed,
    moves,
    named,
    scattered,
    size_of,
)
from symgrad.backends.torch_align import aligned, reordered
from symgrad.backends.torch_matrix import matrix_product
from symgrad.printer import ATOM, Text, call
from symgrad.program import Node, Program


@dataclass(frozen=True)
class _Written:
    """A value to be written: its node, those of its arguments, and their texts."""

    node: Node
    parts: Sequence[Node]
    args: Sequence[Text]
    anchor: str

    @property
    def data(self) -> str:
        return str(self.node.data)

    @property
    def labels(self) -> tuple[str, ...]:
        return listed(self.data.partition("|")[0])

    @property
    def dims(self) -> str:
        """The dimensions of the labels, as an argument."""
        found = [str(dim(axis, self.parts[0].axes)) for axis in self.labels]
        return found[0] if len(found) == 1 else f"({', '.join(found)})"

    def method(self, name: str, *args: str) -> Text:
        """A method of the first argument."""
        return Text(f"{self.args[0].within(ATOM)}.{name}({', '.join(args)})")


def spell(nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str) -> Text:
    """One value of a primitive of axes, given the texts of its arguments."""
    parts = [nodes[arg] for arg in node.args]
    return SPELLINGS[node.op](_Written(node, parts, args, anchor))


def _access(w: _Written) -> Text:
    """Other names cost nothing; of two places with one name the diagonal is taken."""
    after = accessed(w.data, w.parts[0].axes)
    pairs = list(_diagonals(after))
    if len(pairs) > 1:
        return _summed(w, [_same_batch(after, w.node.axes)], w.node.axes)
    if not pairs:
        return w.args[0]
    [(labels, pair)] = pairs
    text = call("torch.diagonal", [w.args[0], *_dims(pair, len(labels))])
    return reordered(text, _without(labels, pair), named(w.node.axes))


def _same_batch(axes: Sequence[str], like: Sequence[str]) -> list[str]:
    return [*([BATCH] if BATCH in like else []), *axes]


def _place(w: _Written) -> Text:
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


def _ordered(w: _Written) -> Text:
    return aligned(w.args[0], w.parts[0].axes, w.labels)


def _select(w: _Written) -> Text:
    [axis] = w.labels
    after = [":"] * (-1 - dim(axis, w.parts[0].axes))
    place = ", ".join(["...", w.data.partition("|")[2], *after])
    return Text(f"{w.args[0].within(ATOM)}[{place}]")


def _insert(w: _Written) -> Text:
    place = int(w.data.partition("|")[2])
    padding = f"({place}, {w.args[1].text} - {place + 1})"
    return call("F.pad", [Text(f"{w.args[0].within(ATOM)}[..., None]"), Text(padding)])


def _ones(w: _Written) -> Text:
    return call(f"{w.anchor}.new_ones", [w.args[0]])


def _sum(w: _Written) -> Text:
    own = w.parts[0].axes
    dims = [str(dim(axis, own)) for axis in named(w.labels)]
    text = w.args[0]
    if dims:
        joined = dims[0] if len(dims) == 1 else f"({', '.join(dims)})"
        text = Text(f"{text.within(ATOM)}.sum({joined})")
    if BATCH in w.labels:
        return call("_batch_sum", [text, Text(str(len(named(w.node.axes))))])
    return text


def _method(name: str) -> Callable[[_Written], Text]:
    return lambda w: w.method(name, w.dims)


def _function(name: str, lead: str = "") -> Callable[[_Written], Text]:
    return lambda w: call(name, [w.args[0], Text(f"{lead}{w.dims}")])


def _spread(name: str) -> Callable[[_Written], Text]:
    def write(w: _Written) -> Text:
        ddof = w.data.partition("|")[2]
        more = [Text(w.dims), Text(f"correction={ddof}")]
        return call(name, [w.args[0], *more])

    return write


def _cumsum_back(w: _Written) -> Text:
    flip = f".flip({w.dims})"
    return Text(f"{w.args[0].within(ATOM)}{flip}.cumsum({w.dims}){flip}")


def _gather(w: _Written) -> Text:
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
    return Text(f"{first}[{w.args[1].text}]")


def _beside(
    at: str, base: Sequence[str], index: Sequence[str]
) -> tuple[list[str | None], list[str]]:
    """The base's axes with a gather's new ones in the place of its own, and those."""
    fresh = [axis for axis in named(index) if axis not in base]
    inside: list[str | None] = [*fresh] or [None]
    return [a for axis in base for a in (inside if axis == at else [axis])], fresh


def _scatter(w: _Written) -> Text:
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


def _einsum(w: _Written) -> Text:
    """A product of matrices where it is one, else by its subscripts.

    These are the spec's indices, where they are single letters.
    """
    product = matrix_product(w.node, w.parts, w.args) if len(w.args) == 2 else None
    if product is not None:
        return product
    return _summed(w, [part.axes for part in w.parts], w.node.axes)


def _summed(w: _Written, parts: Sequence[Sequence[str]], result: Sequence[str]) -> Text:
    """A contraction by subscripts; one that a part has twice is its diagonal."""
    letters = _letters(dict.fromkeys(axis for part in parts for axis in named(part)))

    def subscript(axes: Sequence[str]) -> str:
        return "".join("..." if axis == BATCH else letters[axis] for axis in axes)

    terms = ",".join(map(subscript, parts))
    return call("torch.einsum", [Text(f'"{terms}->{subscript(result)}"'), *w.args])


def _letters(axes: Sequence[str] | dict[str, None]) -> dict[str, str]:
    """A letter for each axis: its index, or else one that is free."""
    found: dict[str, str] = {}
    free = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    singles = {index_of(axis) for axis in axes}
    for axis in axes:
        index = index_of(axis)
        if len(index) == 1 and index.isalpha() and index not in found.values():
            found[axis] = index
        else:
            taken = singles | set(found.values())
            found[axis] = next(letter for letter in free if letter not in taken)
    return found


SPELLINGS: Mapping[str, Callable[[_Written], Text]] = {
    "access": _access,
    "place": _place,
    "ordered": _ordered,
    "select": _select,
    "insert": _insert,
    "ones": _ones,
    "gather": _gather,
    "scatter": _scatter,
    "sum": _sum,
    "count": _method("sum"),
    "mean": _method("mean"),
    "prod": _method("prod"),
    "amax": _method("amax"),
    "amin": _method("amin"),
    "logsumexp": _function("torch.logsumexp"),
    "norm": _function("torch.linalg.vector_norm", "dim="),
    "var": _spread("torch.var"),
    "std": _spread("torch.std"),
    "softmax": _function("torch.softmax"),
    "log_softmax": _function("torch.log_softmax"),
    "cumsum": _function("torch.cumsum"),
    "cumsum_back": _cumsum_back,
    "others": _function("_others"),
    "einsum": _einsum,
}
"""One row for each primitive of axes."""


def sizes(
    program: Program, holders: Sequence[tuple[str, Sequence[str]]]
) -> dict[int, str]:
    """The sizes of axes as text: those of tensors that are at hand.

    ``holders`` are texts of shapes with the axes that they are of.
    """
    found: dict[int, str] = {}
    for value, node in enumerate(program.nodes):
        if node.op != "size":
            continue
        for shape, axes in holders:
            place = [dim(a, axes) for a in named(axes) if size_of(a) == node.data]
            if place:
                found.setdefault(value, f"{shape}[{place[0]}]")
    return found
