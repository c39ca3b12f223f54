"""The best forms that one writes by hand, of the public set: a rival to be measured.

Each expression has a form of its value and one of its derivative by the first input,
functions of the inputs in the order of the set.  They are written down from what is
known of floating point, not from what symgrad makes of the expressions.  Second
derivatives by hand are not written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import accuracy_by_hand_limits as limits
import accuracy_by_hand_parts as parts
import accuracy_by_hand_smooth as smooth
import torch
import torch.nn.functional as F
from torch import Tensor, exp, expm1, log, sigmoid, sin, sqrt, where

Form = Callable[..., Tensor]


@dataclass(frozen=True)
class ByHand:
    """An expression as a value, and as a derivative by its first input."""

    value: Form
    gradient: Form


BY_HAND: Mapping[str, ByHand] = {
    "softplus": ByHand(smooth.softplus, sigmoid),
    "logsigmoid": ByHand(F.logsigmoid, lambda x: sigmoid(-x)),
    "logcosh": ByHand(smooth.logcosh, torch.tanh),
    "silu": ByHand(smooth.silu, smooth.silu_slope),
    "mish": ByHand(smooth.mish, smooth.mish_slope),
    "gelu": ByHand(smooth.gelu, smooth.gelu_slope),
    "sigmoid": ByHand(sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "tanh": ByHand(torch.tanh, smooth.tanh_slope),
    "xlogx": ByHand(lambda p: torch.xlogy(p, p), lambda p: log(p) + 1),
    "sinc": ByHand(lambda x: where(x == 0, 1.0, sin(x) / x), limits.sinc_slope),
    "expm1_ratio": ByHand(limits.expm1_ratio, limits.expm1_ratio_slope),
    "log1p_ratio": ByHand(limits.log1p_ratio, limits.log1p_ratio_slope),
    "cos_ratio": ByHand(limits.cos_ratio, limits.cos_ratio_slope),
    "sqrt1p_less_1": ByHand(
        lambda x: x / (sqrt(1 + x) + 1), lambda x: 0.5 / sqrt(1 + x)
    ),
    "length": ByHand(torch.hypot, limits.length_slope),
    "angle": ByHand(torch.atan2, limits.angle_slope),
    "log_survival": ByHand(smooth.log_survival, lambda p: 1 / expm1(p)),
    "logit": ByHand(smooth.logit, lambda p: 1 / (p * (1 - p))),
    "log_ndtr": ByHand(smooth.log_ndtr, smooth.log_ndtr_slope),
    "erfcx": ByHand(smooth.erfcx_, smooth.erfcx_slope_),
    "logaddexp": ByHand(torch.logaddexp, lambda x, y: sigmoid(x - y)),
    "bce": ByHand(smooth.bce, smooth.bce_slope),
    "focal": ByHand(
        lambda x: sigmoid(-x) ** 2 * smooth.softplus(-x), smooth.focal_slope
    ),
    "student_t": ByHand(smooth.student_t, smooth.student_t_slope),
    "von_mises": ByHand(smooth.von_mises, smooth.von_mises_slope),
    "negative_binomial": ByHand(parts.lgamma_gap, parts.digamma_gap),
    "normal_kl": ByHand(smooth.normal_kl, lambda p, v: (p - v) / v * ((p + v) / v) / p),
    "box_cox": ByHand(limits.box_cox, limits.box_cox_slope),
    "so3": ByHand(limits.so3, limits.so3_slope),
    "quaternion_log": ByHand(limits.quaternion_log, limits.quaternion_log_slope),
    "pseudo_huber": ByHand(
        lambda x: x * (x / (limits.unit(x) + 1)), lambda x: x / limits.unit(x)
    ),
    "welsch": ByHand(
        lambda x: -expm1(-x * x / 2), lambda x: parts.exp_of_square(x, -0.5, x)
    ),
    "kepler": ByHand(limits.kepler, lambda x, p: (1 - p) + 2 * p * sin(x / 2) ** 2),
    "planck": ByHand(limits.planck, limits.planck_slope),
    "lennard_jones": ByHand(limits.lennard_jones, limits.lennard_jones_slope),
    "morse": ByHand(lambda x: expm1(-x) ** 2, lambda x: -2 * expm1(-x) * exp(-x)),
    "langevin": ByHand(limits.langevin, limits.langevin_slope),
    "asinh": ByHand(torch.asinh, lambda x: 1 / limits.unit(x)),
    "squareplus": ByHand(limits.squareplus, limits.squareplus_slope),
    "geman_mcclure": ByHand(limits.geman_mcclure, limits.geman_mcclure_slope),
    "gumbel": ByHand(lambda x: -x - exp(-x), lambda x: expm1(-x)),
    "elu": ByHand(
        lambda x: where(x > 0, x, expm1(x.clamp(max=0))),
        lambda x: exp(x.clamp(max=0)),
    ),
    "poincare": ByHand(
        lambda p: 2 * torch.asinh(sqrt(p)), lambda p: 1 / sqrt(p) / sqrt(1 + p)
    ),
    "inverse_softplus": ByHand(smooth.inverse_softplus, lambda p: -1 / expm1(-p)),
    "continuous_bernoulli": ByHand(
        limits.continuous_bernoulli, limits.continuous_bernoulli_slope
    ),
}
"""Expressions of the public set, by name."""


def derivatives(
    name: str, values: Mapping[str, Tensor], orders: Sequence[str]
) -> dict[str, Tensor]:
    """What is written of an expression; nothing of those that are not in the table."""
    if name not in BY_HAND:
        return {}
    written = {"value": BY_HAND[name].value, "gradient": BY_HAND[name].gradient}
    return {o: written[o](*values.values()) for o in orders if o in written}
