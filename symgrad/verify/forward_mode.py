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

from symgrad.op import Op
from symgrad.verify import budget, reference, sampling
from symgrad.verify.absent import is_absent
from symgrad.verify.batched import check_batches
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
    has_forward_mode,
    inner,
    random_cotangents,
    random_direction,
    show,
    smooth_values,
)
from symgrad.verify.tangents import differ, pushed

NOISE = 1e-5
"""Of the largest of all: what is smaller than that may be what rounding left."""

FAR = 1e-6
"""Beyond this two ways to one derivative are not the same."""

CHOICES = 2
"""How many of the first rung's shapes are tried."""


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
        shrinking(op, partial(check_batches, subject), values, sent)
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
        off = differ("the jvp is not backward's", where, back, parts, noise)
        worst = max(worst, off)
    for output, whole in moved.items():
        parts = [pushed[output] for pushed in alone.values()]
        message = f"the jvp of {output} is not additive"
        noise = _of_values(subject.op, [results[output]])
        worst = max(worst, differ(message, show(values), whole, parts, noise))
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
