"""Our ops in the place of torch's reductions, scans and normalisations.

A form has the arguments of torch's operator.  It moves the dimensions that torch counts
to where the spec has its axes, and calls the generated op.  What it has no argument
for, and what is `Unmapped`, is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from judge_axes_ops import Dims, Form, call, each, lines, only, shaped
from torch import Tensor


def reduced(op: str) -> Form:
    """A reduction over dimensions, or over all."""

    def form(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Any:
        found = call(op, lines(x, dim))
        return each(found, lambda y: shaped(y, x, dim, keepdim))

    return form


def spread(op: str) -> Form:
    """A variance or deviation, by its correction or with and without."""

    def form(
        x: Tensor,
        dim: Any = None,
        unbiased: bool = True,
        keepdim: bool = False,
        correction: float | None = 1,
    ) -> Any:
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
        correction = 1 if correction is None else correction
        found = call(op, lines(x, dim), float(correction if unbiased else 0))
        return each(found, lambda y: shaped(y, x, dim, keepdim))

    return form


NORMS = {0: "norm_0", 1: "norm_1", 2: "norm_2", "fro": "norm_2"}
NORMS |= {math.inf: "norm_inf", -math.inf: "norm_minus_inf"}


def norm(x: Tensor, p: Any = "fro", dim: Dims = None, keepdim: bool = False) -> Tensor:
    """torch.norm, the nuclear one excepted."""
    only(p != "nuc")
    args = () if p in NORMS else (float(p),)
    op = NORMS.get(p) or ("norm_p" if p > 0 else "norm_of_negative_order")
    found = call(op, lines(x, dim), *args)
    return shaped(found, x, dim, keepdim)


def vector_norm(
    x: Tensor, ord: Any = 2, dim: Dims = None, keepdim: bool = False
) -> Tensor:
    """torch.linalg.vector_norm."""
    return norm(x, ord, dim, keepdim)


def along(op: str, *more: float, at: bool = False) -> Form:
    """What keeps its dimension; ``at`` numbers the places of it."""

    def form(x: Tensor, dim: int = -1) -> Tensor:
        line = lines(x, dim)
        places = (torch.arange(line.shape[-1]),) if at else ()
        found = call(op, line, *places, *more)
        return found.movedim(-1, dim) if x.dim() else found.reshape(())

    return form


def masked_softmax(x: Tensor, dim: int, mask: Tensor | None = None) -> Tensor:
    """torch.masked.softmax; the mask says what is seen."""
    only(mask is not None)
    hidden = lines(~mask.expand_as(x), dim)
    found = call("masked_softmax", lines(x, dim), hidden, -math.inf)
    return found.movedim(-1, dim) if x.dim() else found.reshape(())


def attention(
    q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False, dropout_p: float = 0.0
) -> Tensor:
    """Scaled dot-product attention without a mask."""
    only(not is_causal and dropout_p == 0.0)
    return call("attention", q, k, v)


PLACE_OF_DIM = {"sort": 0, "mode": 0, "topk": 1, "kthvalue": 1}


def picked(name: str) -> Form:
    """Values that torch finds the places of, read there."""

    def form(x: Tensor, *args: Any, **keywords: Any) -> Tensor:
        found = getattr(torch, name)(x.detach(), *args, **keywords)
        only(not isinstance(found, Tensor) and x.dim() > 0)
        place = PLACE_OF_DIM.get(name, 0)
        given = [a for a in args[place:][:1] if type(a) is int]
        dim = keywords.get("dim", given[0] if given else -1)
        at = found.indices
        at = at if at.dim() == x.dim() else at.unsqueeze(dim)
        y = call("gather", lines(x, dim), lines(at, dim)).movedim(-1, dim)
        return y.reshape(found.values.shape)

    return form


# -- normalisations --------------------------------------------------------------------


def _affine(x: Tensor, shape: Sequence[int], w: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias as lines; without one, ones and zeros."""
    w = x.new_ones(shape) if w is None else w
    b = x.new_zeros(shape) if b is None else b
    return w, b


