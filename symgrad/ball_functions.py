"""Functions of balls that take more than one method of ``flint.arb``.

Each is written so that balls stay narrow for arguments of any size.  A function
with a jump gives NaN where a ball does not show on which side it lies; a higher
precision then settles it.
"""

from __future__ import annotations

from typing import Any

Ball = Any
"""A ``flint.arb``."""


def power(x: Ball, e: Ball) -> Ball:
    """x**e, of real balls around zero too where e is a whole number.

    There ``flint.arb`` takes a logarithm if the middle of the ball is zero.
    """
    import flint  # which takes long, and not everybody needs it

    whole = e.is_exact() and e.unique_fmpz() is not None
    if isinstance(x, flint.arb) and whole and x.contains(0):
        return (flint.acb(x) ** flint.acb(e)).real
    return x**e


def cube_root(x: Ball) -> Ball:
    """The real cube root, odd in x."""
    return x.sgn() * abs(x).root(3)


def sigmoid(x: Ball) -> Ball:
    """1/(1 + exp(-x)), from the exponential that does not overflow."""
    if x.real > 0:
        return 1 / (1 + (-x).exp())
    e = x.exp()
    return e / (1 + e)


def softplus(x: Ball) -> Ball:
    """log(1 + exp(x))"""
    return x.max(0) + (-abs(x)).exp().log1p()


def log_add_exp(a: Ball, b: Ball) -> Ball:
    """log(exp(a) + exp(b))"""
    return a.max(b) + (-abs(a - b)).exp().log1p()


def log_add_exp2(a: Ball, b: Ball) -> Ball:
    """The logarithm of 2**a + 2**b to base 2."""
    two = a.const_log2()
    return log_add_exp(two * a, two * b) / two


def log_cosh(x: Ball) -> Ball:
    """log(cosh(x))"""
    return abs(x) + (-2 * abs(x)).exp().log1p() - x.const_log2()


def log_one_less_exp(x: Ball) -> Ball:
    """log(1 - exp(x)), for x below 0"""
    return (-x.expm1()).log() if x > -1 else (-x.exp()).log1p()


def exponential_ratio(x: Ball) -> Ball:
    """expm1(x)/x, and 1 at 0"""
    return x + 1 if x.is_zero() else x.expm1() / x


def excess_of_hypotenuse(a: Ball, b: Ball) -> Ball:
    """sqrt(a**2 + b**2) - b, for b above 0"""
    return a * a / (hypotenuse(a, b) + b)


def sum_with_hypotenuse(a: Ball, b: Ball) -> Ball:
    """a + sqrt(a**2 + b**2)"""
    h = hypotenuse(a, b)
    return b * b / (h - a) if a < 0 else a + h


def exponential_unit(x: Ball, alpha: Ball) -> Ball:
    """x where it is positive, elsewhere alpha*expm1(x)."""
    return x.max(0) + alpha * x.min(0).expm1()


def continuous_unit(x: Ball, alpha: Ball) -> Ball:
    """Barron's exponential unit, whose slope has no jump."""
    return x.max(0) + alpha * (x.min(0) / alpha).expm1()


def scaled_exponential_unit(x: Ball) -> Ball:
    """Klambauer's self-normalizing unit, with torch's doubles for its constants."""
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return scale * exponential_unit(x, alpha)


def leaky(x: Ball, slope: Ball) -> Ball:
    """x where it is positive, elsewhere slope*x."""
    return x.max(0) + slope * x.min(0)


def clamp(x: Ball, low: Ball, high: Ball) -> Ball:
    """x kept between two bounds; the upper one where they are out of order."""
    return x.max(low).min(high)


def normal_cdf(x: Ball) -> Ball:
    """The share of a standard normal distribution below x."""
    return (-x / _root_of_two()).erfc() / 2


def error_between(a: Ball, b: Ball) -> Ball:
    """erf(b) - erf(a), in balls as narrow far out as they are near 0."""
    if a > 0 and b > 0:
        return a.erfc() - b.erfc()
    return (-b).erfc() - (-a).erfc() if a < 0 and b < 0 else b.erf() - a.erf()


