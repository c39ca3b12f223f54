"""Rows of the function table: circles and hyperbolas."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function, Kink

_X = (-4.0, 4.0)
_POSITIVE = (0.1, 9.0)

_NEAR = "where(abs(x) < 1, x, 0)"


def _series(sign: str) -> str:
    """(sin(x) - x*cos(x))/x**3, or with plus signs (x*cosh(x) - sinh(x))/x**3."""
    text = f"{_NEAR}**2/22230464256000"
    for below in (93405312000, 518918400, 3991680, 45360, 840, 30):
        text = f"{_NEAR}**2*(1/{below} {sign} {text})"
    return f"(1/3 {sign} {text})"


_SINC_SERIES = f"-{_NEAR}*{_series('-')}"

_CIRCULAR = (
    Function("sin", ("cos(x)",), "s", (_X,), lambda x: x.sin()),
    Function("cos", ("-sin(x)",), "c", (_X,), lambda x: x.cos()),
    Function("tan", ("1 + y*y",), "t", ((-1.4, 1.4),), lambda x: x.tan(), safe=("0",)),
    Function(
        "cot",
        ("-1 - y*y",),
        "c",
        ((0.2, 2.9),),
        lambda x: x.cot(),
        safe=("1",),
        definition="1/tan(x)",
        domain="x > 0 and x < pi",
    ),
    Function(
        "sec",
        ("y*tan(x)",),
        "s",
        ((-1.4, 1.4),),
        lambda x: x.sec(),
        safe=("0",),
        definition="1/cos(x)",
    ),
    Function(
        "csc",
        ("-y/tan(x)",),
        "c",
        ((0.2, 2.9),),
        lambda x: x.csc(),
        safe=("1",),
        definition="1/sin(x)",
        domain="x > 0 and x < pi",
    ),
    # (1 - x)*(1 + x) keeps the digits of 1 - x**2 near 1
    Function(
        "asin",
        ("rsqrt((1 - x)*(1 + x))",),
        "a",
        ((-0.95, 0.95),),
        lambda x: x.asin(),
        safe=("0",),
        domain="x >= -1 and x <= 1",
    ),
    Function(
        "acos",
        ("-rsqrt((1 - x)*(1 + x))",),
        "a",
        ((-0.95, 0.95),),
        lambda x: x.acos(),
        safe=("0",),
        domain="x >= -1 and x <= 1",
    ),
    Function("atan", ("1/(1 + x*x)",), "a", (_X,), lambda x: x.atan()),
    Function(
        "acot",
        ("-1/(1 + x*x)",),
        "a",
        (_POSITIVE,),
        lambda x: (1 / x).atan(),
        safe=("1",),
        definition="atan(1/x)",
        domain="x != 0",
    ),
    Function(
        "asec",
        ("1/(abs(x)*sqrt((x - 1)*(x + 1)))",),
        "a",
        ((1.1, 9.0),),
        lambda x: (1 / x).acos(),
        safe=("2",),
        definition="acos(1/x)",
        domain="x <= -1 or x >= 1",
    ),
    Function(
        "acsc",
        ("-1/(abs(x)*sqrt((x - 1)*(x + 1)))",),
        "a",
        ((1.1, 9.0),),
        lambda x: (1 / x).asin(),
        safe=("2",),
        definition="asin(1/x)",
        domain="x <= -1 or x >= 1",
    ),
    Function(
        "atan2",
        (
            "where(hypot(a, b) == 0, 0, b/hypot(a, b)/hypot(a, b))",
            "where(hypot(a, b) == 0, 0, -a/hypot(a, b)/hypot(a, b))",
        ),
        "a",
        (_X, _POSITIVE),
        lambda a, b: a.atan2(a, b),
        args=("a", "b"),
        safe=(None, "1"),
        kinks=(Kink("a == 0 and b == 0", ("0", "0"), ("0", "0"), ("0", "0")),),
    ),
    Function(
        "hypot",
        ("a/y", "b/y"),
        "h",
        (_X, _POSITIVE),
        ball.hypotenuse,
        args=("a", "b"),
        safe=("1", None),
        kinks=(
            Kink(
                "a == 0 and b == 0",
                ("-1", "-1"),
                ("1", "1"),
                ("nan", "nan"),
                min_norm=("0", "0"),
            ),
        ),
    ),
    Function(
        "rad",
        ("pi/180",),
        "a",
        (_X,),
        lambda x: x * x.pi() / 180,
        aliases=("deg2rad",),
    ),
    Function(
        "deg",
        ("180/pi",),
        "a",
        (_X,),
        lambda x: x * 180 / x.pi(),
        aliases=("rad2deg",),
    ),
    # cos(x) - y cancels for a small x: there the series
    Function(
        "sinc",
        (f"where(abs(x) < 1, {_SINC_SERIES}, (cos(x) - y)/where(abs(x) < 1, 1, x))",),
        "s",
        (_X,),
        lambda x: x.sinc(),
        definition="where(x == 0, 1, sin(x)/where(x == 0, 1, x))",
    ),
)

_HYPERBOLIC = (
    Function("sinh", ("cosh(x)",), "sh", (_X,), lambda x: x.sinh(), safe=("0",)),
    Function("cosh", ("sinh(x)",), "ch", (_X,), lambda x: x.cosh(), safe=("0",)),
    # 1 - y*y is 0 in float32 from |x| = 9
    Function("tanh", ("4*sigmoid(2*x)*sigmoid(-2*x)",), "t", (_X,), lambda x: x.tanh()),
    # x - tanh(x), as torch writes it, cancels for a small x: there the series
    Function(
        "tanhshrink",
        ("tanh(x)**2",),
        "s",
        (_X,),
        lambda x: x - x.tanh(),
        definition=(
            f"where(abs(x) < 1, {_NEAR}**3*{_series('+')}/cosh({_NEAR}), x - tanh(x))"
        ),
    ),
    Function(
        "coth",
        ("-4*sigmoid(2*x)*sigmoid(-2*x)*y*y",),
        "t",
        ((0.2, 4.0),),
        lambda x: x.coth(),
        safe=("1",),
        definition="1/tanh(x)",
        domain="x != 0",
    ),
    # sech and csch without cosh and sinh, whose overflow is NaN in second derivatives
    Function(
        "sech",
        ("-y*tanh(x)",),
        "s",
        (_X,),
        lambda x: x.sech(),
        safe=("0",),
        definition="2*sigmoid(2*abs(x))*exp(-abs(x))",
    ),
    Function(
        "csch",
        ("-y/tanh(x)",),
        "c",
        ((0.2, 4.0),),
        lambda x: x.csch(),
        safe=("1",),
        definition="2*sigmoid(2*abs(x))*exp(-abs(x))/tanh(x)",
        domain="x != 0",
    ),
    # hypot does not overflow where 1 + x*x does
    Function("asinh", ("1/hypot(x, 1)",), "a", (_X,), lambda x: x.asinh()),
    Function(
        "acosh",
        ("rsqrt(x - 1)*rsqrt(x + 1)",),
        "a",
        ((1.1, 9.0),),
        lambda x: x.acosh(),
        safe=("2",),
        domain="x >= 1",
    ),
    Function(
        "atanh",
        ("1/((1 - x)*(1 + x))",),
        "a",
        ((-0.95, 0.95),),
        lambda x: x.atanh(),
        safe=("0",),
        domain="x > -1 and x < 1",
    ),
    Function(
        "acoth",
        ("1/((1 - x)*(1 + x))",),
        "a",
        ((1.1, 9.0),),
        lambda x: (1 / x).atanh(),
        safe=("2",),
        definition="atanh(1/x)",
        domain="x < -1 or x > 1",
    ),
    Function(
        "asech",
        ("-1/(x*sqrt((1 - x)*(1 + x)))",),
        "a",
        ((0.1, 0.9),),
        lambda x: (1 / x).acosh(),
        safe=("1/2",),
        definition="acosh(1/x)",
        domain="x > 0 and x <= 1",
    ),
    Function(
        "acsch",
        ("-1/(abs(x)*hypot(x, 1))",),
        "a",
        (_POSITIVE,),
        lambda x: (1 / x).asinh(),
        safe=("1",),
        definition="asinh(1/x)",
        domain="x != 0",
    ),
    Function(
        "logcosh",
        ("tanh(x)",),
        "ln",
        (_X,),
        ball.log_cosh,
        definition=(
            "where(abs(x) < 1, log1p(2*sinh(where(abs(x) < 1, x, 0)/2)**2),"
            " abs(x) + softplus(-2*abs(x)) - log(2))"
        ),
    ),
)

ROWS: tuple[Function, ...] = (*_CIRCULAR, *_HYPERBOLIC)
