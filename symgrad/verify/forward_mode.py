"""Rung 3: forward mode and batches, against backward.

Backward has been compared with the formula by now, and the two modes must be
transposes of each other: ``<g, J t> = <J'g, t>``.  Catches tangents that are wrong,
swapped or lost, a jvp that reads what is kept in another order, and code that a batch
dimension changes.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice

import torch
from torch import Tensor
from torch.func import jvp, vmap

from symgrad.op import Op
from symgrad.program import Program
from symgrad.verify import budget, reference, sampling
from symgrad.verify.absent import is_absent
from symgrad.verify.points import Batch, as_tensors, batches
from symgrad.verify.sampling import Point
from symgrad.verify.shapes import shapes_taken
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Tensors,
    Values,
    backward,
    call,
    gradients,
    has_forward_mode,
    inner,
    random_cotangents,
    random_direction,
    show,
    smooth_values,
)

RTOL = 1e-9
NOISE = 1e-5
"""Of the largest of all: what is smaller than that may be what rounding left."""

FAR = 1e-6
"""Beyond this two ways to one derivative are not the same."""

CHOICES = 2
"""How many of the first rung's shapes are tried."""

BATCH = 3


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` unless forward mode is the transpose of backward."""
    if subject.cls is None:
        return _if_there(subject)
    if not has_forward_mode(subject):
        return Outcome(note="has no forward mode")
    return _checked(subject)


def _if_there(subject: Subject) -> Outcome:
    """The same for a callable that may have been written without."""
    try:
        return _checked(subject)
    except RuntimeError as error:
        if is_absent(error):
            return Outcome(note=f"not supported: {str(error).splitlines()[0]}")
        raise


def _checked(subject: Subject) -> Outcome:
    op = subject.op
    rng = sampling.generator(op, "forward mode")
    worst = 0.0
    for shapes in islice(shapes_taken(subject), 1 if budget.is_large(op) else CHOICES):
        values = smooth_values(op, shapes, rng)
        results = reference.named_outputs(op, values)
        cotangents = random_cotangents(op, results, rng)
        tangents = {
            n: random_direction(torch.as_tensor(values[n]), rng)
            for n in reference.differentiable(op)
        }
        sent = {"grad": cotangents, "tangent": tangents}
        compare = partial(_against_backward, subject)
        worst = max(worst, shrinking(op, compare, values, sent))
        shrinking(op, partial(_check_batches, subject), values, sent)
    if not (budget.is_large(op) or op.has_axes):
        _check_everywhere(subject, rng)
    return Outcome(worst, note=budget.note(op))


def _check_everywhere(subject: Subject, rng: random.Random) -> None:
    """Forward mode is backward's also on the branches that few inputs take.

    The points are those of the first rung, where backward has been found right; beside
    a kink the two may cancel differently.
    """
    op = subject.op
    for points in filter(None, map(_telling, batches(op, torch.float64))):
        values = as_tensors(op, points)
        cotangents = random_cotangents(op, _of_size(op, values), rng)
        size = next(iter(cotangents.values()))
        for name in reference.differentiable(op):
            like = torch.as_tensor(values[name]).expand(size.shape)
            sent = {"grad": cotangents, "tangent": {name: random_direction(like, rng)}}
            meet = partial(_meet, subject)
            shrinking(op, meet, values, sent, smooth=False)


def _telling(batch: Batch) -> list[Point]:
    """The points of a size at which no digits need be lost."""
    return [
        point
        for ordinary, point in zip(batch.ordinary, batch.points, strict=True)
        if ordinary or all(v == 0 or 1e-3 <= abs(v) <= 1e3 for v in point.values())
    ]


def _meet(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    tangents: Mapping[str, Tensor],
) -> None:
    """Raise ``Fault`` where one input, moved alone, has another slope than backward."""
    [(name, tangent)] = tangents.items()
    gradient = backward(subject, values, cotangents)[name]
    moved = pushed(subject, values, tangents)[1]
    parts = [inner(g, moved[n]) for n, g in cotangents.items()]
    terms = torch.stack([*parts, -inner(gradient, tangent)])
    off = (terms.sum(0).abs() / (terms.abs().sum(0) + 1e-290)).nan_to_num(0.0)
    if float(off.max()) > FAR:
        expected, got = -terms[-1], terms[:-1].sum(0)
        where = f"along {name}, {show(values)}"
        texts = str(expected.tolist()), str(got.tolist())
        raise Fault("the jvp is not backward's", where, *texts)


def _of_size(op: Op, values: Values) -> Tensors:
    """The outputs, each as long as the batch."""
    size = next(len(v) for v in values.values() if isinstance(v, Tensor))
    results = reference.named_outputs(op, values)
    return {name: result.expand(size) for name, result in results.items()}


def pushed(
    subject: Subject, values: Values, tangents: Mapping[str, Tensor]
) -> tuple[Tensors, Tensors]:
    """The outputs that have a derivative, and their tangents."""

    def of_moving(*moving: Tensor) -> Tensors:
        given = {**values, **dict(zip(tangents, moving, strict=True))}
        results = call(subject, given)
        return {f.name: results[f.name] for f in subject.op.differentiable_outputs}

    start = tuple(torch.as_tensor(values[n]) for n in tangents)
    results, moved, *_ = jvp(of_moving, start, tuple(tangents.values()))
    return results, moved


def _against_backward(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    tangents: Mapping[str, Tensor],
) -> float:
    """The worst difference, each input moving alone; the sum of that is the whole.

    Of elementwise ops the two sides agree for each entry of an input, of others as
    a whole.
    """
    pulled = backward(subject, values, cotangents)
    alone = {n: pushed(subject, values, {n: t})[1] for n, t in tangents.items()}
    worst = 0.0
    backs = {name: inner(pulled[name], t) for name, t in tangents.items()}
    if subject.op.has_axes:
        backs = {name: back.sum() for name, back in backs.items()}
    results, moved = pushed(subject, values, tangents)
    worth = [inner(g, results[n]) for n, g in cotangents.items()]
    noise = max(NOISE * _largest(backs.values()), _of_values(subject.op, worth))
    for name, back in backs.items():
        parts = [inner(g, alone[name][output]) for output, g in cotangents.items()]
        where = f"along {name}, {show(values)}"
        off = _differ("the jvp is not backward's", where, back, parts, noise)
        worst = max(worst, off)
    for output, whole in moved.items():
        parts = [pushed[output] for pushed in alone.values()]
        message = f"the jvp of {output} is not additive"
        noise = _of_values(subject.op, [results[output]])
        worst = max(worst, _differ(message, show(values), whole, parts, noise))
    return worst


def _largest(tensors: Iterable[Tensor]) -> float:
    sizes = [float(t.abs().max()) for t in tensors if t.numel()]
    return max(sizes, default=0.0)


def _of_values(op: Op, values: Sequence[Tensor]) -> float:
    """The noise of slopes where elements cancel, by the values that have them.

    The standard scores of two numbers are always the same: their slopes are zero but
    for the rounding of what they are.
    """
    return NOISE * _largest(v.abs().sum() for v in values) if op.has_axes else 0.0


def _differ(
    message: str,
    inputs: str,
    expected: Tensor,
    parts: Sequence[Tensor],
    noise: float = 0.0,
) -> float:
    """How far a sum of parts, each reduced to a shape, is off, relative to the parts.

    ``noise`` is what comes of rounding even where all parts cancel.  Raises ``Fault``
    if it is too far.
    """
    got = torch.stack([_summed(part, expected.shape) for part in parts]).sum(0)
    sizes = [_summed(part.abs(), expected.shape) for part in parts]
    size = torch.stack(sizes).sum(0)
    off = ((got - expected).abs() / (size + expected.abs() + noise + 1e-300)).max()
    if not off <= RTOL:
        raise Fault(message, inputs, str(expected.tolist()), str(got.tolist()))
    return float(off)


def _summed(part: Tensor, shape: torch.Size) -> Tensor:
    full = reference.joined([part.shape, shape])
    return part.expand(full).sum_to_size(shape)


def _check_batches(
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
                _differ(message, show(values), expected, [together[what][place]])
        _check_pulled(subject, values, cotangents, dims)


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
        _differ(message, show(values), expected, [together[name]])


def _using(op: Op, names: Sequence[str]) -> set[str]:
    """The outputs whose formulas use some of the inputs."""
    program = Program(op.nodes, {}, {})
    behind = {f.name: program.reachable([f.value]) for f in op.outputs}
    inputs = {v for v, n in enumerate(op.nodes) if n.op == "input" and n.data in names}
    return {name for name, values in behind.items() if not inputs.isdisjoint(values)}


def _times(tensors: Mapping[str, Tensor], scale: Tensor) -> Tensors:
    return {name: tensor * scale for name, tensor in tensors.items()}
