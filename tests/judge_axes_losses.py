"""Our ops in the place of torch's distances and losses."""

from __future__ import annotations

import math
from typing import Any

import torch
from judge_axes_ops import Form, call, lines, only
from torch import Tensor

DISTANCES = {1: "1", 2: "2", math.inf: "inf"}


def _by_order(op: str, p: float, *args: Tensor) -> Tensor:
    more = () if p in DISTANCES else (float(p),)
    return call(f"{op}_{DISTANCES.get(p, 'p')}", *args, *more)


def dist(x: Tensor, y: Tensor, p: float = 2) -> Tensor:
    """Of all elements."""
    x, y = (t.reshape(-1) for t in torch.broadcast_tensors(x, y))
    if p == 0:
        return call("norm_0", x - y)
    return _by_order("dist", p, x, y)


def pairwise_distance(
    x: Tensor, y: Tensor, p: float = 2, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Along the last dimension."""
    x, y = torch.broadcast_tensors(x + eps, y)
    found = _by_order("dist", p, x, y)
    return found.unsqueeze(-1) if keepdim else found


def cdist(x: Tensor, y: Tensor, p: float = 2, mode: Any = None) -> Tensor:
    """Of all pairs of rows."""
    only(p != 0)
    return _by_order("cdist", p, x, y)


def pdist(x: Tensor, p: float = 2) -> Tensor:
    """Of all pairs of rows of one matrix."""
    only(p not in (0, math.inf))
    pairs = torch.triu_indices(len(x), len(x), 1)
    args = (x, *pairs)
    return call("pdist_2", *args) if p == 2 else call("pdist_p", *args, float(p))


def cosine_similarity(x: Tensor, y: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Along a dimension."""
    x, y = torch.broadcast_tensors(x, y)
    return call("cosine_similarity", lines(x, dim), lines(y, dim), eps)


# -- losses ----------------------------------------------------------------------------


def chosen(found: tuple[Tensor, ...], reduction: str, shape: Any = None) -> Tensor:
    """Of the outputs, each loss in a shape, their sum, or their mean."""
    one_by_one, total, loss = found
    if reduction == "none":
        return one_by_one if shape is None else one_by_one.reshape(shape)
    return total if reduction == "sum" else loss


def loss(op: str, *names: str) -> Form:
    """An elementwise loss; further numbers by name, in the order of the op."""

    def form(x: Tensor, t: Tensor, reduction: str = "mean", **numbers: float) -> Tensor:
        x, t = torch.broadcast_tensors(x, t)
        only(set(numbers) <= set(names) and 0 not in numbers.values())
        more = [float(numbers.get(name, 1.0)) for name in names]
        found = call(op, x.reshape(-1), t.reshape(-1), *more)
        return chosen(found, reduction, x.shape)

    return form


def weighted(op: str) -> Form:
    """A loss of a probability or logit; the weight has no gradient."""

    def form(
        x: Tensor, t: Tensor, weight: Tensor | None = None, reduction: str = "mean"
    ) -> Tensor:
        w = (torch.ones_like(x) if weight is None else weight).expand_as(x)
        found = call(op, *(v.reshape(-1) for v in (x, t, w)))
        return chosen(found, reduction, x.shape)

    return form


def kl_div(
    x: Tensor, t: Tensor, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """torch.nn.functional.kl_div."""
    op = "kl_div_log_target" if log_target else "kl_div"
    found = call(op, x.reshape(-1), t.reshape(-1))
    if reduction == "batchmean":
        return found[1] / x.shape[0]
    return chosen(found, reduction, x.shape)


def _rows(x: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Classes last, and a weight for each of them."""
    rows = x.movedim(1, -1).flatten(0, -2) if x.dim() > 1 else x.unsqueeze(0)
    w = x.new_ones(rows.shape[-1]) if weight is None else weight
    return rows, w


def _labelled(
    op: str, reduction: str, rows: Tensor, t: Tensor, w: Tensor, ignored: int
) -> Tensor:
    """A loss of labels; its mean is an op of its own, for it may be 0/0."""
    op = f"{op}_mean" if reduction == "mean" else op
    found = call(op, rows, t.reshape(-1), w, ignored)
    if reduction == "mean":
        return found
    return found[0].reshape(t.shape) if reduction == "none" else found[1]


def nll_loss(
    x: Tensor,
    t: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.nll_loss, of images too."""
    rows, w = _rows(x, weight)
    return _labelled("nll_loss", reduction, rows, t, w, ignore_index)


def cross_entropy(
    x: Tensor,
    t: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """torch.nn.functional.cross_entropy, of labels and of probabilities."""
    rows, w = _rows(x, weight)
    smoothing = float(label_smoothing)
    if t.is_floating_point():
        args = (rows, _rows(t, None)[0], w, smoothing)
        found = call("cross_entropy_of_probabilities", *args)
        return chosen(found, reduction, (*x.shape[:1], *x.shape[2:])[: x.dim() - 1])
    if smoothing:
        only(reduction == "mean" and ignore_index == -100)
        return call("cross_entropy_smoothed", rows, t.reshape(-1), w, smoothing)
    return _labelled("cross_entropy", reduction, rows, t, w, ignore_index)


def multi_margin_loss(
    x: Tensor,
    t: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.multi_margin_loss."""
    only(x.dim() > 0)
    rows, w = _rows(x, weight)
    op = "multi_margin_loss" if p == 1 else "multi_margin_loss_squared"
    at = torch.arange(rows.shape[-1])
    found = call(op, rows, t.reshape(-1), at, w, float(margin))
    return chosen(found, reduction, t.shape)


def multilabel_margin_loss(x: Tensor, t: Tensor, reduction: str = "mean") -> Tensor:
    """Labels count up to the first -1."""
    rows, labels = (v.reshape(-1, v.shape[-1] if v.dim() else 1) for v in (x, t))
    given = (labels >= 0).cumprod(-1).bool()
    labels = labels.where(given, 0)
    target = torch.zeros(rows.shape).scatter_add(-1, labels, given.float()) > 0
    found = call("multilabel_margin_loss", rows, labels, given, target)
    return chosen(found, reduction, t.shape[:-1])


def multilabel_soft_margin_loss(
    x: Tensor, t: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """A mean over classes, which are last."""
    w = x.new_ones(x.shape[-1]) if weight is None else weight
    only(w.dim() == 1 and x.dim() == 2)
    return chosen(call("multilabel_soft_margin_loss", x, t, w), reduction)


def cosine_embedding_loss(
    x: Tensor, y: Tensor, t: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Of pairs that are alike, and that are not."""
    found = call("cosine_embedding_loss", x, y, t > 0, float(margin))
    return {"none": found, "sum": found.sum(), "mean": found.mean()}[reduction]


def triplet_margin_loss(
    a: Tensor, p: Tensor, n: Tensor, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """By Euclidean distances, without a swap."""
    a, p, n = torch.broadcast_tensors(a, p, n)
    found = call("triplet_margin_loss", a, p, n, float(margin), 1e-6)
    return {"none": found, "sum": found.sum(), "mean": found.mean()}[reduction]
