"""Points for the first rung: ordinary ones, of all magnitudes, and near kinks."""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch

from symgrad.op import Op
from symgrad.program import Kind, Node
from symgrad.verify import budget, reference, sampling
from symgrad.verify.kinks import watched
from symgrad.verify.sampling import Point
from symgrad.verify.subject import dtype_of

SLOPES = {torch.float64: 240, torch.float32: 80}
"""How many derivatives are taken at high precision, over all points and inputs."""

FEWEST = 12
"""Points of an op, however large it is."""

MORE = 12
"""Times as many are drawn for a large op; those where it is finite are kept.

What is done often overflows often, and the truth is too dear to be found out there.
"""

CANDIDATES = 16
HALVINGS = 50
"""Of the search for a kink: points to start from, and steps between two of them."""

_DECADES = {torch.float64: 30.0, torch.float32: 12.0}


@dataclass(frozen=True)
class Batch:
    """Points that share their Python numbers and are computed in one call."""

    dtype: torch.dtype
    points: tuple[Point, ...]
    cotangents: tuple[Point, ...]
    ordinary: tuple[bool, ...]


def batches(op: Op, dtype: torch.dtype) -> Iterator[Batch]:
    """Ordinary points, points of all magnitudes, and points near kinks."""
    rng = sampling.generator(op, f"accuracy/{dtype}")
    numbers = any(not item.kind.is_tensor for item in op.inputs)
    groups = 3 if numbers and not budget.is_large(op) else 1
    slopes = int(SLOPES[dtype] * budget.share(op))
    each = max(slopes // (len(reference.differentiable(op)) * groups), FEWEST // groups)
    for _ in range(groups):
        fixed = _ordinary(op, rng)
        kinks = crossings(op, fixed, rng)
        drawn = [
            _rounded(op, _point(op, k, fixed, kinks, rng), dtype)
            for k in range(each * (MORE if budget.is_large(op) else 1))
        ]
        inside = [(k, p) for k, p in enumerate(drawn) if is_inside(op, p)]
        if budget.is_large(op):
            inside = _finite(op, inside)[:each]
        if inside:
            yield Batch(
                dtype,
                tuple(p for _, p in inside),
                tuple(_cotangents(op, rng) for _ in inside),
                tuple(k % 4 != 2 and _is_moderate(p) for k, p in inside),
            )


def _finite(op: Op, points: list[tuple[int, Point]]) -> list[tuple[int, Point]]:
    """Those of the points where every output is finite."""
    if not points:
        return []
    results = reference.outputs(op, as_tensors(op, [p for _, p in points]))
    finite = [r.isfinite().expand(len(points)).tolist() for r in results]
    return [p for p, *ok in zip(points, *finite, strict=True) if all(ok)]


def _ordinary(op: Op, rng: random.Random, fixed: Point | None = None) -> Point:
    """An ordinary point; its Python numbers are those of ``fixed`` if it is given."""
    drawn = sampling.point(op, lambda item: sampling.ordinary(op, item, rng))
    return drawn if fixed is None else drawn | _numbers(op, fixed)


def _numbers(op: Op, point: Point) -> Point:
    return {i.name: point[i.name] for i in op.inputs if not i.kind.is_tensor}


def _point(
    op: Op, place: int, fixed: Point, kinks: list[Point], rng: random.Random
) -> Point:
    """Of four points two are ordinary, one is of any magnitude, one near a kink."""
    point = _ordinary(op, rng, fixed)
    if place % 4 == 2:
        return point | _wide(op, rng, 30.0)
    if place % 4 == 3:
        return _beside(op, rng.choice(kinks) if kinks else point, rng)
    return point


def _wide(op: Op, rng: random.Random, decades: float) -> Point:
    reals = [item for item in op.inputs if item.kind.is_floating]
    return {item.name: sampling.wide(op, item, rng, decades) for item in reals}


def _beside(op: Op, kink: Point, rng: random.Random) -> Point:
    """A point at a distance of 1e-9 to 1 from a kink, or from a special number."""
    moved = rng.choice([item for item in op.inputs if item.kind.is_floating])
    beside = rng.random() < 0.7
    start = kink[moved.name] if beside else rng.choice(special_numbers(op))
    side: complex = rng.choice((-1, 1))
    if moved.kind is Kind.COMPLEX:
        side = cmath.rect(1, rng.uniform(-math.pi, math.pi))
    return {**kink, moved.name: start + side * 10 ** rng.uniform(-9, 0)}


def _rounded(op: Op, point: Point, dtype: torch.dtype) -> Point:
    """The point with its real inputs as the dtype has them, within its range."""
    limit = 10.0 ** _DECADES[dtype]
    floating = [item for item in op.inputs if item.kind.is_floating]
    tensors = [torch.tensor(point[i.name], dtype=dtype_of(i, dtype)) for i in floating]
    near = [torch.view_as_real(t) if t.is_complex() else t for t in tensors]
    for parts in near:
        parts.clamp_(-limit, limit)
    return point | {i.name: t.item() for i, t in zip(floating, tensors, strict=True)}


def _is_moderate(point: Point) -> bool:
    return all(abs(value) <= 1e3 for value in point.values())


def crossings(op: Op, fixed: Point, rng: random.Random) -> list[Point]:
    """Points on kinks: where the two sides of a comparison meet.

    Between a point on one side and a point on the other the place is found by
    bisection.  The Python numbers are those of ``fixed``.
    """
    if budget.is_large(op):
        return []
    nodes, pairs = watched(op.nodes)
    pairs = tuple(p for p in pairs if not any(nodes[v].kind.is_complex for v in p))
    tried = [_ordinary(op, rng, fixed) for _ in range(CANDIDATES)]
    tried += [p | _wide(op, rng, 2.0) for p in tried]
    inside = [p for p in tried if is_inside(op, p)]
    found = []
    for pair in pairs if inside else ():
        gaps = _gaps(nodes, pair, as_tensors(op, inside))
        above = [p for p, gap in zip(inside, gaps, strict=True) if gap > 0]
        below = [p for p, gap in zip(inside, gaps, strict=True) if gap < 0]
        if above and below:
            found.append(_bisected(op, pair, rng.choice(above), rng.choice(below)))
    return found


def _gaps(
    nodes: Sequence[Node], pair: tuple[int, int], values: reference.Values
) -> list[float]:
    """How far the left side is above the right one, at each point."""
    size = next(v.shape for v in values.values() if isinstance(v, torch.Tensor))
    try:
        a, b = reference.evaluate(nodes, pair, values)
    except (ArithmeticError, ValueError):  # of the Python numbers among the inputs
        return [math.nan] * size.numel()
    return torch.as_tensor(a - b, dtype=torch.float64).expand(size).tolist()


def _bisected(op: Op, pair: tuple[int, int], above: Point, below: Point) -> Point:
    """A point between two where the sides meet; only real inputs are moved."""
    nodes, _ = watched(op.nodes)
    reals = [item.name for item in op.inputs if item.kind is Kind.REAL]
    for _ in range(HALVINGS):
        middle = above | {n: (above[n] + below[n]) / 2 for n in reals}
        [gap] = _gaps(nodes, pair, as_tensors(op, [middle]))
        above, below = (middle, below) if gap > 0 else (above, middle)
    return above


def tie(
    op: Op,
    nodes: Sequence[Node],
    pair: tuple[int, int],
    fixed: Point,
    name: str,
    rng: random.Random,
) -> Point | None:
    """A point where two values are equal to the bit, found by moving one input."""
    item = op.input(name)
    drawn = [sampling.ordinary(op, item, rng) for _ in range(CANDIDATES)]
    tried = [p for p in ({**fixed, name: v} for v in drawn) if is_inside(op, p)]
    gaps = _gaps(nodes, pair, as_tensors(op, tried)) if tried else []
    above = next((p for p, gap in zip(tried, gaps, strict=True) if gap > 0), None)
    below = next((p for p, gap in zip(tried, gaps, strict=True) if gap < 0), None)
    if above is None or below is None:
        return None
    for _ in range(HALVINGS + 14):
        middle = {**fixed, name: (above[name] + below[name]) / 2}
        [gap] = _gaps(nodes, pair, as_tensors(op, [middle]))
        if gap == 0:
            return middle
        above, below = (middle, below) if gap > 0 else (above, middle)
    return None


def side(op: Op, nodes: Sequence[Node], pair: tuple[int, int], point: Point) -> float:
    """How far the left of two values is above the right one."""
    [gap] = _gaps(nodes, pair, as_tensors(op, [point]))
    return gap


def as_tensors(
    op: Op, points: Sequence[Point], dtype: torch.dtype = torch.float64
) -> dict[str, reference.Value]:
    """The inputs of one call for points that share their Python numbers."""
    return {
        item.name: torch.tensor(
            [p[item.name] for p in points], dtype=dtype_of(item, dtype)
        )
        if item.kind.is_tensor
        else points[0][item.name]
        for item in op.inputs
    }


def special_numbers(op: Op) -> list[float]:
    """Zero, and the numbers that something is compared with."""
    nodes, pairs = watched(op.nodes)
    sides = {nodes[side].data for pair in pairs for side in pair}
    exact = {float(side) for side in sides if isinstance(side, Fraction)}
    return sorted({0.0} | exact)


def is_inside(op: Op, point: Point) -> bool:
    """Whether every input is in its domain."""
    return all(item.admits(point[item.name]) for item in op.inputs)


def _cotangents(op: Op, rng: random.Random) -> Point:
    # Exact in float32, so that one truth serves both, and of so many digits that
    # those of several outputs do not cancel.
    return {
        f.name: _cotangent(op.nodes[f.value].kind, rng)
        for f in op.differentiable_outputs
    }


def _cotangent(kind: Kind, rng: random.Random) -> complex:
    sides = [
        rng.choice((-1, 1)) * rng.randint(2**19, 5 * 2**19) / 2**20
        for _ in range(1 + kind.is_complex)
    ]
    return complex(*sides) if kind.is_complex else sides[0]
