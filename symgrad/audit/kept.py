"""What is kept between calls, and what is done to tensors that are others'."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from symgrad.audit.findings import differing, is_once_differentiable, pulled
from symgrad.audit.trial import Trial, weights


def saves(trial: Trial) -> Iterator[str]:
    """Tensors on the context, and saved ones that are neither input nor output."""
    leaves = trial.leaves()
    values = trial.outputs(leaves)
    given = {t.untyped_storage().data_ptr() for t in (*leaves, *values)}
    given |= {
        a.untyped_storage().data_ptr() for a in trial.args if isinstance(a, Tensor)
    }
    node = next(y.grad_fn for y in values if y.grad_fn is not None)
    for name, value in vars(node).items():
        held = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(item, Tensor) for item in held):
            yield f"ctx.{name} holds a tensor: save_for_backward frees it and checks it"
    saved = getattr(node, "saved_tensors", ())
    own = [t for t in saved if t is not None and _carries_a_graph(t)]
    strange = [t for t in own if t.untyped_storage().data_ptr() not in given]
    if strange and not is_once_differentiable(trial):
        shapes = ", ".join(str(tuple(t.shape)) for t in strange)
        yield (
            f"saves intermediates of the shapes {shapes}:"
            " they carry no graph, so second derivatives through them are lost"
        )


def _carries_a_graph(tensor: Tensor) -> bool:
    """Whether it could have a derivative, as masks, counts and signs have none."""
    return tensor.is_floating_point() or tensor.is_complex()


_LAYOUTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda t: t.mT.contiguous().mT,
    "sliced": lambda t: torch.stack([t, t + 7], -1).flatten(-2)[..., ::2],
}


def layouts(trial: Trial) -> Iterator[str]:
    """The same numbers in other strides give the same results."""
    expected = [*trial.outputs(), *trial.gradients()]
    for name, layout in _LAYOUTS.items():
        if any(t.dim() < 2 for t in trial.tensors):
            continue
        laid = trial.mapped(layout)
        leaves = [layout(t).detach().requires_grad_() for t in laid.tensors]
        yield from differing(
            f"for {name} inputs",
            [*laid.outputs(), *laid.gradients(leaves=leaves)],
            expected,
        )
        sent = [
            layout(w) if w.dim() > 1 else w
            for w in weights(trial.outputs(trial.leaves()))
        ]
        yield from differing(
            f"for {name} cotangents", trial.gradients(sent), trial.gradients()
        )
    ones = [torch.ones((), dtype=y.dtype).expand(y.shape) for y in trial.outputs()]
    dense = [torch.ones_like(y) for y in trial.outputs()]
    yield from differing(
        "for a cotangent of stride 0, as sum() sends it",
        trial.gradients(ones),
        trial.gradients(dense),
    )


def purity(trial: Trial) -> Iterator[str]:
    """Nothing is written to, and a second backward gives the same."""
    leaves = trial.leaves()
    before = [t.detach().clone() for t in leaves]
    values = [y for y in trial.outputs(leaves) if y.requires_grad]
    sent = weights(values)
    kept = [w.clone() for w in sent]
    first = pulled(values, leaves, sent)
    second = pulled(values, leaves, sent)
    yield from differing("the second time that backward runs", second, first)
    if not all(torch.equal(a.detach(), b) for a, b in zip(leaves, before, strict=True)):
        yield "an input is written to"
    if not all(torch.equal(a, b) for a, b in zip(sent, kept, strict=True)):
        yield "a cotangent is written to"
