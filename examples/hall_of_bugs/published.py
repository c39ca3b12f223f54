"""Faults that were published, each made again in a few lines from its description.

None of this is anybody's code.  What was meant stands in ``meant.yaml``;

    symgrad verify examples/hall_of_bugs/published.py:focal \\
        --spec examples/hall_of_bugs/meant.yaml:focal

says what is wrong.  The stories are told in docs/hall_of_bugs.md.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class SwitchedPair(torch.autograd.Function):
    """In the switching region the slope is divided by the distance once more."""

    @staticmethod
    def forward(
        ctx: Any, r: Tensor, A: Tensor, B: Tensor, start: float, end: float
    ) -> Tensor:
        ctx.save_for_backward(r, A, B)
        ctx.ends = start, end
        return (A / r**12 - B / r**6) * _fade(r, start, end)[0]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        r, A, B = ctx.saved_tensors
        fade, slope = _fade(r, *ctx.ends)
        pair = A / r**12 - B / r**6
        force = (6 * B / r**7 - 12 * A / r**13) * fade + pair * slope / r
        grads = grad * force, grad * fade / r**12, -grad * fade / r**6
        sums = (g.sum_to_size(t.shape) for g, t in zip(grads, (r, A, B), strict=True))
        return (*sums, None, None)


def _fade(r: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
    t = ((r - start) / (end - start)).clamp(0, 1)
    inside = (r > start) & (r < end)
    slope = -30 * t**2 * (1 - t) ** 2 / (end - start)
    return 1 + t**3 * (-10 + t * (15 - 6 * t)), torch.where(inside, slope, 0)


def switched_pair(
    r: Tensor, A: Tensor, B: Tensor, r_switch: float, r_cutoff: float
) -> Any:
    return SwitchedPair.apply(r, A, B, r_switch, r_cutoff)


class TotalVariation(torch.autograd.Function):
    """Equal probabilities are treated as if p were the smaller one."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, q: Tensor) -> Tensor:
        ctx.save_for_backward(p, q)
        return (p - q).abs() / 2

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        p, q = ctx.saved_tensors
        slope = grad * torch.where(p > q, 0.5, -0.5).to(grad.dtype)
        return slope.sum_to_size(p.shape), -slope.sum_to_size(q.shape)


def total_variation(p: Tensor, q: Tensor) -> Any:
    return TotalVariation.apply(p, q)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """The logarithm of a mean that underflows where both are very small."""
    mean = ((torch.exp(p.float()) + torch.exp(q.float())) / 2).to(p.dtype)
    log_mean = torch.log(mean)
    return (torch.exp(p) * (p - log_mean) + torch.exp(q) * (q - log_mean)) / 2


class Focal(torch.autograd.Function):
    """(1 - p)**(gamma - 1) at p = 1 and gamma = 0, times 0."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, gamma: float) -> Tensor:
        ctx.save_for_backward(p)
        ctx.gamma = gamma
        return -((1 - p) ** gamma) * torch.log(p)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (p,) = ctx.saved_tensors
        gamma = ctx.gamma
        first = gamma * (1 - p) ** (gamma - 1) * torch.log(p)
        return grad * (first - (1 - p) ** gamma / p), None


def focal(p: Tensor, gamma: float) -> Any:
    return Focal.apply(p, gamma)


class BiasGelu(torch.autograd.Function):
    """Backward returns what a helper gives, a tuple, and that twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, bias)
        return F.gelu(x + bias, approximate="tanh")

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, bias = ctx.saved_tensors
        both = _gelu_slope(x + bias, grad)
        return both, both


def _gelu_slope(u: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    c = math.sqrt(2 / math.pi)
    t = torch.tanh(c * (u + 0.044715 * u**3))
    slope = (1 + t) / 2 + u / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * u * u)
    return grad * slope, grad * slope


def bias_gelu(x: Tensor, bias: Tensor) -> Any:
    return BiasGelu.apply(x, bias)


class PseudoHuber(torch.autograd.Function):
    """A factor is missing that is 1 where alpha has its default."""

    @staticmethod
    def forward(ctx: Any, error: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(error)
        ctx.alpha = alpha
        return alpha**2 * (torch.sqrt(1 + (error / alpha) ** 2) - 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (error,) = ctx.saved_tensors
        return grad * error / torch.sqrt(ctx.alpha**2 + error**2), None


def pseudo_huber(error: Tensor, alpha: float) -> Any:
    return PseudoHuber.apply(error, alpha)


class LogSigmoid(torch.autograd.Function):
    """1 minus the logistic function, which is 0 where that rounds to 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return F.logsigmoid(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * (1 - torch.sigmoid(x))


def log_sigmoid(x: Tensor) -> Any:
    return LogSigmoid.apply(x)


class Artanh(torch.autograd.Function):
    """Computed in double, and never brought back to what it was given."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        x = x.double()
        return 0.5 * (torch.log1p(x) - torch.log1p(-x))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (1 - x * x)


def artanh(x: Tensor) -> Any:
    return Artanh.apply(x)


def hard_mish(x: Tensor) -> Tensor:
    """The name is there, the function behind it is another."""
    return F.mish(x)


class Silu(torch.autograd.Function):
    """Each step is rounded to the dtype of x, half precision included."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad * (s * (1 + x * (1 - s)))


def silu(x: Tensor) -> Any:
    return Silu.apply(x)
