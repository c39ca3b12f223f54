"""Published faults of ops whose axes have names, made again from their descriptions.

None of this is anybody's code.  What was meant stands in ``meant_axes.yaml``;

    symgrad verify examples/hall_of_bugs/published_axes.py:soft_dice \\
        --spec examples/hall_of_bugs/meant_axes.yaml:soft_dice

says what is wrong.  The stories are told in docs/hall_of_bugs.md.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class SoftDice(torch.autograd.Function):
    """The denominator is doubled in place for one term, and the other has it too."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, label: Tensor, smooth: float) -> Tensor:
        overlap = 2 * (p * label).sum(-1, keepdim=True) + smooth
        total = (p**2 + label**2).sum(-1, keepdim=True) + smooth
        ctx.save_for_backward(p, label, overlap, total)
        return (1 - overlap / total).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        p, label, overlap, total = ctx.saved_tensors
        slope = 2 * p * overlap - label * total.mul_(2)
        grad_p = grad.unsqueeze(-1) * slope / total**2
        return grad_p.sum_to_size(p.shape), None, None


def soft_dice(p: Tensor, label: Tensor, smooth: float) -> Any:
    return SoftDice.apply(p, label, smooth)


class AddRmsNorm(torch.autograd.Function):
    """What comes back along the residual stream is sent through the norm as well."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, residual: Tensor, weight: Tensor, eps: float
    ) -> tuple[Tensor, Tensor]:
        stream = x + residual
        rstd = torch.rsqrt((stream**2).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(stream, rstd, weight)
        ctx.shapes = x.shape, residual.shape
        return stream, stream * rstd * weight

    @staticmethod
    def backward(ctx: Any, grad_stream: Tensor, grad_y: Tensor) -> Any:
        stream, rstd, weight = ctx.saved_tensors
        z = stream * rstd
        grad_z = grad_y * weight + grad_stream
        grad = rstd * (grad_z - z * (grad_z * z).mean(-1, keepdim=True))
        x, residual = (grad.sum_to_size(shape) for shape in ctx.shapes)
        return x, residual, (grad_y * z).sum_to_size(weight.shape), None


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> Any:
    return AddRmsNorm.apply(x, residual, weight, eps)


class LayerNorm(torch.autograd.Function):
    """Backward has a row along dimension 1, as it is if there are two of them."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> Tensor:
        mu = x.mean(-1, keepdim=True)
        rstd = torch.rsqrt(x.var(-1, correction=0, keepdim=True) + eps)
        ctx.save_for_backward(x, mu, rstd, weight)
        return (x - mu) * rstd * weight + bias

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, mu, rstd, weight = ctx.saved_tensors
        z = (x - mu) * rstd
        grad_z = grad * weight
        across = grad_z.mean(1, keepdim=True) + z * (grad_z * z).mean(1, keepdim=True)
        return rstd * (grad_z - across), (grad * z).sum(0), grad.sum(0), None


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Any:
    return LayerNorm.apply(x, weight, bias, eps)


class CrossEntropy(torch.autograd.Function):
    """The softmax is stored in the dtype of the logits, read again, and 1 taken off."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, label: Tensor) -> Tensor:
        ctx.save_for_backward(logits, label)
        true = _wide(logits).gather(-1, label.unsqueeze(-1)).squeeze(-1)
        return (_wide(logits).logsumexp(-1) - true).to(logits.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        logits, label = ctx.saved_tensors
        stored = torch.softmax(_wide(logits), -1).to(logits.dtype)
        slope = _wide(stored) - F.one_hot(label, logits.shape[-1])
        return (grad.unsqueeze(-1) * slope).to(logits.dtype), None


def _wide(t: Tensor) -> Tensor:
    return t.to(torch.promote_types(t.dtype, torch.float32))


def cross_entropy(logits: Tensor, label: Tensor) -> Any:
    return CrossEntropy.apply(logits, label)


class GatedNormLinear(torch.autograd.Function):
    """Backward computes again what W was multiplied with, and leaves out the gate."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gate: Tensor, weight: Tensor, W: Tensor, eps: float
    ) -> Tensor:
        rstd = torch.rsqrt((x**2).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(x, gate, weight, W, rstd)
        return (x * rstd * weight * F.silu(gate)) @ W.T

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, gate, weight, W, rstd = ctx.saved_tensors
        z, s = x * rstd, torch.sigmoid(gate)
        grad_h = grad @ W
        grad_W = torch.einsum("...k,...i->ki", grad, (z * weight).expand_as(grad_h))
        grad_gate = grad_h * z * weight * s * (1 + gate * (1 - s))
        grad_normed = grad_h * gate * s
        grad_z = grad_normed * weight
        grad_x = rstd * (grad_z - z * (grad_z * z).mean(-1, keepdim=True))
        grads = grad_x, grad_gate, grad_normed * z
        given = x, gate, weight
        sums = (g.sum_to_size(t.shape) for g, t in zip(grads, given, strict=True))
        return (*sums, grad_W, None)


def gated_norm_linear(
    x: Tensor, gate: Tensor, weight: Tensor, W: Tensor, eps: float
) -> Any:
    return GatedNormLinear.apply(x, gate, weight, W, eps)
