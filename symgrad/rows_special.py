"""Rows of the function table: special functions of probability and physics."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function, Kink

_X = (-3.0, 3.0)
_POSITIVE = (0.3, 6.0)

# 2*x*y - 2/sqrt(pi) cancels from x = 20 on: there a continued fraction for
# 1/(sqrt(pi)*y) - x
_FAR = "where(x < 20, 20, x)"
_EXCESS = f"1/2/({_FAR} + 1/({_FAR} + 3/2/({_FAR} + 2/({_FAR} + 5/2/{_FAR}))))"

# The scaled Bessel functions fall like 1/sqrt(x); the differences that say so cancel,
# so from 1000 on the series in 1/|x|
_BIG = "where(abs(x) < 1000, 1000, x)"
_PER = f"/abs({_BIG})"
_I0E_FALL = f"(1/2 + (1/8 + (1/8 + 25/128{_PER}){_PER}){_PER})/{_BIG}"
_I1E_FALL = f"(1/2 - (3/8 + (3/8 + 63/128{_PER}){_PER}){_PER})/{_BIG}"

_NORMAL = (
    Function("erf", ("2/sqrt(pi)*exp(-x*x)",), "e", (_X,), lambda x: x.erf()),
    Function("erfc", ("-2/sqrt(pi)*exp(-x*x)",), "e", (_X,), lambda x: x.erfc()),
    Function(
        "erfcx",
        (
            "where(x < 20, 2*x*y - 2/sqrt(pi),"
            f" -2/sqrt(pi)*({_EXCESS})/({_FAR} + {_EXCESS}))",
        ),
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
    # relu(x) is 0 and erfc is 1, to the right erfcx is 1
    Function(
        "log_ndtr",
        (
            "sqrt(2/pi)*exp(-1/2*relu(x)**2)"
            "/(erfcx(sqrt(1/2)*(relu(x) - x))*erfc(-sqrt(1/2)*relu(x)))",
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

_GAMMA = (
    Function(
        "gamma",
        ("y*digamma(x)",),
        "g",
        (_POSITIVE,),
        lambda x: x.gamma(),
        safe=("1",),
        definition="exp(loggamma(x))*where(x > 0, 1, 1 - 2*Mod(floor(x), 2))",
        domain="x > 0",
    ),
    Function(
        "loggamma",
        ("digamma(x)",),
        "lg",
        (_POSITIVE,),
        ball.log_gamma,
        safe=("1",),
        aliases=("lgamma", "gammaln"),
        domain="x > 0",
    ),
    Function(
        "digamma",
        ("trigamma(x)",),
        "dg",
        (_POSITIVE,),
        lambda x: x.digamma(),
        safe=("1",),
        domain="x > 0",
    ),
    Function(
        "trigamma",
        ("polygamma(2, x)",),
        "tg",
        (_POSITIVE,),
        lambda x: ball.polygamma(1, x),
        safe=("1",),
        definition="polygamma(1, x)",
        domain="x > 0",
    ),
    # n is a whole number that is written out: there is no derivative by it
    Function(
        "polygamma",
        ("nan", "polygamma(n + 1, x)"),
        "pg",
        ((2.0, 2.0), _POSITIVE),
        ball.polygamma,
        args=("n", "x"),
        safe=(None, "1"),
        domain="n >= 0 and x > 0",
    ),
)

_BESSEL = (
    Function("i0", ("i1(x)",), "i", (_X,), lambda x: x.bessel_i(0), safe=("0",)),
    Function(
        "i0e",
        (f"where(abs(x) < 1000, i1e(x) - sign(x)*y, -y*({_I0E_FALL}))",),
        "i",
        (_X,),
        lambda x: x.bessel_i(0, scaled=True) * (x - abs(x)).exp(),
        kinks=(Kink("x == 0", ("1",), ("-1",), ("0",)),),
    ),
    Function(
        "i1",
        ("where(x == 0, 1/2, i0(x) - y/where(x == 0, 1, x))",),
        "i",
        (_X,),
        lambda x: x.bessel_i(1),
        safe=("0",),
    ),
    Function(
        "i1e",
        (
            "where(abs(x) < 1000, where(x == 0, 1/2, i0e(x) - sign(x)*y"
            f" - y/where(x == 0, 1, x)), -y*({_I1E_FALL}))",
        ),
        "i",
        (_X,),
        lambda x: x.bessel_i(1, scaled=True) * (x - abs(x)).exp(),
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

ROWS: tuple[Function, ...] = (*_NORMAL, *_GAMMA, *_BESSEL, *_ENTROPY)
