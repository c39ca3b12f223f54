"""What it takes to compare an op with a reference: inputs, numbers, special points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from generated_modules import generated
from torch import Tensor

Draw = Callable[[tuple[int, ...]], Tensor]


def between(low: float, high: float) -> Draw:
    """Floating values in an interval, the same on every run."""
    return lambda shape: low + (high - low) * torch.rand(shape, dtype=torch.float64)


def mask(shape: tuple[int, ...]) -> Tensor:
    """A mask in which both values occur."""
    return torch.rand(shape) < 0.6


def count(shape: tuple[int, ...]) -> Tensor:
    """Small integers."""
    return torch.randint(0, 6, shape)


X, POSITIVE, UNIT = between(-4.0, 4.0), between(0.3, 3.0), between(0.05, 0.95)


@dataclass(frozen=True)
class Case:
    """An op, what it must equal, and where.

    ``edges`` are values of the first input at which conventions matter or naive
    formulas fail; ``smooth`` is whether second derivatives are compared; ``twice`` is
    a formula that can be differentiated more often than the reference.
    """

    op: str
    reference: Callable[..., Any]
    draws: Mapping[str, Draw] = field(default_factory=lambda: {"x": X})
    numbers: Mapping[str, float] = field(default_factory=dict)
    edges: tuple[float, ...] = (0.0, -0.0, 30.0, -30.0, 500.0, -500.0)
    smooth: bool = True
    data: tuple[str, ...] = ()
    twice: Callable[..., Any] | None = None

    def shape(self, name: str, batch: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an input, given that of its batch; here all of it is batch."""
        return batch

    @property
    def function(self) -> Callable[..., Any]:
        """The generated function."""
        stem, name = self.op.split(".")
        function: Callable[..., Any] = getattr(generated(stem), name)
        return function

    def __str__(self) -> str:
        return ",".join([self.op, *(f"{k}={v}" for k, v in self.numbers.items())])
