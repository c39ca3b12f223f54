"""What backward returns: how much, where, and whether it is the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from symgrad.audit.findings import checked, line
from symgrad.audit.trial import Trial, weights


def arity(trial: Trial) -> Iterator[str]:
    """The number and the places of what backward returns, and the shapes."""
    values = [y for y in trial.outputs(trial.leaves()) if y.requires_grad]
    if not values:
        yield "no output requires grad"
        return
    node = values[0].grad_fn
    assert node is not None
    found = trial.cls.apply(*trial.with_tensors(trial.leaves()).args)
    count = len(found) if isinstance(found, (tuple, list)) else 1
    sent: list[Any] = [*weights(values), *[None] * (count - len(values))]
    returned = trial.cls.backward(node, *sent)
    several = returned if isinstance(returned, tuple) else (returned,)
    if len(several) != len(trial.args):
        yield f"backward returns {len(several)} values for {len(trial.args)} inputs"
    for name, argument, gradient in zip(trial.names, trial.args, several, strict=False):
        if not isinstance(gradient, Tensor):
            continue
        if not isinstance(argument, Tensor):
            yield f"backward returns a gradient for {name}, which is no tensor"
        elif gradient.shape != argument.shape:
            shapes = f"{tuple(gradient.shape)} for {tuple(argument.shape)}"
            yield f"the gradient of {name} has the shape {shapes}"


def first_order(trial: Trial) -> Iterator[str]:
    """Against finite differences of forward."""
    yield from checked("the gradient", torch.autograd.gradcheck, trial)


def broadcast(trial: Trial) -> Iterator[str]:
    """Tensors of fewer dimensions, where forward takes them."""
    for place in range(len(trial.tensors)):
        tensors = trial.leaves()
        if tensors[place].dim() < 2 or len(tensors) < 2:
            continue
        tensors[place] = tensors[place].detach()[0].clone().requires_grad_()
        smaller = trial.with_tensors(tensors)
        try:
            smaller.outputs()
        except Exception:
            continue
        name = trial.names[trial.places[place]]
        try:
            yield from checked(
                "the gradient for a broadcast input", torch.autograd.gradcheck, smaller
            )
        except RuntimeError as error:
            yield f"broadcasting {name} fails in backward: {line(error)}"
