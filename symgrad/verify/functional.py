"""Rung 10, ``torch.func``: the transforms, and each inside of another.

Catches a jvp that is right and has no derivative of its own, a batch over one input
alone, and whatever holds for ``Tensor.backward`` and not for a transform.  Backward and
its derivative have passed by now, and the transforms must agree with them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import grad, jacfwd, jacrev, jvp, vjp, vmap

from symgrad.verify.bound import Bound
from symgrad.verify.subject import has_forward_mode


def check(bound: Bound) -> str | None:
    """Raise ``Fault`` where a transform gives other derivatives than backward.

    Returns what torch itself lacks: ``special.zeta`` has no forward mode.
    """
    _check_reverse(bound)
    for place in range(len(bound.names)):
        _check_batch(bound, place)
    if has_forward_mode(bound.subject):
        _check_forward(bound)
        try:
            _check_second(bound)
        except NotImplementedError as error:
            if "forward AD" not in str(error):
                raise
            return f"no forward over reverse: {str(error).splitlines()[0]}"
    return None


def _start(bound: Bound) -> Tensor:
    return torch.cat([a.reshape(-1) for a in bound.args])


def _check_reverse(bound: Bound) -> None:
    start, expected = _start(bound), bound.gradient
    _, pull = vjp(bound.whole_total, start)[:2]
    [pulled] = pull(torch.ones((), dtype=start.dtype))
    found = {
        "grad": grad(bound.whole_total)(start),
        "vjp": pulled,
        "jacrev": jacrev(bound.whole_total)(start),
    }
    for name, got in found.items():
        bound.compare(f"torch.func.{name}", got, expected)


def _check_forward(bound: Bound) -> None:
    start = _start(bound)
    rows = jacrev(bound.whole)(start)
    along = torch.cos(3 * torch.arange(len(start), dtype=start.dtype))
    pushed = jvp(bound.whole, (start,), (along,))[1]
    bound.compare("torch.func.jvp", pushed, rows @ along)
    bound.compare("torch.func.jacfwd", jacfwd(bound.whole)(start), rows)


def _check_second(bound: Bound) -> None:
    """The three ways to a Hessian; forward in forward mode is beyond torch 2.13."""
    start = _start(bound)
    slope = grad(bound.whole_total)
    expected = jacrev(slope)(start)
    found = {
        "jacfwd of grad": jacfwd(slope)(start),
        "jacrev of jacfwd": jacrev(jacfwd(bound.whole_total))(start),
    }
    for name, got in found.items():
        bound.compare(f"the Hessian by {name}", got, expected)


def _check_batch(bound: Bound, place: int) -> None:
    """A batch of one input alone: each row's gradients are those it has alone."""
    rows = torch.stack([bound.args[place], bound.args[place].roll(1)])
    given = [*bound.args[:place], rows, *bound.args[place + 1 :]]
    dims = tuple(0 if k == place else None for k in range(len(given)))
    slopes = grad(bound.total, tuple(range(len(given))))
    together = vmap(slopes, dims)(*given)
    each = [slopes(*given[:place], row, *given[place + 1 :]) for row in rows]
    alone = [torch.stack(of_one) for of_one in zip(*each, strict=True)]
    whole = _from_outside(bound, given, dims) if len(bound.cotangents) > 1 else ()
    for k, name in enumerate(bound.names):
        what = f"the gradient of {name} in a batch of {bound.names[place]}"
        bound.compare(what, together[k], alone[k])
        if whole:
            expected = alone[k] if k == place else alone[k].sum(0)
            bound.compare(f"{what}, taken outside of it,", whole[k], expected)


def _from_outside(
    bound: Bound, given: list[Tensor], dims: tuple[int | None, ...]
) -> tuple[Tensor, ...]:
    """Gradients of the total over the rows, by a backward that knows of no batch."""
    leaves = [tensor.clone().requires_grad_() for tensor in given]
    outputs = vmap(bound.each_output, dims)(*leaves)
    numbers = torch.cat([y.sum(0).reshape(-1) for y in outputs])
    return torch.autograd.grad(torch.dot(bound.weights, numbers), leaves)
