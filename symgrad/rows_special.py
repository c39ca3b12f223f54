"""Rows of the function table: error functions, the normal distribution, entropy."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_X = (-3.0, 3.0)

_NORMAL = (
    Function("erf", ("2/sqrt(pi)*exp(-x*x)",), "e", (_X,), lambda x: x.erf()),
    Function("erfc", ("-2/sqrt(pi)*exp(-x*x)",), "e", (_X,), lambda x: x.erfc()),
    # cancels for a large x, where it is patched
    Function(
        "erfcx",
        ("2*x*y - 2/sqrt(pi)",),
        "e",
        (_X,),
        ball.erfcx,
        safe=("0",),
    ),
    Function(
        "erfinv",
        ("sqrt(pi)/2*exp(y*y)",),
        "e",
        ((-0.9, 0.9),),
        lambda x: x.erfinv(),
        safe=("0",),
        domain="x > -1 and x < 1",
    ),
    # of one sign, both values of erf are near 1: there those of erfc
    Function(
        "erf2",
        ("-2/sqrt(pi)*exp(-a*a)", "2/sqrt(pi)*exp(-b*b)"),
        "e",
        (_X, _X),
        ball.error_between,
        args=("a", "b"),
        safe=(None, None),
        definition=(
            "where(a*b > 1/4, sign(a)*(erfc(abs(a)) - erfc(abs(b))), erf(b) - erf(a))"
        ),
    ),
    # torch's own is 0 from x = -9 down
    Function(
        "ndtr",
        ("exp(-1/2*x*x)/sqrt(2*pi)",),
        "n",
        (_X,),
        ball.normal_cdf,
        definition="erfc(-sqrt(1/2)*x)/2",
    ),
    # a density over a tail, each side in what does not underflow there: to the left
    # relu(x) is 0 and erfc is 1, to the right erfcx is 1, at infinity too
    Function(
        "log_ndtr",
        (
            "sqrt(2/pi)*exp(-1/2*relu(x)**2)"
            "/(erfcx(-sqrt(1/2)*where(x > 0, 0, x))*erfc(-sqrt(1/2)*relu(x)))",
        ),
        "ln",
        (_X,),
        ball.log_normal_cdf,
    ),
    Function(
        "ndtri",
        ("sqrt(2*pi)*exp(1/2*y*y)",),
        "q",
        ((0.05, 0.95),),
        ball.normal_quantile,
        safe=("1/2",),
        domain="x > 0 and x < 1",
    ),
)

_ENTROPY = (
    Function(
        "xlogy",
        ("where(a == 0 and b <= 0, 0, log(b))", "a/b"),
        "ln",
        ((0.2, 4.0), (0.2, 4.0)),
        ball.x_log_y,
        args=("a", "b"),
        safe=(None, "1"),
        domain="a == 0 or b > 0",
    ),
    Function(
        "xlog1py",
        ("where(a == 0 and b <= -1, 0, log1p(b))", "a/(1 + b)"),
        "ln",
        ((0.2, 4.0), (-0.8, 4.0)),
        ball.x_log1p_y,
        args=("a", "b"),
        safe=(None, "0"),
        domain="a == 0 or b > -1",
    ),
    Function(
        "entr",
        ("-1 - log(x)",),
        "h",
        ((0.1, 4.0),),
        lambda x: -ball.x_log_y(x, x),
        safe=("1",),
        domain="x >= 0",
    ),
)

ROWS: tuple[Function, ...] = (*_NORMAL, *_ENTROPY)
