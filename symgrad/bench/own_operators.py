"""Torch's own operators, and which of them an op is.

An op is an operator if both give the same numbers, value and gradients, at hundreds
of places of all sizes; what either is called, and how a formula is spelled, does not
count.
Numbers that an op takes have the values at which it is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import permutations, product
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from symgrad.bench.inputs import Draw, Place, cotangents, made
from symgrad.bench.paired import gradients, outputs_of
from symgrad.op import Input, Op
from symgrad.verify import sampling

ELEMENTS = 512
"""Of the largest tensor at which an operator is compared."""

CLOSE = 1e-7
"""How far numbers of size 1 may be apart.

Torch's softplus is linear from 20 on, and its hardsigmoid has a sixth in float32.
"""

DECADES = 1.5
"""Sizes of inputs up to about 30, where what is cut off at 6 or 20 shows."""


@dataclass(frozen=True)
class Own:
    """An operator: its tensors as a spec declares them, its numbers, and a call.

    The call takes the tensors and then the numbers by place.
    """

    name: str
    tensors: tuple[str, ...]
    call: Callable[..., Any]
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """An operator that an op is, as a function of the op's own inputs."""

    name: str
    call: Callable[..., Any]


def _unary(name: str, call: Callable[..., Any], **numbers: float) -> Own:
    return Own(name, ("real",), call, numbers)


def _without_reduction(call: Callable[..., Any]) -> Callable[..., Any]:
    return partial(call, reduction="none")


def _layer_norm(x: Tensor, *rest: Any) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], *rest)


def _plain_layer_norm(x: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def _rms_norm(x: Tensor, w: Tensor, eps: float) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], w, eps)


def _cross_entropy(x: Tensor, label: Tensor) -> Tensor:
    flat = F.cross_entropy(
        x.reshape(-1, x.shape[-1]), label.reshape(-1), reduction="none"
    )
    return flat.reshape(label.shape)


def _attention(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None
) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, allowed)


_ROW, _VECTOR = "real[..., n]", "real[n]"
_PAIR = ("real", "real")
_ATTENDED = ("real[..., s, d]", "real[..., t, d]", "real[..., t, e]")

_ACTIVATIONS = (
    _unary("torch.sigmoid", torch.sigmoid),
    _unary("torch.tanh", torch.tanh),
    _unary("F.relu", F.relu),
    _unary("F.relu6", F.relu6),
    _unary("F.hardtanh", F.hardtanh),
    _unary("F.hardsigmoid", F.hardsigmoid),
    _unary("F.hardswish", F.hardswish),
    _unary("F.hardshrink", F.hardshrink, lambd=0.5),
    _unary("F.softshrink", F.softshrink, lambd=0.5),
    _unary("F.tanhshrink", F.tanhshrink),
    _unary("F.leaky_relu", F.leaky_relu, negative_slope=0.01),
    _unary("F.elu", F.elu, alpha=1.0),
    _unary("F.selu", F.selu),
    _unary("F.celu", F.celu, alpha=1.0),
    _unary("F.silu", F.silu),
    _unary("F.mish", F.mish),
    _unary("F.gelu", F.gelu),
    _unary("F.gelu(tanh)", partial(F.gelu, approximate="tanh")),
    _unary("F.softplus", F.softplus, beta=1.0),
    _unary("F.logsigmoid", F.logsigmoid),
    _unary("F.softsign", F.softsign),
)

_FUNCTIONS = (
    *(
        _unary(f"torch.{name}", getattr(torch, name))
        for name in (
            *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt"),
            *("square", "abs", "reciprocal", "erf", "erfc", "lgamma", "digamma"),
            *("sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan"),
            *("asinh", "acosh", "atanh", "sinc", "logit"),
        )
    ),
    *(
        Own(f"torch.{name}", _PAIR, getattr(torch, name))
        for name in (
            *("add", "sub", "mul", "div", "pow", "atan2", "hypot", "xlogy"),
            *("logaddexp", "maximum", "minimum"),
        )
    ),
    Own("torch.addcmul", ("real",) * 3, torch.addcmul),
    Own("torch.lerp", ("real",) * 3, torch.lerp),
)

_LOSSES = (
    Own("F.mse_loss", _PAIR, _without_reduction(F.mse_loss)),
    Own("F.l1_loss", _PAIR, _without_reduction(F.l1_loss)),
    Own("F.huber_loss", _PAIR, lambda x, t, d: F.huber_loss(x, t, "none", d), {"d": 1}),
    Own(
        "F.smooth_l1_loss",
        _PAIR,
        lambda x, t, b: F.smooth_l1_loss(x, t, reduction="none", beta=b),
        {"beta": 1},
    ),
    Own(
        "F.binary_cross_entropy_with_logits",
        _PAIR,
        _without_reduction(F.binary_cross_entropy_with_logits),
    ),
    Own("F.soft_margin_loss", _PAIR, _without_reduction(F.soft_margin_loss)),
    Own("F.poisson_nll_loss", _PAIR, _without_reduction(F.poisson_nll_loss)),
    Own("F.kl_div", _PAIR, _without_reduction(F.kl_div)),
    Own("F.cross_entropy", (_ROW, "index[...]"), _cross_entropy),
)

