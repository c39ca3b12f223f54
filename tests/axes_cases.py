"""What every example with named axes must equal: a table.

Inputs are drawn by what the spec declares: values inside their domains, integers
that every axis has place for.  A row says where that is not enough.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import axes_references as R
import torch
import torch.nn.functional as F
from comparison import POSITIVE, UNIT, Case, Draw, X, mask
from generated_modules import EXAMPLES
from torch import Tensor

from symgrad.axes import BATCH, named, size_of
from symgrad.kinds import Kind
from symgrad.op import Input, Op
from symgrad.spec import load
from symgrad.verify import extents

Shape = tuple[int, ...]


@functools.cache
def declared() -> Mapping[str, Op]:
    """The ops of the examples that have named axes, by file and name."""
    return {
        f"{path.stem}.{op.name}": op
        for path in sorted(EXAMPLES.glob("*.yaml"))
        for op in load(path).ops
        if any(item.axes is not None for item in op.inputs)
    }


@dataclass(frozen=True)
class AxesCase(Case):
    """A case whose shapes are a batch and a size for each name."""

    @property
    def spec(self) -> Op:
        """The op as it is declared."""
        return declared()[self.op]

    def shape(self, name: str, batch: Shape) -> Shape:
        """The sizes of an input's axes, with the batch where it has one."""
        sizes, item = extents.sizes(self.spec), self.spec.input(name)
        lead = batch if BATCH in item.labels else ()
        return (*lead, *(sizes[size_of(axis)] for axis in named(item.labels)))


def integers(low: int, high: int) -> Draw:
    """Integers of an interval without its upper end."""
    return lambda shape: torch.randint(low, high, shape)


LABEL, FIRST, SECOND = integers(0, 4), integers(0, 2), integers(2, 4)
"""Places in an axis of four, and of its two halves, so that no pair is of one."""

PAIRS = {"first": FIRST, "second": SECOND}


def some_allowed(shape: Shape) -> Tensor:
    """A mask that allows the first place of every row."""
    allowed = mask(shape)
    allowed[..., :1] = True
    return allowed


def _draw(item: Input) -> Draw:
    """A draw by the declaration of an input."""
    by_kind = {Kind.INDEX: LABEL, Kind.MASK: mask}
    if item.domain is None or item.kind in by_kind:
        return by_kind.get(item.kind, X)
    return UNIT if item.admits(0.5) and not item.admits(1.5) else POSITIVE


def row(
    op: str,
    reference: Callable[..., Any],
    twice: Callable[..., Any] | None = None,
    draws: Mapping[str, Draw] | None = None,
    **numbers: float,
) -> AxesCase:
    """A case whose inputs are drawn by their declarations.

    ``twice`` is a formula that can be differentiated more often than the reference.
    """
    case = AxesCase(op, reference, twice=twice)
    tensors = [item for item in case.spec.inputs if item.kind.is_tensor]
    drawn = {item.name: _draw(item) for item in tensors}
    held = tuple(item.name for item in tensors if not item.differentiable)
    given = {**drawn, **(draws or {})}
    return replace(case, draws=given, numbers=numbers, data=held)


NORMALISATIONS = [
    row("normalisations.rms_norm", R.rms_norm),
    row("normalisations.rms_norm", R.rms_norm, offset=1.0, eps=0.1),
    row("normalisations.layer_norm", R.layer_norm, R.plain_layer_norm),
    row("normalisations.group_norm", R.group_norm, R.plain_group_norm),
    row("normalisations.instance_norm", R.instance_norm, R.plain_instance_norm),
    row(
        "normalisations.weight_norm",
        lambda v, g: torch._weight_norm(v, g[:, None], 0),
        lambda v, g: v * (g / v.norm(dim=-1))[:, None],
    ),
    row("normalisations.l2_norm", R.l2_norm, eps=0.1),
    row("normalisations.add_rms_norm", R.add_rms_norm),
    row(
        "normalisations.modulated_rms_norm",
        lambda x, w, scale, shift: R.rms_norm(x, w) * (1 + scale) + shift,
    ),
    row(
        "normalisations.gated_rms_norm",
        lambda x, z, w: R.rms_norm(x * F.silu(z), w, eps=1e-5),
    ),
    row("normalisations.poly_norm", R.poly_norm),
    row(
        "normalisations.bias_norm",
        lambda x, bias, log_scale: x * torch.exp(log_scale) / R.rms(x - bias),
    ),
    row("normalisations.exp_norm", R.exp_norm),
    row(
        "normalisations.standardise",
        lambda x: (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True),
    ),
    row("normalisations.squash", R.squash),
]

