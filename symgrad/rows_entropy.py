"""Rows of the function table: entropies, and others whose terms cancel as written.

Specs rarely name them; the rewrite table finds them in what is written.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial

import symgrad.ball_functions as ball
from symgrad.function_row import Function
from symgrad.rows_composite import horner

_X = (-4.0, 4.0)
_POSITIVE = (0.1, 9.0)


def _bernoulli_numbers(last: int) -> list[Fraction]:
    """B(0) to B(last): the sum of comb(n + 1, k)*B(k) for k up to n is 0."""
    found = [Fraction(1)]
    for n in range(1, last + 1):
        known = sum((comb(n + 1, k) * b for k, b in enumerate(found)), Fraction(0))
        found.append(-known / (n + 1))
    return found


def _slope_of_inverse_exprel() -> str:
    """(1 + x/expm1(-x))/expm1(x), without what overflows.

    Within 1, where it cancels, it is a series to 1e-17.
    """
    numbers = _bernoulli_numbers(20)
    terms = [numbers[n] / factorial(n - 1) for n in range(2, 22, 2)]
    near, far = "where(abs(x) < 1, x, 0)", "where(abs(x) < 1, 1, abs(x))"
    series = f"-1/2 + {near}*({horner(terms, f'{near}*{near}')})"
    return (
        f"where(abs(x) < 1, {series},"
        f" where(x > 0, (1 + {far}/expm1(-{far}))*exp(-{far}),"
        f" -{far}*exp(-{far})/expm1(-{far}) - 1)/-expm1(-{far}))"
    )


_NEAR = "where(abs(x) < 0.01, x, 0)"
_LOW = "where(x < -4, x, -4)"
_FAR = "a < b/2 or a > 2*b"
_EXCESS = f"where({_FAR}, 0, a - b)/b"
_HUGE = "a > 1e30*b or a*1e30 < b"
# log(a/b) of a quotient that may overflow
_LOG = (
    f"where({_HUGE}, log(abs(a)) - log(abs(b)),"
    f" log(where({_HUGE}, 1, abs(a))/where({_HUGE}, 1, abs(b))))"
)

ROWS: tuple[Function, ...] = (
    # x/(exp(x) - 1), the generating function of Bernoulli's numbers
    Function(
        "inverse_exprel",
        (_slope_of_inverse_exprel(),),
        "ie",
        (_X,),
        lambda x: 1 / ball.exponential_ratio(x),
        definition=(
            f"where(abs(x) < 0.01, 1 - {_NEAR}/2 + {_NEAR}**2*(1/12 - {_NEAR}**2/720),"
            " where(abs(x) < 0.01, 1, x)/expm1(where(abs(x) < 0.01, 1, x)))"
        ),
    ),
    # of a coin whose log odds are x, in nats
    Function(
        "logistic_entropy",
        ("-x*sigmoid(x)*sigmoid(-x)",),
        "e",
        (_X,),
        lambda x: (-abs(x)).exp().log1p() + abs(x) / (1 + abs(x).exp()),
        definition="softplus(-abs(x)) + abs(x)*sigmoid(-abs(x))",
    ),
    # a*log(a/b) - (a - b), which is never below 0
    Function(
        "relative_entropy",
        (f"where({_FAR}, {_LOG}, log1p({_EXCESS}))", "1 - a/b"),
        "e",
        (_POSITIVE, _POSITIVE),
        lambda a, b: a * (a / b).log() - (a - b),
        args=("a", "b"),
        safe=("1", "1"),
        definition=(
            f"where({_FAR}, a*{_LOG} - (a - b),"
            f" b*((1 + {_EXCESS})*log1p({_EXCESS}) - {_EXCESS}))"
        ),
        domain="a > 0 and b > 0",
    ),
    # exp(a) - exp(b), of which the greater is taken apart
    Function(
        "exp_difference",
        ("exp(a)", "-exp(b)"),
        "e",
        (_X, _X),
        lambda a, b: b.exp() * (a - b).expm1(),
        args=("a", "b"),
        safe=("0", "0"),
        definition="where(a > b, -exp(a)*expm1(b - a), exp(b)*expm1(a - b))",
    ),
    # exp(-x*x)/erfc(x)
    Function(
        "inverse_erfcx",
        ("y*(2/sqrt(pi)*y - 2*x)",),
        "e",
        (_X,),
        lambda x: 1 / ball.erfcx(x),
        definition=(
            f"where(x < -4, exp(-{_LOW}*{_LOW})/erfc({_LOW}),"
            " 1/erfcx(where(x < -4, -4, x)))"
        ),
    ),
)
