"""What a call of a generated op costs over the torch operators that it consists of.

Small tensors, so that the operators themselves take little.  Each op and its formula
are timed in turn, block by block in one run, so that a busy machine slows both alike;
the figure is the median over blocks of the difference.

    python benchmarks/overhead.py
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text  # noqa: E402
from symgrad.spec import load  # noqa: E402

SIZE, CALLS, BLOCKS = 8, 300, 60


def example(stem: str) -> Any:
    """The module of an example, without patches: what they compute is no overhead."""
    spec = load(ROOT / "examples" / f"{stem}.yaml")
    fast = replace(spec, ops=tuple(replace(op, accuracy="fast") for op in spec.ops))
    return load_text(stem, generate(fast).source)


@dataclass(frozen=True)
class Pair:
    """An op, the same operators of torch without it, and how many tensors it takes."""

    op: Callable[..., Any]
    composed: Callable[..., Any]
    inputs: int


PAIRS = (
    Pair(example("first_op").product, lambda x, w: x * w, 2),
    Pair(example("swish").swish, lambda x, beta: x * torch.sigmoid(beta * x), 2),
    Pair(
        example("smooth_activations").mish,
        lambda x: x * torch.tanh(F.softplus(x, threshold=40)),
        1,
    ),
    Pair(example("gated_units").swiglu, lambda a, b: a * torch.sigmoid(a) * b, 2),
    Pair(
        example("piecewise_activations").elu,
        lambda x: torch.where(x > 0, x, torch.expm1(torch.where(x > 0, 0, x))),
        1,
    ),
    Pair(
        example("dynamic_tanh").dynamic_tanh,
        lambda x, alpha, gamma, beta: gamma * torch.tanh(alpha * x) + beta,
        4,
    ),
)


class Plain(torch.autograd.Function):
    """What people write by hand: the yardstick of how busy the machine is."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return x * w

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: torch.Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad_y: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x, w = ctx.saved_tensors
        return grad_y * w, grad_y * x


def by_hand(x: torch.Tensor, w: torch.Tensor) -> Any:
    """The product by a Function that spares itself nothing."""
    return Plain.apply(x, w)


YARDSTICK = Pair(by_hand, lambda x, w: x * w, 2)


def cost(function: Callable[..., Any], args: list[torch.Tensor]) -> float:
    """Microseconds a call, in one block of calls."""
    return timeit.timeit(lambda: function(*args), number=CALLS) / CALLS * 1e6


def compare(pair: Pair, with_grad: bool) -> tuple[float, float]:
    """Microseconds of the composed formula, and what the op takes more than that."""
    args = [torch.randn(SIZE, requires_grad=with_grad) for _ in range(pair.inputs)]
    with torch.set_grad_enabled(with_grad):
        blocks = [
            (cost(pair.op, args), cost(pair.composed, args)) for _ in range(BLOCKS)
        ]
    extra = statistics.median(ours - theirs for ours, theirs in blocks)
    return statistics.median(theirs for _, theirs in blocks), extra


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"microseconds a call, float32[{SIZE}], torch {torch.__version__}")
    titles = f"{'extra':>8}{'ratio':>8}"
    print(f"{'op':16}{'grad':>8}{titles}{'no grad':>10}{titles}")
    for pair in (YARDSTICK, *PAIRS):
        cells = ""
        for with_grad, width in ((True, 8), (False, 10)):
            base, extra = compare(pair, with_grad)
            cells += f"{base:{width}.1f}{extra:8.1f}{(base + extra) / base:8.2f}"
        print(f"{pair.op.__name__:16}{cells}")


if __name__ == "__main__":
    main()