SOFTMAXES = [
    row(
        "softmaxes.softmax",
        lambda x, temperature=1.0: torch.softmax(x / temperature, -1),
        temperature=0.7,
    ),
    row("softmaxes.log_softmax", lambda x: F.log_softmax(x, -1)),
    row("softmaxes.logsumexp", lambda x: torch.logsumexp(x, -1)),
    row(
        "softmaxes.masked_softmax",
        lambda x, allowed, scale: torch.softmax(
            (scale * x).masked_fill(~allowed, -torch.inf), -1
        ),
        draws={"allowed": some_allowed},
        scale=0.7,
    ),
    row(
        "softmaxes.biased_softmax",
        lambda x, bias, scale: torch.softmax(scale * x + bias, -1),
        scale=0.7,
    ),
    row("softmaxes.softmax_one", R.softmax_one),
    row(
        "softmaxes.taylor_softmax",
        lambda x: F.normalize(((1 + x) ** 2 + 1) / 2, p=1, dim=-1),
    ),
    row("softmaxes.softmin", R.softmin, beta=0.6),
    row(
        "softmaxes.entropy",
        lambda x: -(torch.softmax(x, -1) * torch.log_softmax(x, -1)).sum(-1),
    ),
    row(
        "softmaxes.gumbel_softmax",
        lambda x, u, temperature: torch.softmax(
            (x - torch.log(-torch.log(u))) / temperature, -1
        ),
        temperature=0.7,
    ),
    row("softmaxes.spatial_soft_argmax", R.spatial_soft_argmax),
    row(
        "softmaxes.attention_pooling",
        lambda x, w: (torch.softmax(x @ w, -1)[..., None] * x).sum(-2),
    ),
]

LOSSES = [
    row("row_losses.cross_entropy", R.cross_entropy),
    row("row_losses.cross_entropy", R.cross_entropy, smoothing=0.1),
    row("row_losses.z_loss", R.z_loss, weight=0.3),
    row("published_kernels.smoothed_z_loss", R.z_loss, weight=0.3, smoothing=0.2),
    row(
        "row_losses.softcap_cross_entropy",
        lambda x, label, cap: R.cross_entropy(cap * torch.tanh(x / cap), label),
        cap=3.0,
    ),
    row(
        "row_losses.weighted_cross_entropy",
        R.weighted_cross_entropy,
        draws={"label": integers(-2, 4)},
    ),
    row("row_losses.sequence_cross_entropy", R.sequence_cross_entropy),
    row("row_losses.soft_cross_entropy", R.soft_cross_entropy),
    row("row_losses.softmax_focal", R.softmax_focal),
    row("row_losses.softmax_focal", R.softmax_focal, gamma=1.5),
    row(
        "row_losses.kl_div",
        lambda log_q, p: F.kl_div(log_q, p, reduction="none").sum(-1),
    ),
    row("row_losses.jsd", R.jsd),
    row("row_losses.jsd", R.jsd, beta=0.2),
    row("row_losses.total_variation", lambda p, q: torch.norm(p - q, 1, -1) / 2),
    row("row_losses.soft_dice", R.soft_dice),
    row("row_losses.tversky", R.tversky, alpha=0.4, beta=0.9),
    row("row_losses.info_nce", R.info_nce, temperature=2.0),
    row("row_losses.siglip", R.siglip),
    row(
        "row_losses.cosine_similarity",
        lambda x, y, eps=1e-8: F.cosine_similarity(x, y, -1, eps),
    ),
    row("row_losses.multi_margin", R.multi_margin, R.plain_multi_margin),
    row(
        "row_losses.listnet",
        lambda x, relevance: R.soft_cross_entropy(x, torch.softmax(relevance, -1)),
    ),
    row("row_losses.pearson", R.pearson),
]

RANKINGS = [
    row(
        "rankings.rank_net",
        lambda score: R.below(F.softplus(score[..., None] - score[..., None, :])),
    ),
]

