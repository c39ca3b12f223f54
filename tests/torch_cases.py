"""What every example must equal: a table.

Where torch has the operator, that is the reference; where it has not, the formula in
plain torch, differentiated by torch's autograd.
"""

from __future__ import annotations

import math

import torch
import torch.distributions as D
import torch.nn.functional as F
from axes_cases import AXES
from comparison import POSITIVE, UNIT, Case, X, between, count, mask
from complex_cases import COMPLEX
from references import (
    buckingham,
    clamped_swiglu,
    complete_iou,
    cross_entropy,
    fake_quantize,
    focal,
    grpo,
    huber,
    lennard_jones,
    lif_step,
    lstm_cell,
    pinball,
    ppo_clip,
    quality_focal,
    reaction_field,
    rotary_pair,
    sign_ste,
    spike,
    splat_covariance,
    xielu,
)

XW = {"x": X, "w": X}
GATES = {"a": X, "b": X}
ERROR = {"x": X, "target": X}
LOGIT = {"x": X, "target": UNIT}
LOCATED = {"x": X, "loc": X, "scale": POSITIVE}
PAIR = {"r": between(0.8, 3.0)}
POLICY = dict.fromkeys(("log_prob", "old_log_prob"), between(-2.0, 0.0))
BOX = {"x": UNIT, "y": UNIT, "w": POSITIVE, "h": POSITIVE}
CORNERS = (0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 40.0, -40.0)
TARGET = ("target",)
NOWHERE = ()

