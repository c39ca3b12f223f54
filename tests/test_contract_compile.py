"""torch.compile and torch.export of every example."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from comparison import Case
from contract import Bound, Point, assert_same, point, total
from specs import module
from torch import Tensor, nn
from torch.func import grad, hessian, jvp, vmap
from torch_cases import EVERY

every_case = pytest.mark.parametrize("case", EVERY, ids=str)


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


Maker = Callable[[Callable[..., Any]], Callable[..., Any]]


def _grad(f: Bound, args: list[Tensor], make: Maker) -> Any:
    return make(grad(total(f), tuple(range(len(args)))))(*args)


def _jvp(f: Bound, args: list[Tensor], make: Maker) -> Any:
    along = lambda *args: jvp(f, args, tuple(torch.cos(a) for a in args))  # noqa: E731
    return make(along)(*args)


def _vmap_of_grad(f: Bound, args: list[Tensor], make: Maker) -> Any:
    each = vmap(grad(total(f), tuple(range(len(args)))))
    return make(each)(*(torch.stack([a, a * 0.9]) for a in args))


TRANSFORMS = (_jvp, _vmap_of_grad)
NAMES = [transform.__name__.strip("_") for transform in TRANSFORMS]


def _hessian(f: Bound, args: list[Tensor], make: Maker) -> Any:
    return make(hessian(total(f), tuple(range(len(args)))))(*args)


def _vmap(f: Bound, args: list[Tensor], make: Maker) -> Any:
    return make(vmap(f))(*(torch.stack([a, a * 0.9]) for a in args))


ONE_OF_A_SORT = ("swish.swish", "lstm_cell", "regression_losses.huber", "spiking")


@pytest.mark.parametrize(
    "case", [c for c in EVERY if c.op.startswith(ONE_OF_A_SORT)], ids=str
)
@pytest.mark.parametrize("transform", [_grad, _hessian, _vmap])
def test_compile_of_more_transforms(
    case: Case, transform: Callable[[Bound, list[Tensor], Maker], Any]
) -> None:
    given = point(case, [(3,)])
    expected = transform(given.theirs, given.args, lambda function: function)
    assert_same(transform(given.ours, given.args, compiled), expected)


FREE_BACKWARD = ("straight_through.sign_ste",)
"""A gradient that was given cannot be seen there, and the docstring says so."""


@pytest.mark.parametrize(
    "case", [c for c in EVERY if c.op not in FREE_BACKWARD], ids=str
)
@pytest.mark.parametrize("transform", TRANSFORMS, ids=NAMES)
def test_compile_of_transforms(
    case: Case, transform: Callable[[Bound, list[Tensor], Maker], Any]
) -> None:
    """torch 2.13 differentiates the traced forward there, not by our backward."""
    given = point(case, [(3,)])
    expected = transform(given.theirs, given.args, lambda function: function)
    assert_same(transform(given.ours, given.args, compiled), expected)


@pytest.mark.parametrize("op", FREE_BACKWARD)
def test_what_compile_cannot_see_is_said(op: str) -> None:
    case = next(c for c in EVERY if c.op == op)
    assert "torch.compile cannot see it" in str(case.function.__doc__).replace(
        "\n    ", " "
    )


def test_compile_of_vmap_takes_a_batch_of_all() -> None:
    """An input without a batch that requires a gradient is beyond torch 2.13."""
    f = module("x w", "x*exp(w)").f
    x, w = torch.rand(3, 2), torch.rand(2, requires_grad=True)

    def spread(x: Tensor, w: Tensor) -> Tensor:
        result: Tensor = vmap(f)(x, w.expand(len(x), *w.shape))
        return result

    with pytest.raises(torch._dynamo.exc.InternalTorchDynamoError, match="vmap"):
        compiled(vmap(f, in_dims=(0, None)))(x, w)
    [found] = torch.autograd.grad(compiled(spread)(x, w).sum(), w)
    assert_same(found, (x * torch.exp(w)).sum(0), rtol=1e-5)


class Counting:
    """A backend that counts the graphs it gets."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: Any, _: Any) -> Any:
        self.graphs += 1
        return graph


@every_case
def test_sizes_cost_one_recompile(case: Case) -> None:
    backend = Counting()
    function = torch.compile(case.function, fullgraph=True, backend=backend)
    for size in (4, 5, 6, 7):
        given = point(case, [(size,)])
        function(**given.tensors, **case.numbers)
    assert backend.graphs <= 2


TRACED_ANEW = ("row_losses.jsd",)
"""Ops that take math.log of a number: torch traces that for each value anew."""

WITH_NUMBERS = [c for c in EVERY if c.numbers and c.op not in TRACED_ANEW]


@pytest.mark.parametrize("case", WITH_NUMBERS, ids=str)
@pytest.mark.parametrize("name", ["first", "last"])
def test_a_number_costs_one_recompile(case: Case, name: str) -> None:
    chosen = list(case.numbers)[0 if name == "first" else -1]
    backend = Counting()
    function = torch.compile(case.function, fullgraph=True, backend=backend)
    given = point(case)
    for step in range(4):
        number = case.numbers[chosen] * (1 + step / 32)
        function(**given.tensors, **{**case.numbers, chosen: number})
    assert backend.graphs <= 2


class Holder(nn.Module):
    """A module that applies an op, its data and numbers bound."""

    def __init__(self, function: Bound) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Tensor) -> tuple[Tensor, ...]:
        return self.function(*args)


@every_case
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "non-strict"])
def test_export(case: Case, strict: bool) -> None:
    given = point(case, [(2, 3), (3,)])
    exported = torch.export.export(Holder(given.ours), tuple(given.args), strict=strict)
    assert_same(exported.module()(*given.args), given.ours(*given.args))


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
def test_inductor() -> None:
    """Once with real kernels; the other tests trace as it does and run in eager."""
    given = point(next(c for c in EVERY if c.op == "gated_units.swiglu"))
    function = torch.compile(given.ours, fullgraph=True)
    assert_same(gradients(function, given), gradients(given.theirs, given))
