"""Rows of the function table: Bessel functions."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

from symgrad.function_row import Function, Kink

_X = (-3.0, 3.0)

# The scaled Bessel functions fall like 1/sqrt(x); the differences that say so cancel,
# so from 1000 on the series in 1/|x|
_BIG = "where(abs(x) < 1000, 1000, x)"
_PER = f"/abs({_BIG})"
_I0E_FALL = f"(1/2 + (1/8 + (1/8 + 25/128{_PER}){_PER}){_PER})/{_BIG}"
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
        (f"where(abs(x) < 1000, i1e(x) - sign(x)*y, -y*({_I0E_FALL}))",),
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
# Up to 25 Bessel's integral, which the midpoint rule gives to the last digit; from
# there Hankel's series in 1/x.
_NEAR = "where(abs(x) < 25, x, 0)"
_FAR = "where(abs(x) < 25, 25, abs(x))"
_NODES = [f"sin({k}/60*pi)" for k in range(1, 30, 2)]


def _hankel(order: int, first: int) -> str:
    """Every other term of the series, from the one of that number on."""
    terms = [Fraction(1)]
    for k in range(1, 18):
        terms.append(terms[-1] * (4 * order**2 - (2 * k - 1) ** 2) / (8 * k))
    *others, text = map(str, terms[first::2])
    for term in reversed(others):
        text = f"{term} - ({text})/{_FAR}**2"
    return f"({text})/{_FAR}" if first else f"({text})"


_COS, _SIN = f"cos({_FAR})", f"sin({_FAR})"


def _far(order: int, even: str, odd: str) -> str:
    """The function from 25 on: the waves of the two halves of the series."""
    waves = f"{_hankel(order, 0)}*({even}) + {_hankel(order, 1)}*({odd})"
    return f"({waves})*rsqrt(pi*{_FAR})"


_J0_NEAR = f"({' + '.join(f'cos({s}*{_NEAR})' for s in _NODES)})/15"
_J1_NEAR = f"({' + '.join(f'{s}*sin({s}*{_NEAR})' for s in _NODES)})/15"
_J1_SLOPE = f"({' + '.join(f'{s}**2*cos({s}*{_NEAR})' for s in _NODES)})/15"
_J0_FAR = _far(0, f"{_COS} + {_SIN}", f"{_COS} - {_SIN}")
_J1_FAR = _far(1, f"{_SIN} - {_COS}", f"{_SIN} + {_COS}")

_FIRST = (
    Function(
        "j0",
        ("-j1(x)",),
        "j",
        (_X,),
        lambda x: x.bessel_j(0),
        definition=f"where(abs(x) < 25, {_J0_NEAR}, {_J0_FAR})",
    ),
    Function(
        "j1",
        # j0(x) - y/x, whose own derivative cancels for a small x
        (f"where(abs(x) < 25, {_J1_SLOPE}, {_J0_FAR} - y/where(abs(x) < 25, 25, x))",),
        "j",
        (_X,),
        lambda x: x.bessel_j(1),
        definition=f"where(abs(x) < 25, {_J1_NEAR}, sign(x)*{_J1_FAR})",
    ),
)

ROWS: tuple[Function, ...] = (*_MODIFIED, *_FIRST)
