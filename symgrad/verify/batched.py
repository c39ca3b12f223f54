"""Rung 3, batches: rows with directions of their own give what each gives alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.func import vmap

from symgrad.axes import named
from symgrad.op import Input, Op
from symgrad.program import Program
from symgrad.verify import reference
from symgrad.verify.shapes import broadcasts
from symgrad.verify.subject import (
    Subject,
    Tensors,
    Values,
    backward,
    call,
    gradients,
    show,
)
from symgrad.verify.tangents import differ, pushed

BATCH = 3
"""Rows."""


def check_batches(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    tangents: Mapping[str, Tensor],
) -> None:
    """Rows of a batch, each with directions of its own, give what they give alone."""
    names = list(tangents)
    given = [torch.as_tensor(values[n]) for n in names]
    scales = torch.linspace(0.5, 2.0, BATCH, dtype=torch.float64)

    def row(scale: Tensor, *moving: Tensor) -> Tensors:
        moved = {**values, **dict(zip(names, moving, strict=True))}
        results, tangent = pushed(subject, moved, _times(tangents, scale))
        kinds = {"value": results, "jvp": tangent}
        return {f"{k} of {n}": t for k, ts in kinds.items() for n, t in ts.items()}

    for count in {1, len(names)}:
        dims = tuple(0 if place < count else None for place in range(len(names)))
        batch = [t.expand(BATCH, *t.shape) for t in given[:count]] + given[count:]
        together = vmap(row, in_dims=(0, *dims))(scales, *batch)
        for place, scale in enumerate(scales):
            for what, expected in row(scale, *given).items():
                message = f"the {what} changes in a batch"
                differ(message, show(values), expected, [together[what][place]])
        _check_pulled(subject, values, cotangents, dims)
    chosen = [i for i in subject.op.inputs if i.kind.is_tensor and not i.differentiable]
    if chosen and broadcasts(subject):
        for item in chosen:
            _check_chosen(subject, values, item)


def _check_chosen(subject: Subject, values: Values, item: Input) -> None:
    """Rows of what has no derivative: a mask, or an index that is 0-dim in each row."""
    whole = torch.as_tensor(values[item.name])
    if whole.dim() == len(named(item.labels)):
        return

    def row(one: Tensor) -> Tensors:
        return call(subject, {**values, item.name: one})

    together = vmap(row)(whole)
    for place, one in enumerate(whole):
        for name, expected in row(one).items():
            message = f"the value of {name} changes in a batch of {item.name}"
            differ(message, show(values), expected, [together[name][place]])


def _check_pulled(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    dims: Sequence[int | None],
) -> None:
    """The gradients of a batch; an input that all rows share gets their sum.

    Backward is pulled from outside of the batch: ``torch.func`` inside of it would
    load ``torch.compile``, which takes longer than the rung.  Outputs that have no part
    in the batch are left out: of a Function with several outputs torch's generated rule
    counts the gradients of such a one once for each row.
    """
    names = reference.differentiable(subject.op)
    batched = [name for name, dim in zip(names, dims, strict=True) if dim == 0]
    seen = _using(subject.op, batched)
    cotangents = {name: c for name, c in cotangents.items() if name in seen}
    scales = torch.linspace(0.5, 2.0, BATCH, dtype=torch.float64)

    def row(*moving: Tensor) -> Tensors:
        results = call(subject, {**values, **dict(zip(names, moving, strict=True))})
        return {name: results[name] for name in cotangents}

    given = [torch.as_tensor(values[n]) for n in names]
    batch = [
        (t if dim is None else t.expand(BATCH, *t.shape)).clone().requires_grad_()
        for t, dim in zip(given, dims, strict=True)
    ]
    sent = {n: torch.stack([c * s for s in scales]) for n, c in cotangents.items()}
    together = gradients(vmap(row, in_dims=tuple(dims))(*batch), batch, sent, names)
    alone = [backward(subject, values, _times(cotangents, s)) for s in scales]
    for name, dim in zip(names, dims, strict=True):
        rows = torch.stack([found[name] for found in alone])
        message = f"the gradient of {name} changes in a batch"
        expected = rows if dim == 0 else rows.sum(0)
        differ(message, show(values), expected, [together[name]])


def _using(op: Op, names: Sequence[str]) -> set[str]:
    """The outputs whose formulas use some of the inputs."""
    program = Program(op.nodes, {}, {})
    behind = {f.name: program.reachable([f.value]) for f in op.outputs}
    inputs = {v for v, n in enumerate(op.nodes) if n.op == "input" and n.data in names}
    return {name for name, values in behind.items() if not inputs.isdisjoint(values)}


def _times(tensors: Mapping[str, Tensor], scale: Tensor) -> Tensors:
    return {name: tensor * scale for name, tensor in tensors.items()}
