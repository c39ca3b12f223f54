"""A third set: formulas of the sciences, written by somebody who knew no rule."""

from __future__ import annotations

import math

from accuracy_others import between, positive, real
from accuracy_set import Case

from symgrad.intervals import Interval
from symgrad.measure.strata import Range

_UNIT = between(0, 1, 0.0, 0.5, 1.0)
_SCALE = between(1e-3, 1e3, 1.0)
_ABOVE_ONE = between(1, math.inf, 1.0)
_HALF_PI = between(-math.pi / 2, math.pi / 2, -math.pi / 2, 0.0, math.pi / 2)

FIELDS: tuple[Case, ...] = (
    # ---- one input ----
    # activations
    Case("phish", "x*tanh(x/2*(1 + erf(x/sqrt(2))))", {"x": real()}),
    Case("squareplus", "(x + sqrt(x**2 + 4))/2", {"x": real()}),
    Case("gish", "x*log(2 - exp(-exp(x)))", {"x": real()}),
    Case(
        "elish",
        "where(x >= 0, x/(1 + exp(-x)), (exp(x) - 1)/(1 + exp(-x)))",
        {"x": real()},
    ),
    # links and distributions
    Case("cloglog_link", "log(-log(1 - p))", {"p": _UNIT}),
    Case("cloglog_inverse", "1 - exp(-exp(x))", {"x": real()}),
    Case("probit_nll", "-log((1 + erf(x/sqrt(2)))/2)", {"x": real()}),
    Case("arcsine_sqrt", "asin(sqrt(p))", {"p": _UNIT}),
    Case("mills_ratio", "sqrt(pi/2)*exp(x**2/2)*erfc(x/sqrt(2))", {"x": real()}),
    Case("sech_logpdf", "-log(2*cosh(pi*x/2))", {"x": real()}),
    Case(
        "lognormal_hazard",
        "exp(-log(t)**2/2)/(t*sqrt(2*pi))/(erfc(log(t)/sqrt(2))/2)",
        {"t": positive(0.0, 1.0)},
    ),
    Case("geometric_entropy", "(-(1 - p)*log(1 - p) - p*log(p))/p", {"p": _UNIT}),
    Case("truncated_poisson_mean", "m/(1 - exp(-m))", {"m": positive()}),
    Case("hellinger_normal", "sqrt(1 - exp(-d**2/8))", {"d": real()}),
    Case(
        "gamma_entropy", "a + lgamma(a) + (1 - a)*digamma(a)", {"a": positive(0.0, 1.0)}
    ),
    # a landmark regression loss
    Case(
        "wing_loss",
        "where(abs(x) < 10, 10*log(1 + abs(x)/2), abs(x) - 10 + 10*log(6))",
        {"x": real(-10.0, 0.0, 10.0)},
    ),
    # relativity, statistical and soft-matter physics
    Case(
        "relativistic_kinetic",
        "1/sqrt(1 - v**2) - 1",
        {"v": between(-1, 1, -1.0, 0.0, 1.0)},
    ),
    Case("doppler", "sqrt((1 + v)/(1 - v))", {"v": between(-1, 1, -1.0, 0.0, 1.0)}),
    Case("einstein_heat", "x**2*exp(x)/(exp(x) - 1)**2", {"x": positive()}),
    Case("brillouin_one", "1.5/tanh(1.5*x) - 0.5/tanh(0.5*x)", {"x": real()}),
    Case("debye_chain", "2*(exp(-x) - 1 + x)/x**2", {"x": positive()}),
    Case("sphere_form_factor", "3*(sin(x) - x*cos(x))/x**3", {"x": between(0, 1e4)}),
    Case(
        "marko_siggia",
        "1/(4*(1 - x)**2) - 1/4 + x",
        {"x": between(0, 1, 0.0, 1.0)},
    ),
    Case("nfw_mass", "log(1 + x) - x/(1 + x)", {"x": positive()}),
    Case("ewald_long", "erf(r)/r", {"r": positive()}),
    # chemistry and engineering
    Case("davies", "-0.509*(sqrt(s)/(1 + sqrt(s)) - 0.3*s)", {"s": positive()}),
    Case("thiele_sphere", "3/x**2*(x/tanh(x) - 1)", {"x": positive()}),
    Case("butler_volmer", "exp(x/2) - exp(-x/2)", {"x": real()}),
    Case("diode", "1e-12*(exp(v/0.02585) - 1)", {"v": between(-5, 2)}),
    Case("ekv_mosfet", "log(1 + exp(v/2))**2", {"v": real()}),
    # geometry, geodesy, kinematics
    Case("mercator", "log(tan(pi/4 + x/2))", {"x": _HALF_PI}),
    Case("gudermannian", "2*atan(exp(x)) - pi/2", {"x": real()}),
    Case("rodrigues_b", "(1 - cos(t))/t**2", {"t": between(-1e4, 1e4)}),
    Case("lorentz_distance", "log(x + sqrt(x**2 - 1))", {"x": _ABOVE_ONE}),
    Case(
        "circle_segment",
        "acos(1 - h) - (1 - h)*sqrt(2*h - h**2)",
        {"h": between(0, 2, 0.0, 1.0, 2.0)},
    ),
    # biology
    Case("final_size", "-log(1 - z)/z", {"z": between(0, 1, 0.0, 1.0)}),
    Case("jukes_cantor", "-3/4*log(1 - 4/3*p)", {"p": between(0, 0.75, 0.0, 0.75)}),
    # finance, signals
    Case("nelson_siegel_hump", "(1 - exp(-t))/t - exp(-t)", {"t": positive()}),
    Case("mu_law", "log(1 + 255*abs(x))/log(256)", {"x": real()}),
    Case("butterworth_gain", "1/sqrt(1 + w**8)", {"w": real(-1.0, 0.0, 1.0)}),
    # ---- two and three inputs ----
    Case("kl_poisson", "a*log(a/b) - a + b", {"a": positive(), "b": positive()}),
    Case(
        "kl_bernoulli",
        "p*log(p/q) + (1 - p)*log((1 - p)/(1 - q))",
        {"p": _UNIT, "q": _UNIT},
    ),
    Case(
        "log_beta",
        "lgamma(a) + lgamma(b) - lgamma(a + b)",
        {"a": positive(), "b": positive()},
    ),
    Case(
        "kumaraswamy_logpdf",
        "log(a*b) + (a - 1)*log(x) + (b - 1)*log(1 - x**a)",
        {"x": _UNIT, "a": _SCALE, "b": _SCALE},
    ),
    Case(
        "loglogistic_logsurvival",
        "-log(1 + (t/a)**b)",
        {"t": positive(0.0, 1.0), "a": _SCALE, "b": between(0.1, 20, 1.0)},
    ),
    Case(
        "gamma_deviance", "2*((y - m)/m - log(y/m))", {"y": positive(), "m": positive()}
    ),
    Case(
        "contrastive_pair",
        "-log(exp(a/t)/(exp(a/t) + exp(b/t)))",
        {"a": between(-1, 1), "b": between(-1, 1), "t": between(1e-3, 10, 1.0)},
    ),
    Case(
        "velocity_addition",
        "(u + v)/(1 + u*v)",
        {"u": between(-1, 1, -1.0, 0.0, 1.0), "v": between(-1, 1, -1.0, 0.0, 1.0)},
    ),
    Case(
        "ghk_flux",
        "x*(a - b*exp(-x))/(1 - exp(-x))",
        {"x": real(), "a": _SCALE, "b": _SCALE},
    ),
    Case(
        "swamee_jain",
        "0.25/(log(k/3.7 + 5.74/r**0.9)/log(10))**2",
        {
            "k": between(1e-6, 0.05, 1e-3),
            "r": Range(Interval(4e3, 1e8, True, True), (1e5,), (4e3, 1e8)),
        },
    ),
    Case(
        "log_mean_difference",
        "(a - b)/log(a/b)",
        {"a": positive(1.0), "b": positive(1.0)},
    ),
    Case(
        "fresnel_s",
        "((cos(t) - sqrt(n**2 - sin(t)**2))/(cos(t) + sqrt(n**2 - sin(t)**2)))**2",
        {"t": between(0, math.pi / 2, 0.0, math.pi / 2), "n": between(1, 4, 1.0)},
    ),
    Case(
        "eccentric_anomaly",
        "2*atan(sqrt((1 - ecc)/(1 + ecc))*tan(f/2))",
        {
            "ecc": between(0, 1, 0.0, 1.0),
            "f": between(-math.pi, math.pi, -math.pi, 0.0, math.pi),
        },
    ),
    Case(
        "great_circle",
        "acos(sin(a)*sin(b) + cos(a)*cos(b)*cos(d))",
        {"a": _HALF_PI, "b": _HALF_PI, "d": between(-math.pi, math.pi)},
    ),
    Case("bearing", "atan2(y, x)", {"y": real(), "x": real()}),
    Case(
        "elbow_angle",
        "acos((x**2 + y**2 - 2)/2)",
        {"x": between(-1.4, 1.4), "y": between(-1.4, 1.4)},
    ),
    Case(
        "bateman",
        "a/(a - k)*(exp(-k*t) - exp(-a*t))",
        {"a": _SCALE, "k": _SCALE, "t": positive()},
    ),
    Case(
        "hill",
        "x**h/(k**h + x**h)",
        {"x": positive(0.0, 1.0), "k": _SCALE, "h": between(0.5, 10, 1.0)},
    ),
    Case(
        "black_forward_call",
        "erfc(-(x/v + v/2)/sqrt(2))/2 - exp(-x)*erfc(-(x/v - v/2)/sqrt(2))/2",
        {"x": real(), "v": between(1e-3, 10, 1.0)},
    ),
    Case(
        "wave_dispersion",
        "sqrt(k*tanh(k*d))",
        {"k": positive(), "d": _SCALE},
    ),
)
