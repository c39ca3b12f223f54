"""How functions of a complex argument move: ``dy = partial*dz + conjugate*conj(dz)``.

Of a function with real values half of that is the other half's conjugate, and it is
``dy = re(partial*dz)``.  By PyTorch's convention the cotangent of such a value is the
derivative of the objective by its real part plus ``I`` times that by its imaginary
part, so it travels back by the adjoint of that map of the plane:
``conj(partial)*g + conjugate*conj(g)``.

Source: W. Wirtinger, Math. Ann. 97 (1927), 357-375; K. Kreutz-Delgado, "The complex
gradient operator and the CR-calculus", arXiv:0906.4835, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symgrad.functions import TABLE


@dataclass(frozen=True)
class Wirtinger:
    """The partials of a function by each argument, and by its conjugate.

    Both are written as those of the function table.  No ``conjugates``: the function
    is analytic, or has real values.
    """

    partials: tuple[str, ...]
    conjugates: tuple[str, ...] | None = None


_AS_FOR_REALS = (
    "square reciprocal sqrt rsqrt exp exp2 expm1 log log1p log2 log10 "
    "sin cos tan asin acos atan sinh cosh acosh atanh"
)
"""Analytic functions whose partials are so too."""

# |e| <= 1 keeps both halves of the plane in range
_E = "exp({sign}{times}where(re(x) < 0, x, -x))"
_DECAY = _E.format(sign="", times="")
_DECAY_2 = _E.format(sign="", times="2*")

_AT_0 = "x == 0 and (re(e) > 0 or e == 0)"
"""Where a power does not move with its exponent, or by torch's convention does not."""

RULES: Mapping[str, Wirtinger] = {
    **{name: Wirtinger(TABLE[name].partials) for name in _AS_FOR_REALS.split()},
    "asinh": Wirtinger(("rsqrt(1 + x*x)",)),
    "sigmoid": Wirtinger((f"{_DECAY}/(1 + {_DECAY})**2",)),
    "tanh": Wirtinger((f"4*{_DECAY_2}/(1 + {_DECAY_2})**2",)),
    "pow": Wirtinger(
        (
            # 0**0 is NaN among torch's complex numbers, also within its derivative
            # of 0**1; elsewhere e has a derivative
            "e*where(x == 0 and e == 2, x, "
            "where(x == 0 and (e == 0 or e == 1 or e == 2), 1, x)**(e - 1))",
            f"where({_AT_0}, 0, y*log(where(x == 0, 1, x)))",
        ),
    ),
    # real values
    "re": Wirtinger(("1",)),
    "im": Wirtinger(("-I",)),
    "abs": Wirtinger(("conjugate(sign(x))",)),
    "arg": Wirtinger(("where(x == 0, 0, -I/where(x == 0, 1, x))",)),
    # not analytic
    "conjugate": Wirtinger(("0",), ("1",)),
    "sign": Wirtinger(
        ("where(x == 0, 0, 1/2/abs(where(x == 0, 1, x)))",),
        ("where(x == 0, 0, -y*y/2/abs(where(x == 0, 1, x)))",),
    ),
}
"""Function to rule; of all others there is no derivative by a complex argument.

At 0 they are what torch has there: 0 for ``abs``, ``arg`` and ``sign``.
"""

OF_NUMBER_EXPONENT = Wirtinger(("e*where(x == 0 and e == 0, 1, x)**(e - 1)", "nan"))
"""Powers by a number: torch knows which of them have a derivative at 0."""

_LOG = "log(abs(where(x == 0, 1, x))) + I*arg(where(x == 0, 1, x))"


def _of_real_base(at_0: str) -> Wirtinger:
    """Powers of a real number: a negative one has its logarithm in the plane."""
    return Wirtinger((RULES["pow"].partials[0], f"where({at_0}, 0, y*({_LOG}))"))


OF_REAL_BASE = _of_real_base(_AT_0)
OF_NUMBER_BASE = _of_real_base("x == 0")
"""Of a Python number 0 nothing is computed: torch's derivative of that is NaN."""
