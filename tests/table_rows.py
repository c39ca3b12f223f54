"""The rows of the function table as test cases, and points to try them at."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from fractions import Fraction

import flint
import pytest
import torch

from symgrad import precise
from symgrad.functions import TABLE, Function, Kink
from symgrad.partials import formula, partial
from symgrad.program import Graph, Kind

ROWS = list(TABLE.values())
SMOOTH = [
    (row, i) for row in ROWS for i, text in enumerate(row.partials) if text != "nan"
]
KINKS = [(row, kink) for row in ROWS for kink in row.kinks]

Point = tuple[float, ...]


def row_id(item: object) -> str | None:
    if isinstance(item, Function):
        return item.name
    return item.when if isinstance(item, Kink) else None


def each(values: Sequence[object], names: str) -> Callable[..., object]:
    return pytest.mark.parametrize(names, values, ids=row_id)


def points(row: Function, count: int) -> list[Point]:
    """Random points of the row's range, the same on every run."""
    rng = random.Random(row.name)
    return [tuple(rng.uniform(*ends) for ends in row.sample) for _ in range(count)]


def slope_at(row: Function, index: int, point: Point) -> flint.arb | None:
    """The derivative of ``row.precise`` itself, by differences."""

    def along(x: flint.arb) -> flint.arb:
        args = [flint.arb(value) for value in point]
        args[index] = x
        return row.precise(*args)

    return precise.differentiate(along, point[index], 30)


def in_balls(row: Function, text: str, point: Point) -> float:
    """A text of the row at a point, ``y`` being the value of ``precise``."""
    nodes, root = formula(text, (*row.args, "y"))
    with flint.ctx.workprec(precise.PRECISIONS[-1]):
        y = row.precise(*map(flint.arb, point))
    named = dict(zip((*row.args, "y"), (*point, y), strict=True))
    leaves = {v: named[str(n.data)] for v, n in enumerate(nodes) if n.op == "input"}
    return precise.floats(nodes, [root], leaves)[0]


def derived(row: Function, index: int) -> tuple[Graph, list[int], int]:
    """A graph with the row's call: its inputs, and the partial by one of them."""
    graph = Graph()
    inputs = [graph.input(name, Kind.REAL) for name in row.args]
    if is_written(row, 0):
        inputs[0] = graph.const(Fraction(row.sample[0][0]))
    value = graph.call(row.name, *inputs)
    return graph, inputs, partial(graph, value, index, {})


def is_written(row: Function, index: int) -> bool:
    """Whether an argument is a number that is written out: it has no derivative."""
    return row.partials[index] == "nan"


def tensors(point: Point, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    return [torch.tensor(x, dtype=dtype, requires_grad=True) for x in point]


def close(got: float, want: float, tolerance: float) -> bool:
    return abs(got - want) <= tolerance or (math.isnan(got) and math.isnan(want))
