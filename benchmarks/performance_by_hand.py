"""Gradients of activations and gates as people write them: the rivals of a page.

Each is a ``torch.autograd.Function`` in the manner of published code: forward keeps the
inputs, backward is the derivative from a book in torch's operators.  They take what the
op of an example takes, in its order.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

SLOPE, CUBE = math.sqrt(2 / math.pi), 0.044715
"""Of the tanh approximation of GELU."""


class ReluSquared(Function):
    """As in Primer: the rectifier is computed again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return F.relu(x).square()

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad_y * 2 * F.relu(x)


class Mish(Function):
    """The memory-efficient one: x alone is kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.tanh(F.softplus(x))

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        t = torch.tanh(F.softplus(x))
        slope = t + x * torch.sigmoid(x) * (1 - t * t)
        return grad_y * slope


class SwiGLU(Function):
    """Both halves are kept, the gate is computed again."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return F.silu(a) * b

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        s = torch.sigmoid(a)
        gate = a * s
        return grad_y * b * (s + gate * (1 - s)), grad_y * gate


def _tanh_gelu(x: Tensor) -> tuple[Tensor, Tensor]:
    """GELU by its tanh approximation, and its derivative."""
    t = torch.tanh(SLOPE * (x + CUBE * x * x * x))
    steep = SLOPE * (1 + 3 * CUBE * x * x)
    return 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * steep


class GegluTanh(Function):
    """Both halves are kept, the gate is computed again."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return F.gelu(a, approximate="tanh") * b

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        gate, slope = _tanh_gelu(a)
        return grad_y * b * slope, grad_y * gate


class BiasGelu(Function):
    """The gradient of the bias is that of x, summed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, bias)
        return F.gelu(x + bias, approximate="tanh")

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        x, bias = ctx.saved_tensors
        grad_x = grad_y * _tanh_gelu(x + bias)[1]
        return grad_x, grad_x.sum_to_size(bias.shape)


class Snake(Function):
    """A frequency for each channel."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(x, alpha)
        return x + torch.sin(alpha * x).square() / alpha

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor]:
        x, alpha = ctx.saved_tensors
        u = alpha * x
        double = torch.sin(2 * u)
        by_alpha = x * double / alpha - torch.sin(u).square() / alpha.square()
        return grad_y * (1 + double), (grad_y * by_alpha).sum_to_size(alpha.shape)


class DynamicTanh(Function):
    """Three parameters, each with a sum over the batch."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, alpha: Tensor, gamma: Tensor, beta: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, alpha, gamma, beta)
        return gamma * torch.tanh(alpha * x) + beta

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, ...]:
        x, alpha, gamma, beta = ctx.saved_tensors
        t = torch.tanh(alpha * x)
        inner = grad_y * gamma * (1 - t * t)
        return (
            inner * alpha,
            (inner * x).sum_to_size(alpha.shape),
            (grad_y * t).sum_to_size(gamma.shape),
            grad_y.sum_to_size(beta.shape),
        )


class KeyUpdate(Function):
    """A share for each channel."""

    @staticmethod
    def forward(ctx: Any, k: Tensor, a: Tensor, share: Tensor) -> Tensor:
        ctx.save_for_backward(k, a, share)
        return k * (1 + (a - 1) * share)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        k, a, share = ctx.saved_tensors
        scaled = grad_y * k
        return (
            grad_y * (1 + (a - 1) * share),
            scaled * share,
            (scaled * (a - 1)).sum_to_size(share.shape),
        )


class DecayGate(Function):
    """A rate for each head, a bias for each of its channels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, log_rate: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, log_rate, bias)
        return -torch.exp(log_rate) * F.softplus(x + bias)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, log_rate, bias = ctx.saved_tensors
        scaled, z = grad_y * -torch.exp(log_rate), x + bias
        grad_x = scaled * torch.sigmoid(z)
        return (
            grad_x,
            (scaled * F.softplus(z)).sum_to_size(log_rate.shape),
            grad_x.sum_to_size(bias.shape),
        )


class Rotary(Function):
    """Backward turns the other way; only the tables are kept."""

    @staticmethod
    def forward(
        ctx: Any, x1: Tensor, x2: Tensor, cos: Tensor, sin: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(cos, sin)
        return x1 * cos - x2 * sin, x2 * cos + x1 * sin

    @staticmethod
    def backward(ctx: Any, g1: Tensor, g2: Tensor) -> tuple[Tensor | None, ...]:
        cos, sin = ctx.saved_tensors
        return g1 * cos + g2 * sin, g2 * cos - g1 * sin, None, None


class LSTMCell(Function):
    """As in the tutorial on C++ extensions: the gates are kept, not their inputs."""

    @staticmethod
    def forward(
        ctx: Any, i: Tensor, f: Tensor, g: Tensor, o: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor]:
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c_next = f * c + i * g
        ctx.save_for_backward(i, f, g, o, c, c_next)
        return c_next, o * c_next.tanh()

    @staticmethod
    def backward(ctx: Any, grad_c: Tensor, grad_h: Tensor) -> tuple[Tensor, ...]:
        i, f, g, o, c, c_next = ctx.saved_tensors
        t = c_next.tanh()
        inner = grad_c + grad_h * o * (1 - t * t)
        return (
            inner * g * i * (1 - i),
            inner * c * f * (1 - f),
            inner * i * (1 - g * g),
            grad_h * t * o * (1 - o),
            inner * f,
        )
