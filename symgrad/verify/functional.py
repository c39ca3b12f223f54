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
    args = bound.args
    rows = torch.stack([args[place], args[place].roll(1)])
    slopes = grad(bound.total, tuple(range(len(args))))
    dims = tuple(0 if k == place else None for k in range(len(args)))
    together = vmap(slopes, dims)(*args[:place], rows, *args[place + 1 :])
    for number, row in enumerate(rows):
        alone = slopes(*args[:place], row, *args[place + 1 :])
        for name, got, expected in zip(bound.names, together, alone, strict=True):
            what = f"the gradient of {name} in a batch of {bound.names[place]}"
            bound.compare(what, got[number], expected)
