"""Gradients of norms and of losses along rows as people write them.

In the manner of the activations beside them; a number for each row is kept where
published kernels keep one.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

NO_GRADIENT = (None,)
"""Of a number or an index."""


def _normed(
    grad_y: Tensor, x: Tensor, scale: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor]:
    """The gradients of x and of the weights of an RMSNorm."""
    unit, inner = x * rstd, grad_y * scale
    share = (inner * unit).mean(-1, keepdim=True)
    return rstd * (inner - unit * share), (grad_y * unit).sum_to_size(scale.shape)


class RMSNorm(Function):
    """The root of each row is kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, offset: float, eps: float) -> Tensor:
        rstd = torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(x, w, rstd)
        ctx.offset = offset
        return x * rstd * (offset + w)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor | None, ...]:
        x, w, rstd = ctx.saved_tensors
        return *_normed(grad_y, x, ctx.offset + w, rstd), *NO_GRADIENT * 2


class AddRMSNorm(Function):
    """The sum is an output and is kept instead of what was added."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, residual: Tensor, w: Tensor, eps: float
    ) -> tuple[Tensor, Tensor]:
        total = x + residual
        rstd = torch.rsqrt(total.square().mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(total, w, rstd)
        return total, total * rstd * w

    @staticmethod
    def backward(
        ctx: Any, grad_total: Tensor, grad_y: Tensor
    ) -> tuple[Tensor | None, ...]:
        total, w, rstd = ctx.saved_tensors
        grad_x, grad_w = _normed(grad_y, total, w, rstd)
        grad_x = grad_x + grad_total
        return grad_x, grad_x, grad_w, None


class Softmax(Function):
    """The result is kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, temperature: float) -> Tensor:
        p = torch.softmax(x / temperature, -1)
        ctx.save_for_backward(p)
        ctx.temperature = temperature
        return p

    @staticmethod
    def backward(ctx: Any, grad_p: Tensor) -> tuple[Tensor, None]:
        (p,) = ctx.saved_tensors
        inner = p * grad_p
        return (inner - p * inner.sum(-1, keepdim=True)) / ctx.temperature, None


class SmoothedZLoss(Function):
    """The logits and a number for each row are kept."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, label: Tensor, smoothing: float, weight: float
    ) -> Tensor:
        log_z = torch.logsumexp(x, -1)
        ctx.save_for_backward(x, label, log_z)
        ctx.smoothing, ctx.weight = smoothing, weight
        hit = x.gather(-1, label.unsqueeze(-1)).squeeze(-1)
        smooth = (1 - smoothing) * hit + smoothing * x.mean(-1)
        return log_z - smooth + weight * log_z.square()

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor | None, ...]:
        x, label, log_z = ctx.saved_tensors
        place = label.unsqueeze(-1)
        p = torch.exp(x - log_z.unsqueeze(-1))
        p = p * (1 + 2 * ctx.weight * log_z.unsqueeze(-1))
        p = p - ctx.smoothing / x.shape[-1]
        hit = torch.full_like(place, ctx.smoothing - 1, dtype=x.dtype)
        grad_x = grad_loss.unsqueeze(-1) * p.scatter_add(-1, place, hit)
        return grad_x, *NO_GRADIENT * 3


class JSD(Function):
    """Both rows of log-probabilities are kept, their mean is computed again."""

    @staticmethod
    def forward(ctx: Any, log_p: Tensor, log_q: Tensor, beta: float) -> Tensor:
        ctx.save_for_backward(log_p, log_q)
        ctx.beta = beta
        terms = JSD._terms(log_p, log_q, beta)
        return (terms[0] + terms[1]).sum(-1)

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor | None, ...]:
        log_p, log_q = ctx.saved_tensors
        terms = JSD._terms(log_p, log_q, ctx.beta)
        return *(grad_loss.unsqueeze(-1) * term for term in terms), None

    @staticmethod
    def _terms(log_p: Tensor, log_q: Tensor, beta: float) -> tuple[Tensor, Tensor]:
        """What each place adds from either side: its derivative at the same time."""
        log_m = torch.logaddexp(log_p + math.log(beta), log_q + math.log1p(-beta))
        from_p = beta * torch.exp(log_p) * (log_p - log_m)
        return from_p, (1 - beta) * torch.exp(log_q) * (log_q - log_m)
