"""What is plotted of an op: which outputs, along which inputs, all else being fixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.measure.formats import FORMATS
from symgrad.op import Formula, Input, Op
from symgrad.program import Kind, depending_on
from symgrad.report.terms import Term, name, number
from symgrad.unroll import element, places, sizes_of
from symgrad.verify import reference, sampling
from symgrad.verify.elements import SIZES, by_elements
from symgrad.verify.sampling import Number
from symgrad.verify.subject import Subject

FORMAT = FORMATS["float32"]
"""In which errors are measured: what people train in."""

MOST_INPUTS, MOST_OUTPUTS = 4, 3
"""How many of each are plotted."""


@dataclass(frozen=True)
class Plotted:
    """An op whose inputs are numbers, and what is looked at of it.

    Of an op with named axes ``op`` has every element for an input or an output.
    ``moving`` and ``outputs`` are looked at; ``fixed`` are numbers for all inputs, and
    ``shown`` how the names are printed.  ``given`` are the inputs whose gradient is
    not the formula's own.
    """

    op: Op
    ours: Subject
    composed: Subject
    moving: tuple[str, ...]
    outputs: tuple[Formula, ...]
    fixed: Mapping[str, Number]
    shown: Mapping[str, Term]
    left_out: str
    given: frozenset[str]


def obstacle(op: Op) -> str:
    """Why an op has no plots; empty if it has some."""
    if op.in_plane:
        return "Its numbers are complex, and have no order along an axis."
    return ""


def plotted(op: Op, function: Callable[..., Any]) -> Plotted:
    """What is plotted of an op, whose public function is given."""
    ours = by_elements(Subject(op, function))
    flat = ours.op
    outputs = _first_elements(op, flat)
    moving = [n for n in map(_first_of(op, flat, outputs), _moving(op)) if n]
    return Plotted(
        op=flat,
        ours=ours,
        composed=Subject(flat, ours.plain or _composed(flat)),
        moving=tuple(moving[:MOST_INPUTS]),
        outputs=tuple(outputs[:MOST_OUTPUTS]),
        fixed=held(flat, 0),
        shown=_shown(op),
        left_out=_left_out(moving, outputs),
        given=frozenset(formula.name for formula in flat.overrides),
    )


def _composed(op: Op) -> Callable[..., Any]:
    """The formula in torch, which autograd differentiates."""
    names = [item.name for item in op.inputs]

    def run(*args: Any) -> tuple[Any, ...]:
        values = dict(zip(names, args, strict=True))
        return tuple(reference.smoothed_outputs(op, values).values())

    return run


def _moving(op: Op) -> list[Input]:
    """The tensors that have a gradient."""
    return [op.input(name) for name in reference.differentiable(op)]


def _first_elements(op: Op, flat: Op) -> list[Formula]:
    """The first element of every output that is a number."""
    sizes = sizes_of(op, SIZES) if op.has_axes else {}
    by_name = {formula.name: formula for formula in flat.outputs}
    names = [
        element(f.name, places(op.nodes[f.value].axes, sizes)[0]) for f in op.outputs
    ]
    found = [by_name[name] for name in names]
    return [f for f in found if flat.nodes[f.value].kind.is_floating]


def _first_of(
    op: Op, flat: Op, outputs: Sequence[Formula]
) -> Callable[[Input], str | None]:
    """For an input its first element that any of the outputs has a derivative by."""
    sizes = sizes_of(op, SIZES) if op.has_axes else {}
    leaves = {str(n.data): v for v, n in enumerate(flat.nodes) if n.op == "input"}
    ends = {flat.stand_ins.get(f.name, f.value) for f in outputs}
    given = {formula.name for formula in flat.overrides}

    def first(item: Input) -> str | None:
        for place in places(item.labels, sizes):
            name = element(item.name, place)
            leaf = [leaves[name]] if name in leaves else []
            if name in given or not ends.isdisjoint(depending_on(flat.nodes, leaf)):
                return name
        return None

    return first


def held(op: Op, attempt: int) -> dict[str, Number]:
    """Numbers at which inputs are held; another attempt gives others."""
    return {item.name: _usual(op, item, attempt) for item in op.inputs}


def _usual(op: Op, item: Input, attempt: int) -> Number:
    """The number at which an input is held: its default, or a short one of its own."""
    if item.has_default and item.default is not None:
        return item.default
    if item.kind in (Kind.MASK, Kind.BOOL):
        return True
    if item.kind in (Kind.INDEX, Kind.INT):
        return _least(op, item)
    rng = sampling.generator(op, f"report/{item.name}/{attempt}")
    drawn = sampling.ordinary(op, item, rng)
    short = float(f"{drawn.real:.2g}")
    low, high = sampling.core(op, item)
    return FORMAT.nearest(short if low <= short <= high else drawn.real)


def _least(op: Op, item: Input) -> int:
    """The least whole number of an input that is not negative."""
    sample = op.samples.get(item.name)
    if sample is not None and sample.values:
        return int(min(v for v in sample.values if v >= 0 or v == max(sample.values)))
    return max(math.ceil(sampling.core(op, item)[0]), 0)


def _shown(op: Op) -> dict[str, Term]:
    """Names of inputs and outputs as they are printed, elements with their places."""
    sizes = sizes_of(op, SIZES) if op.has_axes else {}
    ends = [(item.name, item.labels) for item in op.inputs]
    ends += [(formula.name, op.nodes[formula.value].axes) for formula in op.outputs]
    return {
        element(label, place): Term("index", (name(label), *map(number, place)))
        if place
        else name(label)
        for label, axes in ends
        for place in places(axes, sizes)
    }


def _left_out(moving: Sequence[str], outputs: Sequence[Formula]) -> str:
    """What there is no room for, as a sentence."""
    more = len(moving) - MOST_INPUTS, len(outputs) - MOST_OUTPUTS
    parts = [
        f"the other {count} {what}{'s' * (count > 1)}"
        for count, what in zip(more, ("input", "output"), strict=True)
        if count > 0
    ]
    return f"Not plotted: {' and '.join(parts)}." if parts else ""
