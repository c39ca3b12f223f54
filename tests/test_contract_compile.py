"""torch.compile and torch.export of every example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from comparison import Case
from contract import Bound, Point, assert_same, point, total
from torch import Tensor
from torch.func import grad, jvp, vmap
from torch_cases import CASES

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing compiled before counts, and nothing stays."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, traced without a break; the kernels stay those of eager."""
    return torch.compile(function, fullgraph=True, backend="aot_eager")


def gradients(function: Bound, given: Point) -> tuple[Any, ...]:
    """Values and gradients, by ordinary backward."""
    leaves = given.leaves
    values = function(*leaves)
    return values, torch.autograd.grad(total(lambda *_: values)(), leaves)


@every_case
def test_compile(case: Case) -> None:
    given = point(case, [(2, 3), (3,)])
    assert_same(gradients(compiled(given.ours), given), gradients(given.theirs, given))


def _grad(f: Bound, args: list[Tensor]) -> Any:
    return compiled(grad(total(f), tuple(range(len(args)))))(*args)


def _jvp(f: Bound, args: list[Tensor]) -> Any:
    along = lambda *args: jvp(f, args, tuple(torch.cos(a) for a in args))  # noqa: E731
    return compiled(along)(*args)


def _vmap_of_grad(f: Bound, args: list[Tensor]) -> Any:
    each = vmap(grad(total(f), tuple(range(len(args)))))
    return compiled(each)(*(torch.stack([a, a * 0.9]) for a in args))


TRANSFORMS = (_grad, _jvp, _vmap_of_grad)
NAMES = [transform.__name__.strip("_") for transform in TRANSFORMS]


@every_case
@pytest.mark.parametrize("transform", TRANSFORMS, ids=NAMES)
def test_compile_of_transforms(
    case: Case, transform: Callable[[Bound, list[Tensor]], Any]
) -> None:
    """torch 2.13 differentiates the traced forward there, not by our backward."""
    given = point(case, [(3,)])
    assert_same(transform(given.ours, given.args), transform(given.theirs, given.args))
