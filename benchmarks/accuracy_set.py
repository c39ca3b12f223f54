"""The public set: 45 expressions as one writes them, and where they are hard."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from symgrad.intervals import Interval
from symgrad.measure.strata import EVERYWHERE, Range

POSITIVE = Interval(0.0, math.inf, True, True)


@dataclass(frozen=True)
class Case:
    """One expression: ``inputs`` by name, and the one whose gradient is measured.

    ``fused`` is torch's own operator for it, where there is one.
    """

    name: str
    formula: str
    inputs: Mapping[str, Range]
    fused: Callable[..., Any] | None = None

    @property
    def wrt(self) -> str:
        """The input by which it is differentiated: the first."""
        return next(iter(self.inputs))

    @property
    def declarations(self) -> dict[str, str]:
        """The inputs as a spec declares them."""
        kinds = {n: r.domain for n, r in self.inputs.items()}
        return {
            n: "real" if d == EVERYWHERE else f"real in {d}" for n, d in kinds.items()
        }


def _real(*centres: float) -> Range:
    return Range(centres=centres or (0.0,))


def _positive(*centres: float) -> Range:
    return Range(POSITIVE, centres or (0.0,))


def _between(
    low: float,
    high: float,
    *centres: float,
    typical: tuple[float, float] | None = None,
    closed: bool = False,
) -> Range:
    domain = Interval(low, high, not closed, not closed)
    return Range(domain, centres or (0.0,), typical or (low, high))


_UNIT = _between(0, 1, 0.0, 0.5, 1.0)
_ANGLE = Range(Interval(-1e6, 1e6, True, True))
_LEVEL = _between(0, 1, 0.0, 0.5, 1.0, closed=True)
_SPREAD = _between(1e-6, 1e6, 1.0, typical=(1e-6, 30))
_LOGIT = "1/(1 + exp(-x))"


def _bce(x: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(x, p, reduction="none")


PUBLIC: tuple[Case, ...] = (
    Case("softplus", "log(1 + exp(x))", {"x": _real(0.0, 20.0)}, F.softplus),
    Case("logsigmoid", "-log(1 + exp(-x))", {"x": _real()}, F.logsigmoid),
    Case("logcosh", "log(cosh(x))", {"x": _real()}),
    Case("silu", "x/(1 + exp(-x))", {"x": _real(0.0, -1.2784645427610738)}, F.silu),
    Case(
        "mish",
        "x*tanh(log(1 + exp(x)))",
        {"x": _real(0.0, -1.1924312145154)},
        F.mish,
    ),
    Case(
        "gelu",
        "x*(1 + erf(x/sqrt(2)))/2",
        {"x": _real(0.0, -0.7517915246935645)},
        F.gelu,
    ),
    Case("sigmoid", _LOGIT, {"x": _real()}, torch.sigmoid),
    Case("tanh", "tanh(x)", {"x": _real()}, torch.tanh),
    Case("xlogx", "p*log(p)", {"p": _positive(0.0, 1.0, math.exp(-1))}),
    Case("sinc", "sin(x)/x", {"x": _ANGLE}),
    Case("expm1_ratio", "(exp(x) - 1)/x", {"x": _real()}),
    Case(
        "log1p_ratio",
        "log(1 + x)/x",
        {"x": Range(Interval(-1, math.inf, True, True), (0.0, -1.0))},
    ),
    Case("cos_ratio", "(1 - cos(x))/x**2", {"x": _ANGLE}),
    Case(
        "sqrt1p_less_1",
        "sqrt(1 + x) - 1",
        {"x": Range(Interval(-1, math.inf, True, True), (0.0, -1.0))},
    ),
    Case("length", "sqrt(x**2 + y**2)", {"x": _real(), "y": _real()}, torch.hypot),
    Case("angle", "atan2(y, x)", {"y": _real(), "x": _real()}, torch.atan2),
    Case("log_survival", "log(1 - exp(-p))", {"p": _positive()}),
    Case("logit", "log(p/(1 - p))", {"p": _UNIT}, torch.logit),
    Case(
        "log_ndtr",
        "log((1 + erf(x/sqrt(2)))/2)",
        {"x": _real()},
        torch.special.log_ndtr,
    ),
    Case("erfcx", "exp(x**2)*erfc(x)", {"x": _real()}, torch.special.erfcx),
    Case(
        "logaddexp",
        "log(exp(x) + exp(y))",
        {"x": _real(), "y": _real()},
        torch.logaddexp,
    ),
    Case(
        "bce",
        f"-(p*log({_LOGIT}) + (1 - p)*log(1 - {_LOGIT}))",
        {"x": _real(), "p": _UNIT},
        _bce,
    ),
    Case("focal", f"-(1 - {_LOGIT})**2*log({_LOGIT})", {"x": _real()}),
    Case(
        "student_t",
        "-(v + 1)/2*log(1 + x**2/v)",
        {"x": _real(), "v": _between(0.1, 1e6, 1.0, typical=(0.1, 30))},
    ),
    Case(
        "von_mises",
        "k*cos(x) - log(i0(k))",
        {
            "k": _between(1e-6, 1e5, 0.1, typical=(1e-6, 30)),
            "x": _between(-3.1415, 3.1415),
        },
    ),
    Case(
        "negative_binomial",
        "lgamma(p + v) - lgamma(p)",
        {
            "p": _between(1e-3, 1e8, 1.0, typical=(1e-3, 30)),
            "v": _between(1, 1000, 1.0, typical=(1, 30)),
        },
    ),
    Case(
        "normal_kl",
        "log(v/p) + p**2/(2*v**2) - 1/2",
        {"p": _SPREAD, "v": _SPREAD},
    ),
    Case(
        "box_cox",
        "(p**y - 1)/y",
        {"y": _between(-4, 4), "p": _between(1e-3, 1e3, 1.0, typical=(1e-3, 30))},
    ),
    Case("so3", "(x - sin(x))/x**3", {"x": _ANGLE}),
    Case(
        "quaternion_log",
        "acos(w)/sqrt(1 - w**2)",
        {"w": _between(-1, 1, 1.0, -1.0, 0.0, closed=True)},
    ),
    Case("pseudo_huber", "sqrt(1 + x**2) - 1", {"x": _real()}),
    Case("welsch", "1 - exp(-x**2/2)", {"x": _real()}),
    Case("kepler", "x - p*sin(x)", {"x": _between(-10, 10), "p": _between(0, 1, 1.0)}),
    Case("planck", "p**3/(exp(p) - 1)", {"p": _positive(0.0, 2.8214393721220787)}),
    Case(
        "lennard_jones",
        "4*(p**(-12) - p**(-6))",
        {"p": _positive(0.0, 1.0, 2 ** (1 / 6))},
    ),
    Case("morse", "(1 - exp(-x))**2", {"x": _real()}),
    Case("langevin", "1/tanh(x) - 1/x", {"x": _real()}),
    Case("asinh", "log(x + sqrt(x**2 + 1))", {"x": _real()}, torch.asinh),
    Case("squareplus", "(x + sqrt(x**2 + 4))/2", {"x": _real()}),
    Case("geman_mcclure", "x**2/(1 + x**2)", {"x": _real()}),
    Case("gumbel", "-x - exp(-x)", {"x": _real()}),
    Case("elu", "where(x > 0, x, exp(x) - 1)", {"x": _real()}, F.elu),
    Case("poincare", "acosh(1 + 2*p)", {"p": _positive()}),
    Case("inverse_softplus", "log(exp(p) - 1)", {"p": _positive(0.0, math.log(2))}),
    Case("continuous_bernoulli", "log(2*atanh(1 - 2*p)/(1 - 2*p))", {"p": _UNIT}),
)
