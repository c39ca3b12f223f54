"""Functions as people write them by hand: some right, most with one fault."""

from __future__ import annotations

import math
import os
import sys
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Swish(torch.autograd.Function):
    """Right, in the old form."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, beta: Tensor) -> Tensor:
        ctx.save_for_backward(x, beta)
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, beta = ctx.saved_tensors
        s = torch.sigmoid(beta * x)
        ds = s * torch.sigmoid(-beta * x)
        grad_x = (g * (s + beta * x * ds)).sum_to_size(x.shape)
        return grad_x, (g * x * x * ds).sum_to_size(beta.shape)


def swish(x: Tensor, beta: Tensor) -> Any:
    return Swish.apply(x, beta)


def swapped(x: Tensor, beta: Tensor) -> Any:
    """The op with its inputs in the wrong order."""
    return Swish.apply(beta, x)


class Modern(torch.autograd.Function):
    """Right, in the form that torch.func takes."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.exp()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(output)
        ctx.save_for_forward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return g * y

    @staticmethod
    def jvp(ctx: Any, t: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return t * y


class WrongJvp(Modern):
    @staticmethod
    def jvp(ctx: Any, t: Tensor) -> Any:
        return 2 * t


class WrongVmap(Modern):
    """A rule of its own for batches, which is not that of one row."""

    generate_vmap_rule = False

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor) -> Any:
        return Modern.apply(x) / info.batch_size, in_dims[0]


class _Square(torch.autograd.Function):
    """What most of the faulty ones are variants of."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class OnceOnly(_Square):
    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Scaled(torch.autograd.Function):
    """A tensor and a number."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float = 2.0) -> Tensor:
        ctx.scale = scale
        return x * scale

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g * ctx.scale, None


class ExtraNone(Scaled):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g * ctx.scale, None, None


class Misplaced(Scaled):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return None, g * ctx.scale


class WrongFactor(_Square):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * 2 * x * x


class Unreduced(Swish):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, _ = ctx.saved_tensors
        grad_x, grad_beta = Swish.backward(ctx, g)
        scale = g.numel() / x.numel()
        return grad_x / scale, grad_beta


class TensorOnContext(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.x = x
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g * 3 * ctx.x * ctx.x


class SavedIntermediate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        square = x * x
        ctx.save_for_backward(square)
        return x * square

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (square,) = ctx.saved_tensors
        return g * 3 * square


class FlatMemory(_Square):
    """Reads the cotangent as if it were contiguous."""

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        flat = torch.as_strided(g, (g.numel(),), (1,)) if g.stride(-1) else g.flatten()
        return flat.view(g.shape) * 3 * x * x


class WritesCotangent(_Square):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g.mul_(3 * x.detach() ** 2)


class Different(_Square):
    """Frees what it needs for a second backward."""

    calls = 0

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        Different.calls += 1
        return g * 3 * x * x * (1 + 1e-3 * (Different.calls % 2))


class Broken(_Square):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        raise RuntimeError("no vmap and no jvp can mend this")


class Detached(_Square):
    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * (x * x).detach()


class AlwaysFloat32(_Square):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3 if x.dtype == torch.float64 else x.float() ** 3


class NeverDouble(_Square):
    """Right but for the dtype of its output, as far as that has digits."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x**3).float()


class Clamped(torch.autograd.Function):
    """Writes to its input, and a second time to no effect."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.clamp(x, -0.5, 0.5, out=x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g


class SavedSign(torch.autograd.Function):
    """The absolute value, which keeps a sign of one byte."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x.sign().to(torch.int8))
        return x.abs()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (sign,) = ctx.saved_tensors
        return g * sign


class Bell(torch.autograd.Function):
    """Has derivatives below the smallest numbers of half precision."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.erf(2 * x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * torch.exp(-((2 * x) ** 2)) * (4 / math.sqrt(math.pi))


class Spike(torch.autograd.Function):
    """A step with the derivative of a smooth stand-in."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g / (1 + x * x)


# -- what is not like the others -------------------------------------------------------


def _with(forward: Any, backward: Any = None) -> Any:
    """A class of a forward and a backward that take no context."""

    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Any:
            return forward(x)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return backward(g) if backward else 2 * g

    return Made


ComplexOutput = _with(lambda x: torch.complex(x, x))
EmptyOutput = _with(lambda x: x[:0])
ListOutput = _with(lambda x: [2 * x])
NumberOutput = _with(lambda x: 2.5)
NoOutput = _with(lambda x: None)
WholeOutput = _with(lambda x: x.long())
Exits = _with(lambda x: 2 * x, lambda g: sys.exit(3))
ExitsAtOnce = _with(lambda x: sys.exit(3))
Dies = _with(lambda x: 2 * x, lambda g: os._exit(3))
Hog = _with(lambda x: 2 * x, lambda g: g + torch.zeros(2**28, dtype=g.dtype).sum())


def _only_eager(g: Tensor) -> Tensor:
    if torch.compiler.is_compiling():
        raise ValueError("not while it is compiled")
    return 2 * g


def _breaks(x: Tensor) -> Tensor:
    torch._dynamo.graph_break()
    return 2 * x


FailsCompiled = _with(lambda x: 2 * x, _only_eager)
BreaksGraph = _with(_breaks)


class ByKeyword(torch.autograd.Function):
    """``apply`` hands on no keywords, so this can never be called."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *, scale: float) -> Tensor:
        return x * scale


class DefaultByKeyword(_Square):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *, power: int = 3) -> Tensor:
        ctx.save_for_backward(x)
        return x**power


class Picked(torch.autograd.Function):
    """Rows of a table by their numbers, where a mask says so."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor, keep: Tensor) -> Tensor:
        ctx.save_for_backward(rows, keep)
        ctx.count = len(x)
        return x[rows] * keep

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        rows, keep = ctx.saved_tensors
        zeros = g.new_zeros((ctx.count, *g.shape[1:]))
        return zeros.index_add(0, rows, g * keep), None, None


def swish_by_keyword(x: Tensor, *, beta: Tensor) -> Any:
    return Swish.apply(x, beta)


def swish_list(x: Tensor, beta: Tensor) -> Any:
    return [Swish.apply(x, beta)]


def swish_number(x: Tensor, beta: Tensor) -> Any:
    return 2.5


def swish_of_three(x: Tensor, beta: Tensor, gamma: Tensor) -> Any:
    return Swish.apply(x, beta) * gamma


def swish_in_single(x: Tensor, beta: Tensor) -> Any:
    return Swish.apply(x, beta).float()


def swish_exits(x: Tensor, beta: Tensor) -> Any:
    sys.exit(3)


def swish_dies(x: Tensor, beta: Tensor) -> Any:
    os._exit(3)


class SwishNoTransforms(Swish):
    """Under ``torch.func`` it raises something that is no lack of torch's."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, beta: Tensor) -> Tensor:
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        if torch._C._functorch.peek_interpreter_stack() is not None:
            raise ValueError("not in a transform")
        ctx.save_for_backward(*inputs)


def swish_no_transforms(x: Tensor, beta: Tensor) -> Any:
    return SwishNoTransforms.apply(x, beta)
