"""How PyTorch writes the primitives of axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgrad.axes import BATCH, dim, named, size_of
from symgrad.backends.torch_matrix import matrix_product
from symgrad.backends.torch_places import PLACES
from symgrad.backends.torch_written import Spelling, Written, summed
from symgrad.printer import ATOM, Text, call
from symgrad.program import Node, Program


def spell(nodes: Sequence[Node], node: Node, args: Sequence[Text], anchor: str) -> Text:
    """One value of a primitive of axes, given the texts of its arguments."""
    parts = [nodes[arg] for arg in node.args]
    return SPELLINGS[node.op](Written(node, parts, args, anchor))


def _steps(w: Written) -> Text:
    return call("torch.arange", [w.args[0], Text(f"device={w.anchor}.device")])


def _ones(w: Written) -> Text:
    return call(f"{w.anchor}.new_ones", [w.args[0]])


def _sum(w: Written) -> Text:
    own = w.parts[0].axes
    dims = [str(dim(axis, own)) for axis in named(w.labels)]
    text = w.args[0]
    if dims:
        joined = dims[0] if len(dims) == 1 else f"({', '.join(dims)})"
        text = Text(f"{text.within(ATOM)}.sum({joined})")
    if BATCH in w.labels:
        return call("_batch_sum", [text, Text(str(len(named(w.node.axes))))])
    return text


def _method(name: str) -> Spelling:
    return lambda w: w.method(name, w.dims)


def _function(name: str, lead: str = "") -> Spelling:
    return lambda w: call(name, [w.args[0], Text(f"{lead}{w.dims}")])


def _spread(name: str) -> Spelling:
    def write(w: Written) -> Text:
        ddof = w.data.partition("|")[2]
        more = [Text(w.dims), Text(f"correction={ddof}")]
        return call(name, [w.args[0], *more])

    return write


def _cumsum_back(w: Written) -> Text:
    flip = f".flip({w.dims})"
    return Text(f"{w.args[0].within(ATOM)}{flip}.cumsum({w.dims}){flip}")


def _einsum(w: Written) -> Text:
    """A product of matrices where it is one, else by its subscripts.

    These are the spec's indices, where they are single letters.  In the plane all has
    to be of one dtype.
    """
    parts = [part.axes for part in w.parts]
    if any(part.kind.is_complex for part in w.parts):
        args = [Text(f"*{call('_promoted', w.args).text}")]
        return summed(replace(w, args=args), parts, w.node.axes)
    product = matrix_product(w.node, w.parts, w.args) if len(w.args) == 2 else None
    if product is not None:
        return product
    return summed(w, parts, w.node.axes)


SPELLINGS: Mapping[str, Spelling] = {
    **PLACES,
    "steps": _steps,
    "ones": _ones,
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