CONTRACTIONS = [
    row("contractions.linear", F.linear),
    row("contractions.linear_gelu", lambda x, W, b: F.gelu(F.linear(x, W, b))),
    row(
        "contractions.mlp",
        lambda x, W1, b1, W2, b2: F.linear(F.gelu(F.linear(x, W1, b1)), W2, b2),
    ),
    row("contractions.swiglu_mlp", R.swiglu_mlp),
    row("contractions.lora_linear", R.lora_linear, scale=0.5),
    row("contractions.bilinear", R.bilinear),
    row("contractions.attention", R.attention),
    row(
        "contractions.masked_attention",
        R.attention,
        draws={"allowed": some_allowed},
    ),
    row("contractions.linear_attention", R.linear_attention),
    row("contractions.outer", lambda x, y: x[..., None] * y[..., None, :]),
    row("contractions.matmul", torch.matmul),
    row(
        "contractions.tensor_product",
        lambda x, y, w, C: torch.einsum("...p,polm,...l,...m->...o", w, C, x, y),
    ),
    row(
        "contractions.quadratic_form",
        lambda x, A: ((x @ A) * x).sum(-1),
    ),
    row(
        "contractions.mahalanobis",
        lambda x, mu, P: torch.einsum("...i,ij,...j->...", x - mu, P, x - mu),
    ),
    row("contractions.covariance_pooling", R.covariance_pooling),
    row("contractions.gram", R.gram),
    row("contractions.kernel_sum", R.kernel_sum, gamma=0.1),
    row("contractions.pairwise_distance", torch.cdist, R.plain_distance),
    row(
        "contractions.trace_product",
        lambda A, B: (A @ B).diagonal(dim1=-2, dim2=-1).sum(-1),
    ),
    row("contractions.diagonal_scale", R.diagonal_scale),
    row(
        "contractions.cp_factors",
        lambda a, b, c: torch.einsum("...iq,...jq,...kq->...ijk", a, b, c),
    ),
    row("contractions.symmetric_part", R.symmetric_part),
]

LOOKUPS = [
    row("lookups.embedding", lambda W, ids: F.embedding(ids, W)),
    row("lookups.embedding_bag", R.embedding_bag, lambda W, ids: W[ids].mean(-2)),
    row(
        "lookups.weighted_embedding_bag",
        R.embedding_bag,
        lambda W, ids, w: (W[ids] * w[..., None]).sum(-2),
    ),
    row("lookups.index_mul", lambda x, y, row: F.embedding(row, x) * y),
    row("lookups.pick", R.picked),
    row("lookups.bond_energy", R.bond_energy, draws=PAIRS),
    row("lookups.pair_potential", R.pair_potential, draws=PAIRS),
    row("lookups.coulomb", R.coulomb, draws=PAIRS),
    row("lookups.neighbour_distances", R.neighbour_distances),
    row(
        "lookups.chamfer_match",
        lambda x, y, nearest: ((x - R.rows_of(y, nearest)) ** 2).sum(-1).mean(-1),
    ),
    row(
        "lookups.soft_triplet",
        R.soft_triplet,
        draws={"anchor": FIRST, "positive": SECOND, "negative": SECOND},
    ),
    row(
        "lookups.trans_e",
        lambda E, R, head, relation, tail: (
            -F.pairwise_distance(E[head] + R[relation], E[tail], eps=0.0)
        ),
    ),
    row(
        "lookups.dist_mult",
        lambda E, R, head, relation, tail: (E[head] * R[relation] * E[tail]).sum(-1),
    ),
    row("lookups.matrix_factorisation", R.matrix_factorisation),
    row("lookups.skip_gram", R.skip_gram),
    row("lookups.relative_bias", lambda score, table, place: score + table[place]),
    row("lookups.face_area", R.face_area),
]

PHYSICS = [
    row("row_physics.oscillator_chain", R.oscillator_chain),
    row("row_physics.kuramoto", R.kuramoto),
    row("row_physics.hopfield_energy", R.hopfield_energy, beta=0.4),
    row("row_physics.mixture_log_prob", R.mixture_log_prob),
    row(
        "row_physics.gaussian_kl",
        lambda mu, log_var: (mu**2 + log_var.exp() - log_var - 1).sum(-1) / 2,
    ),
    row(
        "row_physics.geometric_mean",
        lambda x: (x.prod(-1) ** (1 / x.shape[-1]), x.prod(-1)),
    ),
    row("row_physics.survival", R.survival, twice=R.survival_twice),
    row("row_physics.spread", lambda x: (x.amax(-1) - x.amin(-1), x.var(-1))),
    row(
        "row_physics.absolute_deviation",
        lambda x: (x - x.mean(-1, keepdim=True)).abs().mean(-1),
    ),
]

AXES = [
    *NORMALISATIONS,
    *SOFTMAXES,
    *LOSSES,
    *RANKINGS,
    *CONTRACTIONS,
    *LOOKUPS,
    *PHYSICS,
]
"""The ops with named axes."""
