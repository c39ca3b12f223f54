"""Forms by hand of activations, losses and densities.

Branches that are not taken may overflow: nothing is differentiated through them.
"""

from __future__ import annotations

import math

import torch
from accuracy_by_hand_parts import (
    NORMAL_KL,
    bessel_gap,
    erfcx_slope,
    exp_of_square,
    logistic,
    polynomial,
)
from torch import Tensor, cos, erfc, exp, expm1, log, log1p, sigmoid, sin, sqrt, where
from torch.special import erfcx

ROOT2, ROOT_2PI = math.sqrt(2), math.sqrt(2 * math.pi)

# Activations


def softplus(x: Tensor) -> Tensor:
    """Without the threshold of torch's own, which costs digits in float64."""
    return torch.logaddexp(x, torch.zeros_like(x))


def logcosh(x: Tensor) -> Tensor:
    """Near 0 by the half argument, else without the growing exponential."""
    a = x.abs()
    far = a + log1p(exp(-2 * a)) - math.log(2)
    return where(a < 1, log1p(2 * torch.sinh(x / 2) ** 2), far)


def silu(x: Tensor) -> Tensor:
    """On the left the exponential in halves: x times it is larger than it is."""
    e = exp(x / 2)
    return where(x < 0, (x * e) * (e / (1 + e * e)), x * sigmoid(x))


def silu_slope(x: Tensor) -> Tensor:
    """Likewise."""
    e = exp(x / 2)
    d = 1 + e * e
    return where(x < 0, (e * (1 + x / d)) * (e / d), sigmoid(x) * (1 + x * sigmoid(-x)))


def mish(x: Tensor) -> Tensor:
    """A quotient of polynomials in the exponential that does not overflow."""
    half, e, q = exp(x / 2), exp(x), exp(-x)
    left = (x * half) * half * ((e + 2) / (e * (e + 2) + 2))
    return where(x < 0, left, x * ((1 + 2 * q) / (1 + 2 * q + 2 * q * q)))


def mish_slope(x: Tensor) -> Tensor:
    """Likewise."""
    low = x.clamp(-2000, 0)
    half, e, q = exp(low / 2), exp(low), exp(-x)
    n, d = e * (e + 2), 1 + 2 * q + 2 * q * q
    left = half * ((e + 2) * (n + 2) + 4 * low * (1 + e)) * (half / (n + 2) ** 2)
    return where(x < 0, left, (1 + 2 * q) / d + 4 * (x * q) * q * (1 + q) / d**2)


def gelu(x: Tensor) -> Tensor:
    """On the left by the scaled function, which has no tail."""
    left = exp_of_square(x, -0.5, x * erfcx(-x / ROOT2) / 2)
    return where(x < 0, left, x / 2 * erfc(-x / ROOT2))


def gelu_slope(x: Tensor) -> Tensor:
    """Likewise."""
    left = exp_of_square(x, -0.5, erfcx(-x / ROOT2) / 2 + x / ROOT_2PI)
    right = erfc(-x / ROOT2) / 2 + exp_of_square(x, -0.5, x / ROOT_2PI)
    return where(x < 0, left, right)


def tanh_slope(x: Tensor) -> Tensor:
    """``1/cosh(x)**2`` without a difference from 1."""
    e = exp(-x.abs())
    return (2 * e / (1 + e * e)) ** 2


# Distributions


def log_survival(p: Tensor) -> Tensor:
    """``log(1 - exp(-p))`` as Maechler has it."""
    return where(p < math.log(2), log(-expm1(-p)), log1p(-exp(-p)))


def inverse_softplus(p: Tensor) -> Tensor:
    """``log(exp(p) - 1)``, likewise."""
    return where(p < math.log(2), log(expm1(p)), p + log1p(-exp(-p)))


def logit(p: Tensor) -> Tensor:
    """Near 1/2 ``2*p - 1`` is exact."""
    far = log(p) - log1p(-p)
    return where((p - 0.5).abs() < 0.25, 2 * torch.atanh(2 * p - 1), far)


