"""Formulas of the examples with named axes, in torch's operators or in plain torch."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel


def rms(x: Tensor, eps: float = 0.0) -> Tensor:
    """The root mean square of each row, as a column."""
    return torch.sqrt((x**2).mean(-1, keepdim=True) + eps)


def rms_norm(x: Tensor, w: Tensor, offset: float = 0.0, eps: float = 1e-6) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], offset + w, eps)


def below(x: Tensor) -> Tensor:
    """The sum of what is below the diagonal."""
    return x.tril(-1).sum((-2, -1))


def layer_norm(x: Tensor, w: Tensor, b: Tensor, eps: float = 1e-5) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], w, b, eps)


def plain_layer_norm(x: Tensor, w: Tensor, b: Tensor, eps: float = 1e-5) -> Tensor:
    """Without torch's operator, whose third derivative is wrong."""
    spread = x.var(-1, correction=0, keepdim=True)
    return (x - x.mean(-1, keepdim=True)) * torch.rsqrt(spread + eps) * w + b


def group_norm(x: Tensor, w: Tensor, b: Tensor, eps: float = 1e-5) -> Tensor:
    g, c, s = x.shape[-3:]
    rows = x.reshape(-1, g * c, s)
    return F.group_norm(rows, g, w.flatten(), b.flatten(), eps).view(x.shape)


def plain_group_norm(x: Tensor, w: Tensor, b: Tensor, eps: float = 1e-5) -> Tensor:
    spread = x.var((-2, -1), correction=0, keepdim=True)
    y = (x - x.mean((-2, -1), keepdim=True)) * torch.rsqrt(spread + eps)
    return y * w[..., None] + b[..., None]


def instance_norm(x: Tensor, eps: float = 1e-5) -> Tensor:
    return F.instance_norm(x.reshape(-1, *x.shape[-3:]), eps=eps).view(x.shape)


def plain_instance_norm(x: Tensor, eps: float = 1e-5) -> Tensor:
    spread = x.var((-2, -1), correction=0, keepdim=True)
    return (x - x.mean((-2, -1), keepdim=True)) * torch.rsqrt(spread + eps)


def l2_norm(x: Tensor, eps: float = 1e-6) -> Tensor:
    return x / torch.sqrt((x**2).sum(-1, keepdim=True) + eps)


def add_rms_norm(
    x: Tensor, residual: Tensor, w: Tensor, eps: float = 1e-6
) -> tuple[Tensor, Tensor]:
    total = x + residual
    return total, F.rms_norm(total, w.shape, w, eps)


def poly_norm(x: Tensor, w: Tensor, b: Tensor, eps: float = 1e-6) -> Tensor:
    powers = [
        x**k * torch.rsqrt((x ** (2 * k)).mean(-1, True) + eps) for k in (1, 2, 3)
    ]
    first, second, third = powers
    return w[..., 0] * third + w[..., 1] * second + w[..., 2] * first + b


def exp_norm(x: Tensor, scale: Tensor, eps: float = 1e-2) -> Tensor:
    return x * scale * torch.tanh(rms(x) + eps) / rms(x)


def squash(x: Tensor, eps: float = 1e-8) -> Tensor:
    power = (x**2).sum(-1, keepdim=True)
    return power / (1 + power) * x / torch.sqrt(power + eps)


def softmax_one(x: Tensor, sink: Tensor) -> Tensor:
    """With the sink as one more column, which is then left away."""
    column = sink.expand(*x.shape[:-1], 1)
    return torch.softmax(torch.cat([x, column], -1), -1)[..., :-1]


def softmin(x: Tensor, beta: float = 1.0) -> tuple[Tensor, Tensor]:
    least = -torch.logsumexp(-beta * x, -1) / beta
    return least, (F.softmin(beta * x, -1) * x).sum(-1)


def spatial_soft_argmax(
    x: Tensor, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor]:
    p = torch.softmax(x.flatten(-2), -1).view(x.shape)
    return (p.sum(-1) * rows).sum(-1), (p.sum(-2) * columns).sum(-1)


def picked(x: Tensor, label: Tensor) -> Tensor:
    """The element of each row that its label names."""
    lead = torch.broadcast_shapes(x.shape[:-1], label.shape)
    rows, places = x.expand(*lead, x.shape[-1]), label.expand(lead)
    return rows.gather(-1, places[..., None]).squeeze(-1)


def cross_entropy(x: Tensor, label: Tensor, smoothing: float = 0.0) -> Tensor:
    """torch's own, whose classes are in the second place."""
    lead = torch.broadcast_shapes(x.shape[:-1], label.shape)
    rows = x.expand(*lead, x.shape[-1]).reshape(-1, x.shape[-1])
    loss = F.cross_entropy(
        rows,
        label.expand(lead).reshape(-1),
        label_smoothing=smoothing,
        reduction="none",
    )
    return loss.view(lead)


def z_loss(
    x: Tensor, label: Tensor, weight: float = 1e-4, smoothing: float = 0.0
) -> Tensor:
    loss = cross_entropy(x, label, smoothing)
    return loss + weight * torch.logsumexp(x, -1) ** 2


