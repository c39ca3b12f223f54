"""Rows of the function table: composites that lose digits or overflow as written.

Specs rarely name them; the rewrite table finds them in what is written.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_X = (-4.0, 4.0)


def horner(coefficients: list[Fraction], variable: str) -> str:
    """A polynomial as text, the constant term first."""
    *lower, text = map(str, coefficients)
    for c in reversed(lower):
        text = f"{c} + {variable}*({text})"
    return text


def _exprel(u: str) -> str:
    """expm1(u)/u, by a series near 0.

    That is not only for 0/0: where autograd differentiates a quotient it loses digits.
    """
    near = f"where(abs({u}) < 0.01, {u}, 0)"
    series = horner([Fraction(1, factorial(k + 1)) for k in range(7)], near)
    between = f"where(abs({u}) < 0.01 or {u} > 80, 1, {u})"
    far = f"where({u} > 80, {u}, 1)"
    return (
        f"where({u} > 80, exp({far}/2)/{far}*exp({far}/2),"
        f" where(abs({u}) < 0.01, {series}, expm1({between})/{between}))"
    )


def _slope_of_exprel(u: str, y: str) -> str:
    """(exp(u)*(u - 1) + 1)/u**2; within 1, where it cancels, by a series to 1e-17."""
    series = horner(
        [Fraction(k + 1, factorial(k + 2)) for k in range(18)],
        f"where(abs({u}) < 1, {u}, 0)",
    )
    below, above = f"where({u} <= -1, {u}, -1)", f"where({u} >= 1, {u}, 1)"
    return (
        f"where(abs({u}) < 1, {series},"
        f" {y}*(where({u} < 0, exp({below})/expm1({below}), -1/expm1(-{above}))"
        f" - 1/where(abs({u}) < 1, 1, {u})))"
    )


_LOGARITHMS = (
    # log(-expm1(x)) is 0 where exp(x) is small, log1p(-exp(x)) coarse where x is
    Function(
        "log1mexp",
        ("exp(x)/expm1(x)",),
        "ln",
        ((-4.0, -0.1),),
        ball.log_one_less_exp,
        safe=("-1",),
        definition=(
            "where(x > -log(2), log(-expm1(where(x > -log(2), x, -1))),"
            " log1p(-exp(where(x > -log(2), -1, x))))"
        ),
        domain="x < 0",
    ),
    Function(
        "logexpm1",
        ("-1/expm1(-x)",),
        "ln",
        ((0.1, 4.0),),
        lambda x: x + ball.log_one_less_exp(-x),
        safe=("1",),
        definition=(
            "where(x < log(2), log(expm1(where(x < log(2), x, 1))),"
            " x + log1p(-exp(-where(x < log(2), 1, x))))"
        ),
        domain="x > 0",
    ),
    Function(
        "log_i0",
        ("i1e(x)/i0e(x)",),
        "ln",
        (_X,),
        lambda x: abs(x) + abs(x).bessel_i(0, scaled=True).log(),
        definition="abs(x) + log(i0e(x))",
    ),
    # x*x overflows where 2*log(abs(x)) is as good
    Function(
        "log1psq",
        ("2*(x/hypot(x, 1))/hypot(x, 1)",),
        "ln",
        (_X,),
        lambda x: (x * x).log1p(),
        definition=(
            "where(abs(x) > 1e9, 2*log(where(abs(x) > 1e9, abs(x), 1)),"
            " log1p(where(abs(x) > 1e9, 0, x)**2))"
        ),
    ),
)

_SHORT = "(sqrt(c)/sqrt(b))"
_LONG = f"hypot(a, {_SHORT})"

_FAR = "abs(a) > 1e9*abs(b)"
_MORE = "a > 1e30*b"

_QUOTIENTS = (
    # log1psq(a/b), for a quotient that may overflow
    Function(
        "log1psq_ratio",
        ("2*(a/hypot(a, b))/hypot(a, b)", "-2*(a/hypot(a, b))**2/b"),
        "ln",
        (_X, (0.1, 9.0)),
        lambda a, b: (a / b * (a / b)).log1p(),
        args=("a", "b"),
        safe=("1", "1"),
        definition=(
            f"where({_FAR}, 2*(log(where({_FAR}, abs(a), 1)) - log(abs(b))),"
            f" log1p((where({_FAR}, 0, a)/b)**2))"
        ),
        domain="b != 0",
    ),
    # log1p(a/b), for a quotient that may overflow
    Function(
        "log1p_ratio",
        ("1/(a + b)", "-(a/(a + b))/b"),
        "ln",
        ((0.0, 9.0), (0.1, 9.0)),
        lambda a, b: (a / b).log1p(),
        args=("a", "b"),
        safe=("1", "1"),
        definition=(
            f"where({_MORE}, log(where({_MORE}, a, 1)) - log(b),"
            f" log1p(where({_MORE}, 0, a)/b))"
        ),
        domain="b > 0 and a > -b",
    ),
    Function(
        "exprel",
        (_slope_of_exprel("x", "y"),),
        "e",
        (_X,),
        ball.exponential_ratio,
        definition=_exprel("x"),
    ),
    # b*exprel(a*b), but the derivative by b of that cancels
    Function(
        "expm1_ratio",
        (f"b*b*{_slope_of_exprel('(a*b)', 'exprel(a*b)')}", "exp(a*b)"),
        "e",
        (_X, (-2.0, 2.0)),
        lambda a, b: b * ball.exponential_ratio(a * b),
        args=("a", "b"),
        safe=("0", "0"),
        definition=f"b*{_exprel('(a*b)')}",
    ),
    # the part of a**2 in a**2 + b**2
    Function(
        "square_share",
        (
            "2*(a/hypot(a, b))*(b/hypot(a, b))**2/hypot(a, b)",
            "-2*(a/hypot(a, b))**2*(b/hypot(a, b))/hypot(a, b)",
        ),
        "s",
        (_X, (0.1, 9.0)),
        lambda a, b: a * a / (a * a + b * b),
        args=("a", "b"),
        safe=("1", None),
        definition="(a/hypot(a, b))**2",
        domain="a != 0 or b != 0",
    ),
    # the part of a in a + b
    Function(
        "share",
        ("b/(a + b)/(a + b)", "-(a/(a + b))/(a + b)"),
        "s",
        ((0.1, 9.0), (0.1, 9.0)),
        lambda a, b: a / (a + b),
        args=("a", "b"),
        safe=("1", "1"),
        definition="a/(a + b)",
        domain="a != -b",
    ),
    # the cosine of an angle of a right triangle
    Function(
        "hypot_share",
        (
            "(b/hypot(a, b))*(b/hypot(a, b))/hypot(a, b)",
            "-(a/hypot(a, b))*(b/hypot(a, b))/hypot(a, b)",
        ),
        "s",
        (_X, (0.1, 9.0)),
        lambda a, b: a / ball.hypotenuse(a, b),
        args=("a", "b"),
        safe=("1", None),
        definition="a/hypot(a, b)",
        domain="a != 0 or b != 0",
    ),
    # a/sqrt(c + b*a**2), for positive b and c
    Function(
        "scaled_share",
        (
            f"({_SHORT}/{_LONG})*({_SHORT}/{_LONG})/{_LONG}/sqrt(b)",
            "-y*y*y/2",
            f"-y/2/({_LONG}*sqrt(b))/({_LONG}*sqrt(b))",
        ),
        "s",
        (_X, (0.1, 9.0), (0.1, 9.0)),
        lambda a, b, c: a / (c + b * a * a).sqrt(),
        args=("a", "b", "c"),
        safe=("1", "1", "1"),
        definition=f"a/{_LONG}/sqrt(b)",
        domain="b > 0 and c > 0",
    ),
    # cancels near 0; far out it is no quotient, which would be inf/inf at infinity
    Function(
        "sqrt1pm1",
        ("1/2*rsqrt(1 + x)",),
        "r",
        ((-0.9, 4.0),),
        lambda x: x / ((1 + x).sqrt() + 1),
        safe=("0",),
        definition=(
            "where(x > 1, sqrt(1 + where(x > 1, x, 1)) - 1,"
            " where(x > 1, 1, x)/(sqrt(1 + where(x > 1, 1, x)) + 1))"
        ),
        domain="x >= -1",
    ),
    # how much longer the hypotenuse is than b, for b > 0
    Function(
        "hypot_excess",
        ("a/hypot(a, b)", "-y/hypot(a, b)"),
        "h",
        (_X, (0.1, 9.0)),
        ball.excess_of_hypotenuse,
        args=("a", "b"),
        safe=("1", "1"),
        definition=(
            "where(abs(a) > b, hypot(a, b) - b, where(abs(a) > b, b, a)"
            "*(where(abs(a) > b, b, a)/(hypot(where(abs(a) > b, b, a), b) + b)))"
        ),
        domain="b > 0",
    ),
    # the terms cancel where a is far below 0
    Function(
        "add_hypot",
        ("y/hypot(a, b)", "b/hypot(a, b)"),
        "h",
        (_X, (0.1, 9.0)),
        ball.sum_with_hypotenuse,
        args=("a", "b"),
        safe=("1", None),
        definition=(
            "where(a < -abs(b), b*(b/2/(hypot(a, b)/2 - where(a < -abs(b), a, -1)/2)),"
            " a + hypot(a, b))"
        ),
        domain="a != 0 or b != 0",
    ),
)

_HYPERBOLIC = (
    # the derivative of its definition cancels near 0
    Function(
        "sech_squared",
        ("-2*tanh(x)*y",),
        "s",
        (_X,),
        lambda x: 1 / x.cosh() ** 2,
        definition="4*sigmoid(2*x)*sigmoid(-2*x)",
    ),
)

ROWS: tuple[Function, ...] = (*_LOGARITHMS, *_QUOTIENTS, *_HYPERBOLIC)
