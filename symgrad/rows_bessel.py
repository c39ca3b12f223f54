"""Rows of the function table: Bessel functions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import factorial
from operator import mul

from symgrad.ball_functions import bessel_k1
from symgrad.function_row import Function, Kink

_X = (-3.0, 3.0)
_POSITIVE = (0.2, 30.0)

# The scaled Bessel functions fall like 1/sqrt(x); the differences that say so cancel,
# so from 1000 on the series in 1/|x|
_BIG = "where(abs(x) < 1000, 1000, x)"
_PER = f"/abs({_BIG})"
_I1E_FALL = f"(1/2 - (3/8 + (3/8 + 63/128{_PER}){_PER}){_PER})/{_BIG}"

# i1(x)/x has no digits where i1(x) is subnormal, and cancels in the second derivative:
# up to 1 the slope of i1 is its series in x**2.
_SMALL = "where(abs(x) < 1, x, 0)"
_LARGE = "where(abs(x) < 1, 1, x)"


def _slope_of_i1() -> str:
    """The series, to the last digit for its own slope too."""
    coefficient = [
        Fraction(2 * k + 1, 2 * 4**k * factorial(k) * factorial(k + 1))
        for k in range(10)
    ]
    *others, text = map(str, coefficient)
    for term in reversed(others):
        text = f"({term} + {text}*{_SMALL}**2)"
    return text


_I1_SMALL = _slope_of_i1()

_MODIFIED = (
    Function("i0", ("i1(x)",), "i", (_X,), lambda x: x.bessel_i(0), safe=("0",)),
    Function(
        "i0e",
        # i1e(x) - sign(x)*y, with what cancels for a large x as one factor
        ("-sign(x)*y*(1 - i1e(abs(x))/y)",),
        "i",
        (_X,),
        lambda x: x.bessel_i(0, scaled=True) * (x - abs(x)).exp(),
        kinks=(Kink("x == 0", ("1",), ("-1",), ("0",)),),
    ),
    Function(
        "i1",
        (f"where(abs(x) < 1, {_I1_SMALL}, i0(x) - y/{_LARGE})",),
        "i",
        (_X,),
        lambda x: x.bessel_i(1),
        safe=("0",),
    ),
    Function(
        "i1e",
        (
            f"where(abs(x) < 1000, where(abs(x) < 1, {_I1_SMALL}*exp(-abs({_SMALL})),"
            f" i0e(x) - y/{_LARGE}) - sign(x)*y, -y*({_I1E_FALL}))",
        ),
        "i",
        (_X,),
        lambda x: x.bessel_i(1, scaled=True) * (x - abs(x)).exp(),
    ),
)

# torch's own are off by 1e-6 in float64 where x is near 5, and cut off from x besides.
# Up to 16 Bessel's integral, which the midpoint rule gives to the last digit; from
# there Hankel's two series in 1/x**2, DLMF 10.17, as continued fractions, which
# converge where the series do not.
_NEAR = "where(abs(x) < 16, x, 1)"
_FAR = "where(abs(x) < 16, 16, abs(x))"
_NODES = [f"sin({k}/48*pi)" for k in range(1, 24, 2)]


def _steps(series: list[Fraction]) -> Iterator[Fraction]:
    """a, b, c ... of a/(1 + b*z/(1 + c*z/(1 + ...))), by long divisions."""
    while series:
        first, *rest = series
        yield first
        series = [Fraction(1)]
        for k in range(len(rest)):
            series.append(-sum(map(mul, rest[k::-1], series)) / first)
        series = series[1:]


def _hankel(order: int, half: int) -> str:
    """Every other term of Hankel's series, from the first or the second on."""
    terms = [Fraction(1)]
    for k in range(1, 24):
        terms.append(terms[-1] * (4 * order**2 - (2 * k - 1) ** 2) / (8 * k))
    signed = [(-1) ** k * term for k, term in enumerate(terms[half::2])]
    text, found = "0", list(_steps(signed))
    for k, step in reversed(list(enumerate(found))):
        text = f"{float(step)}/({f'{_FAR}**2' if k % 2 else 1} + {text})"
    return f"{text}/{_FAR}" if half else text


_COS, _SIN = f"cos({_FAR})", f"sin({_FAR})"


