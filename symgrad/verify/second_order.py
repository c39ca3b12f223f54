"""Rung 4: the derivative of backward.

Catches gradients that are cut off from an input or a cotangent (gradgradcheck leaves
those out without a word), gradients that are others while backward is differentiated,
and wrong second derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from symgrad.op import Op
from symgrad.verify import budget, reference, sampling
from symgrad.verify.first_order import (
    ATOL,
    agreement,
    depends,
    is_exact,
)
from symgrad.verify.shapes import shapes_taken
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Values,
    backward,
    call,
    gradients,
    leaves,
    random_cotangents,
    show,
    smooth_values,
)
from symgrad.verify.units import in_units, size

RTOL = 1e-5
CHOICES = 3
"""How many of the first rung's shapes are tried."""


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` for a second derivative that is missing or wrong."""
    op = subject.op
    rng = sampling.generator(op, "second order")
    frozen = any(node.op == "stop_gradient" for node in op.nodes)
    choices = islice(shapes_taken(subject), 1 if budget.is_large(op) else CHOICES)
    for shapes in choices:
        values = smooth_values(op, shapes, rng)
        cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
        second = _against_native if frozen else _gradgradcheck
        for check in (_check_attached, _check_same, second):
            shrinking(op, partial(check, subject), values, {"grad": cotangents})
    against = "against plain torch" if frozen and is_exact(op) else None
    return Outcome(note=against or budget.note(op))


def _live(op: Op) -> list[str]:
    """The inputs whose gradient is not identically zero."""
    given = {f.name for f in op.overrides}
    roots = [op.stand_ins.get(f.name, f.value) for f in op.differentiable_outputs]
    reached = set().union(*(depends(op, root) for root in roots))
    return [n for n in reference.differentiable(op) if n in reached - given]


def _first(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
    """Leaves, cotangents as leaves, and gradients with a graph behind them."""
    names = reference.differentiable(subject.op)
    inputs = leaves(subject.op, values)
    given = {n: c.clone().requires_grad_() for n, c in cotangents.items()}
    results = call(subject, inputs)
    tensors = [inputs[n] for n in names]
    return inputs, given, gradients(results, tensors, given, names, create_graph=True)


def _check_attached(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Each gradient depends on the cotangents, as long as it is not always zero."""
    _, given, first = _first(subject, values, cotangents)
    for name in _live(subject.op):
        if not first[name].requires_grad:
            if not reference.native(subject.op, values, cotangents)[name].any():
                continue  # as of x in x - x, which no single partial tells
            raise Fault(
                f"the gradient of {name} is cut off from its inputs", show(values)
            )
        found = torch.autograd.grad(
            _total(first[name]),
            list(given.values()),
            allow_unused=True,
            retain_graph=True,
        )
        if all(f is None for f in found):
            raise Fault(
                f"the gradient of {name} is cut off from the cotangent", show(values)
            )


def _check_same(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Gradients are the same whether or not backward is differentiated in its turn.

    What is kept may have no derivative, and be computed again only then; a kernel
    rounds otherwise than its formula, also what cancels altogether.
    """
    traced = _first(subject, values, cotangents)[2]
    sent = max(map(_largest, cotangents.values()), default=0.0)
    for name, expected in backward(subject, values, cotangents).items():
        where = f"{name}, while backward is differentiated,"
        got = traced[name].detach()
        agreement(where, got, expected, values, max(_largest(expected), 1e-4 * sent))


def _gradgradcheck(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    op = subject.op
    results = call(subject, leaves(op, values))
    wanted = [n for n in cotangents if results[n].requires_grad]

    def outputs(inputs: Values) -> tuple[Tensor, ...]:
        found = call(subject, inputs)
        return tuple(found[n] for n in wanted)

    function, tensors = in_units(op, values, outputs)
    given = tuple(cotangents[n].clone().requires_grad_() for n in wanted)
    first = _first(subject, values, cotangents)[2]
    if not any(g.requires_grad for g in first.values()):
        return  # gradgradcheck refuses what has no second derivative
    steepest = max(_largest(g) * sampling.unit(op, n) for n, g in first.items())
    try:
        torch.autograd.gradgradcheck(
            function,
            tensors,
            given,
            atol=max(100 * ATOL * min(1.0, size(subject, values)), ATOL * steepest),
            rtol=RTOL,
            eps=reference.STEP,
            fast_mode=budget.is_large(op),
        )
    except GradcheckError as error:
        raise Fault("gradgradcheck fails", show(values), got=str(error)) from error


def _largest(gradient: Tensor) -> float:
    """The size of a gradient, by which the differences of it are rounded."""
    return float(gradient.detach().abs().max()) if gradient.numel() else 0.0


def _against_native(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Second derivatives beside those of plain torch, which freezes the same values.

    Finite differences of backward would move what ``stop_gradient`` holds.
    """
    op = subject.op
    names = [n for n in _live(op) if n not in {f.name for f in op.overrides}]
    inputs, _, first = _first(subject, values, cotangents)
    plain_inputs = leaves(op, values)
    plain = reference.native(op, plain_inputs, cotangents, create_graph=True)
    for name in names:
        got = _second(first[name], [inputs[n] for n in names])
        expected = _second(plain[name], [plain_inputs[n] for n in names])
        for other, a, b in zip(names, got, expected, strict=True):
            agreement(f"the gradient of {name}, by {other},", a, b, values, 1.0)


def _total(gradient: Tensor) -> Tensor:
    """A number that every part of a gradient is in."""
    return ((2 + 1j) * gradient).real.sum() if gradient.is_complex() else gradient.sum()


def _second(gradient: Tensor, inputs: list[Any]) -> tuple[Tensor, ...]:
    if not gradient.requires_grad:
        return tuple(torch.zeros_like(x) for x in inputs)
    return torch.autograd.grad(
        _total(gradient),
        inputs,
        allow_unused=True,
        materialize_grads=True,
        retain_graph=True,
    )
