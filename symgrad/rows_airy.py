"""Rows of the function table: the Airy function and its derivative."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgrad.function_row import Function

_X = (-5.0, 4.0)
_FULL = "x > -1000"
"""Where the phase of the wave, 2/3*abs(x)**(3/2), has digits left in float32."""

# From -3 to 2 the series of the two solutions of y'' = x*y, DLMF 9.4.1 and 9.4.2.
_NEAR = "where(x > 2 or x < -3, 0, x)"
_AT_0 = "9**(-1/3)*exp(-loggamma(2/3))"
_SLOPE_AT_0 = "3**(-1/3)*exp(-loggamma(1/3))"


def _series(steps: Sequence[int]) -> str:
    """1 + x**3/steps[0]*(1 + x**3/steps[1]*(...))"""
    text = "1"
    for step in reversed(steps):
        text = f"(1 + {_NEAR}**3/{step}*{text})"
    return text


def _two_series(a: int, b: int) -> str:
    """The steps are those between powers that differ by 3."""
    return _series([(3 * k + a) * (3 * k + b) for k in range(16)])


_VALUE_NEAR = f"{_AT_0}*{_two_series(2, 3)} - {_SLOPE_AT_0}*{_NEAR}*{_two_series(3, 4)}"
_SLOPE_NEAR = (
    f"{_AT_0}/2*{_NEAR}**2*{_two_series(3, 5)} - {_SLOPE_AT_0}*{_two_series(1, 3)}"
)

# Outside of that DLMF 9.5.8, the integral of exp(-sqrt(x)*t**2)*cos(t**3/3), in
# s = t*x**(1/4), by the trapezoidal rule, which gives it to the last digit.  Of a
# negative x it is that at -x*exp(I*pi/3), by DLMF 9.2.14, and two real ones.
_FAR = "where(x > 2 or x < -3, abs(x), 3)"
_PHASE, _ROOT = f"2/3*{_FAR}*sqrt({_FAR})", f"sqrt(sqrt({_FAR}))"
_NODES = [Fraction(k, 4) for k in range(1, 27)]
_WAVES = [f"cos({s**3}/3/{_ROOT}**3)" for s in _NODES]
_FALL, _TURN = "exp(-sqrt(3)/2*{s}**2)", "{s}**2/2"
_OF_RIGHT, _COS, _SIN = (
    "exp(-{s}**2)",
    f"{_FALL}*cos({_TURN})",
    f"{_FALL}*sin({_TURN})",
)


def _integral(weight: str, at_0: str = "1/2") -> str:
    """A sum over the nodes s of a weight times the wave, and what there is at 0."""
    terms = (
        f"{weight.format(s=f'({s})')}*{wave}"
        for s, wave in zip(_NODES, _WAVES, strict=True)
    )
    return f"({at_0} + {' + '.join(terms)})"


def _turned(squares: str, turn: str) -> str:
    """The real part of the integral of the left, turned by an angle."""
    angle, half = f"({turn} - {_PHASE})", "0" if squares else "1/2"
    even, odd = _integral(squares + _COS, half), _integral(squares + _SIN, "0")
    return f"({even}*cos{angle} + {odd}*sin{angle})"


_VALUE_RIGHT = f"exp(-{_PHASE})/4/pi/{_ROOT}*{_integral(_OF_RIGHT)}"
_SLOPE_RIGHT = (
    f"-exp(-{_PHASE})*{_ROOT}/4/pi*({_integral(_OF_RIGHT)}"
    f" + {_integral('{s}**2*' + _OF_RIGHT, '0')}/2/{_ROOT}**6)"
)
_VALUE_LEFT = f"1/2/pi/{_ROOT}*{_turned('', 'pi/3')}"
_SLOPE_LEFT = (
    f"1/2/pi*({_ROOT}*{_turned('', '5/6*pi')}"
    f" + {_turned('{s}**2*', 'pi/2')}/2/{_ROOT}**5)"
)


def _by_regions(right: str, left: str, near: str) -> str:
    return f"where(x > 2, {right}, where(x < -3, {left}, {near}))"


ROWS: tuple[Function, ...] = (
    Function(
        "airyai",
        ("airyaiprime(x)",),
        "ai",
        (_X,),
        lambda x: x.airy()[0],
        definition=_by_regions(_VALUE_RIGHT, _VALUE_LEFT, _VALUE_NEAR),
        domain=_FULL,
    ),
    Function(
        "airyaiprime",
        ("x*airyai(x)",),
        "dai",
        (_X,),
        lambda x: x.airy()[1],
        definition=_by_regions(_SLOPE_RIGHT, _SLOPE_LEFT, _SLOPE_NEAR),
        domain=_FULL,
    ),
)
