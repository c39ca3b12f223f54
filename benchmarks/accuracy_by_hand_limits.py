"""Forms by hand of what has a limit, a scale or an overflow: quotients and lengths.

Branches that are not taken may overflow: nothing is differentiated through them.
"""

from __future__ import annotations

import torch
from accuracy_by_hand_parts import (
    ARC_COSINE,
    ATANH_RATIO,
    BOX_COX,
    COS_RATIO,
    EXPM1_RATIO,
    LANGEVIN,
    LOG1P_RATIO,
    SINC,
    SO3,
    even,
    even_slope,
    polynomial,
    slopes,
)
from torch import Tensor, cos, exp, expm1, log, log1p, sin, sinh, sqrt, tanh, where

# Quotients that have a limit: a series about it


def sinc_slope(x: Tensor) -> Tensor:
    """``cos(x)/x - sin(x)/x**2``."""
    return where(x.abs() < 1.5, even_slope(x, SINC), (cos(x) - sin(x) / x) / x)


def expm1_ratio(x: Tensor) -> Tensor:
    """Far out the exponential overflows before the quotient does: half at a time."""
    e = exp(x / 2)
    return where(x == 0, 1.0, where(x > 80, e / x * e, expm1(x) / x))


def expm1_ratio_slope(x: Tensor) -> Tensor:
    """Likewise."""
    e = exp(x / 2)
    far = where(x > 80, e * ((x - 1) / x / x) * e, (exp(x) - expm1(x) / x) / x)
    return where(x.abs() < 1, polynomial(x, slopes(EXPM1_RATIO)), far)


def log1p_ratio(x: Tensor) -> Tensor:
    """``log(1 + x)/x``, where ``log1p`` may flush what is hardly normal."""
    return where(x.abs() < 1e-30, 1.0, log1p(x) / x)


def log1p_ratio_slope(x: Tensor) -> Tensor:
    """``1/(x*(1 + x)) - log(1 + x)/x**2``."""
    far = (1 / (1 + x) - log1p(x) / x) / x
    return where(x.abs() < 0.25, polynomial(x, slopes(LOG1P_RATIO)), far)


def cos_ratio(x: Tensor) -> Tensor:
    """By the half angle."""
    return where(x == 0, 0.5, 0.5 * (sin(x / 2) / (x / 2)) ** 2)


def cos_ratio_slope(x: Tensor) -> Tensor:
    """Likewise."""
    far = (sin(x) - 4 * sin(x / 2) ** 2 / x) / x / x
    return where(x.abs() < 2, even_slope(x, COS_RATIO), far)


def so3(x: Tensor) -> Tensor:
    """``(x - sin(x))/x**3``; the cube of a large x may overflow."""
    return where(x.abs() < 2, even(x, SO3), (x - sin(x)) / x / x / x)


def so3_slope(x: Tensor) -> Tensor:
    """Likewise."""
    far = ((1 - cos(x)) - 3 * ((x - sin(x)) / x)) / x / x / x
    return where(x.abs() < 2, even_slope(x, SO3), far)


def kepler(x: Tensor, p: Tensor) -> Tensor:
    """``x - p*sin(x)``: for p near 1 what is left of x, and what x is more than sin."""
    return (1 - p) * x + p * (x * x * so3(x)) * x


def quaternion_log(w: Tensor) -> Tensor:
    """``acos(w)/sqrt(1 - w**2)`` by the half angle; ``1 - w`` is exact near 1."""
    found = 2 * torch.asin(sqrt((1 - w) / 2)) / sqrt((1 - w) * (1 + w))
    return where(w == 1, 1.0, found)


def quaternion_log_slope(w: Tensor) -> Tensor:
    """By its differential equation, which near 1 gives a series."""
    square = (1 - w) * (1 + w)
    far = (w * torch.acos(w) / sqrt(square) - 1) / square
    return where(w > 0.5, -polynomial(1 - w, slopes(ARC_COSINE)), far)


def box_cox(y: Tensor, p: Tensor) -> Tensor:
    """``(p**y - 1)/y``."""
    u = y * log(p)
    return where(u.abs() < 1e-20, log(p), expm1(u) / y)


