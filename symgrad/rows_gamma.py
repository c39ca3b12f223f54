"""Rows of the function table: the gamma function and its kin."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_POSITIVE = (0.3, 6.0)

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
    # torch's polygamma(1, x) keeps 9 digits; zeta(2, x) keeps all, but squares x
    Function(
        "trigamma",
        ("polygamma(2, x)",),
        "tg",
        (_POSITIVE,),
        lambda x: ball.polygamma(1, x),
        safe=("1",),
        definition=(
            "where(abs(x) < 1e8, zeta(2, where(abs(x) < 1e8, x, 1)), (1 + 1/2/x)/x)"
        ),
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
    # Hurwitz's; s is a number that is written out, for the same reason
    Function(
        "zeta",
        ("nan", "-s*zeta(s + 1, a)"),
        "z",
        ((2.5, 2.5), _POSITIVE),
        lambda s, a: s.zeta(a),
        args=("s", "a"),
        safe=(None, "1"),
        defaults=("1",),
        domain="s > 1 and a > 0",
    ),
)

ROWS: tuple[Function, ...] = _GAMMA
