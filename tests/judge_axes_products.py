"""Our ops in the place of torch's products and lookups."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import yaml
from judge_axes_ops import Form, call, lines, load_module, only
from torch import Tensor

from symgrad.generate import generate
from symgrad.spec import load_text


def direct(op: str) -> Form:
    """An op that has the arguments of torch's operator."""
    return lambda *args: call(op, *args)


def scaled(op: str) -> Form:
    """A product that is added to its first argument."""

    def form(
        c: Tensor, a: Tensor, b: Tensor, beta: float = 1.0, alpha: float = 1.0
    ) -> Tensor:
        shape = {"addmv": a.shape[:1], "addr": (len(a), len(b))}.get(
            op, (*a.shape[:-1], b.shape[-1])
        )
        c = c.expand(shape[1:] if op == "addbmm" else shape)
        return call(op, c, a, b, float(beta), float(alpha))

    return form


def trace(x: Tensor) -> Tensor:
    """Of the part of a rectangle that is square."""
    n = min(x.shape)
    return call("trace", x[:n, :n])


def diagonal(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Of the largest square there is."""
    x = x.movedim((dim1, dim2), (-2, -1))
    x = x[..., offset:] if offset > 0 else x[..., -offset:, :]
    n = min(x.shape[-2:])
    return call("diagonal", x[..., :n, :n])


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """With the vectors that torch allows."""
    a = x.unsqueeze(0) if x.dim() == 1 else x
    b = y.unsqueeze(1) if y.dim() == 1 else y
    found = call("mm", a, b)
    found = found.squeeze(-2) if x.dim() == 1 else found
    return found.squeeze(-1) if y.dim() == 1 else found


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """One after the other."""
    return functools.reduce(matmul, tensors)


def tensordot(x: Tensor, y: Tensor, dims: Any = 2) -> Tensor:
    """Dimensions of one against those of the other."""
    if isinstance(dims, int):
        dims = (list(range(x.dim() - dims, x.dim())), list(range(dims)))
    a, b = (
        (t.movedim(d, list(range(-len(d), 0))), len(d))
        for t, d in zip((x, y), dims, strict=True)
    )
    (a, n), (b, m) = a, b
    only(a.shape[a.dim() - n :] == b.shape[b.dim() - m :])
    inner = a.shape[a.dim() - n :].numel()
    found = call("mm", a.reshape(-1, inner), b.reshape(-1, inner).mT)
    return found.reshape(*a.shape[: a.dim() - n], *b.shape[: b.dim() - m])


def einsum(tensors: Sequence[Tensor], equation: str) -> Tensor:
    """A spec for each equation."""
    left, _, right = equation.replace(" ", "").partition("->")
    only("->" in equation)
    return _contraction(tuple(left.split(",")), right)(*tensors)


@functools.cache
def _contraction(factors: tuple[str, ...], right: str) -> Form:
    """The op of an equation, each letter an index over an axis of its own."""
    only(all(part.rfind("...") <= 0 for part in (*factors, right)))
    only("..." in right or not any("..." in part for part in factors))
    *letters, kept = (part.removeprefix("...") for part in (*factors, right))
    bound = sorted(set("".join(letters)) - set(kept))
    product = "*".join(_indexed(f"x{k}", part) for k, part in enumerate(letters))
    value = f"sum({product}, ({_indices(bound)},))" if bound else product
    inputs = {f"x{k}": f"real[{_axes(part)}]" for k, part in enumerate(factors)}
    op = {"inputs": inputs, "forward": {_indexed("y", kept): value}}
    text = yaml.safe_dump({"symgrad": 1, "ops": {"f": op}}, sort_keys=False)
    return load_module("einsum", generate(load_text(text, "f.yaml")).source).f


def _indices(letters: Iterable[str]) -> str:
    return ", ".join(f"i{c}" for c in letters)


def _indexed(name: str, letters: str) -> str:
    return f"{name}[{_indices(letters)}]" if letters else name


def _axes(part: str) -> str:
    batch = ["..."] if "..." in part else []
    return ", ".join([*batch, *(f"n{c}" for c in part.removeprefix("..."))])


def linear(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """With a bias of zeros where there is none."""
    rows = W.unsqueeze(0) if W.dim() == 1 else W
    b = x.new_zeros(len(rows)) if b is None else b.reshape(len(rows))
    found = call("linear", x, rows, b)
    return found.squeeze(-1) if W.dim() == 1 else found


def bilinear(x: Tensor, y: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """torch.nn.functional.bilinear."""
    return call("bilinear", x, y, W, x.new_zeros(len(W)) if b is None else b)


def cross(x: Tensor, y: Tensor, dim: int | None = None) -> Tensor:
    """Of vectors with three elements."""
    x, y = torch.broadcast_tensors(x, y)
    dim = list(x.shape).index(3) if dim is None else dim
    turns = torch.tensor([1, 2, 0]), torch.tensor([2, 0, 1])
    return call("cross", lines(x, dim), lines(y, dim), *turns).movedim(-1, dim)


# -- lookups ---------------------------------------------------------------------------


def index_select(x: Tensor, dim: int, r: Tensor) -> Tensor:
    """The same places of every line."""
    only(x.dim() > 0)
    cells = x.movedim(dim, 0).reshape(x.shape[dim], -1)
    found = call("index_select", cells, r.reshape(-1))
    rest = x.movedim(dim, 0).shape[1:]
    return found.reshape(-1, *rest).movedim(0, dim)


def gather(x: Tensor, dim: int, r: Tensor) -> Tensor:
    """Places of each line; torch allows fewer lines."""
    only(x.dim() > 0 and r.dim() == x.dim())
    dim %= x.dim()
    cut = [slice(None) if d == dim else slice(n) for d, n in enumerate(r.shape)]
    return call("gather", lines(x[tuple(cut)], dim), lines(r, dim)).movedim(-1, dim)


def take_along_dim(x: Tensor, r: Tensor, dim: int | None = None) -> Tensor:
    """As gather, and lines broadcast."""
    r = r.where(r >= 0, r + (x.numel() if dim is None else x.shape[dim]))
    if dim is None:
        return call("gather", x.reshape(-1), r.reshape(-1))
    found = call("gather", x.movedim(dim, -1), r.movedim(dim, -1))
    return found.movedim(-1, dim)


def take(x: Tensor, r: Tensor) -> Tensor:
    """Of all elements in one line."""
    line = x.reshape(-1)
    at = r.reshape(-1)
    return call("gather", line, at.where(at >= 0, at + len(line))).reshape(r.shape)


def embedding(W: Tensor, ids: Tensor) -> Tensor:
    """Rows of a matrix."""
    found = call("embedding", W, ids.reshape(-1))
    return found.reshape(*ids.shape, W.shape[-1])


def embedding_bag(
    W: Tensor, ids: Tensor, mode: str = "mean", per_sample_weights: Any = None
) -> Tensor:
    """Bags of one size, weighted or not."""
    only(mode in ("sum", "mean") and ids.dim() == 2)
    if mode == "mean":
        return call("embedding_bag_mean", W, ids)
    w = per_sample_weights
    ones = torch.ones(ids.shape, dtype=W.dtype)
    return call("embedding_bag_sum", W, ids, ones if w is None else w)
