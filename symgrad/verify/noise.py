"""Whether a derivative at one point is the truth, but for rounding."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from symgrad import precise
from symgrad.objective import objective
from symgrad.op import Op
from symgrad.verify.sampling import Number, Point

LAST_DIGIT = 2.0**-51
"""The part of themselves by which inputs are moved."""

ROUNDINGS = 4
"""How many times as far as the truth moves with them a result may be from it."""

FLOOR = 1e-12
"""What is no difference, of inputs and cotangents that are about 1."""


def derivative(
    op: Op, name: str, point: Mapping[str, Number], cotangent: float
) -> complex | None:
    """The derivative of an op by an input in high precision, where there is one."""
    nodes, root = objective(op)
    numbers = {str(n.data): v for v, n in enumerate(nodes) if n.op == "input"}
    leaves: dict[int, Number] = {v: point[n] for n, v in numbers.items()}
    leaves |= {v: cotangent for v, n in enumerate(nodes) if n.op == "cotangent"}
    found: complex | None = precise.slope(nodes, root, numbers[name], leaves)
    return found


def is_noise(op: Op, name: str, point: Point, cotangent: float, got: complex) -> bool:
    """Whether the truth moves as far when the inputs move by their last digits.

    Or is nearer than ``FLOOR``: plain torch, which says otherwise, may be off itself.
    """
    points = point, _beside(point)
    truth, moved = (derivative(op, name, p, cotangent) for p in points)
    if truth is None or moved is None:
        return False
    return abs(got - truth) <= max(FLOOR, ROUNDINGS * abs(moved - truth))


def _beside(point: Point) -> Point:
    """The inputs moved by their last digits, in turn up and down."""
    signs = itertools.cycle((1, -1))
    return {
        n: v * (1 + s * LAST_DIGIT) if isinstance(v, float | complex) else v
        for (n, v), s in zip(point.items(), signs, strict=False)
    }
