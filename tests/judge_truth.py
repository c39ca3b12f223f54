"""The truth of a formula at a point, in ball arithmetic.

Derivatives are central differences of its values with more digits than they can lose,
so they depend on no rule of differentiation, neither ours nor torch's.
"""

from __future__ import annotations

from collections.abc import Sequence

import flint

from symgrad.balls import Ball, Undecided, evaluate
from symgrad.op import Op

PREC, STEP = 6000, -1500
"""Bits of the values, and the step as a power of two: far below any double."""


def truth(op: Op, kind: str, wrt: int, point: Sequence[float]) -> float | None:
    """The value, the derivative by an input, or the sum of that one's derivatives.

    ``wrt`` counts the inputs with a gradient.  ``None`` where balls have no answer.
    """
    moving = [v for v, item in enumerate(op.inputs) if item.differentiable]
    at = _Walk(op, point)
    along = [moving[wrt]]
    try:
        with flint.ctx.workprec(PREC):
            if kind == "value":
                return _double(at())
            if kind == "gradient":
                return _double((at(along) - at((), along)) / (2 * at.step))
            both = (at(along + moving) + at((), along + moving)) - (
                at(along, moving) + at(moving, along)
            )
            return _double(both / (4 * at.step**2))
    except (Undecided, ValueError, ZeroDivisionError):
        return None


class _Walk:
    """A formula near a point: its value where some inputs went up and others down."""

    def __init__(self, op: Op, point: Sequence[float]) -> None:
        self.op, self.point = op, point
        self.root = op.outputs[0].value
        self.step = flint.arb(2) ** STEP
        places = {n.data: v for v, n in enumerate(op.nodes) if n.op == "input"}
        self.leaves = [places[item.name] for item in op.inputs]

    def __call__(self, up: Sequence[int] = (), down: Sequence[int] = ()) -> Ball:
        moved = {
            leaf: x
            if isinstance(x, bool)
            else flint.arb(x) + self.step * (list(up).count(i) - list(down).count(i))
            for i, (leaf, x) in enumerate(zip(self.leaves, self.point, strict=True))
        }
        [found] = evaluate(self.op.nodes, [self.root], moved, PREC)
        return found


def _double(ball: Ball) -> float | None:
    """The double in the middle of a ball that is narrow enough."""
    finest = flint.arb(2) ** -1100
    narrow = ball.is_finite() and ball.rad() <= abs(ball.mid()) * 2**-60 + finest
    return float(ball.mid()) if narrow else None