ACTIVATIONS = [
    Case(
        "swish.swish", lambda x, beta: x * torch.sigmoid(beta * x), {"x": X, "beta": X}
    ),
    Case("swish.double_swish", lambda x: x * torch.sigmoid(x - 1)),
    Case("smooth_activations.mish", F.mish),
    Case("smooth_activations.gelu", F.gelu),
    Case("smooth_activations.gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
    Case("smooth_activations.quick_gelu", lambda x: x * torch.sigmoid(1.702 * x)),
    Case(
        "smooth_activations.snake",
        lambda x, alpha: x + torch.sin(alpha * x) ** 2 / alpha,
        {"x": X, "alpha": POSITIVE},
    ),
    Case("smooth_activations.serf", lambda x: x * torch.erf(F.softplus(x))),
    Case(
        "smooth_activations.swoosh_l",
        lambda x: torch.logaddexp(torch.zeros_like(x), x - 4) - 0.08 * x - 0.035,
    ),
    Case(
        "smooth_activations.swoosh_r",
        lambda x: torch.logaddexp(torch.zeros_like(x), x - 1) - 0.08 * x - 0.313261687,
    ),
    Case("smooth_activations.log_gate", lambda x: F.logsigmoid(x) / 16),
    Case(
        "smooth_activations.log_gate",
        lambda x, temperature: F.logsigmoid(x) / temperature,
        numbers={"temperature": 2.5},
    ),
    Case("piecewise_activations.elu", F.elu),
    Case("piecewise_activations.elu", F.elu, numbers={"alpha": 2.0}),
    Case("piecewise_activations.selu", F.selu),
    Case("piecewise_activations.hardswish", F.hardswish, edges=CORNERS),
    Case("piecewise_activations.relu_squared", lambda x: F.relu(x) ** 2),
    Case("piecewise_activations.softplus", F.softplus, smooth=False),
    Case(
        "piecewise_activations.softplus",
        F.softplus,
        numbers={"beta": 0.3, "threshold": 5.0},
        smooth=False,
    ),
    Case(
        "piecewise_activations.soft_unit_step",
        lambda x: torch.where(x > 0, torch.exp(-1 / torch.where(x > 0, x, 1)), 0),
    ),
    Case(
        "piecewise_activations.xielu",
        xielu,
        {"x": X, "alpha_p": POSITIVE, "alpha_n": POSITIVE},
    ),
    Case("edges.relu_half", lambda x: (x + x.abs()) / 2, edges=(0.0, 3.0, -3.0)),
    Case("edges.relu_strict", F.relu, edges=(3.0, -3.0)),
]

UNITS = [
    Case("first_op.product", torch.mul, XW, edges=NOWHERE),
    Case(
        "first_op.product_bias", lambda x, w, b: torch.addcmul(b, x, w), {**XW, "b": X}
    ),
    Case("first_op.product_and_sum", lambda x, w: (x * w, x + w), XW),
    Case("gated_units.sigmoid_glu", lambda a, b: torch.sigmoid(a) * b, GATES),
    Case("gated_units.swiglu", lambda a, b: F.silu(a) * b, GATES),
    Case("gated_units.geglu", lambda a, b: F.gelu(a) * b, GATES),
    Case("gated_units.clamped_swiglu", clamped_swiglu, GATES),
    Case(
        "gated_units.clamped_swiglu",
        clamped_swiglu,
        GATES,
        {"limit": 2.0, "slope": 1.3},
        edges=(-2.0, 0.0, 40.0),
    ),
    Case(
        "dynamic_tanh.dynamic_tanh",
        lambda x, alpha, gamma, beta: torch.addcmul(beta, gamma, torch.tanh(alpha * x)),
        {"x": X, "alpha": POSITIVE, "gamma": X, "beta": X},
    ),
    Case("lstm_cell.lstm_cell", lstm_cell, dict.fromkeys("ifgoc", X)),
    Case(
        "published_kernels.bias_gelu",
        lambda x, bias: F.gelu(x + bias, approximate="tanh"),
        {"x": X, "bias": X},
    ),
    Case(
        "published_kernels.geglu_tanh",
        lambda a, b: F.gelu(a, approximate="tanh") * b,
        GATES,
    ),
    Case(
        "published_kernels.key_update",
        lambda k, a, share: torch.lerp(k, k * a, share),
        {"k": X, "a": UNIT, "share": X},
        edges=CORNERS,
    ),
    Case(
        "published_kernels.decay_gate",
        lambda x, log_rate, bias: -log_rate.exp() * F.softplus(x + bias, threshold=40),
        {"x": X, "log_rate": X, "bias": X},
    ),
    Case(
        "published_kernels.splat_covariance",
        splat_covariance,
        dict.fromkeys("wxyz", UNIT) | dict.fromkeys(("s1", "s2", "s3"), POSITIVE),
        edges=CORNERS,
    ),
    Case(
        "rotary_pair.rotary_pair",
        rotary_pair,
        dict.fromkeys(("x1", "x2", "cos", "sin"), X),
    ),
    Case(
        "rotary_pair.rotary_tables",
        rotary_pair,
        dict.fromkeys(("x1", "x2", "cos", "sin"), X),
        data=("cos", "sin"),
    ),
    Case(
        "masked.masked_fill",
        lambda x, blocked, fill: x.masked_fill(blocked, fill),
        {"x": X, "blocked": mask},
        {"fill": -7.0},
        data=("blocked",),
    ),
    Case(
        "masked.dropout",
        lambda x, keep, p: x * keep / (1 - p),
        {"x": X, "keep": mask},
        {"p": 0.3},
        data=("keep",),
    ),
    Case(
        "masked.learned_fill",
        lambda x, known, fill: torch.where(known, torch.log1p(x.abs()), fill),
        {"x": X, "known": mask, "fill": X},
        data=("known",),
    ),
    Case(
        "masked.monomial",
        lambda x, coefficient, degree: coefficient * torch.pow(x, degree),
        {"x": X, "coefficient": X, "degree": count},
        edges=(0.0, 1.0, -2.0),
        data=("degree",),
    ),
]

LOSSES = [
    Case(
        "regression_losses.huber",
        huber,
        ERROR,
        edges=CORNERS,
        smooth=False,
    ),
    Case(
        "regression_losses.huber",
        huber,
        ERROR,
        {"delta": 2.5},
        smooth=False,
    ),
    Case(
        "regression_losses.pseudo_huber",
        lambda x, target, delta: (
            delta**2 * (torch.hypot((x - target) / delta, 1 + 0 * x) - 1)
        ),
        ERROR,
        {"delta": 1.7},
    ),
    Case(
        "regression_losses.charbonnier",
        lambda x, target, epsilon: torch.sqrt((x - target) ** 2 + epsilon**2),
        ERROR,
        {"epsilon": 0.25},
    ),
    Case(
        "regression_losses.log_cosh",
        lambda x, target: torch.logaddexp(x - target, target - x) - math.log(2),
        ERROR,
    ),
    Case(
        "regression_losses.pinball",
        pinball,
        ERROR,
        {"quantile": 0.9},
    ),
    Case(
        "regression_losses.poisson_nll",
        lambda x, target: F.poisson_nll_loss(x, target, reduction="none"),
        {"x": X, "target": POSITIVE},
        edges=(0.0, 30.0, -30.0),
        data=TARGET,
    ),
    Case("classification_losses.bce_with_logits", cross_entropy, LOGIT, data=TARGET),
    Case(
        "classification_losses.bce_with_logits",
        cross_entropy,
        LOGIT,
        {"pos_weight": 3.0},
        data=TARGET,
    ),
    Case("classification_losses.sigmoid_focal", focal, LOGIT, data=TARGET),
    Case(
        "classification_losses.sigmoid_focal",
        focal,
        LOGIT,
        {"gamma": 1.5, "alpha": 0.6},
        data=TARGET,
    ),
    Case("classification_losses.quality_focal", quality_focal, LOGIT, data=TARGET),
    Case(
        "edges.hinge_margin",
        lambda score, weight: F.relu(1 - score) + 0.01 * weight.abs(),
        {"score": X, "weight": X},
    ),
    Case(
        "policy_objectives.ppo_clip",
        ppo_clip,
        {**POLICY, "advantage": X},
        edges=(0.0, -1.0, -4.0),
        data=("old_log_prob", "advantage"),
    ),
    Case(
        "policy_objectives.grpo",
        grpo,
        {**POLICY, "ref_log_prob": between(-2.0, 0.0), "advantage": X},
        edges=(0.0, -1.0, -4.0),
        data=("old_log_prob", "ref_log_prob", "advantage"),
    ),
    Case(
        "box_loss.complete_iou",
        complete_iou,
        {**BOX, **{f"target_{name}": draw for name, draw in BOX.items()}},
        edges=NOWHERE,
        data=tuple(f"target_{name}" for name in BOX),
    ),
]

DENSITIES = [
    Case(
        "log_densities.normal_log_prob",
        lambda x, loc, scale: D.Normal(loc, scale).log_prob(x),
        LOCATED,
    ),
    Case(
        "log_densities.laplace_log_prob",
        lambda x, loc, scale: D.Laplace(loc, scale).log_prob(x),
        LOCATED,
    ),
    Case(
        "log_densities.student_t_log_prob",
        lambda x, df, loc, scale: D.StudentT(df, loc, scale).log_prob(x),
        {"x": X, "df": POSITIVE, "loc": X, "scale": POSITIVE},
    ),
    Case(
        "log_densities.gamma_log_prob",
        lambda x, shape, rate: D.Gamma(shape, rate).log_prob(x),
        dict.fromkeys(("x", "shape", "rate"), POSITIVE),
        edges=(1e-6, 1.0, 50.0),
    ),
    Case(
        "log_densities.beta_log_prob",
        lambda x, a, b: D.Beta(a, b).log_prob(x),
        {"x": UNIT, "a": POSITIVE, "b": POSITIVE},
        edges=(1e-6, 0.5, 0.999),
    ),
    Case(
        "log_densities.poisson_log_prob",
        lambda count, rate: D.Poisson(rate).log_prob(count.to(rate.dtype)),
        {"count": count, "rate": POSITIVE},
        edges=NOWHERE,
        data=("count",),
    ),
    Case(
        "log_densities.kl_normal",
        lambda mean_p, scale_p, mean_q, scale_q: D.kl_divergence(
            D.Normal(mean_p, scale_p), D.Normal(mean_q, scale_q)
        ),
        {"mean_p": X, "scale_p": POSITIVE, "mean_q": X, "scale_q": POSITIVE},
    ),
]

POTENTIALS = [
    Case(
        "potentials.lennard_jones",
        lennard_jones,
        {**PAIR, "A": POSITIVE, "B": POSITIVE},
        {"r_switch": 1.5, "r_cutoff": 2.5},
        edges=(1.5, 2.0, 2.5, 3.0),
    ),
    Case(
        "potentials.morse",
        lambda r, depth, width, r0: depth * (1 - torch.exp(-width * (r - r0))) ** 2,
        {**PAIR, "depth": POSITIVE, "width": POSITIVE, "r0": POSITIVE},
        edges=(1.0, 9.0),
    ),
    Case(
        "potentials.buckingham",
        buckingham,
        {**PAIR, "A": X, "rho": POSITIVE, "C": X},
        edges=(1.0, 9.0),
    ),
    Case(
        "potentials.reaction_field",
        reaction_field,
        {**PAIR, "q": X},
        {"r_cutoff": 2.0},
        edges=(1.0, 2.0, 9.0),
    ),
]

DECLARED = [
    Case("spiking.spike", spike, edges=(0.0, 3.0, -3.0)),
    Case("spiking.spike", spike, numbers={"alpha": 1.3}, edges=(0.0, 3.0)),
    Case("spiking.lif_step", lif_step, {"x": X, "v": X}, edges=NOWHERE),
    Case("straight_through.round_ste", lambda x: x + (x.round() - x).detach()),
    Case("straight_through.sign_ste", sign_ste, edges=CORNERS),
    Case(
        "straight_through.fake_quantize",
        fake_quantize,
        {"x": X, "step": POSITIVE},
        edges=(30.0, -30.0),
    ),
    Case(
        "straight_through.fake_quantize",
        fake_quantize,
        {"x": X, "step": POSITIVE},
        {"low": -1.0, "high": 2.0},
        edges=(30.0, -30.0),
    ),
]

CASES = [*ACTIVATIONS, *UNITS, *LOSSES, *DENSITIES, *POTENTIALS, *DECLARED]
"""The ops of real numbers."""

ELEMENTWISE = [*CASES, *COMPLEX]

EVERY = [*ELEMENTWISE, *AXES]
