"""Rows of the function table: what neural networks use between their layers."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function, Kink

_X = (-4.0, 4.0)

# x/alpha where it counts: below 0, and down to where its exponential is 0
_FLAT = "x >= 0 or x <= -800*alpha"
_T = f"(where({_FLAT}, 0, x)/where({_FLAT}, 1, alpha))"


def _t_series() -> str:
    """expm1(t) - t*exp(t), whose terms cancel near 0, as -t**2/2 - t**3/3 - …"""
    inner = "1"
    for k in range(13, 1, -1):
        inner = f"1 + {k}/{k * k - 1}*{_T}*({inner})"
    return f"-1/2*{_T}*{_T}*({inner})"


_T_SERIES = _t_series()

_SMOOTH = (
    # y*(1 - y) is 0 in float32 from x = 17
    Function(
        "sigmoid", ("y*sigmoid(-x)",), "s", (_X,), ball.sigmoid, aliases=("expit",)
    ),
    Function(
        "logit",
        ("1/(x*(1 - x))",),
        "ln",
        ((0.05, 0.95),),
        lambda x: x.log() - (-x).log1p(),
        safe=("1/2",),
        definition="log(x/(1 - x))",
        domain="x > 0 and x < 1",
    ),
    # torch's own is x from x = 20, which loses digits in float64
    Function("softplus", ("sigmoid(x)",), "sp", (_X,), ball.softplus),
    # torch's own gives a contiguous result, whatever the layout of x
    Function(
        "logsigmoid",
        ("sigmoid(-x)",),
        "ln",
        (_X,),
        lambda x: -ball.softplus(-x),
        definition="-softplus(-x)",
    ),
    Function(
        "silu",
        ("sigmoid(x) + y*sigmoid(-x)",),
        "s",
        (_X,),
        lambda x: x * ball.sigmoid(x),
        aliases=("swish",),
    ),
    Function(
        "mish",
        ("tanh(softplus(x)) + x*sigmoid(x)*(1 - tanh(softplus(x))**2)",),
        "m",
        (_X,),
        lambda x: x * ball.softplus(x).tanh(),
    ),
    # torch's own is 0 in the left tail
    Function(
        "gelu",
        ("erfc(-sqrt(1/2)*x)/2 + x*exp(-1/2*x*x)/sqrt(2*pi)",),
        "g",
        (_X,),
        lambda x: x * ball.normal_cdf(x),
        definition="x*(erfc(-sqrt(1/2)*x)/2)",
    ),
    Function(
        "softsign",
        ("1/(1 + abs(x))**2",),
        "s",
        (_X,),
        lambda x: x / (1 + abs(x)),
    ),
)

_CORNERED = (
    Function(
        "relu",
        ("where(x <= 0, 0, 1)",),
        "r",
        (_X,),
        lambda x: x.max(0),
        kinks=(Kink("x == 0", ("0",), ("1",), ("0",)),),
    ),
    Function(
        "relu6",
        ("where(x <= 0 or x >= 6, 0, 1)",),
        "r",
        ((-3.0, 9.0),),
        lambda x: ball.clamp(x, 0, 6),
        kinks=(
            Kink("x == 0", ("0",), ("1",), ("0",)),
            Kink("x == 6", ("1",), ("0",), ("0",)),
        ),
    ),
    Function(
        "hardtanh",
        ("where(x <= -1 or x >= 1, 0, 1)",),
        "h",
        (_X,),
        lambda x: ball.clamp(x, -1, 1),
        kinks=(
            Kink("x == -1", ("0",), ("1",), ("0",)),
            Kink("x == 1", ("1",), ("0",), ("0",)),
        ),
    ),
    # the derivative of torch's own has the float32 nearest to 1/6, in float64 too
    Function(
        "hardsigmoid",
        ("where(x > -3 and x < 3, 1/6, 0)",),
        "h",
        (_X,),
        lambda x: ball.clamp(x + 3, 0, 6) / 6,
        definition="relu6(x + 3)/6",
        kinks=(
            Kink("x == -3", ("0",), ("1/6",), ("0",), min_norm=("0",)),
            Kink("x == 3", ("1/6",), ("0",), ("0",), min_norm=("0",)),
        ),
    ),
    Function(
        "hardswish",
        ("where(x <= -3, 0, where(x < 3, x/3 + 1/2, 1))",),
        "h",
        (_X,),
        lambda x: x * ball.clamp(x + 3, 0, 6) / 6,
        kinks=(
            Kink("x == -3", ("0",), ("-0.5",), ("0",)),
            Kink("x == 3", ("1.5",), ("1",), ("1",)),
        ),
    ),
    Function(
        "leaky_relu",
        ("where(x > 0, 1, slope)", "where(x > 0, 0, x)"),
        "r",
        (_X, (0.01, 0.5)),
        ball.leaky,
        args=("x", "slope"),
        safe=(None, None),
        definition="where(x > 0, x, slope*x)",
        kinks=(
            Kink(
                "x == 0",
                ("slope", "0"),
                ("1", "0"),
                ("slope", "0"),
                min_norm=("clamp(slope, 0, 1)", "0"),
            ),
        ),
        defaults=("1/100",),
    ),
    # exp sees no positive x, so that its overflow is in no derivative
    Function(
        "elu",
        (
            "where(x > 0, 1, alpha*exp(where(x > 0, 0, x)))",
            "expm1(where(x > 0, 0, x))",
        ),
        "u",
        (_X, (0.5, 2.0)),
        ball.exponential_unit,
        args=("x", "alpha"),
        safe=(None, None),
        definition="where(x > 0, x, alpha*expm1(where(x > 0, 0, x)))",
        kinks=(
            Kink(
                "x == 0",
                ("alpha", "0"),
                ("1", "0"),
                ("alpha", "0"),
                min_norm=("clamp(alpha, 0, 1)", "0"),
            ),
        ),
        defaults=("1",),
    ),
    # no kink: both sides have slope 1 at 0
    Function(
        "celu",
        (
            f"where(x <= -800*alpha, 0, exp({_T}))",
            f"where(x <= -800*alpha, -1, where({_T} > -1/2, {_T_SERIES},"
            f" expm1({_T}) - {_T}*exp({_T})))",
        ),
        "u",
        (_X, (0.5, 2.0)),
        ball.continuous_unit,
        args=("x", "alpha"),
        safe=(None, "1"),
        definition="where(x > 0, x, alpha*expm1(where(x > 0, 0, x)/alpha))",
        defaults=("1",),
        domain="alpha > 0",
    ),
    Function(
        "selu",
        (
            "where(x > 0, 1.0507009873554805,"
            " 1.7580993408473766*exp(where(x > 0, 0, x)))",
        ),
        "u",
        (_X,),
        ball.scaled_exponential_unit,
        kinks=(
            Kink(
                "x == 0",
                ("1.7580993408473766",),
                ("1.0507009873554805",),
                ("1.7580993408473766",),
            ),
        ),
    ),
)

ROWS: tuple[Function, ...] = (*_SMOOTH, *_CORNERED)
