"""Kernels as operators of torch: its own check of them, and vmap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from kernel_cases import SOUND, Compiled, floating, inputs
from torch import Tensor


def recorded(kernels: Compiled, name: str) -> list[tuple[Any, tuple[Any, ...]]]:
    """The operators of an op, with what they are called with."""
    found, calls = kernels.module._kernels(), []
    own = dict(vars(found))

    def recording(kernel: Any) -> Any:
        def called(*args: Any) -> Any:
            plain = [a.detach() if isinstance(a, Tensor) else a for a in args]
            calls.append((kernel, tuple(plain)))
            return kernel(*args)

        return called

    vars(found).update({n: recording(kernel) for n, kernel in own.items()})
    try:
        given = inputs(kernels.spec, name, (6, 9))
        leaves = {n: v.requires_grad_() for n, v in floating(given).items()}
        outputs = getattr(kernels.module, name)(**{**given, **leaves})
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        torch.autograd.grad(sum(y.square().sum() for y in results), [*leaves.values()])
    finally:
        vars(found).update(own)
    return calls


@pytest.mark.parametrize("name", SOUND)
def test_opcheck(kernels: Compiled, name: str) -> None:
    utils = ("test_schema", "test_autograd_registration", "test_faketensor")
    calls = recorded(kernels, name)
    assert len(calls) == 2
    for operator, args in calls:
        torch.library.opcheck(operator, args, test_utils=utils)


@pytest.mark.parametrize("dim", (0, 1))
@pytest.mark.parametrize("name", SOUND)
def test_vmap_of_the_operators(kernels: Compiled, name: str, dim: int) -> None:
    """Each tensor in a batch alone, and all of them, beside a loop over the rows."""
    for operator, args in recorded(kernels, name):
        tensors = [k for k, a in enumerate(args) if isinstance(a, Tensor)]
        given = list(args)
        for k, a in enumerate(args):
            if isinstance(a, tuple):  # the shape of one row
                given[k] = a[1:]
        for batched in (*([k] for k in tensors), tensors):
            rows = list(given)
            for k in tensors:
                rows[k] = args[k].movedim(0, dim) if k in batched else args[k][0]
            dims = tuple(dim if k in batched else None for k in range(len(args)))
            got = torch.func.vmap(operator, in_dims=dims)(*rows)
            single = [
                operator(
                    *(
                        a.select(dim, r) if k in batched else a
                        for k, a in enumerate(rows)
                    )
                )
                for r in range(6)
            ]
            if isinstance(got, Tensor):
                got, single = (got,), [(y,) for y in single]
            for place, y in enumerate(got):
                torch.testing.assert_close(y, torch.stack([s[place] for s in single]))


def test_vmap_of_broadcast_rows(kernels: Compiled) -> None:
    given = inputs(
        kernels.spec, "three", {"x": (4, 5, 9), "scale": (4, 9), "shift": ()}
    )
    for dims in ((0, 0, None), (0, None, None), (None, 0, None), (1, 1, None)):
        rows = [
            v.movedim(0, d) if d is not None else (v[0] if v.dim() else v)
            for v, d in zip(given.values(), dims, strict=True)
        ]
        sums: list[Callable[..., Any]] = [
            lambda *a, m=m: torch.func.grad(
                lambda *b: m.three(*b).square().sum(), argnums=(0, 1, 2)
            )(*a)
            for m in (kernels.module, kernels.formulas)
        ]
        found, expected = (torch.func.vmap(f, in_dims=dims)(*rows) for f in sums)
        torch.testing.assert_close(found, expected)
        with torch.no_grad():
            got = torch.func.vmap(kernels.module.three, in_dims=dims)(*rows)
            y = torch.func.vmap(kernels.formulas.three, in_dims=dims)(*rows)
        torch.testing.assert_close(got, y)
