"""The ops of the judge along axes, and the dimensions that torch counts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Op
from symgrad.spec import load

SPEC = Path(__file__).parent / "judge" / "along_axes.yaml"

Form = Callable[..., Any]


class Unmapped(Exception):
    """The spec says something else than torch does with these arguments."""


@functools.cache
def ours() -> tuple[dict[str, Op], Any]:
    """The ops of the spec, and the module that is generated for them."""
    spec = load(str(SPEC))
    return {op.name: op for op in spec.ops}, load_module("axes", generate(spec).source)


def call(name: str, *args: Any) -> Any:
    """An op of the spec."""
    return getattr(ours()[1], name)(*args)


def only(condition: bool) -> None:
    """Go on where the spec says what torch does."""
    if not condition:
        raise Unmapped


Dims = int | Sequence[int] | None


def dims_of(x: Tensor, dim: Dims) -> list[int]:
    """Dimensions, each from 0 on; all where there are none."""
    if dim is None or (not isinstance(dim, int) and not dim):
        return list(range(x.dim()))
    given = [dim] if isinstance(dim, int) else dim
    return [d % max(x.dim(), 1) for d in given]


def lines(x: Tensor, dim: Dims = None) -> Tensor:
    """The dimensions as one, the last."""
    if x.dim() == 0:
        return x.reshape(1)
    dims = dims_of(x, dim)
    moved = x.movedim(dims, list(range(-len(dims), 0)))
    return moved.flatten(-len(dims))


def shaped(y: Tensor, x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """What was reduced, with a 1 for each dimension where those are kept."""
    if keepdim and x.dim():
        for d in sorted(dims_of(x, dim)):
            y = y.unsqueeze(d)
    return y


def each(found: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """One or several results, changed."""
    if isinstance(found, tuple):
        return tuple(map(change, found))
    return change(found)
