"""What forms by hand are made of: polynomials, split exponentials, sums of terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

import sympy
import torch
from torch import Tensor

TERMS = 30
"""Coefficients of each series: enough for float64 on the stretch that it serves."""

BERNOULLI = tuple(float(sympy.bernoulli(2 * n)) for n in range(1, TERMS))
"""The Bernoulli numbers of even index, from the second."""


# Polynomials


def polynomial(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """A polynomial by Horner's rule, the constant first."""
    found = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        found = found * x + coefficient
    return found


def slopes(coefficients: Sequence[float]) -> tuple[float, ...]:
    """The coefficients of the derivative of a polynomial."""
    return tuple(n * c for n, c in enumerate(coefficients))[1:]


def even(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """A polynomial in the square of x."""
    return polynomial(x * x, coefficients)


def even_slope(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """Its derivative by x."""
    return 2 * x * polynomial(x * x, slopes(coefficients))


def _alternating(start: int) -> tuple[float, ...]:
    """``(-1)**k/(2*k + start)!``."""
    return tuple((-1) ** k / math.factorial(2 * k + start) for k in range(TERMS))


SINC = _alternating(1)
COS_RATIO = _alternating(2)
SO3 = _alternating(3)
EXPM1_RATIO = tuple(1 / math.factorial(k + 1) for k in range(TERMS))
LOG1P_RATIO = tuple((-1) ** k / (k + 1) for k in range(TERMS))
ATANH_RATIO = tuple(1 / (2 * k + 1) for k in range(TERMS))
NORMAL_KL = (1.0, *(-((-1) ** k) / (k + 3) for k in range(TERMS)))
BOX_COX = tuple(1 / (math.factorial(k) * (k + 2)) for k in range(TERMS))
LANGEVIN = tuple(
    4.0**n * b / math.factorial(2 * n) for n, b in enumerate(BERNOULLI, start=1)
)
ARC_COSINE = tuple(
    accumulate(range(1, TERMS), lambda a, n: a * n / (2 * n + 1), initial=1.0)
)
"""Of ``acos(w)/sqrt(1 - w**2)`` in ``1 - w``, from its differential equation."""


# Exponentials


def exp_of_square(x: Tensor, factor: float, times: Tensor | float = 1.0) -> Tensor:
    """``times*exp(factor*x**2)`` to a few units, for a power of two as factor.

    The square of a short number h near x is exact, so that the rounding of x**2 is
    not multiplied by its size; and half of the exponent on either side of the product
    keeps it from overflow and underflow of what is neither.
    """
    inside = x.clamp(-60, 60)
    h = torch.round(16 * inside) / 16
    half = torch.exp(factor * h * h / 2)
    rest = torch.exp(factor * (inside - h) * (inside + h))
    return (times * half * rest) * half


def logistic(x: Tensor) -> Tensor:
    """The sigmoid, which is not flushed to zero where it is subnormal."""
    e = torch.exp(-torch.abs(x))
    return torch.where(x < 0, e, 1.0) / (1 + e)


# Differences


def erfcx_slope(x: Tensor) -> Tensor:
    """The derivative of erfcx above 5/4: a continued fraction of positive terms.

    With ``sqrt(pi)*erfcx(x) = 1/(x + t)``, the terms that cancel leave ``t``.
    """
    t = torch.zeros_like(x)
    for n in range(120, 0, -1):
        t = (n / 2) / (x + t)
    return -(2 / math.sqrt(math.pi)) * (t / (x + t))


def _bessel_gap_coefficients() -> list[float]:
    """Of ``1 - i1(k)/i0(k)`` in ``1/k``, from the Riccati equation of the quotient."""
    found = [0.0, 0.5]
    for m in range(2, 26):
        products = (found[i] * found[m - i] for i in range(1, m))
        found.append(((m - 2) * found[m - 1] + sum(products)) / 2)
    return found


_BESSEL_GAP = _bessel_gap_coefficients()

_CIRCLE = 64
"""Points of the trapezoidal rule: for k below 30 it is as exact as float64."""


def bessel_gap(k: Tensor) -> Tensor:
    """``1 - i1(k)/i0(k)``, for small k as a quotient of integrals without signs."""
    below = k.clamp(max=30)
    lower, whole = torch.zeros_like(k), torch.zeros_like(k)
    for j in range(_CIRCLE):
        gap = 2 * math.sin(math.pi * j / _CIRCLE) ** 2
        weight = torch.exp(-gap * below)
        lower, whole = lower + gap * weight, whole + weight
    return torch.where(k > 30, polynomial(1 / k, _BESSEL_GAP), lower / whole)


STEPS = 12
"""By how much the arguments of gamma functions are raised."""


def lgamma_gap(p: Tensor, v: Tensor) -> Tensor:
    """``lgamma(p + v) - lgamma(p)``: Stirling's formula above, steps down from it."""
    high = p + STEPS
    raised = v * (torch.log(high + v) - 1) + (high - 0.5) * torch.log1p(v / high)
    raised = raised + (_stirling(high + v) - _stirling(high))
    return raised - total(torch.log1p(v / (p + j)) for j in range(STEPS))


def digamma_gap(p: Tensor, v: Tensor) -> Tensor:
    """``digamma(p + v) - digamma(p)``, likewise."""
    high = p + STEPS
    tail = v / (2 * high * (high + v)) + (_digamma_tail(high) - _digamma_tail(high + v))
    steps = total(v / ((p + j) * (p + j + v)) for j in range(STEPS))
    return steps + (torch.log1p(v / high) + tail)


def total(terms: Iterable[Tensor]) -> Tensor:
    """The sum of tensors."""
    first, *others = terms
    return sum(others, start=first)


def _stirling(z: Tensor) -> Tensor:
    terms = [b / (2 * n * (2 * n - 1)) for n, b in enumerate(BERNOULLI[:8], start=1)]
    return even(1 / z, terms) / z


def _digamma_tail(z: Tensor) -> Tensor:
    terms = [b / (2 * n) for n, b in enumerate(BERNOULLI[:8], start=1)]
    return even(1 / z, [0.0, *terms])