_ROWS = (
    Own("torch.softmax", (_ROW,), partial(torch.softmax, dim=-1)),
    Own("torch.log_softmax", (_ROW,), partial(torch.log_softmax, dim=-1)),
    Own("torch.logsumexp", (_ROW,), partial(torch.logsumexp, dim=-1)),
    Own("torch.sum", (_ROW,), partial(torch.sum, dim=-1)),
    Own("torch.mean", (_ROW,), partial(torch.mean, dim=-1)),
    Own("torch.cumsum", (_ROW,), partial(torch.cumsum, dim=-1)),
    Own("torch.linalg.vector_norm", (_ROW,), partial(torch.linalg.vector_norm, dim=-1)),
    Own("F.layer_norm", (_ROW, _VECTOR, _VECTOR), _layer_norm, {"eps": 1e-5}),
    Own("F.layer_norm", (_ROW,), _plain_layer_norm, {"eps": 1e-5}),
    Own("F.rms_norm", (_ROW, _VECTOR), _rms_norm, {"eps": 1e-6}),
    Own("F.cosine_similarity", (_ROW, _ROW), partial(F.cosine_similarity, dim=-1)),
    Own("F.linear", (_ROW, "real[m, n]", "real[m]"), F.linear),
    Own("F.linear", (_ROW, "real[m, n]"), F.linear),
    Own("F.bilinear", (_ROW, "real[..., m]", "real[o, n, m]", "real[o]"), F.bilinear),
    Own("torch.matmul", ("real[..., m, n]", "real[..., n, o]"), torch.matmul),
    Own("F.embedding", ("index[..., t]", "real[n, d]"), F.embedding),
    Own("F.embedding_bag", ("index[..., t]", "real[n, d]"), F.embedding_bag),
    Own("F.scaled_dot_product_attention", _ATTENDED, _attention),
    Own("F.scaled_dot_product_attention", (*_ATTENDED, "mask[..., s, t]"), _attention),
)

OPERATORS = (*_ACTIVATIONS, *_FUNCTIONS, *_LOSSES, *_ROWS)
"""What torch has by itself, the special before the general."""


def own_operator(op: Op, function: Callable[..., Any]) -> Match | None:
    """The operator that ``function``, generated for ``op``, is the same as."""
    if len(op.outputs) != 1:
        return None
    trials = [_trial(op, function, draw) for draw in (sampling.ordinary, _wide)]
    for own in OPERATORS:
        for found in _arranged(op, own):
            if all(_is_same(found.call, trial) for trial in trials):
                return found
    return None


@dataclass(frozen=True)
class _Trial:
    """Inputs, and what an op makes of them: its value and its gradients."""

    inputs: Sequence[Any]
    value: Tensor
    cotangents: Sequence[Tensor | None]
    gradients: Sequence[Tensor | None]


def _trial(op: Op, function: Callable[..., Any], draw: Draw) -> _Trial:
    given = made(op, ELEMENTS, Place(torch.float64), draw)
    [value] = outputs_of(function(*given))
    sent = cotangents(op, (value,))
    return _Trial(given, value, sent, gradients(function, given, sent))


def _wide(op: Op, item: Input, rng: Random) -> sampling.Number:
    return sampling.wide(op, item, rng, DECADES)


def _arranged(op: Op, own: Own) -> Iterator[Match]:
    """Every way in which an op's inputs can be those of an operator."""
    tensors = [k for k, item in enumerate(op.inputs) if item.kind.is_tensor]
    numbers = [k for k, item in enumerate(op.inputs) if item.kind.value == "float"]
    if len(tensors) != len(own.tensors):
        return
    choices = [[*numbers, None] for _ in own.numbers]
    for order in permutations(tensors):
        if _fits([_declared(op, k) for k in order], own.tensors):
            for chosen in product(*choices):
                yield Match(own.name, _called(own, order, chosen))


def _called(
    own: Own, order: Sequence[int], chosen: Sequence[int | None]
) -> Callable[..., Any]:
    """The operator's call from an op's inputs; None stands for its own number."""
    usual = list(own.numbers.values())

    def call(*inputs: Any) -> Any:
        pairs = zip(usual, chosen, strict=True)
        numbers = [u if k is None else inputs[k] for u, k in pairs]
        return own.call(*(inputs[k] for k in order), *numbers)

    return call


def _declared(op: Op, place: int) -> str:
    """An input's kind and axes as a spec has them."""
    item = op.inputs[place]
    axes = "" if item.axes is None else f"[{', '.join(item.axes)}]"
    return f"{item.kind.value}{axes}"


def _fits(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether declarations differ in the names of axes at most."""
    return _numbered(tuple(found)) == _numbered(tuple(wanted))


@cache
def _numbered(declared: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Kinds and axes, the axes numbered in the order in which they come."""
    numbers: dict[str, str] = {"...": "..."}
    rows = []
    for text in declared:
        kind, bracket, axes = text.partition("[")
        inside = [axis.strip() for axis in axes.rstrip("]").split(",")] if axes else []
        named = [numbers.setdefault(a, str(len(numbers))) for a in inside if a]
        rows.append((kind, bracket, *named))
    return tuple(rows)


def _is_same(other: Callable[..., Any], trial: _Trial) -> bool:
    """Whether a function has an op's value and gradients at some inputs."""
    try:
        value = other(*trial.inputs)
        if not _is_close(value, trial.value) or not bool(value.isfinite().any()):
            return False
        found = gradients(other, trial.inputs, trial.cotangents)
    except (RuntimeError, ValueError, TypeError, IndexError):  # it takes no such thing
        return False
    return all(map(_is_close_or_zero, found, trial.gradients))


def _is_close_or_zero(a: Tensor | None, b: Tensor | None) -> bool:
    """The same of gradients; None is what torch has for zeros."""
    if a is None or b is None:
        return not any(bool(g.any()) for g in (a, b) if g is not None)
    return _is_close(a, b)


def _is_close(a: Tensor, b: Tensor) -> bool:
    same = a.dtype == b.dtype and a.shape == b.shape
    return same and torch.allclose(a, b, CLOSE, CLOSE, equal_nan=True)
