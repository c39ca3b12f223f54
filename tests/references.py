"""Formulas of the examples in plain torch, for ops that torch does not have."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def straight_through(value: Tensor, stand_in: Tensor) -> Tensor:
    """``value`` with the derivative of ``stand_in``."""
    return stand_in + (value - stand_in).detach()


def xielu(x: Tensor, alpha_p: Tensor, alpha_n: Tensor) -> Tensor:
    low = x.clamp(max=0)
    above = alpha_p * x**2 + 0.5 * x
    return torch.where(x > 0, above, alpha_n * (torch.expm1(low) - x) + 0.5 * x)


def clamped_swiglu(
    a: Tensor, b: Tensor, limit: float = 7.0, slope: float = 1.702
) -> Tensor:
    a = torch.where(a < limit, a, limit)
    return a * torch.sigmoid(slope * a) * (b.clamp(-limit, limit) + 1)


def lstm_cell(
    i: Tensor, f: Tensor, g: Tensor, o: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """torch's own cell: weights the identity for the gates, zero for the state."""
    gates = torch.stack(torch.broadcast_tensors(i, f, g, o), dim=-1)
    c = c.expand(gates.shape[:-1])
    cell = nn.LSTMCell(4, 1, bias=False, dtype=gates.dtype)
    weights = {"weight_ih": torch.eye(4), "weight_hh": torch.zeros(4, 1)}
    weights = {name: value.to(gates) for name, value in weights.items()}
    state = (torch.zeros_like(c).reshape(-1, 1), c.reshape(-1, 1))
    h_next, c_next = torch.func.functional_call(
        cell, weights, (gates.reshape(-1, 4), state)
    )
    return c_next.reshape(c.shape), h_next.reshape(c.shape)


def rotary_pair(
    x1: Tensor, x2: Tensor, cos: Tensor, sin: Tensor
) -> tuple[Tensor, Tensor]:
    turned = torch.complex(*torch.broadcast_tensors(x1, x2))
    turned = turned * torch.complex(*torch.broadcast_tensors(cos, sin))
    return turned.real, turned.imag


def cross_entropy(x: Tensor, target: Tensor, pos_weight: float = 1.0) -> Tensor:
    """torch's own, which does not broadcast by itself."""
    x, target = torch.broadcast_tensors(x, target)
    return F.binary_cross_entropy_with_logits(
        x, target, reduction="none", pos_weight=torch.tensor(pos_weight)
    )


def huber(x: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """torch's own, which warns when it broadcasts."""
    x, target = torch.broadcast_tensors(x, target)
    return F.huber_loss(x, target, reduction="none", delta=delta)


def pinball(x: Tensor, target: Tensor, quantile: float) -> Tensor:
    error = target - x
    return torch.where(error > 0, quantile * error, (quantile - 1) * error)


def focal(x: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    p = torch.sigmoid(x)
    miss = p * (1 - target) + (1 - p) * target
    weight = alpha * target + (1 - alpha) * (1 - target)
    return weight * miss**gamma * cross_entropy(x, target)


def quality_focal(x: Tensor, target: Tensor) -> Tensor:
    return (target - torch.sigmoid(x)) ** 2 * cross_entropy(x, target)


def ppo_clip(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor) -> Tensor:
    ratio = torch.exp(log_prob - old_log_prob)
    return -torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)


def grpo(
    log_prob: Tensor, old_log_prob: Tensor, ref_log_prob: Tensor, advantage: Tensor
) -> Tensor:
    drift = ref_log_prob - log_prob
    return ppo_clip(log_prob, old_log_prob, advantage) + 0.04 * (
        drift.exp() - drift - 1
    )


def complete_iou(
    x: Tensor,
    y: Tensor,
    w: Tensor,
    h: Tensor,
    target_x: Tensor,
    target_y: Tensor,
    target_w: Tensor,
    target_h: Tensor,
) -> Tensor:
    overlap, hull = [], []
    for centre, size, other, other_size in (
        (x, w, target_x, target_w),
        (y, h, target_y, target_h),
    ):
        low, high = centre - size / 2, centre + size / 2
        other_low, other_high = other - other_size / 2, other + other_size / 2
        inner = torch.minimum(high, other_high) - torch.maximum(low, other_low)
        overlap.append(inner.clamp(min=0))
        hull.append(torch.maximum(high, other_high) - torch.minimum(low, other_low))
    inter = overlap[0] * overlap[1]
    iou = inter / (w * h + target_w * target_h - inter)
    distance = (x - target_x) ** 2 + (y - target_y) ** 2
    aspect = 4 / math.pi**2 * (torch.atan(target_w / target_h) - torch.atan(w / h)) ** 2
    weight = (aspect / (1 - iou + aspect)).detach()
    return 1 - iou + distance / (hull[0] ** 2 + hull[1] ** 2) + weight * aspect


def lennard_jones(
    r: Tensor, A: Tensor, B: Tensor, r_switch: float, r_cutoff: float
) -> Tensor:
    t = (r - r_switch) / (r_cutoff - r_switch)
    fade = 1 - 10 * t**3 + 15 * t**4 - 6 * t**5
    inner = torch.where(r < r_switch, torch.ones_like(r), fade)
    return (A * r**-12 - B * r**-6) * torch.where(r < r_cutoff, inner, 0)


def buckingham(r: Tensor, A: Tensor, rho: Tensor, C: Tensor) -> Tensor:
    return A * torch.exp(-r / rho) - C * r**-6


def reaction_field(
    r: Tensor, q: Tensor, r_cutoff: float, dielectric: float = 78.5
) -> Tensor:
    k = (dielectric - 1) / (2 * dielectric + 1) / r_cutoff**3
    shift = 3 * dielectric / (2 * dielectric + 1) / r_cutoff
    return torch.where(r < r_cutoff, q * (r**-1 + k * r**2 - shift), 0)


def spike(x: Tensor, alpha: float = 2.0) -> Tensor:
    smooth = torch.atan(math.pi / 2 * alpha * x) / math.pi + 0.5
    return straight_through((x >= 0).to(x.dtype), smooth)


def lif_step(x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    charged = v + (x - v) / 2
    fired = spike(charged - 1)
    return fired, charged * (1 - fired)


def sign_ste(x: Tensor) -> Tensor:
    inside = (x.abs() <= 1).to(x.dtype)
    return straight_through(torch.sign(x), inside * x)


def fake_quantize(
    x: Tensor, step: Tensor, low: float = -8.0, high: float = 7.0
) -> Tensor:
    v = torch.clamp(x / step, low, high)
    return straight_through(v.round(), v) * step


def splat_covariance(
    w: Tensor, x: Tensor, y: Tensor, z: Tensor, *scales: Tensor
) -> tuple[Tensor, ...]:
    """Columns of the rotation are images of the axes, by cross products."""
    parts = torch.broadcast_tensors(w, x, y, z, *scales)
    lead, axis, sizes = parts[0][..., None], torch.stack(parts[1:4], -1), parts[4:]
    squared = lead**2 + (axis**2).sum(-1, keepdim=True)
    whole = torch.zeros((*parts[0].shape, 3, 3), dtype=w.dtype)
    for size, one in zip(sizes, torch.eye(3, dtype=w.dtype), strict=True):
        across = torch.linalg.cross(axis, one.expand_as(axis))
        turn = lead * across + torch.linalg.cross(axis, across)
        column = (one + 2 * turn / squared) * size[..., None]
        whole = whole + column[..., :, None] * column[..., None, :]
    return tuple(whole[..., i, j] for i in range(3) for j in range(i, 3))
