"""Rows of the function table: the gamma function and its kin."""

from __future__ import annotations

import symgrad.ball_functions as ball
from symgrad.function_row import Function

_POSITIVE = (0.3, 6.0)


def _rise(a: str, b: str) -> str:
    """digamma(a + b) - digamma(a), whose terms cancel, with b as a factor.

    Ten steps up by the recurrence, and from there the asymptotic series, in 1/(a + 10)
    and 1/(a + b + 10).
    """
    u, v = f"(1/({a} + 10))", "(1/(a + b + 10))"
    s, p = f"({u}**2 + {v}**2)", f"({u}*{v})**2"
    steps = (f"{b}/(a + b + {k})/({a} + {k})" for k in range(1, 10))
    return (
        f"({b}/(a + b)/{a} + {' + '.join(steps)} + log1p({b}*{u})"
        f" + {b}*{u}*{v}*(1/2 + ({u} + {v})*(1/12 - {s}/120 + ({s}**2 - {p})/252"
        f" - {s}*({s}**2 - 2*{p})/240 + ({s}**4 - 3*{s}**2*{p} + {p}**2)/132"
        f" - 691/32760*{s}*({s}**2 - {p})*({s}**2 - 3*{p}))))"
    )


def _stirling(x: str) -> str:
    """loggamma(x) - (x - 1/2)*log(x) + x, which nears log(2*pi)/2."""
    near, w = f"where({x} < 10, {x}, 1)", f"(1/where({x} < 10, 10, {x}))"
    series = "691/360360"
    for below in (1188, 1680, 1260, 360, 12):
        series = f"(1/{below} - {w}**2*{series})"
    return (
        f"where({x} < 10, loggamma({near}) - ({near} - 1/2)*log({near}) + {near},"
        f" log(2*pi)/2 + {w}*{series})"
    )


_LOW, _HIGH = "Min(a, b)", "Max(a, b)"
_RATIO = f"({_LOW}/{_HIGH})"

# loggamma(a) + loggamma(b) - loggamma(a + b), without what cancels in that
_LOG_BETA = (
    f"{_stirling(_LOW)} + {_stirling(_HIGH)} - {_stirling('(a + b)')}"
    f" + {_LOW}*(log(where({_RATIO} > 0, {_RATIO}, 1)) - log1p({_RATIO}))"
    f" - ({_HIGH} - 1/2)*log1p({_RATIO}) - log({_LOW})/2"
)

# loggamma(a + b) - loggamma(a), without what cancels in that
_LOG_RISING = (
    f"b*(log(a + b) - 1) + (a - 1/2)*log1p(b/a)"
    f" + ({_stirling('(a + b)')} - {_stirling('a')})"
)

# torch's polygamma, or the derivative of it, sums up to 0, which from -1e16 on is
# without end: below 0 that of 1 - x, DLMF 5.15.6, and the derivatives of the cotangent.
REFLECTED = range(1, 10)
_OTHER = f"n < {REFLECTED[0]} or n > {REFLECTED[-1]}"
_MIRROR = "where(x < 0, 1 - x, x)"
_PLACE = "where(x < 0, x - round(x), 1/2)"


def _cotangent(order: int) -> str:
    """A derivative of cot(u), up to its sign: a polynomial of cos(u), over sin(u)."""
    terms = [0, 1]
    for k in range(1, order + 1):
        slope = [m * term for m, term in enumerate(terms)][1:]
        parts = zip([*slope, 0, 0], [0, 0, *slope], [0, *terms], strict=True)
        terms = [a - b + k * c for a, b, c in parts]
    text = " + ".join(
        f"{term}*cos(pi*{_PLACE})**{m}" for m, term in enumerate(terms) if term
    )
    return f"({text})/sin(pi*{_PLACE})**{order + 1}"


def _reflected() -> str:
    """polygamma(n, x) below 0, for the orders of which that is written down."""
    text = "nan"
    for n in REFLECTED:
        turned = f"{(-1) ** n}*(polygamma(n, {_MIRROR}) - pi**{n + 1}*{_cotangent(n)})"
        text = f"where(n == {n}, {turned}, {text})"
    return text


# What torch's polygamma(1, x) lacks between the ends.  zeta(2, x) has no forward mode:
# only its value is taken, and the derivative is that of polygamma.
_SMALL = f"1e-4 < {_MIRROR} < 100"
_LOST_DIGITS = (
    f"where({_SMALL}, zeta(2, where({_SMALL}, stop_gradient({_MIRROR}), 1))"
    f" - polygamma(1, stop_gradient({_MIRROR})), 0)"
)
_RIGHT = f"(polygamma(1, {_MIRROR}) + {_LOST_DIGITS})"

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
        "betaln",
        (f"-{_rise('a', 'b')}", f"-{_rise('b', 'a')}"),
        "lb",
        (_POSITIVE, _POSITIVE),
        ball.log_beta,
        args=("a", "b"),
        safe=("1", "1"),
        definition=_LOG_BETA,
        domain="a > 0 and b > 0",
    ),
    # the logarithm of a*(a + 1)*...*(a + b - 1)
    Function(
        "log_rising",
        (_rise("a", "b"), "digamma(a + b)"),
        "lr",
        (_POSITIVE, _POSITIVE),
        lambda a, b: (a + b).lgamma() - a.lgamma(),
        args=("a", "b"),
        safe=("1", "1"),
        definition=_LOG_RISING,
        domain="a > 0 and a + b > 0",
    ),
    Function(
        "beta",
        (f"-y*{_rise('a', 'b')}", f"-y*{_rise('b', 'a')}"),
        "b",
        (_POSITIVE, _POSITIVE),
        lambda a, b: ball.log_beta(a, b).exp(),
        args=("a", "b"),
        safe=("1", "1"),
        definition=f"exp({_LOG_BETA})",
        domain="a > 0 and b > 0",
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
        definition=f"where(x < 0, pi**2*{_cotangent(1)} - {_RIGHT}, {_RIGHT})",
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
        definition=f"where({_OTHER}, polygamma(n, where({_OTHER}, x, 1)),"
        f" where(x < 0, {_reflected()}, polygamma(n, {_MIRROR})))",
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
