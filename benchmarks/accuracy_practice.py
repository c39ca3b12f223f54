"""A fourth set: what is written in practice, by somebody who knew no rule."""

from __future__ import annotations

import math

from accuracy_others import between, positive, real
from accuracy_set import Case

_UNIT = between(0, 1, 0.0, 0.5, 1.0)
_CORR = between(-1, 1, -1.0, 0.0, 1.0)
_SCALE = between(1e-3, 1e3, 1.0)
_ABOVE_ONE = between(1, math.inf, 1.0)

PRACTICE: tuple[Case, ...] = (
    # --- one variable: machine learning
    Case("selu", "where(x > 0, 1.0507*x, 1.0507*1.67326*(exp(x) - 1))", {"x": real()}),
    Case("lisht", "x*tanh(x)", {"x": real()}),
    Case(
        "hard_swish", "x*minimum(maximum(x + 3, 0), 6)/6", {"x": real(-3.0, 0.0, 3.0)}
    ),
    Case("tanh_logdet", "log(1 - tanh(x)**2)", {"x": real()}),
    Case(
        "cosine_logsnr",
        "log(cos(pi*t/2)**2/(1 - cos(pi*t/2)**2))",
        {"t": _UNIT},
    ),
    Case(
        "vp_sigma", "sqrt(1 - exp(-0.1*t - 9.95*t**2))", {"t": between(0, 1, 0.0, 1.0)}
    ),
    Case("edm_weight", "(s**2 + 0.25)/(0.5*s)**2", {"s": positive()}),
    Case("min_snr_weight", "minimum(s, 5)/s", {"s": positive(0.0, 5.0)}),
    Case("softcap", "30*tanh(x/30)", {"x": real()}),
    Case("exp_sigmoid", "exp(x)/(1 + exp(x))", {"x": real()}),
    Case("log_softplus", "log(log(1 + exp(x)))", {"x": real()}),
    Case("arcface", "cos(acos(c) + 0.5)", {"c": _CORR}),
    Case("generalised_cross_entropy", "(1 - p**0.7)/0.7", {"p": _UNIT}),
    # --- one variable: statistics
    Case("digamma_step", "digamma(a + 1) - digamma(a)", {"a": positive()}),
    Case(
        "inverse_gaussian_logpdf",
        "-log(2*pi*x**3)/2 - (x - 1)**2/(2*x)",
        {"x": positive(0.0, 1.0)},
    ),
    Case("fisher_z", "log((1 + r)/(1 - r))/2", {"r": _CORR}),
    Case("gompertz_survival", "exp(-0.1*(exp(x) - 1))", {"x": real()}),
    Case(
        "skew_normal_logpdf",
        "-x**2/2 + log(1 + erf(3*x/sqrt(2)))",
        {"x": real()},
    ),
    Case(
        "stirling_error",
        "lgamma(x + 1) - (x + 0.5)*log(x) + x - log(2*pi)/2",
        {"x": positive()},
    ),
    Case("gamma_shape_score", "log(a) - digamma(a)", {"a": positive()}),
    Case(
        "tukey_biweight",
        "where(abs(x) < 4.685, 1 - (1 - (x/4.685)**2)**3, 1)",
        {"x": real(-4.685, 0.0, 4.685)},
    ),
    Case(
        "unbiased_sd_c4",
        "sqrt(2/(n - 1))*exp(lgamma(n/2) - lgamma((n - 1)/2))",
        {"n": _ABOVE_ONE},
    ),
    Case(
        "exp_modified_gaussian",
        "exp(0.5 - x)*erfc((1 - x)/sqrt(2))/2",
        {"x": real(1.0)},
    ),
    # --- one variable: physics and chemistry
    Case("schottky_heat", "(1/t)**2*exp(1/t)/(1 + exp(1/t))**2", {"t": positive()}),
    Case("wavelength_radiance", "1/(w**5*(exp(1/w) - 1))", {"w": positive()}),
    Case(
        "grating",
        "(sin(5*x)/sin(x))**2",
        {"x": between(-1e3, 1e3, 0.0, math.pi)},
    ),
    Case("gravitational_redshift", "1/sqrt(1 - 1/r) - 1", {"r": _ABOVE_ONE}),
    Case("disk_solid_angle", "2*pi*(1 - z/sqrt(z**2 + 1))", {"z": positive()}),
    Case(
        "klein_nishina_total",
        "(1 + x)/x**3*(2*x*(1 + x)/(1 + 2*x) - log(1 + 2*x))"
        " + log(1 + 2*x)/(2*x) - (1 + 3*x)/(1 + 2*x)**2",
        {"x": positive()},
    ),
    Case(
        "chandrasekhar",
        "(erf(x) - 2*x*exp(-x**2)/sqrt(pi))/(2*x**2)",
        {"x": positive()},
    ),
    Case(
        "prolate_demagnetising",
        "1/(m**2 - 1)*(m/sqrt(m**2 - 1)*log(m + sqrt(m**2 - 1)) - 1)",
        {"m": _ABOVE_ONE},
    ),
    Case(
        "oblate_area",
        "2*pi*(1 + (1 - u**2)/(2*u)*log((1 + u)/(1 - u)))",
        {"u": between(0, 1, 0.0, 1.0)},
    ),
    Case(
        "flory_huggins",
        "p*log(p) + (1 - p)*log(1 - p) + 1.5*p*(1 - p)",
        {"p": _UNIT},
    ),
    Case("harmonic_partition", "exp(-x/2)/(1 - exp(-x))", {"x": positive()}),
    Case("debye_huckel", "-0.509*sqrt(c)/(1 + sqrt(c))", {"c": positive()}),
    Case(
        "stumpff_c",
        "where(z > 0, (1 - cos(sqrt(z)))/z, (cosh(sqrt(-z)) - 1)/(-z))",
        {"z": real()},
    ),
    # --- one variable: finance, biology, signals
    Case("kelly_growth", "0.6*log(1 + f) + 0.4*log(1 - f)", {"f": _CORR}),
    Case(
        "hodgkin_huxley_alpha",
        "0.01*(v + 55)/(1 - exp(-(v + 55)/10))",
        {"v": real(-55.0)},
    ),
    Case("kimura_fixation", "(1 - exp(-2*s))/(1 - exp(-200*s))", {"s": real()}),
    Case(
        "raised_cosine",
        "sin(pi*t)/(pi*t)*cos(pi*t/2)/(1 - t**2)",
        {"t": between(-1e3, 1e3, -1.0, 0.0, 1.0)},
    ),
    Case("mel_scale", "2595*log(1 + f/700)/log(10)", {"f": positive()}),
    Case("mexican_hat", "(1 - x**2)*exp(-x**2/2)", {"x": real(-1.0, 0.0, 1.0)}),
    # --- two or three variables
    Case("glu", "a/(1 + exp(-b))", {"a": real(), "b": real()}),
    Case(
        "sac_logprob",
        "-(x - m)**2/(2*exp(2*s)) - s - log(1 - tanh(x)**2 + 1e-6)",
        {"x": real(), "m": real(), "s": between(-20, 2, 0.0)},
    ),
    Case(
        "planar_flow_logdet",
        "log(abs(1 + w*u*(1 - tanh(w*x)**2)))",
        {"x": real(), "w": real(), "u": real()},
    ),
    Case(
        "sinh_arcsinh",
        "sinh(d*log(x + sqrt(x**2 + 1)))",
        {"x": real(), "d": between(1e-2, 1e2, 1.0)},
    ),
    Case(
        "ppo_clip",
        "minimum(exp(d)*a, minimum(maximum(exp(d), 0.8), 1.2)*a)",
        {"d": real(), "a": real()},
    ),
    Case(
        "dpo_loss",
        "-log(1/(1 + exp(-0.1*(w - l))))",
        {"w": real(), "l": real()},
    ),
    Case(
        "logsumexp_three",
        "log(exp(a) + exp(b) + exp(c))",
        {"a": real(), "b": real(), "c": real()},
    ),
    Case(
        "barron_loss",
        "abs(a - 2)/a*((x**2/abs(a - 2) + 1)**(a/2) - 1)",
        {"x": real(), "a": between(-10, 10, 0.0, 1.0, 2.0)},
    ),
    Case(
        "discretised_logistic",
        "log(1/(1 + exp(-(x + 0.004)/s)) - 1/(1 + exp(-(x - 0.004)/s)))",
        {"x": real(), "s": _SCALE},
    ),
    Case(
        "beta_entropy",
        "lgamma(a) + lgamma(b) - lgamma(a + b) - (a - 1)*digamma(a)"
        " - (b - 1)*digamma(b) + (a + b - 2)*digamma(a + b)",
        {"a": positive(0.0, 1.0), "b": positive(0.0, 1.0)},
    ),
    Case(
        "normal_interval_mass",
        "log((erf((a + h)/sqrt(2)) - erf(a/sqrt(2)))/2)",
        {"a": real(), "h": positive()},
    ),
    Case(
        "ising_chain",
        "log(exp(k)*cosh(h) + sqrt(exp(2*k)*sinh(h)**2 + exp(-2*k)))",
        {"k": real(), "h": real()},
    ),
    Case(
        "law_of_cosines",
        "sqrt(a**2 + b**2 - 2*a*b*cos(t))",
        {
            "a": positive(0.0, 1.0),
            "b": positive(0.0, 1.0),
            "t": between(0, math.pi, 0.0, math.pi),
        },
    ),
    Case(
        "slerp_weight",
        "sin((1 - t)*w)/sin(w)",
        {
            "t": between(0, 1, 0.0, 1.0, closed=True),
            "w": between(0, math.pi, 0.0, math.pi),
        },
    ),
    Case(
        "morrison_binding",
        "((a + b + k) - sqrt((a + b + k)**2 - 4*a*b))/2",
        {"a": positive(0.0, 1.0), "b": positive(0.0, 1.0), "k": positive(0.0, 1.0)},
    ),
    Case(
        "sabr_ratio",
        "z/log((sqrt(1 - 2*r*z + z**2) + z - r)/(1 - r))",
        {"z": real(), "r": _CORR},
    ),
    Case(
        "annuity",
        "(1 - (1 + r)**(-n))/r",
        {"r": positive(), "n": _SCALE},
    ),
    Case(
        "logistic_growth",
        "n*exp(t)/(1 + n*(exp(t) - 1))",
        {"n": between(0, 1, 0.0, 1.0), "t": real()},
    ),
)