def erfcx(x: Ball) -> Ball:
    """exp(x**2)*erfc(x), through Tricomi's U where the product is 0*inf."""
    if not x > 2:
        return (x * x).exp() * x.erfc()
    return (x * x).hypgeom_u(0.5, 0.5) / x.pi().sqrt()


def log_normal_cdf(x: Ball) -> Ball:
    """The logarithm of :func:`normal_cdf`."""
    u = x / _root_of_two()
    if x > 0:
        return (-u.erfc() / 2).log1p()
    return (erfcx(-u) / 2).log() - u * u


def normal_quantile(p: Ball) -> Ball:
    """The x with :func:`normal_cdf` p."""
    return _root_of_two() * (2 * p - 1).erfinv()


def log_gamma(x: Ball) -> Ball:
    """log(abs(gamma(x)))"""
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def log_beta(a: Ball, b: Ball) -> Ball:
    """The logarithm of gamma(a)*gamma(b)/gamma(a + b), for positive arguments."""
    return a.lgamma() + b.lgamma() - (a + b).lgamma()


def polygamma(n: Ball, x: Ball) -> Ball:
    """The derivative of order n of digamma; far below 0 that of the other side."""
    import flint

    if x < -100 and n < flint.ctx.cap:
        order = int(float(n))
        cotangent = flint.arb_series([x, 1]).cot_pi()
        slope = cotangent[order] * flint.arb(order + 1).gamma()
        return (-1) ** order * polygamma(n, 1 - x) - x.pi() * slope
    return flint.acb(x).polygamma(flint.acb(n)).real


def x_log_y(a: Ball, b: Ball) -> Ball:
    """a*log(b), and 0 where a is 0."""
    return a if a.is_zero() else a * b.log()


def x_log1p_y(a: Ball, b: Ball) -> Ball:
    """a*log1p(b), and 0 where a is 0."""
    return a if a.is_zero() else a * b.log1p()


def hypotenuse(a: Ball, b: Ball) -> Ball:
    """sqrt(a**2 + b**2)"""
    return (a * a + b * b).sqrt()


def step(x: Ball, at_zero: Ball) -> Ball:
    """0 below zero, 1 above it, and ``at_zero`` between."""
    if x.is_zero():
        return at_zero
    return (1 + x.sgn()) / 2


def truncated(x: Ball) -> Ball:
    """x rounded towards zero."""
    if x >= 0:
        return x.floor()
    return x.ceil() if x < 0 else x.nan()


def rounded(x: Ball) -> Ball:
    """x rounded to the nearest whole number, halves to the even one."""
    up = (x + 0.5).floor()
    tie = (2 * x).is_integer() and not x.is_integer()
    return up - 1 if tie and not (up / 2).is_integer() else up


def remainder(a: Ball, m: Ball) -> Ball:
    """What is left of a after whole multiples of m; it has the sign of m."""
    return a - m * (a / m).floor()


def truncated_remainder(a: Ball, m: Ball) -> Ball:
    """What is left of a after whole multiples of m; it has the sign of a."""
    return a - m * truncated(a / m)


def with_sign(a: Ball, b: Ball) -> Ball:
    """a with the sign of b; balls know no negative zero."""
    return abs(a) if b.is_zero() else abs(a) * b.sgn()


def thrown_away(x: Ball, bound: Ball) -> Ball:
    """0 from -bound to bound, x outside."""
    return x * 0 if abs(x) <= bound else x


def shrunk(x: Ball, bound: Ball) -> Ball:
    """x moved towards 0 by bound, and no further."""
    return x - clamp(x, -bound, bound)


def replaced(x: Ball, bound: Ball, value: Ball) -> Ball:
    """x above a bound, another value elsewhere."""
    return x if x > bound else value


def _root_of_two() -> Ball:
    import flint

    return flint.arb(2).sqrt()


def bessel_k1(x: Ball, scaled: bool = False) -> Ball:
    """The modified Bessel function K1, times ``exp(x)`` where it is scaled.

    By its Wronskian with I, ``I0*K1 + I1*K0 = 1/x``: FLINT 3.3 never returns from K1
    itself at some arguments, such as 700 with 2048 bits.
    """
    i0, i1 = (x.bessel_i(order, scaled=scaled) for order in (0, 1))
    return (1 / x - i1 * x.bessel_k(0, scaled=scaled)) / i0
