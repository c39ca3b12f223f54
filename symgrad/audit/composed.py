"""What a Function is within something else: derivatives, dtypes, transforms."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch._dynamo.exc import InternalTorchDynamoError, Unsupported, UserError
from torch.func import jvp, vjp, vmap

from symgrad.audit.findings import (
    Absent,
    checked,
    differing,
    is_once_differentiable,
    line,
    pulled,
)
from symgrad.audit.trial import Trial, weights


def second_order(trial: Trial) -> Iterator[str]:
    """Gradients that can be differentiated again, rightly."""
    if is_once_differentiable(trial):
        raise Absent("once_differentiable")
    leaves = trial.leaves()
    cotangents = [w.requires_grad_() for w in weights(trial.outputs())]
    found = trial.gradients(cotangents, leaves, create_graph=True)
    for name, g in zip((trial.names[p] for p in trial.places), found, strict=True):
        if bool(g.detach().any()) and not g.requires_grad:
            yield f"the gradient of {name} is cut off: its derivative is lost"
            return
    yield from checked("the second derivative", torch.autograd.gradgradcheck, trial)


ROUNDINGS = 64
"""How many of them are no fault."""


def dtypes(trial: Trial) -> Iterator[str]:
    """Results in the dtype of the inputs, and as good as that is."""
    exact = [*trial.outputs(), *trial.gradients()]
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        low = trial.mapped(lambda t, dtype=dtype: t.to(dtype))  # type: ignore[misc]
        try:
            values, gradients = low.outputs(), low.gradients()
        except RuntimeError as error:
            yield f"fails in {dtype}: {line(error)}"
            continue
        wrong = {y.dtype for y in values} - {dtype}
        if wrong:
            yield f"gives {', '.join(map(str, wrong))} for {dtype}"
        kind = torch.finfo(dtype)
        smallest = kind.smallest_normal * kind.eps
        for got, want in zip((*values, *gradients), exact, strict=True):
            if not want.numel():
                continue
            unit = max(kind.eps * float(want.abs().max()), smallest)
            if not float((got.double() - want).abs().max()) <= ROUNDINGS * unit:
                yield f"loses more than rounding explains in {dtype}"
                break


def transforms(trial: Trial) -> Iterator[str]:
    """``torch.func`` pulls back what backward does."""
    values, pull = vjp(lambda *t: trial.outputs(t), *trial.tensors)[:2]
    found = list(pull(tuple(weights(values))))
    yield from differing("under torch.func.vjp", found, trial.gradients())


def batches(trial: Trial) -> Iterator[str]:
    """A row of a batch gives what it gives alone."""
    doubled = [torch.stack([t, t * 0.9]) for t in trial.tensors]
    together = vmap(lambda *t: trial.outputs(t))(*doubled)
    for row in range(2):
        alone = trial.outputs([t[row] for t in doubled])
        rows = [y[row] for y in together]
        yield from differing("in a batch of vmap", rows, list(alone))


def forward_mode(trial: Trial) -> Iterator[str]:
    """The jvp is the transpose of backward."""
    tensors = tuple(trial.tensors)
    tangents = tuple(torch.cos(t) for t in tensors)
    values, moved = jvp(lambda *t: trial.outputs(t), tensors, tangents)[:2]
    sent = weights(values)
    pairs = zip(trial.gradients(sent), tangents, strict=True)
    back = sum(float((g * t).sum()) for g, t in pairs)
    forth = sum(float((w * m).sum()) for w, m in zip(sent, moved, strict=True))
    if abs(back - forth) > 1e-8 * (abs(back) + abs(forth) + 1):
        yield f"jvp is not the transpose of backward: {forth:.9g}, {back:.9g}"


_RAISED = "Observed exception"
"""How torch.compile begins to say that what it traced has raised something."""


def compiled(trial: Trial) -> Iterator[str]:
    """One graph, with the same gradients; what is raised in it is a failure."""
    torch._dynamo.reset()

    def both(*tensors: Tensor) -> tuple[Tensor, ...]:
        return trial.outputs(tensors)

    function = torch.compile(both, fullgraph=True, backend="aot_eager")
    leaves = trial.leaves()
    try:
        values = [y for y in function(*leaves) if y.requires_grad]
        found = pulled(values, leaves, weights(values))
    except (Unsupported, UserError, InternalTorchDynamoError) as error:
        if str(error).startswith(_RAISED):
            raise
        raise Absent(f"torch.compile(fullgraph=True): {line(error)}") from error
    yield from differing("under torch.compile", found, trial.gradients())
