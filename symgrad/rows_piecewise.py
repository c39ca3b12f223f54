"""Rows of the function table: steps, roundings, extrema."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function, Kink

_X = (-4.0, 4.0)
_TWO = (None, None)

_STEPS = (
    Function("sign", ("0",), "sgn", (_X,), lambda x: x.sgn(), aliases=("sgn",)),
    # torch's own has no derivative at all
    Function(
        "Heaviside",
        ("0", "where(x == 0, 1, 0)"),
        "step",
        (_X, (0.0, 1.0)),
        ball.step,
        args=("x", "h0"),
        safe=_TWO,
        definition="where(x == 0, h0, (1 + sign(x))/2)",
        aliases=("heaviside",),
        defaults=("1/2",),
    ),
    Function("floor", ("0",), "n", (_X,), lambda x: x.floor()),
    Function("ceiling", ("0",), "n", (_X,), lambda x: x.ceil(), aliases=("ceil",)),
    Function("round", ("0",), "n", (_X,), ball.rounded),
    Function("trunc", ("0",), "n", (_X,), ball.truncated),
    # torch's own keeps the sign of x
    Function(
        "frac",
        ("1",),
        "f",
        (_X,),
        lambda x: x - x.floor(),
        definition="x - floor(x)",
    ),
    # a/m may be rounded up to the next whole number, a - y has lost what does that
    Function(
        "Mod",
        ("1", "-round((a - y)/m)"),
        "m",
        (_X, (0.3, 3.0)),
        ball.remainder,
        args=("a", "m"),
        safe=(None, "1"),
        aliases=("remainder",),
        domain="m != 0",
    ),
    # what // is of tensors: floor(a/m) would take a quotient that was rounded up
    Function(
        "floor_divide",
        ("0", "0"),
        "n",
        (_X, (0.3, 3.0)),
        lambda a, m: (a / m).floor(),
        args=("a", "m"),
        safe=(None, "1"),
        definition="round((a - Mod(a, m))/m)",
        domain="m != 0",
    ),
    # the remainder that has the sign of a, where that of Mod has the sign of m
    Function(
        "fmod",
        ("1", "-trunc(a/m)"),
        "m",
        (_X, (0.3, 3.0)),
        ball.truncated_remainder,
        args=("a", "m"),
        safe=(None, "1"),
        domain="m != 0",
    ),
    # copysign(1, b) knows a negative zero, sign(b) does not
    Function(
        "copysign",
        ("sign(a)*copysign(1, b)", "0"),
        "c",
        (_X, _X),
        ball.with_sign,
        args=("a", "b"),
        safe=_TWO,
        kinks=(
            Kink(
                "a == 0",
                ("-copysign(1, b)", "0"),
                ("copysign(1, b)", "0"),
                ("0", "0"),
                min_norm=("0", "0"),
            ),
        ),
    ),
)

_EXTREMA = (
    Function(
        "abs",
        ("sign(x)",),
        "a",
        (_X,),
        abs,
        kinks=(Kink("x == 0", ("-1",), ("1",), ("0",)),),
        aliases=("Abs",),
    ),
    Function(
        "Max",
        (
            "where(a < b, 0, where(a == b, 1/2, 1))",
            "where(b < a, 0, where(a == b, 1/2, 1))",
        ),
        "m",
        (_X, _X),
        lambda a, b: a.max(b),
        args=("a", "b"),
        safe=_TWO,
        kinks=(
            Kink(
                "a == b",
                ("0", "0"),
                ("1", "1"),
                ("1/2", "1/2"),
                min_norm=("1/2", "1/2"),
                alone=("0", "0"),
            ),
        ),
        aliases=("maximum",),
    ),
    Function(
        "Min",
        (
            "where(a > b, 0, where(a == b, 1/2, 1))",
            "where(b > a, 0, where(a == b, 1/2, 1))",
        ),
        "m",
        (_X, _X),
        lambda a, b: a.min(b),
        args=("a", "b"),
        safe=_TWO,
        kinks=(
            Kink(
                "a == b",
                ("1", "1"),
                ("0", "0"),
                ("1/2", "1/2"),
                min_norm=("1/2", "1/2"),
                alone=("0", "0"),
            ),
        ),
        aliases=("minimum",),
    ),
    # these two pass a NaN by: b != b is true of nothing else
    Function(
        "fmax",
        ("where(a >= b or b != b, 1, 0)", "where(a >= b or b != b, 0, 1)"),
        "m",
        (_X, _X),
        lambda a, b: a.max(b),
        args=("a", "b"),
        safe=_TWO,
        kinks=(
            Kink(
                "a == b",
                ("0", "0"),
                ("1", "1"),
                ("1", "0"),
                min_norm=("1/2", "1/2"),
            ),
        ),
    ),
    Function(
        "fmin",
        ("where(a <= b or b != b, 1, 0)", "where(a <= b or b != b, 0, 1)"),
        "m",
        (_X, _X),
        lambda a, b: a.min(b),
        args=("a", "b"),
        safe=_TWO,
        kinks=(
            Kink(
                "a == b",
                ("1", "1"),
                ("0", "0"),
                ("1", "0"),
                min_norm=("1/2", "1/2"),
            ),
        ),
    ),
    Function(
        "clamp",
        (
            "where(x >= lo and x <= hi, 1, 0)",
            "where(x < lo and lo < hi, 1, 0)",
            "where(x > hi or lo > hi, 1, 0)",
        ),
        "c",
        (_X, (-2.0, -1.0), (1.0, 2.0)),
        ball.clamp,
        args=("x", "lo", "hi"),
        safe=(None, None, None),
        kinks=(
            Kink("x == lo", ("0", "0", "0"), ("1", "1", "0"), ("1", "0", "0")),
            Kink("x == hi", ("1", "0", "1"), ("0", "0", "0"), ("1", "0", "0")),
        ),
        aliases=("clip",),
    ),
)

ROWS: tuple[Function, ...] = (*_STEPS, *_EXTREMA)
