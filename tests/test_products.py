"""Products of matrices: their dtype, and that none is larger than it has to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import pytest
import torch
from generated_modules import EXAMPLES, generated
from specs import module
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from symgrad.backends.torch import joint_program
from symgrad.op import Op
from symgrad.spec import load
from symgrad.verify.eager import sizes_of, value_of


def has_products(op: Op) -> bool:
    """Whether matrices are multiplied, for which no patch need be sought."""
    program = joint_program(replace(op, accuracy="fast"))
    return any(node.op == "einsum" for node in program.nodes)


OPS = [
    pytest.param(getattr(generated(path.stem), op.name), op, id=op.name)
    for path in sorted(EXAMPLES.glob("*.yaml"))
    for op in load(path).ops
    if op.has_axes and has_products(op)
]
every_op = pytest.mark.parametrize(("function", "op"), OPS)
HALF = (torch.bfloat16, torch.float16)


class Watch(TorchDispatchMode):
    """Every operator that runs, with its tensors and its result."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[Tensor], list[Tensor]]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        results = result if isinstance(result, tuple) else (result,)
        given = [a for a in args if isinstance(a, Tensor)]
        made = [r for r in results if isinstance(r, Tensor)]
        self.seen.append((func.overloadpacket.__name__, given, made))
        return result


def watched(
    function: Callable[..., Any], op: Op, lengths: dict[str, int], dtype: torch.dtype
) -> Watch:
    """What runs in forward and backward, at inputs of such sizes."""
    values = {item.name: value_of(op, item, lengths, dtype) for item in op.inputs}
    leaves = [values[i.name] for i in op.inputs if i.differentiable]
    with Watch() as watch:
        results = function(**values)
        results = results if isinstance(results, tuple) else (results,)
        moving = [y for y in results if y.requires_grad]
        sent = [torch.ones_like(y) for y in moving]
        torch.autograd.grad(moving, leaves, sent, allow_unused=True)
    return watch


PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "mv", "dot")
IN_FULL = (
    *("exp", "_softmax", "_log_softmax", "log", "logsumexp", "tanh", "sigmoid"),
    *("erf", "erfc", "rsqrt", "sqrt", "silu", "div", "mean", "pow", "cos", "sin"),
)
"""What has to be computed in float32."""


@every_op
@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_products_are_in_half_and_all_else_in_full(
    function: Callable[..., Any], op: Op, dtype: torch.dtype
) -> None:
    seen = watched(function, op, dict.fromkeys(sizes_of(op), 6), dtype).seen
    products = [(n, t.dtype) for n, given, _ in seen if n in PRODUCTS for t in given]
    assert [pair for pair in products if pair[1] != dtype] == []
    others = [(n, t.dtype) for n, given, _ in seen if n in IN_FULL for t in given]
    assert [pair for pair in others if pair[1] in HALF] == []


LENGTHS = (2, 11, 13, 17, 7, 5, 3, 19)
LARGER = {
    "pairwise_distance": "the difference of each pair of points, along each coordinate",
    "kernel_sum": "the same",
    "kuramoto": "the difference of each pair of phases",
    "cp_factors": "two of the three factors, which share the axis of the third",
    "weighted_embedding_bag": "the rows that are looked up",
    "skip_gram": "the same",
    "mixture_log_prob": "the difference of each point from each component",
}
"""Ops whose formula is elementwise on more axes than an input or a result has."""


@every_op
def test_nothing_is_larger_than_it_has_to_be(
    function: Callable[..., Any], op: Op
) -> None:
    lengths = dict(zip(sizes_of(op), LENGTHS, strict=False))
    watch = watched(function, op, lengths, torch.float64)
    largest = max(t.numel() for _, given, made in watch.seen for t in (*given, *made))
    named = [op.nodes[f.value].axes for f in (*op.lets, *op.outputs)]
    named += [item.labels for item in op.inputs]
    bound = max(prod(lengths[_size(axis)] for axis in axes) for axes in named)
    assert (largest > bound) == (op.name in LARGER)


def _size(axis: str) -> str:
    return "B" if axis == "..." else axis.rpartition(":")[2]


# -- beside products -------------------------------------------------------------------

W = {"x": "real[..., n]", "W": "real[m, n]"}


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_numbers_beside_products_are_in_full(dtype: torch.dtype) -> None:
    """A count, and a sine of an integer, neither of which a half could hold."""
    inputs: dict[str, Any] = {**W, "on": {"kind": "mask", "axes": "n"}, "k": "index[]"}
    let = {"count": "sum(where(on[j], 1, 0), j)"}
    text = "sum(W[i, j]*x[j], j)*sin(k/1000)/count"
    made = module(inputs, {"y[i]": text}, let=let)
    size, k = 70_001, torch.tensor(100_003)
    x, rows = torch.full((size,), 2**-6).to(dtype), torch.ones(2, size).to(dtype)
    found = made.f(x, rows, torch.ones(size, dtype=torch.bool), k)
    expected = (torch.sin(k.double() / 1000) / 64).expand(2)
    unit = torch.finfo(dtype).eps
    torch.testing.assert_close(found.double(), expected, rtol=2 * unit, atol=0)


MORE = {"v": "real[n]", "b": "real[...]"}
MIXED = [
    {"y[i]": "sum(tanh(W[i, j])*tanh(x[j]), j)", "z": "exp(b)*sum(sin(x[i]), i)"},
    {"y[i]": "sum(W[i, j]*x[j], j)", "z": "sum(x[i]*v[i], i)*b"},
    {"y[i]": "sum(W[i, j]*x[j], j)", "z": "sum(x[i]*v[i], i)"},
]


@pytest.mark.parametrize("outputs", MIXED, ids=str)
def test_an_output_has_the_dtype_of_its_own_inputs(outputs: dict[str, str]) -> None:
    more = {name: text for name, text in MORE.items() if name in str(outputs)}
    made = module({**W, **more}, outputs)
    x, rows = torch.randn(2, 3).bfloat16(), torch.randn(4, 3).bfloat16()
    full = {"v": torch.randn(3), "b": torch.randn(2)}
    y, z = made.f(x, rows, *(full[name] for name in more))
    assert (y.dtype, z.dtype) == (torch.bfloat16, torch.float32)


SURROGATES = [
    ("Heaviside(x[0]*sum(W[i, j]*x[j], j))", "sigmoid(x[0]*sum(W[i, j]*x[j], j))"),
    ("Heaviside(sum(W[i, j]*x[j], j))", "sigmoid(sum(W[i, j]*tanh(x[j]), j))"),
    ("sum(W[i, j]*x[j], j)", "sum(W[i, j]*tanh(x[j]), j)"),
    ("round(x[0])*W[i, 0]", "x[0]*sum(W[i, j]*x[j], j)"),
]


@pytest.mark.parametrize(("text", "surrogate"), SURROGATES)
def test_products_of_a_surrogate_are_traced_in_half(text: str, surrogate: str) -> None:
    made = module(W, {"y[i]": text}, surrogate={"y[i]": surrogate})
    x, rows = torch.randn(2, 3).bfloat16(), torch.randn(4, 3).bfloat16()
    traced = torch.compile(made.f, backend="eager", fullgraph=True)(x, rows)
    assert traced.dtype == torch.bfloat16
    torch.testing.assert_close(traced, made.f(x, rows))
