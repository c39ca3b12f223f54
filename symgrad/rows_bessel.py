"""Rows of the function table: Bessel functions."""

from __future__ import annotations

from symgrad.function_row import Function, Kink

_X = (-3.0, 3.0)

# The scaled Bessel functions fall like 1/sqrt(x); the differences that say so cancel,
# so from 1000 on the series in 1/|x|
_BIG = "where(abs(x) < 1000, 1000, x)"
_PER = f"/abs({_BIG})"
_I0E_FALL = f"(1/2 + (1/8 + (1/8 + 25/128{_PER}){_PER}){_PER})/{_BIG}"
_I1E_FALL = f"(1/2 - (3/8 + (3/8 + 63/128{_PER}){_PER}){_PER})/{_BIG}"

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

ROWS: tuple[Function, ...] = _MODIFIED
