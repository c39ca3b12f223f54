"""A second set: formulas of many fields, for which no rule was made."""

from __future__ import annotations

import math

from accuracy_set import Case

from symgrad.intervals import Interval
from symgrad.measure.strata import Range

POSITIVE = Interval(0.0, math.inf, True, True)


def real(*centres: float) -> Range:
    return Range(centres=centres or (0.0,))


def positive(*centres: float) -> Range:
    return Range(POSITIVE, centres or (0.0,))


def between(low: float, high: float, *centres: float, closed: bool = False) -> Range:
    domain = Interval(low, high, not closed, not closed)
    return Range(domain, centres or (0.0,), (max(low, -30), min(high, 30)))


_SIGMOID = "1/(1 + exp(-x))"
_UNIT = between(0, 1, 0.0, 0.5, 1.0)
_SCALE = between(1e-3, 1e3, 1.0)

OTHERS: tuple[Case, ...] = (
    # activations
    Case("celu", "where(x > 0, x, 2*(exp(x/2) - 1))", {"x": real()}),
    Case(
        "gelu_tanh",
        "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))",
        {"x": real()},
    ),
    Case("quick_gelu", "x/(1 + exp(-1.702*x))", {"x": real()}),
    Case("tanhshrink", "x - tanh(x)", {"x": real()}),
    Case("softsign", "x/(1 + abs(x))", {"x": real()}),
    Case("swish", "x/(1 + exp(-b*x))", {"x": real(), "b": _SCALE}),
    Case("tanhexp", "x*tanh(exp(x))", {"x": real()}),
    Case("logish", f"x*log(1 + {_SIGMOID})", {"x": real()}),
    Case("smish", f"x*tanh(log(1 + {_SIGMOID}))", {"x": real()}),
    Case("serf", "x*erf(log(1 + exp(x)))", {"x": real()}),
    Case("isru", "x/sqrt(1 + b*x**2)", {"x": real(), "b": _SCALE}),
    Case("snake", "x + sin(b*x)**2/b", {"x": between(-1e3, 1e3), "b": _SCALE}),
    Case("bent_identity", "(sqrt(x**2 + 1) - 1)/2 + x", {"x": real()}),
    Case("softplus_scaled", "log(1 + exp(b*x))/b", {"x": real(), "b": _SCALE}),
    Case("hard_gaussian", "exp(-x**2)", {"x": real()}),
    Case("rational_tanh", "x*(1 + abs(x))/(1 + abs(x) + x**2)", {"x": real()}),
    # statistics
    Case(
        "fermi_entropy",
        "log(1 + exp(-x)) + x/(1 + exp(x))",
        {"x": real()},
    ),
    Case(
        "bernoulli_kl",
        "p*log(p/v) + (1 - p)*log((1 - p)/(1 - v))",
        {"p": _UNIT, "v": _UNIT},
    ),
    Case("poisson_nll", "exp(x) - k*x", {"x": real(), "k": between(0, 1e3, 1.0)}),
    Case(
        "poisson_deviance",
        "2*(k*log(k/p) - (k - p))",
        {"p": _SCALE, "k": _SCALE},
    ),
    Case(
        "gamma_pdf",
        "(p - 1)*log(v) - v - lgamma(p)",
        {"p": _SCALE, "v": _SCALE},
    ),
    Case(
        "beta_normaliser",
        "lgamma(p) + lgamma(v) - lgamma(p + v)",
        {"p": _SCALE, "v": _SCALE},
    ),
    Case("cauchy", "log(1 + ((x - y)/v)**2)", {"x": real(), "y": real(), "v": _SCALE}),
    Case("laplace_cdf", "where(x < 0, exp(x)/2, 1 - exp(-x)/2)", {"x": real()}),
    Case("gumbel_cdf", "exp(-exp(-x))", {"x": real()}),
    Case("cloglog", "log(-log(1 - p))", {"p": _UNIT}),
    Case(
        "weibull_cdf",
        "1 - exp(-(p/v)**k)",
        {"p": positive(), "v": _SCALE, "k": between(0.5, 5, 1.0)},
    ),
    Case("gev", "(1 + c*x)**(-1/c)", {"x": between(0, 100), "c": between(1e-6, 1)}),
    Case(
        "q_logarithm",
        "(p**(1 - q) - 1)/(1 - q)",
        {"p": _SCALE, "q": between(-3, 5, 1.0)},
    ),
    Case("probit_loss", "-log((1 + erf(x/sqrt(2)))/2)", {"x": real()}),
    Case("hazard", "exp(-x**2/2)/(1 - erf(x/sqrt(2)))", {"x": real()}),
    Case("negative_entropy", "p*log(p) + (1 - p)*log(1 - p)", {"p": _UNIT}),
    Case("logistic_pdf", "exp(-x)/(1 + exp(-x))**2", {"x": real()}),
    Case("log_logistic_pdf", "-x - 2*log(1 + exp(-x))", {"x": real()}),
    Case("jensen", "log((1 + exp(x))/2) - x/2", {"x": real()}),
    # physics
    Case("kinetic", "1/sqrt(1 - w**2) - 1", {"w": between(-1, 1, 0.0, 1.0, -1.0)}),
    Case("doppler", "sqrt((1 + w)/(1 - w))", {"w": between(-1, 1, 0.0, 1.0, -1.0)}),
    Case("rapidity", "log((1 + w)/(1 - w))/2", {"w": between(-1, 1, 0.0, 1.0, -1.0)}),
    Case("bose", "1/(exp(p) - 1)", {"p": positive()}),
    Case("fermi", "1/(exp(x) + 1)", {"x": real()}),
    Case("einstein", "p**2*exp(p)/(exp(p) - 1)**2", {"p": positive()}),
    Case("brillouin", "2/tanh(2*x) - 1/tanh(x)", {"x": real()}),
    Case("yukawa", "exp(-p)/p", {"p": positive()}),
    Case("buckingham", "exp(-p) - 1/p**6", {"p": positive(0.0, 1.0)}),
    Case("coulomb_gap", "1/p - 1/(p + 1)", {"p": positive()}),
    Case("arrhenius", "exp(-k/p)", {"p": positive(), "k": _SCALE}),
    Case("rocket", "log(k/(k - p))", {"p": _UNIT, "k": between(1, 1e3, 1.0)}),
    Case("compton", "1/(1 + p*(1 - cos(x)))", {"x": between(-4, 4), "p": _SCALE}),
    Case("spherical_bessel", "sin(x)/x**2 - cos(x)/x", {"x": between(-1e3, 1e3)}),
    Case("haversine", "2*asin(sqrt(p))", {"p": _UNIT}),
    Case("lens", "1/(1/p + 1/v)", {"p": positive(), "v": positive()}),
    Case(
        "lennard_jones_pair",
        "4*k*((v/p)**12 - (v/p)**6)",
        {"p": _SCALE, "v": _SCALE, "k": _SCALE},
    ),
    Case("fresnel", "((p - 1)/(p + 1))**2", {"p": positive(1.0)}),
    # mathematics
    Case("bernoulli_function", "x/(exp(x) - 1)", {"x": real()}),
    Case("tanh_ratio", "tanh(x)/x", {"x": real()}),
    Case("phi2", "(exp(x) - 1 - x)/x**2", {"x": real()}),
    Case("log1p_less_x", "log(1 + x) - x", {"x": between(-1, math.inf, 0.0, -1.0)}),
    Case("cube_root", "(1 + p)**(1/3) - 1", {"p": positive()}),
    Case("sqrt_gap", "sqrt(p + 1) - sqrt(p)", {"p": positive()}),
    Case("flat", "exp(-1/p)", {"p": positive()}),
    Case("x_coth", "x/tanh(x)", {"x": real()}),
    Case("arc_ratio", "asin(w)/w", {"w": between(-1, 1, 0.0, 1.0, -1.0)}),
    Case("atan_ratio", "atan(x)/x", {"x": real()}),
    Case("runge", "1/(1 + x**2)", {"x": real()}),
    Case("quadratic_root", "(-x + sqrt(x**2 + 4*p))/2", {"x": real(), "p": _SCALE}),
    Case("reciprocal_root", "1/sqrt(p) - 1/sqrt(p + 1)", {"p": positive()}),
    Case("hyperbolic_gap", "sqrt(x**2 + 1) - x", {"x": real()}),
    Case("sin_less_x", "sin(x) - x*cos(x)", {"x": between(-1e3, 1e3)}),
    Case("exp_gap", "exp(x) - exp(y)", {"x": real(), "y": real()}),
    Case("log_gap", "log(x + y) - log(x)", {"x": positive(), "y": positive()}),
    Case("stretched", "exp(-sqrt(p))", {"p": positive()}),
    Case(
        "hill",
        "p**k/(v**k + p**k)",
        {"p": _SCALE, "v": _SCALE, "k": between(0.5, 8, 1.0)},
    ),
    Case(
        "binomial",
        "lgamma(p + 1) - lgamma(v + 1) - lgamma(p - v + 1)",
        {"p": between(100, 1000), "v": between(0, 99)},
    ),
)
