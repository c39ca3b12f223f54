"""Named axes run naively in torch, a dimension for each: what code is compared with.

A value is a tensor with its batch in front and its named axes behind, in the order of
its node.  Nothing here is shared with what is emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import accessed, dim, listed, moves, named
from symgrad.parts import places, whole
from symgrad.program import Node


def side_by_side(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> list[Any]:
    """The arguments of a pointwise value, each with the dimensions of that."""
    target = named(node.axes)
    if not target:
        return list(args)
    return [
        with_axes(arg, part.axes, target) if isinstance(arg, Tensor) else arg
        for arg, part in zip(args, parts, strict=True)
    ]


def with_axes(tensor: Tensor, axes: Sequence[str], target: Sequence[str]) -> Tensor:
    """A tensor with its named dimensions in an order, of size 1 where it has none."""
    own = named(axes)
    lead = tensor.dim() - len(own)
    present = [axis for axis in target if axis in own]
    order = [*range(lead), *(lead + own.index(axis) for axis in present)]
    tensor = tensor.permute(order)
    for place, axis in enumerate(target):
        if axis not in own:
            tensor = tensor.unsqueeze(lead + place)
    return tensor


def _access(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Tensor:
    """Other names cost nothing; a diagonal is taken one pair at a time."""
    tensor: Tensor = args[0]
    labels = list(accessed(node.data, parts[0].axes))
    for axis in [a for a in dict.fromkeys(labels) if labels.count(a) > 1]:
        while labels.count(axis) > 1:
            first, second = [k for k, other in enumerate(labels) if other == axis][:2]
            lead = tensor.dim() - len(labels)
            tensor = tensor.diagonal(0, lead + first, lead + second)
            labels = [a for k, a in enumerate(labels) if k not in (first, second)]
            labels.append(axis)
    return with_axes(tensor, labels, named(node.axes))


def _select(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    axis, _, place = str(node.data).partition("|")
    return args[0].select(dim(axis, parts[0].axes), int(place))


def _part(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    axis = str(node.data)
    place = dim(whole(axis), parts[0].axes)
    inside = places(axis, args[0].shape[place])
    return args[0].index_select(place, torch.tensor(inside, dtype=torch.long))


def _gather(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    """Every element of the result by itself: base and index in their full sizes."""
    at, axes = str(node.data), named(node.axes)
    base = with_axes(args[0], parts[0].axes, (*axes, at))
    index = with_axes(args[1].long(), parts[1].axes, axes).unsqueeze(-1)
    rank = max(base.dim(), index.dim())
    base, index = (t.reshape((1,) * (rank - t.dim()) + t.shape) for t in (base, index))
    shape = torch.broadcast_shapes(base.shape[:-1], index.shape[:-1])  # type: ignore[no-untyped-call]
    base = base.expand(*shape, base.shape[-1])
    return base.gather(-1, index.expand(*shape, 1)).squeeze(-1)


def _place(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    """As of a gradient that is given: other names, in the order of these."""
    after, before = moves(node.data)
    names = dict(zip(before, after, strict=True))
    order = [names[axis] for axis in named(node.axes)]
    return with_axes(args[0], parts[0].axes, order)


def _ordered(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    return with_axes(args[0], parts[0].axes, listed(node.data))


Along = Callable[[Tensor, tuple[int, ...]], Tensor]


Primitive = Callable[[Node, Sequence[Node], Sequence[Any]], Any]


def _along(run: Along) -> Primitive:
    def apply(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Tensor:
        labels = named(listed(str(node.data).partition("|")[0]))
        return run(args[0], tuple(dim(axis, parts[0].axes) for axis in labels))

    return apply


def _spread(run: Callable[..., Tensor]) -> Primitive:
    def apply(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Tensor:
        labels, _, ddof = str(node.data).partition("|")
        dims = tuple(dim(axis, parts[0].axes) for axis in listed(labels))
        return run(args[0], dims, correction=int(ddof))

    return apply


PRIMITIVES: Mapping[str, Primitive] = {
    "access": _access,
    "place": _place,
    "select": _select,
    "part": _part,
    "steps": lambda node, parts, args: torch.arange(args[0]),
    "gather": _gather,
    "ordered": _ordered,
    "sum": _along(lambda t, dims: t.sum(dims)),
    "mean": _along(lambda t, dims: t.mean(dims)),
    "prod": _along(lambda t, dims: t.prod(dims[0])),
    "amax": _along(lambda t, dims: t.amax(dims)),
    "amin": _along(lambda t, dims: t.amin(dims)),
    "logsumexp": _along(lambda t, dims: t.logsumexp(dims)),
    "norm": _along(lambda t, dims: torch.linalg.vector_norm(t, dim=dims)),
    "var": _spread(torch.var),
    "std": _spread(torch.std),
    "softmax": _along(lambda t, dims: t.softmax(dims[0])),
    "log_softmax": _along(lambda t, dims: t.log_softmax(dims[0])),
    "cumsum": _along(lambda t, dims: t.cumsum(dims[0])),
}
"""What a formula has of axes, in plain torch."""


def apply(node: Node, parts: Sequence[Node], args: Sequence[Any]) -> Any:
    """The value of a primitive of axes."""
    return PRIMITIVES[node.op](node, parts, args)
