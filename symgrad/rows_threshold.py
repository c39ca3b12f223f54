"""Rows of the function table: what cuts a piece out of the identity."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function, Kink

_X = (-4.0, 4.0)
_HALF = (0.2, 0.9)

_SHRINKING = (
    # torch's own takes the bound as a Python number only, as do the two below
    Function(
        "hardshrink",
        ("where(abs(x) <= lambd, 0, 1)", "0"),
        "h",
        (_X, _HALF),
        ball.thrown_away,
        args=("x", "lambd"),
        safe=(None, None),
        definition="where(abs(x) <= lambd, 0, x)",
        kinks=(
            Kink("x == -lambd", ("1", "0"), ("0", "0"), ("0", "0")),
            Kink("x == lambd", ("0", "0"), ("1", "0"), ("0", "0")),
        ),
        defaults=("1/2",),
    ),
    Function(
        "softshrink",
        ("where(abs(x) <= lambd, 0, 1)", "where(abs(x) <= lambd, 0, -sign(x))"),
        "s",
        (_X, _HALF),
        ball.shrunk,
        args=("x", "lambd"),
        safe=(None, None),
        definition="x - clamp(x, -lambd, lambd)",
        kinks=(
            Kink("x == -lambd", ("1", "1"), ("0", "0"), ("0", "0")),
            Kink("x == lambd", ("0", "-1"), ("1", "0"), ("0", "0")),
        ),
        defaults=("1/2",),
    ),
)

_REPLACING = (
    Function(
        "threshold",
        ("where(x <= bound, 0, 1)", "0", "where(x <= bound, 1, 0)"),
        "t",
        (_X, (-1.0, 1.0), _X),
        ball.replaced,
        args=("x", "bound", "value"),
        safe=(None, None, None),
        definition="where(x <= bound, value, x)",
        kinks=(Kink("x == bound", ("0", "0", "1"), ("1", "0", "1"), ("0", "0", "1")),),
    ),
)

ROWS: tuple[Function, ...] = (*_SHRINKING, *_REPLACING)
