"""Rows of the function table: composites that lose digits or overflow as written.

Specs rarely name them; the rewrite table finds them in what is written.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_X = (-4.0, 4.0)


def _horner(coefficients: list[Fraction], variable: str) -> str:
    """A polynomial as text, the constant term first."""
    *lower, text = map(str, coefficients)
    for c in reversed(lower):
        text = f"{c} + {variable}*({text})"
    return text


# (exp(x)*(x - 1) + 1)/x**2 cancels near 0; within 1, to 1e-17
_SLOPE_OF_EXPREL = _horner(
    [Fraction(k + 1, factorial(k + 2)) for k in range(18)], "where(abs(x) < 1, x, 0)"
)
_BEYOND_1 = "where(abs(x) < 1, 1, x)"
_BELOW, _ABOVE = "where(x <= -1, x, -1)", "where(x >= 1, x, 1)"

# not only for 0/0: autograd differentiates the quotient, and loses its digits there
_NEAR = "where(abs(x) < 0.01, x, 0)"
_EXPREL_NEAR = _horner([Fraction(1, factorial(k + 1)) for k in range(7)], _NEAR)
_BETWEEN = "where(abs(x) < 0.01 or x > 80, 1, x)"

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

_QUOTIENTS = (
    Function(
        "exprel",
        (
            f"where(abs(x) < 1, {_SLOPE_OF_EXPREL},"
            f" y*(where(x < 0, exp({_BELOW})/expm1({_BELOW}), -1/expm1(-{_ABOVE}))"
            f" - 1/{_BEYOND_1}))",
        ),
        "e",
        (_X,),
        ball.exponential_ratio,
        definition=(
            "where(x > 80, exp(x/2)/where(x > 80, x, 1)*exp(x/2),"
            f" where(abs(x) < 0.01, {_EXPREL_NEAR}, expm1({_BETWEEN})/{_BETWEEN}))"
        ),
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
            "where(a < 0, b*(b/(hypot(a, b) - where(a < 0, a, -1))), a + hypot(a, b))"
        ),
        domain="a != 0 or b != 0",
    ),
)

ROWS: tuple[Function, ...] = (*_LOGARITHMS, *_QUOTIENTS)
