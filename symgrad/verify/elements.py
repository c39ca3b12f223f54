"""An op with named axes seen element by element, as an op without axes.

What is known of elementwise ops, balls, kinks and edge values above all, holds for it
then: every element is an input or an output of its own, and points are the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import BATCH, named, size_of
from symgrad.op import Input, Op
from symgrad.unroll import element, places, sizes_of, unrolled
from symgrad.verify import reference
from symgrad.verify.subject import Subject, call

SIZES = (3, 2)
"""Of axes in turn: truth is dear, and a few elements show what many would."""


def by_elements(subject: Subject) -> Subject:
    """The subject itself, or, if it has named axes, as one of its elements."""
    op = subject.op
    if not op.has_axes:
        return subject
    sizes = sizes_of(op, SIZES)
    formula = reference.guarded(op)
    emitted = partial(_by_elements, op, sizes, partial(call, subject))
    plain = partial(
        _by_elements, op, sizes, partial(reference.smoothed_outputs, formula)
    )
    return Subject(unrolled(op, sizes), emitted, plain=plain, whole=subject)


def names(op: Op, item: Input) -> list[str]:
    """The names of an input's elements; its own if there are no named axes."""
    sizes = sizes_of(op, SIZES)
    return [element(item.name, place) for place in places(item.labels, sizes)]


Run = Callable[[Mapping[str, Any]], Mapping[str, Tensor]]


def _by_elements(
    op: Op, sizes: Mapping[str, int], run: Run, *elements: Any
) -> tuple[Tensor, ...]:
    """What is run on the inputs that elements make up, element by element."""
    given = iter(elements)
    values = {i.name: _gathered(i, sizes, given) for i in op.inputs}
    if all(BATCH in i.labels for i in op.inputs if i.kind.is_tensor):
        results = run(values)
    else:
        alone = [run(_row(op, values, number)) for number in range(_rows(values))]
        results = {
            f.name: torch.stack([_of_row(op, f.value, r[f.name]) for r in alone])
            for f in op.outputs
        }
    found = ((f.value, results[f.name]) for f in op.outputs)
    return tuple(e for v, r in found for e in _elements(op, v, r, sizes))


def _gathered(item: Input, sizes: Mapping[str, int], given: Any) -> Any:
    """An input from its elements, which are vectors along the batch."""
    if not item.kind.is_tensor:
        return next(given)
    shape = [sizes[size_of(axis)] for axis in named(item.labels)]
    columns = [next(given) for _ in places(item.labels, sizes)]
    return torch.stack(columns, -1).reshape(*columns[0].shape, *shape)


def _rows(values: Mapping[str, Any]) -> int:
    return next(len(v) for v in values.values() if isinstance(v, Tensor))


def _row(op: Op, values: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One row of the inputs, as a batch of one: without a batch is for another rung."""
    return {
        i.name: _numbered(v, number, BATCH in i.labels) if i.kind.is_tensor else v
        for i, v in zip(op.inputs, values.values(), strict=True)
    }


def _numbered(rows: Tensor, number: int, is_batch: bool) -> Tensor:
    return rows[number : number + 1] if is_batch else rows[number]


def _of_row(op: Op, value: int, result: Tensor) -> Tensor:
    """What came of one row, without the batch of one."""
    is_batch = result.dim() > len(named(op.nodes[value].axes))
    return result.squeeze(0) if is_batch else result


def _elements(
    op: Op, value: int, result: Tensor, sizes: Mapping[str, int]
) -> Sequence[Tensor]:
    """An output's elements, each a vector along the batch."""
    axes = op.nodes[value].axes
    named_places = places(axes, sizes)
    lead = result.dim() - len(named_places[0])
    flat = result.reshape(*result.shape[:lead], len(named_places))
    return flat.unbind(-1)
