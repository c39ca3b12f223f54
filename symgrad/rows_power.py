"""Rows of the function table: powers, exponentials, logarithms."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_X = (-4.0, 4.0)
_POSITIVE = (0.1, 9.0)

_BY_EXPONENT = "y*log(where(x == 0 and e >= 0, 1, x))"

OF_REAL_EXPONENT = (
    # 0 where e is, but with a derivative by e, 1/x, that a branch of 0 would lose
    "e*where(e == 0 and not abs(x) > 1e-30, 1, x)**(e - 1)",
    _BY_EXPONENT,
)
"""The partials of a power whose exponent is a tensor that may have a derivative."""

_POWERS = (
    Function(
        "pow",
        ("where(e == 0, 0, e*x**(e - 1))", _BY_EXPONENT),
        "p",
        (_POSITIVE, (-3.0, 3.0)),
        ball.power,
        args=("x", "e"),
        safe=("1", None),
        aliases=("Pow",),
        domain="x > 0",
    ),
    Function("square", ("2*x",), "sq", (_X,), lambda x: x * x),
    Function(
        "reciprocal",
        ("-y*y",),
        "r",
        (_POSITIVE,),
        lambda x: 1 / x,
        safe=("1",),
        domain="x != 0",
    ),
    Function(
        "sqrt",
        ("1/2/y",),
        "r",
        (_POSITIVE,),
        lambda x: x.sqrt(),
        safe=("1",),
        domain="x >= 0",
    ),
    Function(
        "rsqrt",
        ("-1/2*y/x",),
        "r",
        (_POSITIVE,),
        lambda x: x.rsqrt(),
        safe=("1",),
        domain="x > 0",
    ),
    Function(
        "cbrt",
        ("1/3/(y*y)",),
        "r",
        (_POSITIVE,),
        ball.cube_root,
        safe=("1",),
        definition="sign(x)*abs(x)**(1/3)",
    ),
)

_EXPONENTIALS = (
    Function("exp", ("y",), "e", (_X,), lambda x: x.exp(), safe=("0",)),
    # y + 1 is 0 in float32 from x = -17
    Function("expm1", ("exp(x)",), "em", (_X,), lambda x: x.expm1(), safe=("0",)),
    Function(
        "exp2",
        ("log(2)*y",),
        "e",
        (_X,),
        lambda x: (x.real.const_log2() * x).exp(),
        safe=("0",),
    ),
    Function(
        "log",
        ("1/x",),
        "ln",
        (_POSITIVE,),
        lambda x: x.log(),
        safe=("1",),
        aliases=("ln",),
        domain="x > 0",
    ),
    Function(
        "log1p",
        ("1/(1 + x)",),
        "ln",
        ((-0.9, 9.0),),
        lambda x: x.log1p(),
        safe=("0",),
        domain="x > -1",
    ),
    Function(
        "log2",
        ("1/log(2)/x",),
        "ln",
        (_POSITIVE,),
        lambda x: x.log() / x.real.const_log2(),
        safe=("1",),
        domain="x > 0",
    ),
    Function(
        "log10",
        ("1/log(10)/x",),
        "ln",
        (_POSITIVE,),
        lambda x: x.log() / x.real.const_log10(),
        safe=("1",),
        domain="x > 0",
    ),
    Function(
        "logaddexp",
        ("sigmoid(a - b)", "sigmoid(b - a)"),
        "ln",
        (_X, _X),
        ball.log_add_exp,
        args=("a", "b"),
        safe=(None, None),
    ),
    Function(
        "logaddexp2",
        ("sigmoid(log(2)*(a - b))", "sigmoid(log(2)*(b - a))"),
        "ln",
        (_X, _X),
        ball.log_add_exp2,
        args=("a", "b"),
        safe=(None, None),
    ),
)

ROWS: tuple[Function, ...] = (*_POWERS, *_EXPONENTIALS)
