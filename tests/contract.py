"""A case at drawn points, as a function of the tensors that have a gradient.

What PyTorch composes with takes functions of tensors alone; the numbers, masks and
other data of a case are bound here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from comparison import Case
from torch import Tensor

Outputs = tuple[Tensor, ...]
Bound = Callable[..., Outputs]
"""From the differentiable inputs to the outputs that have a derivative."""


def _beta_log_prob(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    kernel = torch.xlogy(a - 1, x) + torch.xlogy(b - 1, 1 - x)
    return kernel - (torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b))


def _huber(x: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    error = (x - target).abs()
    return torch.where(error < delta, error**2 / 2, delta * (error - delta / 2))


def _lstm_cell(i: Tensor, f: Tensor, g: Tensor, o: Tensor, c: Tensor) -> Outputs:
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return c_next, torch.sigmoid(o) * torch.tanh(c_next)


def _monomial(x: Tensor, coefficient: Tensor, degree: Tensor) -> Tensor:
    factors = [torch.where(degree > k, x, 1) for k in range(6)]
    return coefficient * torch.stack(factors).prod(0)


def _rotary_pair(x1: Tensor, x2: Tensor, cos: Tensor, sin: Tensor) -> Outputs:
    return x1 * cos - x2 * sin, x1 * sin + x2 * cos


COMPOSED: Mapping[str, Callable[..., Any]] = {
    "log_densities.beta_log_prob": _beta_log_prob,
    "lstm_cell.lstm_cell": _lstm_cell,
    "masked.monomial": _monomial,
    "regression_losses.huber": _huber,
    "rotary_pair.rotary_pair": _rotary_pair,
    "rotary_pair.rotary_tables": _rotary_pair,
}
"""References for operators of torch that transforms of torch do not all take."""


@dataclass(frozen=True)
class Point:
    """A case with a tensor for each input; ``wanted`` are those with a gradient.

    ``ours`` is the generated op and ``theirs`` what it must equal, in plain torch.
    """

    case: Case
    tensors: Mapping[str, Tensor]
    wanted: tuple[str, ...]
    ours: Bound
    theirs: Bound

    @property
    def args(self) -> list[Tensor]:
        """The inputs that have a gradient, as new tensors."""
        return [self.tensors[name].clone() for name in self.wanted]

    @property
    def leaves(self) -> list[Tensor]:
        """The same, requiring their gradients."""
        return [tensor.requires_grad_() for tensor in self.args]


def bound(
    function: Callable[..., Any],
    tensors: Mapping[str, Tensor],
    wanted: Sequence[str],
    numbers: Mapping[str, float],
    by_name: bool,
) -> Bound:
    """A function of the wanted tensors alone, the others and the numbers given."""

    def of_wanted(*args: Tensor) -> Outputs:
        given = {**tensors, **dict(zip(wanted, args, strict=True))}
        if by_name:
            return outputs(function(**given, **numbers))
        return outputs(function(*given.values(), **numbers))

    return of_wanted


def outputs(result: Any) -> Outputs:
    """The floating and the complex outputs of an op."""
    several = result if isinstance(result, tuple) else (result,)
    return tuple(y for y in several if moves(y))


def moves(tensor: Tensor) -> bool:
    """Whether a tensor is of a dtype that has derivatives."""
    return tensor.is_floating_point() or tensor.is_complex()


def point(
    case: Case,
    shapes: Sequence[tuple[int, ...]] = ((3,),),
    dtype: torch.dtype = torch.float64,
) -> Point:
    """A case at points that are the same on every run; shapes are taken in turn."""
    torch.manual_seed(len(str(case)))
    drawn = {
        name: draw(case.shape(name, shapes[i % len(shapes)]))
        for i, (name, draw) in enumerate(case.draws.items())
    }
    return at(case, {n: cast(t, dtype) for n, t in drawn.items()})


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A tensor in a floating dtype, or in the complex one of that; data as they are."""
    if tensor.is_complex():
        return tensor.to(dtype.to_complex())
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def at(case: Case, tensors: Mapping[str, Tensor]) -> Point:
    """A case at given tensors."""
    floating = [n for n, t in tensors.items() if moves(t)]
    wanted = tuple(n for n in floating if n not in case.data)
    reference = COMPOSED.get(case.op, case.twice or case.reference)
    return Point(
        case=case,
        tensors=tensors,
        wanted=wanted,
        ours=bound(case.function, tensors, wanted, case.numbers, by_name=True),
        theirs=bound(reference, tensors, wanted, case.numbers, by_name=False),
    )


def total(function: Bound) -> Callable[..., Tensor]:
    """A scalar objective in which every element of every output counts differently."""

    def objective(*args: Tensor) -> Tensor:
        parts = [inner(weights(y), y).sum() for y in function(*args)]
        return torch.stack(parts).sum()

    return objective


def weights(y: Tensor) -> Tensor:
    """Cotangents that differ from place to place, exact in every dtype."""
    count = torch.arange(y.numel(), device=y.device) % 5
    found = (0.5 + 0.25 * count).view(y.shape).to(y.dtype)
    return found * (1 - 0.5j) if y.is_complex() else found


def real_sum(tensors: Iterable[Tensor]) -> Tensor:
    """One real number that every part of every tensor is in."""
    parts = [(2 - 1j) * t if t.is_complex() else t for t in tensors]
    return torch.stack([p.real.sum() for p in parts]).sum()


def inner(a: Tensor, b: Tensor) -> Tensor:
    """The products of two tensors, as vectors of the plane where they are complex."""
    return (a.conj() * b).real if a.is_complex() else a * b


def assert_same(
    ours: Any, theirs: Any, rtol: float = 1e-9, atol: float = 1e-10
) -> None:
    """Equal trees of tensors."""
    torch.testing.assert_close(ours, theirs, rtol=rtol, atol=atol)