def _far(order: int, even: str, odd: str, x: str = _FAR) -> str:
    """The function from 16 on: the waves of the two halves of the series."""
    waves = f"{_hankel(order, 0)}*({even}) + {_hankel(order, 1)}*({odd})"
    return f"({waves})*rsqrt(pi*{x})"


_J0_NEAR = f"({' + '.join(f'cos({s}*{_NEAR})' for s in _NODES)})/12"
_J1_NEAR = f"({' + '.join(f'{s}*sin({s}*{_NEAR})' for s in _NODES)})/12"
_J1_SLOPE = f"({' + '.join(f'{s}**2*cos({s}*{_NEAR})' for s in _NODES)})/12"
_J0_FAR = _far(0, f"{_COS} + {_SIN}", f"{_COS} - {_SIN}")
_J1_FAR = _far(1, f"{_SIN} - {_COS}", f"{_SIN} + {_COS}")

_FIRST = (
    Function(
        "j0",
        ("-j1(x)",),
        "j",
        (_X,),
        lambda x: x.bessel_j(0),
        definition=f"where(abs(x) < 16, {_J0_NEAR}, {_J0_FAR})",
    ),
    Function(
        "j1",
        # j0(x) - y/x, whose own derivative cancels for a small x
        (f"where(abs(x) < 16, {_J1_SLOPE}, {_J0_FAR} - y/where(abs(x) < 16, 16, x))",),
        "j",
        (_X,),
        lambda x: x.bessel_j(1),
        definition=f"where(abs(x) < 16, {_J1_NEAR}, sign(x)*{_J1_FAR})",
    ),
)

# The second kind up to 16: DLMF 10.9.3, the integral of cos(x*sin(t)) times
# log(exp(gamma)/2*x) + 2*log(2*cos(t)).  The nodes of Bessel's integral do for the
# first; Kress's rule for logarithms (Linear Integral Equations, 12.3) does the second
# with those and the points between them, t = k/48*pi.
_LOG = f"log(exp(-digamma(1))/2*{_NEAR})"


def _turn() -> list[Decimal]:
    """The cosines of k/24*pi."""
    step = (2 + (2 + Decimal(3).sqrt()).sqrt()).sqrt() / 2
    found = [Decimal(1), step]
    while len(found) < 48:
        found.append(2 * step * found[-1] - found[-2])
    return found


def _logs() -> list[Decimal]:
    """log(2*cos(t)) at the nodes, of its Fourier series what they tell apart."""
    with localcontext(Context(prec=28)):
        turn, found = _turn(), []
        for k in range(25):
            waves = ((-1) ** m * turn[k * m % 48] / m for m in range(1, 24))
            found.append(-sum(waves) - turn[k * 24 % 48] / 48)
        return [found[0] / 2, *found[1:-1], found[-1] / 2]


_AT_0, *_LOGS = _logs()


def _log_rule(wave: str) -> str:
    """12 times the integral, but for t = 0; a wave is cos(x*s), or its slope by x."""
    terms = []
    for k, weight in enumerate(_LOGS, 1):
        s = f"sin({k}/48*pi)" if k < 24 else "1"
        log = f"({_LOG} {weight:+})" if k % 2 else f"({weight})"
        terms.append(f"{log}*{wave.format(s=s)}")
    return f"({' + '.join(terms)})"


_Y0_NEAR = f"1/6/pi*({_log_rule(f'cos({{s}}*{_NEAR})')} + {_AT_0})"
_Y1_NEAR = f"2/pi*({_log_rule(f'{{s}}*sin({{s}}*{_NEAR})')}/12 - {_J0_NEAR}/{_NEAR})"
# of x itself, not of its modulus: there is no value below 0
_SIGNED = "where(abs(x) < 16, 16, x)"
_Y0_FAR = _far(0, f"{_SIN} - {_COS}", f"{_SIN} + {_COS}", _SIGNED)
_Y1_FAR = _far(1, f"-{_SIN} - {_COS}", f"{_SIN} - {_COS}", _SIGNED)

