"""A function over named axes at one place: its values and all its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
Function = Callable[..., tuple[Tensor, ...]]
Named = Iterator[tuple[str, Tensor]]


@dataclass(frozen=True)
class Trial:
    """A function at one place, and what it is compared with.

    ``formula`` is the same in plain torch, with all values moved by so much, and says
    how near the nearest kink is.
    """

    function: Function
    formula: Callable[[float], tuple[Function, Callable[[], float]]]
    values: Tensors
    seed: int

    @property
    def moving(self) -> list[str]:
        """The inputs that derivatives are taken by."""
        return [n for n, t in self.values.items() if t.is_floating_point()]

    @cached_property
    def gap(self) -> float:
        """How near the nearest kink is."""
        run, gap = self.formula(0.0)
        run(**self.values)
        return gap()

    def true(self, noise: float = 0.0) -> dict[str, Tensor]:
        """Values and derivatives of the formula."""
        return self.all(self.formula(noise)[0])

    def all(self, function: Function) -> dict[str, Tensor]:
        """Values and derivatives of a function, by what they are."""
        return dict(_derivatives(self, function))


def _derivatives(trial: Trial, function: Function) -> Named:
    names = trial.moving
    generator = torch.Generator().manual_seed(trial.seed)

    def like(tensors: Sequence[Tensor]) -> list[Tensor]:
        return [torch.randn(t.shape, generator=generator).to(t) for t in tensors]

    def run(*moved: Tensor) -> tuple[Tensor, ...]:
        return function(**{**trial.values, **dict(zip(names, moved, strict=True))})

    leaves = [trial.values[n].clone().requires_grad_() for n in names]
    outputs = run(*leaves)
    for place, output in enumerate(outputs):
        yield f"value {place}", output.detach()
    directions = like([trial.values[n] for n in names])
    _, tangents = torch.func.jvp(run, tuple(leaves), tuple(directions))
    for place, tangent in enumerate(tangents):
        yield f"tangent {place}", tangent.detach()
    with torch.no_grad():
        for place, output in enumerate(run(*leaves)):
            yield f"value {place} without gradient", output
    sent = [c.requires_grad_() for c in like(outputs)]
    yield from _alone(trial, function, sent)
    yield from _backward(names, leaves, outputs, sent, directions)


def _alone(trial: Trial, function: Function, sent: Sequence[Tensor]) -> Named:
    """The gradient of one input alone, and by one output alone."""
    for name in trial.moving:
        leaf = trial.values[name].clone().requires_grad_()
        outputs = function(**{**trial.values, name: leaf})
        for place, (output, cotangent) in enumerate(zip(outputs, sent, strict=True)):
            if output.requires_grad:
                total = (output * cotangent.detach()).sum()
                [found] = torch.autograd.grad(
                    total,
                    leaf,
                    retain_graph=True,
                    allow_unused=True,
                    materialize_grads=True,
                )
                yield f"gradient {name} of {place}", found


def _backward(
    names: Sequence[str],
    leaves: Sequence[Tensor],
    outputs: Sequence[Tensor],
    sent: Sequence[Tensor],
    directions: Sequence[Tensor],
) -> Named:
    total = sum((o * c).sum() for o, c in zip(outputs, sent, strict=True))
    given: Mapping[str, Any] = {
        "allow_unused": True,
        "materialize_grads": True,
        "create_graph": True,
    }
    if not total.requires_grad:
        return
    first = torch.autograd.grad(total, leaves, **given)
    for name, gradient in zip(names, first, strict=True):
        yield f"gradient {name}", gradient.detach()
    whole = sum((g * d).sum() for g, d in zip(first, directions, strict=True))
    if not whole.requires_grad:
        return
    second = torch.autograd.grad(whole, [*leaves, *sent], **given)
    labels = [*names, *(f"cotangent {k}" for k in range(len(sent)))]
    for name, gradient in zip(labels, second, strict=True):
        yield f"second {name}", gradient.detach()


# -- over a batch of calls -------------------------------------------------------------


def batched(trial: Trial) -> dict[str, tuple[Tensor, Tensor]]:
    """Values and gradients of ``vmap``, beside those of call after call."""
    names = trial.moving
    flipped = {n: torch.stack([trial.values[n], -trial.values[n]]) for n in names[:2]}
    order = tuple(0 if n in flipped else None for n in names)

    def one(*moved: Tensor) -> tuple[Tensor, ...]:
        own = {**trial.values, **dict(zip(names, moved, strict=True))}
        return trial.function(**own)

    def slopes(*moved: Tensor) -> tuple[Tensor, ...]:
        outputs, pull = torch.func.vjp(one, *moved)
        return tuple(pull(tuple(torch.ones_like(o) for o in outputs)))

    found = {}
    given = [flipped.get(n, trial.values[n]) for n in names]
    for label, run in (("value", one), ("gradient", slopes)):
        results = torch.func.vmap(run, in_dims=order)(*given)
        alone = [run(*_row(given, order, row)) for row in range(2)]
        for k, together in enumerate(results):
            alone = [
                run(
                    *(
                        g if d is None else g[row]
                        for g, d in zip(given, order, strict=True)
                    )
                )[k]
                for row in range(2)
            ]
            found[f"vmap {label} {k}"] = together, torch.stack(alone)
    return found


def _row(
    given: Sequence[Tensor], order: Sequence[int | None], row: int
) -> Iterator[Tensor]:
    for tensor, dim in zip(given, order, strict=True):
        yield tensor if dim is None else tensor[row]