def box_cox_slope(y: Tensor, p: Tensor) -> Tensor:
    """By y: a function of ``y*log(p)`` that is 1/2 at 0."""
    u = y * log(p)
    far = (exp(u) * (u - 1) + 1) / (u * u)
    return log(p) ** 2 * where(u.abs() < 1, polynomial(u, BOX_COX), far)


def langevin(x: Tensor) -> Tensor:
    """``1/tanh(x) - 1/x``."""
    return where(x.abs() < 1, x * even(x, LANGEVIN), 1 / tanh(x) - 1 / x)


def langevin_slope(x: Tensor) -> Tensor:
    """``1/x**2 - 1/sinh(x)**2``; squares of quotients do not overflow."""
    near = even(x, [(2 * n + 1) * c for n, c in enumerate(LANGEVIN)])
    return where(x.abs() < 1, near, (1 / x) ** 2 - (1 / sinh(x)) ** 2)


def continuous_bernoulli(p: Tensor) -> Tensor:
    """``log(2*atanh(u)/u)`` of ``u = 1 - 2*p``; the atanh as a difference of logs."""
    u = 1 - 2 * p
    far = (log1p(-p) - log(p)) / u
    return log(where(u.abs() < 0.3, 2 * even(u, ATANH_RATIO), far))


def continuous_bernoulli_slope(p: Tensor) -> Tensor:
    """Likewise."""
    u = 1 - 2 * p
    near = -2 * even_slope(u, ATANH_RATIO) / even(u, ATANH_RATIO)
    far = 2 / u - 1 / (p * (1 - p) * (log1p(-p) - log(p)))
    return where(u.abs() < 0.4, near, far)


# Exponentials that overflow before the whole does


def planck(p: Tensor) -> Tensor:
    """``p**3/(exp(p) - 1)``, with half of the exponential by either p."""
    e = exp(-p / 2)
    return where(p > 20, (p * e) * (p * e) * p / (1 - e * e), p * p * (p / expm1(p)))


def planck_slope(p: Tensor) -> Tensor:
    """Likewise."""
    e = exp(-p / 2)
    quotient = where(p > 20, (p * e) * (p * e) / (1 - e * e), p * (p / expm1(p)))
    return quotient * (3 + p / expm1(-p))


def lennard_jones(p: Tensor) -> Tensor:
    """``4*s*(s - 1)`` of ``s = p**-6``; near 1, ``p - 1`` is exact."""
    s = p**-6
    gap = where((p - 1).abs() < 0.25, expm1(-6 * log1p(p - 1)), s - 1)
    return 4 * s * gap


def lennard_jones_slope(p: Tensor) -> Tensor:
    """No power of p that the whole does not have."""
    s = p**-6
    return -24 * (s / p) * (2 * s - 1)


# Lengths: squares that overflow


def unit(x: Tensor) -> Tensor:
    """``sqrt(1 + x**2)``."""
    return torch.hypot(torch.ones_like(x), x)


def length_slope(x: Tensor, y: Tensor) -> Tensor:
    """``x/sqrt(x**2 + y**2)``, both over the larger of them."""
    m = torch.maximum(x.abs(), y.abs())
    u, w = x / m, y / m
    return where(m == 0, 0.0, u / sqrt(u * u + w * w))


def angle_slope(y: Tensor, x: Tensor) -> Tensor:
    """``x/(x**2 + y**2)``, likewise."""
    m = torch.maximum(x.abs(), y.abs())
    u, w = x / m, y / m
    return u / (u * u + w * w) / m


def squareplus(x: Tensor) -> Tensor:
    """On the left the conjugate: a quotient for a difference."""
    h = unit(x / 2)
    return where(x < 0, 1 / (h - x / 2), h + x / 2)


def squareplus_slope(x: Tensor) -> Tensor:
    """Likewise."""
    h = unit(x / 2)
    return where(x < 0, 0.5 / h / (h - x / 2), 0.5 * (1 + x / 2 / h))


def geman_mcclure(x: Tensor) -> Tensor:
    """``x**2/(1 + x**2)``, far out in ``1/x``."""
    i = 1 / x
    return where(x.abs() > 1, 1 / (1 + i * i), x * x / (1 + x * x))


def geman_mcclure_slope(x: Tensor) -> Tensor:
    """Likewise."""
    i = 1 / x
    far = 2 * i**3 / (1 + i * i) ** 2
    return where(x.abs() > 1, far, 2 * x / (1 + x * x) ** 2)