def log_ndtr(x: Tensor) -> Tensor:
    """In the left tail the square apart, in the right one the gap to 1."""
    left = log(erfcx(-x / ROOT2) / 2) - x * x / 2
    right = log1p(-exp_of_square(x, -0.5, erfcx(x / ROOT2) / 2))
    return where(x < -1, left, where(x > 1, right, log(erfc(-x / ROOT2) / 2)))


def log_ndtr_slope(x: Tensor) -> Tensor:
    """In the left tail the density cancels; far out only -x is left."""
    left = where(x < -1e9, -x, math.sqrt(2 / math.pi) / erfcx(-x / ROOT2))
    return where(x < -1, left, exp_of_square(x, -0.5, 2 / ROOT_2PI) / erfc(-x / ROOT2))


def erfcx_(x: Tensor) -> Tensor:
    """On the left what is missing from twice the exponential."""
    left = exp_of_square(x, 1, 2.0) - erfcx(-x)
    near = exp_of_square(x, 1, erfc(x))
    return where(x > 1, erfcx(x), where(x < -1, left, near))


def erfcx_slope_(x: Tensor) -> Tensor:
    """``2*x*erfcx(x) - 2/sqrt(pi)``, but where that cancels."""
    left = exp_of_square(x, 1, 4 * x) - 2 * (x * erfcx(-x))
    near = where(x < -1, left, exp_of_square(x, 1, 2 * x * erfc(x)))
    return where(x > 1.25, erfcx_slope(x), near - 2 / math.sqrt(math.pi))


def bce(x: Tensor, p: Tensor) -> Tensor:
    """No logarithm of a sigmoid."""
    hinges = (1 - p) * x.clamp(min=0) - p * x.clamp(max=0)
    return hinges + log1p(exp(-x.abs()))


def bce_slope(x: Tensor, p: Tensor) -> Tensor:
    """Of hard labels the tails are kept, which ``sigmoid(x) - p`` loses."""
    return (1 - p) * logistic(x) - p * logistic(-x)


def focal_slope(x: Tensor) -> Tensor:
    """All terms of one sign."""
    s = sigmoid(-x)
    return -(s**2) * (2 * sigmoid(x) * softplus(-x) + s)


def student_t(x: Tensor, v: Tensor) -> Tensor:
    """Without a square that overflows or underflows before the whole."""
    r, half = x.abs() / sqrt(v), (v + 1) / 2
    far = half * (2 * log(x.abs()) - log(v))
    near = half * x / v * x
    return -where(r < 1e-8, near, where(r > 1e8, far, half * log1p(r * r)))


def student_t_slope(x: Tensor, v: Tensor) -> Tensor:
    """The larger of x and sqrt(v) divided out."""
    far = (v + 1) / x / (1 + (v / x) / x)
    near = (v + 1) / v * x / (1 + (x / v) * x)
    return -where(x.abs() > sqrt(v), far, near)


def von_mises(k: Tensor, x: Tensor) -> Tensor:
    """Near 0 the logarithm by the series of i0, else k apart from it."""
    terms = [1 / math.factorial(j) ** 2 for j in range(30)]
    square = k * k / 4
    near = k * cos(x) - log1p(square * polynomial(square, terms[1:]))
    far = -2 * k * sin(x / 2) ** 2 - log(torch.special.i0e(k))
    return where(k < 3, near, far)


def von_mises_slope(k: Tensor, x: Tensor) -> Tensor:
    """Both terms less 1."""
    return bessel_gap(k) - 2 * sin(x / 2) ** 2


def normal_kl(p: Tensor, v: Tensor) -> Tensor:
    """Of near deviations the square of their distance times a series."""
    d, r = (p - v) / v, p / v
    near = d * d * polynomial(d, NORMAL_KL)
    return where(d.abs() < 0.25, near, r * r / 2 - 0.5 - log(r))