def weighted_cross_entropy(x: Tensor, w: Tensor, label: Tensor) -> Tensor:
    """torch's own knows no gradient of the weights."""
    place = label.clamp(min=0)
    return torch.where(label >= 0, w[place] * cross_entropy(x, place), 0)


def sequence_cross_entropy(x: Tensor, label: Tensor, counted: Tensor) -> Tensor:
    loss = torch.where(counted, cross_entropy(x, label), 0)
    return loss.sum(-1) / counted.sum(-1).clamp(min=1)


def soft_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    x, target = torch.broadcast_tensors(x, target)
    n = x.shape[-1]
    rows, targets = x.reshape(-1, n), target.reshape(-1, n)
    return F.cross_entropy(rows, targets, reduction="none").view(x.shape[:-1])


def softmax_focal(x: Tensor, label: Tensor, gamma: float = 2.0) -> Tensor:
    loss = cross_entropy(x, label)
    return (1 - torch.exp(-loss)) ** gamma * loss


def jsd(log_p: Tensor, log_q: Tensor, beta: float = 0.5) -> Tensor:
    log_m = torch.log(beta * torch.exp(log_p) + (1 - beta) * torch.exp(log_q))
    from_p, from_q = (
        F.kl_div(log_m, part, reduction="none", log_target=True).sum(-1)
        for part in (log_p, log_q)
    )
    return beta * from_p + (1 - beta) * from_q