def _flat(x: Tensor, start: int) -> Tensor:
    """The dimensions from one on as one, which may be none."""
    return x.unsqueeze(-1) if x.dim() == start else x.flatten(start)


def _constants(found: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The statistics as torch has them, which is without a gradient."""
    first, *statistics = found
    return (first, *(s.detach() for s in statistics))


def native_layer_norm(
    x: Tensor, shape: Any, w: Any = None, b: Any = None, eps: float = 1e-5
) -> tuple[Tensor, ...]:
    """Over the last dimensions, with the statistics."""
    dims = list(range(-len(shape), 0))
    w, b = _affine(x, shape, w, b)
    y, *rest = call("layer_norm", lines(x, dims), w.flatten(), b.flatten(), eps)
    rest = [shaped(r, x, dims, True) for r in rest]
    return _constants((y.reshape(x.shape), *rest))


def layer_norm(*args: Any, eps: float = 1e-5) -> Tensor:
    """Without the statistics."""
    x, shape, w, b = (*args, None, None)[:4]
    return native_layer_norm(x, shape, w, b, eps)[0]


def rms_norm(x: Tensor, shape: Any, w: Any = None, eps: float | None = None) -> Tensor:
    """torch.nn.functional.rms_norm, whose default is the epsilon of the dtype."""
    w, _ = _affine(x, shape, w, None)
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    line = lines(x, list(range(-len(shape), 0)))
    return call("rms_norm", line, w.flatten(), eps).reshape(x.shape)


def group_norm(
    x: Tensor, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Channels in groups."""
    channels = x.shape[1] // groups
    only(channels > 0)
    w, b = _affine(x, (x.shape[1],), weight, bias)
    cells = _flat(x, 2).unflatten(1, (groups, channels))
    pair = (t.reshape(groups, channels) for t in (w, b))
    return call("group_norm", cells, *pair, eps)[0].reshape(x.shape)


def instance_norm(
    x: Tensor,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """One group for each channel."""
    return group_norm(x, x.shape[1], weight, bias, eps)


def native_batch_norm(
    x: Tensor,
    w: Any,
    b: Any,
    mean: Any,
    var: Any,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, ...]:
    """In training and, by what was learned, in evaluation."""
    only(x.dim() > 1)
    w, b = _affine(x, x.shape[1:2], w, b)
    cells = _flat(x, 2)
    if training:
        y, m, r = call("batch_norm", cells, w, b, eps)
        return _constants((y.reshape(x.shape), m, r))
    y = call("batch_norm_evaluated", cells, mean, var, w, b, eps)
    return (y.reshape(x.shape), x.new_empty(0), x.new_empty(0))


def batch_norm(
    x: Tensor,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.batch_norm."""
    return native_batch_norm(x, weight, bias, mean, var, training, momentum, eps)[0]


def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """torch._weight_norm along the first dimension."""
    only(dim == 0)
    return call("weight_norm", v.flatten(1), g.flatten()).reshape(v.shape)


def normalize(x: Tensor, p: float = 2, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """torch.nn.functional.normalize by the Euclidean norm."""
    only(p == 2 and x.dim() > 0)
    return call("normalize", lines(x, dim), eps).movedim(-1, dim)


def renorm(x: Tensor, p: float, dim: int, most: float) -> Tensor:
    """Rows that are too long, shortened."""
    only(p != math.inf)
    rows = x.movedim(dim, 0)
    op = {1: "renorm_1", 2: "renorm"}.get(p, "renorm_p")
    args = (most,) if p in (1, 2) else (most, float(p))
    found = call(op, rows.flatten(1), *args)
    return found.reshape(rows.shape).movedim(0, dim)


def glu(x: Tensor, dim: int = -1) -> Tensor:
    """Halves of a dimension."""
    only(x.dim() > 0)
    halves = lines(x, dim).unflatten(-1, (2, -1))
    return call("glu", halves).movedim(-1, dim)