_SECOND = (
    Function(
        "y0",
        ("-y1(x)",),
        "n",
        (_POSITIVE,),
        lambda x: x.bessel_y(0),
        safe=("1",),
        definition=f"where(abs(x) < 16, {_Y0_NEAR}, {_Y0_FAR})",
        domain="x > 0",
    ),
    Function(
        "y1",
        ("y0(x) - y/x",),
        "n",
        (_POSITIVE,),
        lambda x: x.bessel_y(1),
        safe=("1",),
        definition=f"where(abs(x) < 16, {_Y1_NEAR}, {_Y1_FAR})",
        domain="x > 0",
    ),
)

# The modified ones up to 1: the series in x, DLMF 10.31.1 and 10.31.2
_SMALL, _LARGE = "where(x < 1, x, 1)", "where(x < 1, 1, x)"
_SMALL_LOG = f"log(exp(-digamma(1))/2*{_SMALL})"


def _harmonic(k: int) -> Fraction:
    return sum((Fraction(1, m) for m in range(1, k + 1)), Fraction(0))


def _series(order: int) -> str:
    """The sum of (x/2)**(2*k)/k!/(k + order)! times means of harmonic numbers - log."""
    text = "0"
    for k in reversed(range(10)):
        mean = (_harmonic(k) + _harmonic(k + order)) / 2
        rest = f"{_SMALL}**2*{text}/{4 * (k + 1) * (k + 1 + order)}"
        text = f"({mean} - {_SMALL_LOG} + {rest})"
    return text


_K0_NEAR = _series(0)
_K1_NEAR = f"(1/{_SMALL} - {_SMALL}/2*{_series(1)})"


# From 1 on: DLMF 10.32.9, the integral of exp(-x*(cosh(t) - 1)).  The trapezoidal rule
# in v, where sinh(t/2) = sinh(v)/sqrt(x), makes exp(x)*K0(x) a sum of 1/sqrt(x + s).
def _line(text: str) -> str:
    """What a text says of r = 1/sqrt(x + s), summed over s."""
    terms = []
    for k in range(18):
        s, share = (f"sinh({k}/8)**2", 4) if k else ("0", 8)
        r = f"rsqrt({_LARGE} + {s})"
        terms.append(f"cosh({k}/8)*exp(-2*{s})/{share}*({text.format(r=r)})")
    return f"({' + '.join(terms)})"


# K1 is the slope of K0, and of a sum of powers of r the slope is another
_K0E_FAR, _K0E_FALL = _line("{r}"), _line("{r}**3/2")
_K1E_FAR, _K1E_FALL = _line("{r} + {r}**3/2"), _line("{r}**3/2 + 3/4*{r}**5")

_MODIFIED_SECOND = (
    Function(
        "k0",
        ("-k1(x)",),
        "k",
        (_POSITIVE,),
        lambda x: x.bessel_k(0),
        safe=("1",),
        definition=f"where(x < 1, {_K0_NEAR}, exp(-x)*{_K0E_FAR})",
        domain="x > 0",
    ),
    Function(
        "k0e",
        (f"where(x < 1, y - exp({_SMALL})*{_K1_NEAR}, -{_K0E_FALL})",),
        "k",
        (_POSITIVE,),
        lambda x: x.bessel_k(0, scaled=True),
        safe=("1",),
        definition=f"where(x < 1, exp({_SMALL})*{_K0_NEAR}, {_K0E_FAR})",
        domain="x > 0",
    ),
    Function(
        "k1",
        ("-k0(x) - y/x",),
        "k",
        (_POSITIVE,),
        bessel_k1,
        safe=("1",),
        definition=f"where(x < 1, {_K1_NEAR}, exp(-x)*{_K1E_FAR})",
        domain="x > 0",
    ),
    Function(
        "k1e",
        (f"where(x < 1, y - exp({_SMALL})*{_K0_NEAR} - y/{_SMALL}, -{_K1E_FALL})",),
        "k",
        (_POSITIVE,),
        lambda x: bessel_k1(x, scaled=True),
        safe=("1",),
        definition=f"where(x < 1, exp({_SMALL})*{_K1_NEAR}, {_K1E_FAR})",
        domain="x > 0",
    ),
)

ROWS: tuple[Function, ...] = (*_MODIFIED, *_FIRST, *_SECOND, *_MODIFIED_SECOND)
