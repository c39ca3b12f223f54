"""Rung 8, values: what an op is worth exactly where branches meet.

Catches a jump whose own value is forgotten, as that of a step at 0.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterator, Mapping

from torch import Tensor

from symgrad import precise
from symgrad.balls import Undecided
from symgrad.op import Op
from symgrad.verify import reference
from symgrad.verify.points import as_tensors
from symgrad.verify.sampling import Number, Point, describe
from symgrad.verify.subject import Fault

RTOL, ATOL = 1e-9, 1e-12
BESIDE = 2.0**-40
"""How far from an edge its sides are."""

OF_A_SIDE = 1e-6
"""How near to a value beside the edge one on it is that belongs to that side."""


def check(op: Op, point: Point, results: Mapping[str, Tensor]) -> None:
    """Raise ``Fault`` for a value that is neither the formula's nor that of a side.

    Plain torch may have rounded the formula, or to the other side of an edge.
    """
    plain = _plain(op, point)
    for name, result in results.items():
        got, expected = result.item(), plain[name]
        if not cmath.isclose(got, expected, rel_tol=RTOL, abs_tol=ATOL) and not any(
            cmath.isclose(got, other, rel_tol=OF_A_SIDE, abs_tol=ATOL)
            for other in _others(op, point, name)
        ):
            where = describe(point)
            raise Fault(f"{name} at an edge", where, str(expected), str(got))


def _plain(op: Op, point: Point) -> dict[str, complex]:
    found = reference.named_outputs(op, as_tensors(op, [point]))
    return {name: result.item() for name, result in found.items()}


def _others(op: Op, point: Point, name: str) -> Iterator[complex]:
    """The value in balls, if they can tell it, and plain torch's on either side."""
    leaves: dict[int, Number] = {
        v: point[str(node.data)]
        for v, node in enumerate(op.nodes)
        if node.op == "input"
    }
    value = next(f.value for f in op.outputs if f.name == name)
    try:
        yield from precise.floats(op.nodes, [value], leaves)
        return
    except (Undecided, ArithmeticError, ValueError):
        pass
    for item in (i for i in op.inputs if i.kind.is_floating):
        for side in (BESIDE, -BESIDE):
            moved = point[item.name] + side * (1 + abs(point[item.name]))
            yield _plain(op, {**point, item.name: moved})[name]
