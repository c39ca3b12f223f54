"""Forward, backward, and both of several callables, timed side by side.

``compare`` is for any callables of tensors: generated, compiled, written by hand.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from symgrad.bench import clock
from symgrad.bench.clock import Call, Measure

Pass = Literal["forward", "backward", "both"]

PASSES: tuple[Pass, ...] = ("forward", "backward", "both")

Subject = Callable[..., Any]
"""Takes tensors and numbers by place; returns a tensor, or a tuple of them."""


@dataclass(frozen=True)
class Times:
    """Seconds a call in every block, by pass and by the name of a subject.

    What stands at one place of two subjects was measured one after the other.
    """

    blocks: Mapping[Pass, Mapping[str, tuple[float, ...]]]

    def seconds(self, which: Pass, name: str) -> float:
        """The median over blocks."""
        return statistics.median(self.blocks[which][name])

    def ratio(self, which: Pass, name: str, base: str) -> float:
        """How many times as long as ``base`` it takes: the median over blocks."""
        found = self.blocks[which]
        pairs = zip(found[name], found[base], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def compare(
    subjects: Mapping[str, Subject],
    inputs: Sequence[Any],
    cotangents: Sequence[Tensor | None],
    blocks: int,
    measure: Measure = clock.on_cpu,
    beside: Mapping[str, Call] | None = None,
) -> Times:
    """Time all subjects on the same inputs.

    Gradients are those of the ``inputs`` that require one; ``cotangents`` has a tensor
    of the shape and dtype of each output, or None where it has no gradient.  Backward
    is ``torch.autograd.grad`` over a graph that is kept (``retain_graph=True``); both
    is a fresh forward and backward.  Where nothing has a gradient there is only
    forward.  ``beside`` are calls that are timed among those of every pass.
    """
    by_pass: dict[Pass, dict[str, Call]] = {}
    for name, subject in subjects.items():
        for which, call in calls_of(subject, inputs, cotangents).items():
            by_pass.setdefault(which, {})[name] = call
    others = dict(beside or {})
    return Times(
        {
            which: clock.in_blocks({**calls, **others}, blocks, measure)
            for which, calls in by_pass.items()
        }
    )


def calls_of(
    subject: Subject, inputs: Sequence[Any], cotangents: Sequence[Tensor | None]
) -> dict[Pass, Call]:
    """What is called over and over for each pass of a subject."""
    leaves = leaves_of(inputs)

    def forward() -> Any:
        return subject(*inputs)

    held, sent = reached(forward(), cotangents)
    if not held or not leaves:
        return {"forward": forward}

    def backward() -> Any:
        return torch.autograd.grad(
            held, leaves, sent, retain_graph=True, allow_unused=True
        )

    def both() -> Any:
        return gradients(subject, inputs, cotangents)

    return {"forward": forward, "backward": backward, "both": both}


def gradients(
    subject: Subject, inputs: Sequence[Any], cotangents: Sequence[Tensor | None]
) -> tuple[Tensor | None, ...]:
    """Forward and backward once: the gradients of the inputs that require one."""
    results, sent = reached(subject(*inputs), cotangents)
    leaves = leaves_of(inputs)
    if not results or not leaves:
        return (None,) * len(leaves)
    return torch.autograd.grad(results, leaves, sent, allow_unused=True)


def leaves_of(inputs: Sequence[Any]) -> list[Tensor]:
    """The inputs that require a gradient."""
    return [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]


def outputs_of(found: Any) -> tuple[Tensor, ...]:
    """The outputs of a subject as a tuple, however many there are."""
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def reached(
    found: Any, cotangents: Sequence[Tensor | None]
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs that have a gradient, and their cotangents."""
    pairs = zip(outputs_of(found), cotangents, strict=True)
    open_ = [(y, g) for y, g in pairs if g is not None and y.requires_grad]
    return [y for y, _ in open_], [g for _, g in open_]
