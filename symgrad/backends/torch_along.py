"""How PyTorch writes the primitives of axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    after = accessed(w.data, w.parts[0].axes)
    if len(set(after)) == len(after):
        return w.args[0]
    [twice] = [axis for axis in named(w.node.axes) if after.count(axis) > 1]
    rank = len(after)
    dims = [k - rank for k, axis in enumerate(after) if axis == twice]
    args = [Text(f"dim{n + 1}={place}") for n, place in enumerate(dims)]
    text = call("torch.diagonal", [w.args[0], *args])
    rest = [axis for axis in after if axis != twice]
    return reordered(text, [*rest, twice], named(w.node.axes))


def _place(w: _Written) -> Text:
    after, before = moves(w.data)
    held = [axis for axis in dict.fromkeys(after) if axis in w.parts[0].axes]
    twice = [axis for axis in held if after.count(axis) > 1]
    order = [axis for axis in held if axis not in twice] + twice
    text = aligned(w.args[0], w.parts[0].axes, order)
    rank = len(before)
    for axis in twice:
        places = [k - rank for k, other in enumerate(after) if other == axis]
        dims = [Text(f"dim{n + 1}={place}") for n, place in enumerate(places)]
        text = call("torch.diag_embed", [text, *dims])
    return text


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
        text = call("_take", [w.args[0], picked, Text(str(place))])
        return text if fresh else Text(f"{text.text}.squeeze({place})")
    place = base.axes.index(at)
    first = w.args[0].within(ATOM) + (f".movedim({place}, 0)" if place else "")
    return Text(f"{first}[{w.args[1].text}]")


def _beside(
    at: str, base: Sequence[str], index: Sequence[str]
) -> tuple[list[str | None], list[str]]:
    """The base's axes with a gather's new one in the place of its own, and that one."""
    fresh = [axis for axis in named(index) if axis not in base]
    found: list[str | None] = []
    for axis in base:
        found.append(axis if axis != at else fresh[0] if fresh else None)
    return found, fresh


def _scatter(w: _Written) -> Text:
    (at, base), (values, index, *_) = scattered(w.data), w.parts
    if is_along(at, base, index.axes):
        held = [axis for axis in named(base) if axis in w.node.axes]
        pattern, _ = _beside(at, held, index.axes)
        sent = aligned(w.args[0], (BATCH, *values.axes), pattern)
        picked = aligned(w.args[1], (BATCH, *index.axes), pattern)
        place = dim(at, w.node.axes)
        return call("_scatter", [sent, picked, Text(str(place)), w.args[2]])
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
    known = [axis for part in w.parts for axis in named(part.axes)]
    letters = _letters(dict.fromkeys(known))

    def subscript(axes: Sequence[str]) -> str:
        return "".join("..." if axis == BATCH else letters[axis] for axis in axes)

    terms = ",".join(subscript(part.axes) for part in w.parts)
    equation = f'"{terms}->{subscript(w.node.axes)}"'
    return call("torch.einsum", [Text(equation), *w.args])


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
