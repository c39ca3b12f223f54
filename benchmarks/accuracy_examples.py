"""A third set: the ops of examples/, read from their specs.

An op is measured where a point of it is a few real numbers: its tensors have no axes,
and its plain numbers keep their defaults.  Every output is differentiated by every
input that has a gradient.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.measure.strata import EVERYWHERE, Range
from symgrad.op import Formula, Input, Op, Spec
from symgrad.program import Kind, depending_on
from symgrad.spec import load

EXAMPLES = Path(__file__).parent.parent / "examples"

MOST = 4
"""Real inputs of an op: points of more are too few for so many dimensions."""

ORDINARY = (-30.0, 30.0)
"""Where inputs are mostly, of which a spec does not say it."""


@dataclass(frozen=True)
class Pair:
    """An output of an op, and the input by which it is differentiated.

    ``op`` is the one of the spec with that output alone, ``generated`` what was made
    of it; ``fixed`` are the numbers that keep their defaults.  Values are of one pair
    of each output: those of the others are the same.
    """

    name: str
    op: Op
    generated: Callable[..., Tensor]
    wrt: str
    ranges: Mapping[str, Range]
    fixed: Mapping[str, float]
    has_value: bool


def _any(test: Callable[[Input], bool]) -> Callable[[Op], bool]:
    return lambda op: any(map(test, op.inputs))


def _has_own_derivative(op: Op) -> bool:
    stops = any(node.op == "stop_gradient" for node in op.nodes)
    return stops or bool(op.overrides) or op.has_surrogate_derivative


REASONS: Mapping[str, Callable[[Op], bool]] = {
    "named axes": lambda op: op.has_axes,
    "complex numbers": lambda op: op.in_plane,
    "integers or masks": _any(lambda i: i.kind not in (Kind.REAL, Kind.FLOAT)),
    "a number without a default": _any(
        lambda i: not i.kind.is_tensor and not i.has_default
    ),
    "a derivative that is not the formula's": _has_own_derivative,
    f"more than {MOST} real inputs": lambda op: len(_real(op)) > MOST,
}
"""Why an op is left out: what is true of it."""


def reason(op: Op) -> str | None:
    """The first reason to leave an op out."""
    return next((text for text, applies in REASONS.items() if applies(op)), None)


def _real(op: Op) -> list[Input]:
    return [item for item in op.inputs if item.kind == Kind.REAL]


def specs() -> list[Spec]:
    """All of examples/, by name."""
    return [load(str(path)) for path in sorted(EXAMPLES.glob("*.yaml"))]


def pairs(found: Sequence[Spec]) -> Iterator[Pair]:
    """What is measured of some specs, each of which is generated once."""
    for spec in found:
        ops = [op for op in spec.ops if reason(op) is None]
        module = load_module(spec.stem, generate(spec).source) if ops else None
        for op in ops:
            yield from _pairs(spec, op, getattr(module, op.name))


def _pairs(spec: Spec, op: Op, function: Callable[..., Any]) -> Iterator[Pair]:
    ranges = {item.name: _range(op, item) for item in _real(op)}
    fixed = {i.name: float(i.default or 0) for i in op.inputs if i.name not in ranges}
    for place, output in enumerate(op.outputs):
        moving = _inputs_of(op, output)
        for wrt in moving:
            yield Pair(
                name=_name(spec, op, output, wrt),
                op=replace(op, outputs=(output,)),
                generated=partial(_one, function, place),
                wrt=wrt,
                ranges=ranges,
                fixed=fixed,
                has_value=wrt == moving[0],
            )


def _one(function: Callable[..., Any], place: int, **values: Any) -> Tensor:
    """One output of a function that has one or several."""
    found = function(**values)
    several: tuple[Tensor, ...] = found if isinstance(found, tuple) else (found,)
    return several[place]


def _name(spec: Spec, op: Op, output: Formula, wrt: str) -> str:
    """The op and, as far as there are several, its output and its input."""
    parts = [f"{spec.stem}.{op.name}"]
    parts += [output.name] * (len(op.outputs) > 1)
    parts += ["by", wrt] * (len(_real(op)) > 1)
    return " ".join(parts)


def _inputs_of(op: Op, output: Formula) -> list[str]:
    """The real inputs with a gradient by which an output changes."""
    leaves = {str(n.data): v for v, n in enumerate(op.nodes) if n.op == "input"}
    names = [item.name for item in _real(op) if item.differentiable]
    return [n for n in names if output.value in depending_on(op.nodes, [leaves[n]])]


def _range(op: Op, item: Input) -> Range:
    domain = item.domain or EVERYWHERE
    sample = op.samples.get(item.name)
    low, high = (sample and sample.range) or ORDINARY
    ends = [end for end in (domain.low, domain.high) if math.isfinite(end)]
    return Range(
        domain, tuple(ends) or (0.0,), (max(low, domain.low), min(high, domain.high))
    )


def left_out(found: Sequence[Spec]) -> str:
    """How many ops are measured, and how many are not for which reason."""
    every = [op for spec in found for op in spec.ops]
    of = Counter(map(reason, every))
    reasons = {text: of[text] for text in REASONS if of[text]}
    counts = ",\n".join(f"  {count} for {text}" for text, count in reasons.items())
    return f"{of[None]} of {len(every)} examples are measured; left out are\n{counts}"
