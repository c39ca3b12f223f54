"""Inputs in units of their own: steps of one size are small for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import reference, sampling
from symgrad.verify.subject import Subject, Values, call

Tensors = tuple[Tensor, ...]


def in_units(
    op: Op, values: Values, function: Callable[[Values], Tensors]
) -> tuple[Callable[..., Tensors], Tensors]:
    """A function of inputs by name as one of the differentiable inputs in their units.

    And these.  torch's checks take steps of one size in all that they are given.
    """
    units = {name: sampling.unit(op, name) for name in reference.differentiable(op)}

    def scaled(*tensors: Tensor) -> Tensors:
        pairs = zip(units.items(), tensors, strict=True)
        return function({**values, **{name: t * unit for (name, unit), t in pairs}})

    measured = (torch.as_tensor(values[n]).detach() / unit for n, unit in units.items())
    return scaled, tuple(tensor.requires_grad_() for tensor in measured)


def size(subject: Subject, values: Values) -> float:
    """How large an op's outputs are: what errors of their differences are small to."""
    results: list[Any] = [r.detach() for r in call(subject, values).values()]
    largest = (max(r.abs().flatten().tolist(), default=0.0) for r in results)
    return sampling.scale(subject.op) + sum(largest)