def soft_dice(p: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    either = p.sum(-1) + target.sum(-1)
    return 1 - (2 * (p * target).sum(-1) + smooth) / (either + smooth)


def tversky(p: Tensor, target: Tensor, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    hit, all_p, all_target = (p * target).sum(-1), p.sum(-1), target.sum(-1)
    whole = hit + alpha * (all_p - hit) + beta * (all_target - hit)
    return 1 - (hit + 1) / (whole + 1)


def info_nce(q: Tensor, keys: Tensor, temperature: float = 0.1) -> Tensor:
    score = (keys @ q[..., None]).squeeze(-1) / temperature
    first = torch.zeros(score.shape[:-1], dtype=torch.int64, device=score.device)
    return cross_entropy(score, first)


def siglip(image: Tensor, text: Tensor, log_scale: Tensor, bias: Tensor) -> Tensor:
    z = torch.exp(log_scale) * image @ text.mT + bias
    sign = 2 * torch.eye(z.shape[-1], dtype=z.dtype, device=z.device) - 1
    return -F.logsigmoid(sign * z).sum((-2, -1)) / z.shape[-1]


def multi_margin(x: Tensor, label: Tensor, margin: float = 1.0) -> Tensor:
    lead = torch.broadcast_shapes(x.shape[:-1], label.shape)
    rows = x.expand(*lead, x.shape[-1]).reshape(-1, x.shape[-1])
    places = label.expand(lead).reshape(-1)
    loss = F.multi_margin_loss(rows, places, margin=margin, reduction="none")
    return loss.view(lead)


def plain_multi_margin(x: Tensor, label: Tensor, margin: float = 1.0) -> Tensor:
    """torch's own has no second derivative."""
    gap = F.relu(margin - picked(x, label)[..., None] + x)
    return (gap.sum(-1) - margin) / x.shape[-1]


def pearson(x: Tensor, y: Tensor) -> Tensor:
    x, y = (t - t.mean(-1, keepdim=True) for t in (x, y))
    return F.cosine_similarity(x, y, -1, 0)


def swiglu_mlp(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


def lora_linear(
    x: Tensor, W: Tensor, A: Tensor, B: Tensor, scale: float = 2.0
) -> Tensor:
    return F.linear(x, W) + scale * F.linear(F.linear(x, A), B)


def bilinear(x: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """torch's own, which does not broadcast."""
    lead = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    x, y = (t.expand(*lead, t.shape[-1]) for t in (x, y))
    return F.bilinear(x, y, W, b)


def attention(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None) -> Tensor:
    """torch's own, by the part of it that can be differentiated twice."""
    with sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, allowed)


def plain_attention(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None
) -> Tensor:
    score = q @ k.mT / math.sqrt(q.shape[-1])
    if allowed is not None:
        score = score.masked_fill(~allowed, -math.inf)
    return torch.softmax(score, -1) @ v


def linear_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    score = (F.elu(q) + 1) @ (F.elu(k) + 1).mT
    return score / score.sum(-1, keepdim=True) @ v


def covariance_pooling(x: Tensor) -> Tensor:
    u = x - x.mean(-1, keepdim=True)
    return u @ u.mT / x.shape[-1]


def gram(x: Tensor) -> Tensor:
    rows = x.flatten(-2)
    return rows @ rows.mT / (rows.shape[-2] * rows.shape[-1])


def kernel_sum(x: Tensor, y: Tensor, b: Tensor, gamma: float = 0.5) -> Tensor:
    square = ((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(-1)
    return (torch.exp(-gamma * square) * b[..., None, :]).sum(-1)


def plain_distance(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x[..., :, None, :] - y[..., None, :, :], dim=-1)


def diagonal_scale(A: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    diagonal = A.diagonal(dim1=-2, dim2=-1)
    return w * diagonal, diagonal.sum(-1)


def symmetric_part(A: Tensor) -> tuple[Tensor, Tensor]:
    odd = (A - A.mT) / 2
    return A - odd, (odd**2).sum((-2, -1)) / 2


def rows_of(x: Tensor, index: Tensor) -> Tensor:
    """Rows by index, for each element of the batch of both."""
    lead = torch.broadcast_shapes(x.shape[:-2], index.shape[:-1])
    x = x.expand(*lead, *x.shape[-2:])
    index = index.expand(*lead, index.shape[-1])
    return torch.take_along_dim(x, index[..., None], -2)


def embedding_bag(W: Tensor, ids: Tensor, w: Tensor | None = None) -> Tensor:
    """torch's own, which takes two dimensions."""
    lead = (
        ids.shape[:-1] if w is None else torch.broadcast_shapes(ids.shape, w.shape)[:-1]
    )
    ids = ids.expand(*lead, ids.shape[-1]).reshape(-1, ids.shape[-1])
    weights = None if w is None else w.expand(*lead, w.shape[-1]).reshape(ids.shape)
    mode = "mean" if w is None else "sum"
    bags = F.embedding_bag(ids, W, mode=mode, per_sample_weights=weights)
    return bags.view(*lead, W.shape[-1])


def bond_energy(
    pos: Tensor, first: Tensor, second: Tensor, length: Tensor, stiffness: Tensor
) -> Tensor:
    r = (pos[first] - pos[second]).norm(dim=-1)
    return (stiffness * (r - length) ** 2 / 2).sum()


def pair_potential(
    pos: Tensor,
    kind: Tensor,
    depth: Tensor,
    first: Tensor,
    second: Tensor,
) -> Tensor:
    r = (pos[first] - pos[second]).norm(dim=-1)
    e = torch.sqrt(depth[kind][first] * depth[kind][second])
    return (4 * e * (r**-12 - r**-6)).sum()


def coulomb(pos: Tensor, charge: Tensor, first: Tensor, second: Tensor) -> Tensor:
    r = (pos[..., first, :] - pos[..., second, :]).norm(dim=-1)
    return (charge[first] * charge[second] / r).sum(-1)


def neighbour_distances(
    pos: Tensor, shift: Tensor, first: Tensor, second: Tensor
) -> tuple[Tensor, Tensor]:
    d = pos[second] - pos[first] + shift
    return d, d.norm(dim=-1)


def soft_triplet(
    W: Tensor, anchor: Tensor, positive: Tensor, negative: Tensor
) -> Tensor:
    near, far = (F.pairwise_distance(W[anchor], W[k]) for k in (positive, negative))
    return F.softplus(near - far)


def matrix_factorisation(
    users: Tensor,
    items: Tensor,
    user_bias: Tensor,
    item_bias: Tensor,
    user: Tensor,
    item: Tensor,
) -> Tensor:
    product = (users[user] * items[item]).sum(-1)
    return product + user_bias[user] + item_bias[item]


def skip_gram(
    W: Tensor, V: Tensor, word: Tensor, context: Tensor, noise: Tensor
) -> Tensor:
    near = (W[word] * V[context]).sum(-1)
    far = (W[word][..., None, :] * V[noise]).sum(-1)
    return -F.logsigmoid(near) - F.logsigmoid(-far).sum(-1)


def face_area(pos: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """By the exterior product, which is the cross product in three dimensions."""
    u, w = pos[b] - pos[a], pos[c] - pos[a]
    product = u[..., :, None] * w[..., None, :]
    return ((product - product.mT) ** 2).sum((-2, -1)) / 2


def oscillator_chain(
    q: Tensor, p: Tensor, mass: Tensor, stiffness: Tensor
) -> tuple[Tensor, Tensor]:
    return (p**2 / (2 * mass)).sum(-1), (stiffness * q**2 / 2).sum(-1)


def kuramoto(theta: Tensor, omega: Tensor, coupling: Tensor) -> Tensor:
    gap = theta[..., None, :] - theta[..., :, None]
    return omega + (coupling * torch.sin(gap)).mean(-1)


def hopfield_energy(state: Tensor, patterns: Tensor, beta: float = 1.0) -> Tensor:
    match = state @ patterns.mT
    return (state**2).sum(-1) / 2 - torch.logsumexp(beta * match, -1) / beta


def mixture_log_prob(x: Tensor, logits: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    z = (x[..., None, :] - mu) / sigma
    each = -(z**2) / 2 - torch.log(sigma) - math.log(2 * math.pi) / 2
    return torch.logsumexp(torch.log_softmax(logits, -1) + each.sum(-1), -1)


def survival_twice(risk: Tensor, event: Tensor) -> Tensor:
    """The same without logcumsumexp, whose third derivative is NaN in torch."""
    at_risk = torch.log(torch.cumsum(torch.exp(risk), -1))
    return torch.where(event, at_risk - risk, 0).sum(-1)


def survival(risk: Tensor, event: Tensor) -> Tensor:
    at_risk = torch.logcumsumexp(risk, -1)
    return torch.where(event, at_risk - risk, 0).sum(-1)
