"""PyTorch's operators along axes beside the forms that say the same: a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import judge_axes_forms as forms
import judge_axes_losses as losses
import judge_axes_points as points
import judge_axes_products as products
import torch
from judge_axes_ops import Form
from judge_axes_points import Case


def no_cases() -> Iterator[Case]:
    """None but the samples of torch."""
    return iter(())


@dataclass(frozen=True)
class Row:
    """A form of ours, and the operator of torch that judges it.

    ``entries`` are the lines of torch's table of derivatives that are run so; none
    where torch composes the operator of others.  ``database`` is its name among
    torch's test operators, whose samples are taken; where it has none, ``torch`` is
    called.  ``cases`` are points of our own.
    """

    name: str
    ops: str
    form: Form
    entries: str = ""
    database: str = ""
    torch: Callable[..., Any] | None = None
    cases: Callable[[], Iterator[Case]] = no_cases

    def __str__(self) -> str:
        return self.name


def _reductions() -> Iterator[Row]:
    table = {
        "sum": ("sum_dim", "sum sum.dim_IntList"),
        "nansum": ("nansum", "nansum"),
        "mean": ("mean_dim", "mean mean.dim"),
        "prod": ("prod_dim", "prod prod.dim_int"),
        "amax": ("amax_dim", "amax"),
        "amin": ("amin_dim", "amin"),
        "max/reduction_no_dim": ("amax_dim", "max"),
        "min/reduction_no_dim": ("amin_dim", "min"),
        "aminmax": ("aminmax", "aminmax"),
        "logsumexp": ("log_sum_exp", "logsumexp"),
    }
    for name, (op, entries) in table.items():
        cases = points.wholes if op == "aminmax" or "no_dim" in name else points.lines
        yield Row(name, op, forms.reduced(op), entries, name, cases=cases)
    for name in ("var", "std", "var_mean", "std_mean"):
        op = name if "mean" in name else f"{name}_dim"
        form, entry = forms.spread(op), f"{name}.correction"
        yield Row(name, op, form, entry, name, cases=points.corrections)
        unbiased = f"{name}/unbiased"
        yield Row(unbiased, op, form, entry, unbiased)


NORMS = "norm_0 norm_1 norm_2 norm_inf norm_minus_inf norm_p norm_of_negative_order"
NORM_ENTRIES = (
    "norm.Scalar norm.ScalarOpt_dim norm.ScalarOpt_dtype norm.ScalarOpt_dim_dtype"
)


def _norms() -> Iterator[Row]:
    for variant in ("", "/fro", "/inf"):
        name = f"norm{variant}"
        yield Row(name, NORMS, forms.norm, NORM_ENTRIES, name)
    name = "linalg.vector_norm"
    yield Row(
        name, NORMS, forms.vector_norm, "linalg_vector_norm", name, cases=points.orders
    )


def _scans() -> Iterator[Row]:
    """What keeps its dimension, and places that torch finds."""
    least = (-torch.inf,)
    table: tuple[tuple[Any, ...], ...] = (
        ("cumsum", "cumsum_dim", forms.along("cumsum_dim")),
        ("cumprod", "cumprod", forms.along("cumprod", at=True)),
        ("logcumsumexp", "logcumsumexp", forms.along("logcumsumexp", *least, at=True)),
        ("softmax", "softmax_dim", forms.along("softmax_dim")),
        ("log_softmax", "log_softmax_dim", forms.along("log_softmax_dim")),
    )
    for name, op, form in table:
        entry = f"_{name}" if "softmax" in name else name
        yield Row(name, op, form, entry, name, cases=points.lines)
    safe = forms.along("safe_softmax", *least)
    name, theirs = "_safe_softmax", torch._safe_softmax
    yield Row(name, "safe_softmax", safe, name, torch=theirs, cases=points.lines)
    name = "nn.functional.softmin"
    yield Row(name, "softmin", forms.along("softmin"), "", name)
    masked = forms.masked_softmax
    name = "masked.softmax"
    yield Row(name, "masked_softmax", masked, "_masked_softmax", name)
    name = "nn.functional.scaled_dot_product_attention"
    yield Row(name, "attention", forms.attention, "", name)
    for name in PICKED:
        plain = name.partition("/")[0]
        entry = {"sort": "sort sort.stable"}.get(plain, plain)
        entry += ".dim" if plain in ("max", "min", "median", "nanmedian") else ""
        yield Row(name, "gather", forms.picked(plain), entry, name)


PICKED = (
    *("max/reduction_with_dim", "min/reduction_with_dim", "median", "nanmedian"),
    *("kthvalue", "mode", "sort", "topk", "cummax", "cummin"),
)
"""Whose places torch finds; that is no part of what is judged."""


def _normalisations() -> Iterator[Row]:
    nn, batch = "nn.functional.", "batch_norm batch_norm_evaluated"
    table: tuple[tuple[Any, ...], ...] = (
        (nn + "layer_norm", "layer_norm", forms.layer_norm, ""),
        (nn + "group_norm", "group_norm", forms.group_norm, "native_group_norm"),
        (nn + "rms_norm", "rms_norm", forms.rms_norm, "_fused_rms_norm"),
        ("native_batch_norm", batch, forms.native_batch_norm, "native_batch_norm"),
        (nn + "batch_norm", batch, forms.batch_norm, ""),
        (nn + "instance_norm", "group_norm", forms.instance_norm, ""),
        (nn + "normalize", "normalize", forms.normalize, ""),
        ("renorm", "renorm renorm_1 renorm_p", forms.renorm, "renorm"),
        (nn + "glu", "glu", forms.glu, "glu"),
    )
    own = {nn + "rms_norm": points.root_mean_squares}
    name, form = "native_layer_norm", forms.native_layer_norm
    yield Row(name, "layer_norm", form, name, name, cases=points.layers)
    for name, ops, form, entries in table:
        yield Row(name, ops, form, entries, name, cases=own.get(name, no_cases))
    form, theirs = forms.weight_norm, torch._weight_norm
    yield Row(
        "_weight_norm",
        "weight_norm",
        form,
        "_weight_norm_interface",
        torch=theirs,
        cases=points.weights_and_sizes,
    )


def _distances() -> Iterator[Row]:
    nn = "nn.functional."
    every = "dist_1 dist_2 dist_inf dist_p"
    yield Row("dist", every + " norm_0", losses.dist, "dist", "dist")
    name = nn + "pairwise_distance"
    yield Row(name, every, losses.pairwise_distance, "", name)
    yield Row(
        "cdist",
        "cdist_1 cdist_2 cdist_inf cdist_p",
        losses.cdist,
        "_cdist_forward",
        "cdist",
        cases=points.points_apart,
    )
    yield Row(
        nn + "pdist", "pdist_2 pdist_p", losses.pdist, "_pdist_forward", nn + "pdist"
    )
    name = nn + "cosine_similarity"
    yield Row(
        name,
        "cosine_similarity",
        losses.cosine_similarity,
        "",
        name,
        cases=points.angles,
    )
    name = nn + "cosine_embedding_loss"
    yield Row(name, "cosine_embedding_loss", losses.cosine_embedding_loss, "", name)
    name = nn + "triplet_margin_loss"
    yield Row(name, "triplet_margin_loss", losses.triplet_margin_loss, "", name)


def _losses() -> Iterator[Row]:
    table: tuple[tuple[Any, ...], ...] = (
        ("mse_loss", losses.loss("mse_loss"), "mse_loss"),
        ("l1_loss", losses.loss("l1_loss"), ""),
        ("smooth_l1_loss", losses.loss("smooth_l1_loss", "beta"), "smooth_l1_loss"),
        ("huber_loss", losses.loss("huber_loss", "delta"), "huber_loss"),
        ("soft_margin_loss", losses.loss("soft_margin_loss"), "soft_margin_loss"),
        ("kl_div", losses.kl_div, ""),
        (
            "binary_cross_entropy",
            losses.weighted("binary_cross_entropy"),
            "binary_cross_entropy",
        ),
        (
            "binary_cross_entropy_with_logits",
            losses.weighted("binary_cross_entropy_with_logits"),
            "binary_cross_entropy_with_logits",
        ),
        ("nll_loss", losses.nll_loss, "nll_loss_forward nll_loss2d_forward"),
        ("cross_entropy", losses.cross_entropy, ""),
        ("multi_margin_loss", losses.multi_margin_loss, "multi_margin_loss"),
        (
            "multilabel_margin_loss",
            losses.multilabel_margin_loss,
            "multilabel_margin_loss_forward",
        ),
        ("multilabel_soft_margin_loss", losses.multilabel_soft_margin_loss, ""),
    )
    also = {
        "nll_loss": "nll_loss nll_loss_mean",
        "kl_div": "kl_div kl_div_log_target",
        "cross_entropy": "cross_entropy cross_entropy_mean cross_entropy_smoothed "
        "cross_entropy_of_probabilities",
        "multi_margin_loss": "multi_margin_loss multi_margin_loss_squared",
    }
    for op, form, entries in table:
        name = "nn.functional." + op
        cases = points.LOSSES.get(op, no_cases)
        yield Row(name, also.get(op, op), form, entries, name, cases=cases)


def _products() -> Iterator[Row]:
    direct = {"dot": "dot", "mv": "mv", "mm": "mm", "bmm": "mm", "outer": "outer"}
    for name, op in direct.items():
        entry = "" if name == "outer" else name
        yield Row(name, op, products.direct(op), entry, name)
    yield Row("vdot", "dot", products.direct("dot"), "vdot", "vdot")
    for name in ("addmm", "addmv", "addr", "addbmm", "baddbmm"):
        op = "addmm" if name == "baddbmm" else name
        yield Row(name, op, products.scaled(op), name, name)
    table: tuple[tuple[Any, ...], ...] = (
        ("matmul", "mm", products.matmul, "matmul"),
        ("linalg.multi_dot", "mm", products.multi_dot, ""),
        ("tensordot", "mm", products.tensordot, ""),
        ("einsum", "", products.einsum, ""),
        ("trace", "trace", products.trace, "trace"),
        ("diagonal", "diagonal", products.diagonal, "diagonal"),
        ("nn.functional.linear", "linear", products.linear, "linear"),
        ("nn.functional.bilinear", "bilinear", products.bilinear, "_trilinear"),
        ("linalg.cross", "cross", products.cross, "linalg_cross"),
    )
    for name, op, form, entries in table:
        yield Row(name, op, form, entries, name)


def _lookups() -> Iterator[Row]:
    bags = "embedding_bag_sum embedding_bag_mean"
    table: tuple[tuple[Any, ...], ...] = (
        ("index_select", "index_select", products.index_select, "index_select"),
        ("gather", "gather", products.gather, "gather"),
        ("take_along_dim", "gather", products.take_along_dim, ""),
        ("take", "gather", products.take, "take"),
        ("nn.functional.embedding", "embedding", products.embedding, "embedding"),
        ("nn.functional.embedding_bag", bags, products.embedding_bag, "_embedding_bag"),
    )
    for name, op, form, entries in table:
        yield Row(name, op, form, entries, name)


ROWS = (
    *_reductions(),
    *_norms(),
    *_scans(),
    *_normalisations(),
    *_distances(),
    *_losses(),
    *_products(),
    *_lookups(),
)
