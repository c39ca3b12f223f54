"""What torch.func and torch.autograd make of every example: equal to plain torch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from comparison import Case
from contract import Bound, Outputs, assert_same, point, real_sum, total
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap
from torch_cases import EVERY

every_case = pytest.mark.parametrize("case", EVERY, ids=str)


def _all(args: list[Tensor]) -> tuple[int, ...]:
    return tuple(range(len(args)))


def _grad(f: Bound, args: list[Tensor]) -> Any:
    return grad(total(f), _all(args))(*args)


def _vjp(f: Bound, args: list[Tensor]) -> Any:
    values, pull = vjp(f, *args)
    return pull(tuple(torch.cos(y) for y in values))


def _jvp(f: Bound, args: list[Tensor]) -> Any:
    return jvp(f, tuple(args), tuple(torch.cos(3 * a) for a in args))


def _jvp_of_one(f: Bound, args: list[Tensor]) -> Any:
    """Tangents of all inputs but one are missing, for each in turn."""

    def one(i: int) -> Any:
        return jvp(
            lambda a: f(*args[:i], a, *args[i + 1 :]), (args[i],), (torch.cos(args[i]),)
        )

    return [one(i) for i in range(len(args))]


def _in_reals(f: Bound, args: list[Tensor]) -> tuple[Bound, list[Tensor]]:
    """Function and arguments with a last axis of 2 for what is complex.

    torch's Jacobians are of real numbers.
    """
    plane = [a.is_complex() for a in args]

    def of_reals(*parts: Tensor) -> Outputs:
        pairs = zip(plane, parts, strict=True)
        given = [torch.view_as_complex(p) if flag else p for flag, p in pairs]
        return tuple(torch.view_as_real(y) if y.is_complex() else y for y in f(*given))

    return of_reals, [torch.view_as_real(a) if a.is_complex() else a for a in args]


def _jacobians(f: Bound, args: list[Tensor]) -> Any:
    f, args = _in_reals(f, args)
    return jacrev(f, _all(args))(*args), jacfwd(f, _all(args))(*args)


def _hessians(f: Bound, args: list[Tensor]) -> Any:
    f, args = _in_reals(f, args)
    return (
        hessian(total(f), _all(args))(*args),
        jacrev(jacfwd(total(f), _all(args)), _all(args))(*args),
        jacrev(jacrev(total(f), _all(args)), _all(args))(*args),
    )


def _jvp_of_grad(f: Bound, args: list[Tensor]) -> Any:
    directions = tuple(torch.sin(a) for a in args)
    return jvp(grad(total(f), _all(args)), tuple(args), directions)


def _third(f: Bound, args: list[Tensor]) -> Any:
    def slope(*args: Tensor) -> Tensor:
        return real_sum(grad(total(f), _all(args))(*args))

    def curvature(*args: Tensor) -> Tensor:
        return real_sum(g * torch.cos(g) for g in grad(slope, _all(args))(*args))

    return grad(curvature, _all(args))(*args)


def _vmap(f: Bound, args: list[Tensor]) -> Any:
    """Batched over every subset of the inputs; the batch is as large as a dimension."""
    batches = [torch.stack([a, a + 0.125, a * 0.75]) for a in args]
    found = []
    for chosen in list(product((0, None), repeat=len(args)))[:-1][:8]:
        pairs = zip(chosen, batches, args, strict=True)
        given = [args_ if dim is None else batch for dim, batch, args_ in pairs]
        found.append(vmap(f, in_dims=chosen)(*given))
    return found


def _vmap_of_vmap(f: Bound, args: list[Tensor]) -> Any:
    """Nested, batched along the last dimension inside and the first outside."""
    first, *rest = args
    inner = vmap(f, in_dims=(-1, *(None for _ in rest)), out_dims=-1)
    outer = vmap(inner, in_dims=(0, *(0 for _ in rest)))
    batch = torch.stack([torch.stack([first, first * 0.5, first * 0.9], -1)] * 3)
    return outer(batch, *(torch.stack([a, a * 0.9, a * 0.8]) for a in rest))


def _vmap_of_grad(f: Bound, args: list[Tensor]) -> Any:
    """Per-sample gradients, as for a batch of which each row is a sample."""
    batches = [torch.stack([a, a + 0.125, a * 0.75]) for a in args]
    return vmap(grad(total(f), _all(args)))(*batches)


def _grad_of_vmap(f: Bound, args: list[Tensor]) -> Any:
    batches = [torch.stack([a, a + 0.125, a * 0.75]) for a in args]
    return grad(total(vmap(f)), _all(args))(*batches)


def _vmap_of_jvp(f: Bound, args: list[Tensor]) -> Any:
    directions = [torch.stack([torch.cos(a), a]) for a in args]
    along = lambda *t: jvp(f, tuple(args), t)[1]  # noqa: E731
    return vmap(along)(*directions)


TRANSFORMS = (
    _grad,
    _vjp,
    _jvp,
    _jvp_of_one,
    _jacobians,
    _hessians,
    _jvp_of_grad,
    _third,
    _vmap,
    _vmap_of_vmap,
    _vmap_of_grad,
    _grad_of_vmap,
    _vmap_of_jvp,
)
NAMES = [transform.__name__.strip("_") for transform in TRANSFORMS]


BEYOND_TORCH = [(_vmap_of_vmap, "row_physics.oscillator_chain")]
"""Where torch fails with the formula too: one output has no part in the inner batch."""


LESS_IN_TORCH = {"log_densities.beta_log_prob": 1e-7}
"""Where torch keeps fewer digits: its polygamma(1, x) has nine of them."""


@every_case
@pytest.mark.parametrize("transform", TRANSFORMS, ids=NAMES)
def test_transforms(
    case: Case, transform: Callable[[Bound, list[Tensor]], Any]
) -> None:
    if (transform, case.op) in BEYOND_TORCH:
        pytest.skip("torch fails with the formula in plain operators too")
    given = point(case, [(3,)])
    ours = transform(given.ours, given.args)
    rtol = LESS_IN_TORCH.get(case.op, 1e-9)
    assert_same(ours, transform(given.theirs, given.args), rtol)


EINSUM = (
    "contractions.bilinear",
    "contractions.tensor_product",
    "contractions.gram",
    "contractions.cp_factors",
)
"""The ops with a contraction that is no product of matrices."""

VALUE_IS_NOT_SLOPE = ("spiking", "straight_through", "box_loss.complete_iou")
"""Their derivative is declared: finite differences of the value are another thing."""


@pytest.mark.parametrize(
    "case", [c for c in EVERY if not c.op.startswith(VALUE_IS_NOT_SLOPE)], ids=str
)
def test_gradcheck_in_every_mode(case: Case) -> None:
    """torch's own checks with all that they can check.

    Their batches, which are not those of ``torch.func``, have no rule for einsum.
    """
    given = point(case, [(2, 3), (3,), (2, 1)])
    batched = case.op not in EINSUM
    gradcheck(
        given.ours,
        given.leaves,
        check_forward_ad=True,
        check_batched_grad=batched,
        check_batched_forward_grad=batched,
    )
    gradgradcheck(
        given.ours,
        given.leaves,
        check_fwd_over_rev=True,
        check_rev_over_rev=True,
        check_batched_grad=batched,
    )
