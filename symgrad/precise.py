"""Values and derivatives that emitted code is measured against.

Formulas are evaluated in balls at growing precision until the balls are narrow
enough, so no result here depends on how a formula was written.  Derivatives are
differences of such values and never use the partials of the function table: they
are an independent witness.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flint

from symgrad.balls import Ball, Number, Undecided, evaluate, is_nan
from symgrad.program import Node

__all__ = [
    "Undecided",
    "constant",
    "derivative",
    "differentiate",
    "evaluate",
    "floats",
    "number",
    "slope",
    "value",
    "values",
]

PRECISIONS = (128, 512, 2048, 8192)
"""Working precisions in bits, tried one after the other."""

DIGITS = 50
"""How many are told, unless others are asked for."""

VANISHING = -1200
"""Balls within 2**VANISHING of zero are zero: no double is that small."""


def number(nodes: Sequence[Node], value: int) -> complex:
    """The double or the complex number nearest to a value without inputs behind it.

    Raises ``ValueError`` where it is not finite, or too large for a double.
    """
    found: complex = _nearest(values(nodes, [value], {})[0])
    if cmath.isfinite(found):
        return found
    raise ValueError("not a finite number")


def constant(nodes: Sequence[Node], value: int) -> float:
    """The same for a value that must be real; ``ValueError`` where it is not."""
    found = number(nodes, value)
    if isinstance(found, float):
        return found
    raise ValueError("not a real number")


def holds(nodes: Sequence[Node], value: int) -> bool:
    """Whether a condition that has no inputs behind it is true."""
    return bool(values(nodes, [value], {})[0])


def values(
    nodes: Sequence[Node],
    roots: Sequence[int],
    point: Mapping[int, Number],
    digits: int = DIGITS,
) -> list[Ball]:
    """Each root to a relative accuracy of ``digits``; a NaN ball where it has none.

    What still overlaps at the highest precision counts as equal.
    """
    found: dict[int, Ball] = {}
    for prec in precisions(digits):
        last = prec == PRECISIONS[-1]
        open_roots = [root for root in dict.fromkeys(roots) if root not in found]
        try:
            balls = evaluate(nodes, open_roots, point, prec, overlap_is_equal=last)
        except Undecided:
            continue
        settled = zip(open_roots, balls, strict=True)
        found |= {root: ball for root, ball in settled if is_accurate(ball, digits)}
        if len(found) == len(set(roots)):
            break
        if last:
            settled = zip(open_roots, balls, strict=True)
            found |= {
                root: _remainder(ball) for root, ball in settled if root not in found
            }
    return [found[root] for root in roots]


def value(
    nodes: Sequence[Node], root: int, point: Mapping[int, Number], digits: int = DIGITS
) -> Ball:
    """One value of :func:`values`."""
    return values(nodes, [root], point, digits)[0]


def floats(
    nodes: Sequence[Node], roots: Sequence[int], point: Mapping[int, Number]
) -> list[Any]:
    """The nearest doubles of several values; NaN where they have none.

    Those of complex values are complex.
    """
    return [_nearest(ball) for ball in values(nodes, roots, point, digits=25)]


def derivative(
    nodes: Sequence[Node],
    root: int,
    wrt: int,
    point: Mapping[int, Number],
    digits: int = DIGITS,
    direction: Number = 1,
) -> Ball | None:
    """The derivative of ``root`` by the input ``wrt``, by differences of values.

    A complex input moves in a ``direction`` of the plane.
    What stands in a ``stop_gradient`` is kept as it is at the point.  ``None`` where
    the differences do not converge: at a kink, a jump or a singular point.
    """
    stops = [
        v for v, node in enumerate(nodes[: root + 1]) if node.op == "stop_gradient"
    ]

    def along(x: Ball) -> Ball:
        prec = flint.ctx.prec
        last = prec == PRECISIONS[-1]
        kept = evaluate(nodes, stops, point, prec, overlap_is_equal=last)
        moved = {**point, **dict(zip(stops, kept, strict=True)), wrt: x}
        return evaluate(nodes, [root], moved, prec, overlap_is_equal=last)[0]

    return differentiate(along, point[wrt], digits, direction)


def differentiate(
    f: Callable[[Ball], Ball], x: Number, digits: int = DIGITS, direction: Number = 1
) -> Ball | None:
    """The derivative of a function of balls at a number, by differences of values.

    ``None`` where the differences do not converge.
    """
    for prec in PRECISIONS[1:]:
        with flint.ctx.workprec(prec):
            try:
                start = flint.acb(x) if isinstance(x, complex) else flint.arb(x)
                found = _limit(_rises(f, start, direction, prec), prec, digits)
            except Undecided:
                continue
        if found is not None:
            return found
    return None


def slope(
    nodes: Sequence[Node], root: int, wrt: int, point: Mapping[int, Number]
) -> Any:
    """The double nearest to :func:`derivative` of a real value, or ``None``.

    By a complex input it is PyTorch's: the derivative by the real part plus ``I`` times
    that by the imaginary part.
    """
    turns = (1, flint.acb(0, 1)) if nodes[wrt].kind.is_complex else (1,)
    balls = [derivative(nodes, root, wrt, point, 25, turn) for turn in turns]
    if any(ball is None for ball in balls):
        return None
    parts = [_nearest(ball) for ball in balls]
    return parts[0] if len(parts) == 1 else complex(*parts)


# Accuracy


def is_accurate(ball: Ball, digits: int) -> bool:
    """Whether a condition is decided, or a ball is so narrow."""
    if isinstance(ball, bool):
        return True
    return bool(
        ball.is_finite()
        and (ball.is_zero() or ball.rel_accuracy_bits() >= _bits(digits))
    )


def precisions(digits: int) -> Sequence[int]:
    """Those with which so many digits may come out, the lowest first."""
    return [prec for prec in PRECISIONS if prec > _bits(digits)]


def _bits(digits: int) -> int:
    return math.ceil(digits * math.log2(10))


def _remainder(ball: Ball) -> Ball:
    """What is left of a ball that never got narrow: zero, an infinity, or NaN."""
    if _vanishes(ball):
        return flint.arb(0)
    infinite = not ball.is_finite() and not is_nan(ball) and ball.is_exact()
    return ball if infinite else flint.arb.nan()


def _vanishes(ball: Ball) -> bool:
    return bool(ball.is_finite() and abs(ball) < flint.arb(2) ** VANISHING)


def _nearest(ball: Ball) -> Any:
    """The double nearest to the middle of a ball; NaN where the ball bounds nothing.

    A complex number where the ball is in the plane.
    """
    if not ball.is_finite() and not ball.is_exact():
        return math.nan
    in_plane = isinstance(ball, flint.acb)
    return complex(ball.mid()) if in_plane else float(ball.mid())


# Differences


def _rises(
    f: Callable[[Ball], Ball], x: Ball, direction: Number, prec: int
) -> list[Ball]:
    """The slopes to the right and left of ``x``, with a coarse and a fine step.

    Steps are small beside ``x``, and beside 1, so that they do not stride over the
    waves and steps of a function at a large ``x``.
    """
    small = 0 < abs(x) < 1
    step = flint.arb(2) ** (-prec // 4) * (abs(x) if small else 1)
    here = f(x)
    moves = (step, -step, step / 16, -step / 16)
    return [(f(x + move * direction) - here) / move for move in moves]


def _limit(rises: Sequence[Ball], prec: int, digits: int) -> Ball | None:
    """The derivative, if the slopes agree on one.

    At a kink the gap between right and left stays as the step shrinks; at a smooth
    point it shrinks as the step does, until only rounding is left of it.
    """
    right, left, fine_right, fine_left = rises
    coarse, fine = (right + left) / 2, (fine_right + fine_left) / 2
    gap, fine_gap = abs(right - left), abs(fine_right - fine_left)
    rounding = abs(fine) * flint.arb(2) ** (-prec // 8) + flint.arb(2) ** VANISHING
    if not (2 * fine_gap < gap or fine_gap < rounding):
        return None
    found = fine + flint.arb(0, abs(coarse - fine).upper())
    if is_accurate(found, digits):
        return found
    return flint.arb(0) if _vanishes(found) else None
