"""Every example against torch: values, gradients and the gradients of those."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from comparison import Case
from generated_modules import EXAMPLES, generated
from torch import Tensor
from torch_cases import CASES, EVERY

FLOATS = {torch.float64: (1e-10, 1e-12), torch.float32: (2e-4, 2e-5)}
BFLOAT16_ROUNDING = 2.0**-8


def draw(case: Case, shapes: list[tuple[int, ...]]) -> dict[str, Tensor]:
    """One tensor for each input, of the given shapes in turn."""
    torch.manual_seed(len(case.op))
    pairs = enumerate(case.draws.items())
    return {name: sample(shapes[i % len(shapes)]) for i, (name, sample) in pairs}


def leaves(
    case: Case, tensors: Mapping[str, Tensor], dtype: torch.dtype
) -> dict[str, Tensor]:
    """The inputs in a dtype, those with a gradient as leaves that require it."""
    cast = {k: v.to(dtype) if v.is_floating_point() else v for k, v in tensors.items()}
    return {
        name: value.detach().clone().requires_grad_(name not in case.data)
        for name, value in cast.items()
    }


def run(
    function: Callable[..., Any], case: Case, inputs: Mapping[str, Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs, and the gradients for cotangents that differ from place to place."""
    result = function(**inputs, **case.numbers)
    outputs = list(result) if isinstance(result, tuple) else [result]
    wanted = [value for value in inputs.values() if value.requires_grad]
    cotangents = [_cotangent(y) for y in outputs]
    grads = torch.autograd.grad(outputs, wanted, cotangents, create_graph=True)
    return outputs, list(grads)


def _cotangent(y: Tensor) -> Tensor:
    """Five values in turn, exact in every dtype."""
    return (0.5 + 0.25 * (torch.arange(y.numel()) % 5)).view(y.shape).to(y.dtype)


def by_position(case: Case) -> Callable[..., Any]:
    """The reference, its tensors by position: torch's own parameters differ in name."""

    def function(**arguments: Any) -> Any:
        tensors = [arguments.pop(name) for name in case.draws]
        return case.reference(*tensors, **arguments)

    return function


def assert_agree(
    case: Case,
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype,
    rtol: float,
    atol: float,
) -> None:
    """Ours in ``dtype`` against the reference in float64 at the same points."""
    rounded = {k: v.detach() for k, v in leaves(case, tensors, dtype).items()}
    ours = run(case.function, case, leaves(case, rounded, dtype))
    theirs = run(by_position(case), case, leaves(case, rounded, torch.float64))
    for found, expected in zip(
        (*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True
    ):
        assert found.dtype == dtype
        assert found.shape == expected.shape
        torch.testing.assert_close(found.double(), expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients(case: Case, dtype: torch.dtype) -> None:
    assert_agree(case, draw(case, [(3, 7)]), dtype, *FLOATS[dtype])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bfloat16_is_rounded_once(case: Case) -> None:
    rtol = BFLOAT16_ROUNDING
    assert_agree(case, draw(case, [(3, 7)]), torch.bfloat16, rtol, rtol / 4)


@pytest.mark.parametrize("case", [c for c in CASES if len(c.draws) > 1], ids=str)
def test_broadcasting(case: Case) -> None:
    tensors = draw(case, [(3, 1), (4,), (2, 1, 1), ()])
    assert_agree(case, tensors, torch.float64, *FLOATS[torch.float64])


@pytest.mark.parametrize("case", [c for c in CASES if c.edges], ids=str)
def test_edges(case: Case) -> None:
    tensors = draw(case, [(len(case.edges),)])
    first = next(iter(case.draws))
    tensors[first] = torch.tensor(case.edges, dtype=torch.float64)
    assert_agree(case, tensors, torch.float64, *FLOATS[torch.float64])


@pytest.mark.parametrize("case", [c for c in CASES if c.smooth], ids=str)
def test_second_derivatives(case: Case) -> None:
    tensors = draw(case, [(5,)])
    ours = curvature(case.function, case, tensors)
    theirs = curvature(by_position(case), case, tensors)
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


def curvature(
    function: Callable[..., Any], case: Case, tensors: Mapping[str, Tensor]
) -> tuple[Tensor, ...]:
    """The gradient of the sum of all gradients; zero where those are constant."""
    inputs = leaves(case, tensors, torch.float64)
    wanted = [value for value in inputs.values() if value.requires_grad]
    total = sum((g.sum() for g in run(function, case, inputs)[1]), torch.zeros(()))
    if not total.requires_grad:
        return tuple(torch.zeros_like(value) for value in wanted)
    return torch.autograd.grad(total, wanted, materialize_grads=True)


GIVEN_BACKWARD = {"trunc_exp", "gradient_reversal", "clip_gradient"}


def test_every_example_is_compared() -> None:
    compared = {case.op for case in EVERY}
    exported = {
        f"{path.stem}.{name}"
        for path in EXAMPLES.glob("*.yaml")
        for name in generated(path.stem).__all__
        if not inspect.isclass(getattr(generated(path.stem), name))
    }
    assert (
        compared | {f"straight_through.{name}" for name in GIVEN_BACKWARD} == exported
    )


@pytest.mark.parametrize(
    ("name", "value", "gradient"),
    [
        ("trunc_exp", torch.exp, lambda x, g: g * torch.exp(x.clamp(-15, 15))),
        ("gradient_reversal", torch.clone, lambda x, g: -g),
        ("clip_gradient", torch.clone, lambda x, g: g.clamp(-1, 1)),
    ],
)
def test_given_backwards(
    name: str,
    value: Callable[[Tensor], Tensor],
    gradient: Callable[[Tensor, Tensor], Tensor],
) -> None:
    x = torch.linspace(-20, 20, 9, dtype=torch.float64, requires_grad=True)
    cotangent = torch.linspace(-3, 3, 9, dtype=torch.float64)
    y = getattr(generated("straight_through"), name)(x)
    [found] = torch.autograd.grad(y, x, cotangent)
    torch.testing.assert_close(y, value(x))
    torch.testing.assert_close(found, gradient(x, cotangent))


def test_a_missing_value_does_not_reach_the_gradients() -> None:
    """The branch that is not taken may be NaN; its gradients are zero all the same."""
    x = torch.tensor([float("nan"), 2.0], dtype=torch.float64, requires_grad=True)
    fill = torch.tensor(5.0, dtype=torch.float64, requires_grad=True)
    y = generated("masked").learned_fill(x, torch.tensor([False, True]), fill)
    y.sum().backward()
    assert y.tolist() == [5.0, pytest.approx(math.log(3))]
    assert x.grad is not None and x.grad.tolist() == [0.0, pytest.approx(1 / 3)]
    assert fill.grad is not None and fill.grad.item() == 1.0
