"""Points at which generated tests know the values and gradients of an op.

They come from the formulas of the spec in ball arithmetic: the gradients are numerical
derivatives of the formula, not our own derivation.
"""

from __future__ import annotations

import cmath
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import Any

from symgrad import algebra, precise
from symgrad.backends.torch_smooth import (
    Number,
    Point,
    Watched,
    input_numbers,
    kink_condition,
)
from symgrad.functions import TABLE
from symgrad.objective import objective
from symgrad.op import Input, Op
from symgrad.program import Graph, Kind, Program

POINTS = 4
ATTEMPTS = 64
EFFORT = 4_000
"""Values times inputs up to which gradients are computed in ball arithmetic.

Beyond it the tests of an op compare its gradients with finite differences only, and
have fewer points: generation must stay linear in the size of a formula, and quick.
"""


@dataclass(frozen=True)
class Golden:
    """An op's values and gradients at one point, for given cotangents.

    Those of tensors with named axes are nested lists.
    """

    op: str
    inputs: Point
    outputs: Mapping[str, Any]
    cotangents: Mapping[str, Any]
    gradients: Mapping[str, Any]


def golden_points(op: Op) -> list[Golden]:
    """Points inside the domain at which everything is finite and smooth.

    The first point also gives the values that stay fixed while one input varies, so
    each further point is smooth together with it in every single input.
    """
    watched = Watched(op)
    accepted: list[Golden] = []
    wanted = max(1, min(POINTS, EFFORT // len(op.nodes)))
    for attempt in range(ATTEMPTS):
        point = {
            item.name: _value(op, item, place, attempt)
            for place, item in enumerate(op.inputs)
        }
        base = accepted[0].inputs if accepted else point
        mixed = ({**base, name: value} for name, value in point.items())
        met = chain([point], mixed if accepted else ())  # at first all are the same
        if not all(map(watched.smooth, met)):
            continue
        golden = _golden(op, point, attempt)
        if golden is not None:
            accepted.append(golden)
        if len(accepted) == wanted:
            break
    return accepted


_APART = 5
"""Places between which the two parts of a complex input differ."""

_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


def _value(op: Op, item: Input, place: int, attempt: int) -> Number:
    """An input at the ``attempt``-th point: spread evenly, never random."""
    share = ((attempt + 1) * _GOLDEN_RATIO * (place + 1) + 0.17 * place) % 1.0
    if item.kind in (Kind.MASK, Kind.BOOL):
        return (attempt + place) % 2 == 0
    if item.kind is Kind.COMPLEX:
        parts = replace(item, kind=Kind.REAL)
        sides = (_value(op, parts, p, attempt) for p in (place, place + _APART))
        return complex(*(float(side.real) for side in sides))
    sample = op.samples.get(item.name)
    if sample is not None and sample.values:
        return sample.values[(attempt + place) % len(sample.values)]
    low, high = _range(item) if sample is None or sample.range is None else sample.range
    if item.kind in (Kind.INDEX, Kind.INT):
        return math.floor(low) + (attempt + place) % (max(int(high - low), 0) + 1)
    return _short(low + (high - low) * (0.02 + 0.96 * share), high - low)


def _short(value: float, width: float) -> float:
    """A value of few digits, as many as a range of that width takes."""
    digits = -math.floor(math.log10(width)) if width > 0 else 0
    return round(value, max(4, 3 + digits))


def _range(item: Input) -> tuple[float, float]:
    """Where to take values from, if the spec does not say."""
    if item.has_default and item.kind in (Kind.FLOAT, Kind.INT):
        middle = float(item.default or 0)
        width = max(abs(middle), 1.0) / 2
        low = max(middle - width / 2, -sys.float_info.max)
        high = min(middle + width, sys.float_info.max)
    elif item.kind in (Kind.INDEX, Kind.INT):
        low, high = 0.0, 3.0
    else:
        low, high = (0.5, 2.0) if item.kind is Kind.FLOAT else (-2.5, 2.5)
    if item.domain is None:
        return low, high
    bottom, top = item.domain.low, item.domain.high
    if math.isinf(bottom) and math.isinf(top):
        return low, high
    if math.isinf(top):
        return bottom + 0.05, bottom + 3.0
    return (top - 3.0, top - 0.05) if math.isinf(bottom) else (bottom, top)


def _golden(op: Op, point: Point, attempt: int) -> Golden | None:
    """Values and gradients at a point, or ``None`` where some are not finite."""
    numbers = input_numbers(op.nodes)
    leaves = {numbers[name]: value for name, value in point.items()}
    outputs = {
        f.name: value
        for f, value in zip(
            op.outputs,
            precise.floats(op.nodes, [f.value for f in op.outputs], leaves),
            strict=True,
        )
    }
    cotangents = {
        f.name: _cotangent(op.nodes[f.value].kind, attempt + place)
        for place, f in enumerate(op.differentiable_outputs)
    }
    small = len(op.nodes) * len(op.inputs) <= EFFORT
    gradients = _gradients(op, leaves, cotangents) if small else {}
    if gradients is None or not all(
        map(cmath.isfinite, (*outputs.values(), *gradients.values()))
    ):
        return None
    return Golden(op.name, point, outputs, cotangents, gradients)


def _cotangent(kind: Kind, turn: int) -> complex:
    size = round(0.75 + 0.5 * (turn % 3), 2)
    return complex(size, -0.5 * size) if kind.is_complex else size


def _gradients(
    op: Op, leaves: Mapping[int, Number], cotangents: Mapping[str, complex]
) -> dict[str, complex] | None:
    """The gradient of every differentiable input; overrides by their formula."""
    nodes, root = objective(op)
    numbers = input_numbers(nodes)
    given = {f.name: f.value for f in op.overrides}
    arriving = {
        v: cotangents[str(n.data)] for v, n in enumerate(nodes) if n.op == "cotangent"
    }
    gradients: dict[str, complex] = {}
    for item in op.inputs:
        if not item.differentiable:
            continue
        if item.name in given:
            [value] = precise.floats(nodes, [given[item.name]], {**leaves, **arriving})
            gradients[item.name] = value
            continue
        wrt = numbers[item.name]
        slope = precise.slope(nodes, root, wrt, {**leaves, **arriving})
        if slope is None:
            return None
        gradients[item.name] = slope
    return gradients


def kink_points(op: Op, program: Program, base: Golden) -> Iterator[Golden]:
    """Points on a kink that an input can reach by itself, and the convention."""
    seen: set[tuple[tuple[str, Number], ...]] = set()
    graph = Graph(op.nodes)
    for value, node in enumerate(op.nodes):
        for kink in TABLE[str(node.data)].kinks if node.op == "call" else ():
            condition = kink_condition(graph, value, kink)
            moved = (
                None
                if isinstance(condition, bool)
                else _solved(graph, condition, base.inputs)
            )
            if moved is None or tuple(moved.items()) in seen:
                continue
            seen.add(tuple(moved.items()))
            golden = _on_kink(op, program, {**base.inputs, **moved})
            if golden is not None:
                yield golden


def _solved(graph: Graph, condition: int, base: Point) -> dict[str, Number] | None:
    """Inputs that make ``input == number`` or ``input == input`` hold.

    No double is on a kink at 0.1: what torch compares with is the nearest one.
    """
    test = graph[condition]
    if test.op != "eq":
        return None
    left, right = (graph[arg] for arg in test.args)
    if left.op != "input" or left.kind is not Kind.REAL:
        return None
    exact = algebra.number(graph, test.args[1])
    if exact is not None:
        near = float(exact)
        return {str(left.data): near} if Fraction(near) == exact else None
    return {str(left.data): base[str(right.data)]} if right.op == "input" else None


def _on_kink(op: Op, program: Program, point: Point) -> Golden | None:
    """What the emitted gradient must be where one-sided derivatives differ."""
    if not all(item.admits(point[item.name]) for item in op.inputs):
        return None
    numbers = input_numbers(program.nodes)
    leaves: dict[int, Number] = {
        numbers[n]: v for n, v in point.items() if n in numbers
    }
    leaves |= dict.fromkeys(program.cotangents.values(), 1.0)
    outputs = precise.floats(program.nodes, list(program.outputs.values()), leaves)
    gradients = {
        name: sum(precise.floats(program.nodes, list(terms), leaves))
        for name, terms in program.gradients.items()
    }
    if not all(map(cmath.isfinite, outputs)):
        return None
    return Golden(
        op.name,
        point,
        dict(zip(program.outputs, outputs, strict=True)),
        dict.fromkeys(program.cotangents, 1.0),
        gradients,
    )
