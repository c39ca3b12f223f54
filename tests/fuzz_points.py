"""Where a spec is tried: shapes that broadcast, values, cotangents and directions.

All is drawn by name, so that a spec that was made smaller meets the same numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from symgrad.op import Input, Op
from symgrad.verify import sampling
from symgrad.verify.reference import Value, differentiable, named_outputs
from symgrad.verify.subject import Shape, dtype_of, random_direction

_BASES: tuple[Shape, ...] = ((2, 3), (3,), (2, 1, 2), (1,), (), (4,), (0, 2))
_SPECIAL = (0.0, 1.0, -1.0, 0.5, 2.0)

ORDINARY, WIDE = 0.85, 0.93
"""Shares of values of the usual size, and of those or any other size."""


_Value = TypeVar("_Value", bound=Value)


@dataclass(frozen=True)
class Place:
    """What an op is called with, and in which directions it is differentiated.

    ``cotangents`` and ``tangents`` belong to the outputs and inputs with a derivative.
    """

    op: Op
    seed: str
    values: Mapping[str, Value]
    cotangents: Mapping[str, Tensor]
    tangents: Mapping[str, Tensor]

    @property
    def tensors(self) -> list[Tensor]:
        """All floating numbers that are given."""
        given = [torch.as_tensor(v) for v in self.values.values()]
        return [*given, *self.cotangents.values(), *self.tangents.values()]

    @property
    def filled(self) -> Place:
        """Without empty outputs: what they are computed from does not matter either."""
        outputs = named_outputs(self.op, self.values)
        left = tuple(f for f in self.op.outputs if outputs[f.name].numel())
        return replace(
            self,
            op=replace(self.op, outputs=left),
            values={n: _some(v) for n, v in self.values.items()},
            cotangents={n: c for n, c in self.cotangents.items() if c.numel()},
            tangents={n: _some(t) for n, t in self.tangents.items()},
        )


def _some(value: _Value) -> _Value:
    """One element where there is none."""
    empty = isinstance(value, Tensor) and not value.numel()
    return value.new_zeros(()) if empty else value


def place(op: Op, seed: str) -> Place:
    """Raises what Python's numbers raise where the op has no value at them."""
    base = random.Random(f"{seed}/shape").choice(_BASES)
    values = {item.name: _drawn(op, item, base, seed) for item in op.inputs}
    return at(op, values, seed)


def at(op: Op, values: Mapping[str, Value], seed: str) -> Place:
    """The place with these values."""
    results = named_outputs(op, values)
    return Place(
        op=op,
        seed=seed,
        values=values,
        cotangents={
            f.name: random_direction(results[f.name], random.Random(f"{seed}/{f.name}"))
            for f in op.differentiable_outputs
        },
        tangents={
            name: random_direction(
                torch.as_tensor(values[name]), random.Random(f"{seed}/to {name}")
            )
            for name in differentiable(op)
        },
    )


def _drawn(op: Op, item: Input, base: Shape, seed: str) -> Value:
    rng = random.Random(f"{seed}/{item.name}")
    if not item.kind.is_tensor:
        return sampling.ordinary(op, item, rng)
    shape = _broadcast(base, rng)
    numbers = [_number(op, item, rng) for _ in range(math.prod(shape))]
    return torch.tensor(numbers, dtype=dtype_of(item)).reshape(shape)


def _broadcast(base: Shape, rng: random.Random) -> Shape:
    """A shape that broadcasts to another, often that one itself."""
    if rng.random() < 0.5:
        return base
    kept = base[rng.randint(0, len(base)) :]
    return tuple(1 if rng.random() < 0.3 else size for size in kept)


def _number(op: Op, item: Input, rng: random.Random) -> sampling.Number:
    chance = rng.random()
    special = rng.choice(_SPECIAL)
    if chance < ORDINARY or not item.kind.is_floating:
        return sampling.ordinary(op, item, rng)
    if chance < WIDE or not item.admits(special):
        return sampling.wide(op, item, rng, 3.0)
    return special
