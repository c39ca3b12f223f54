"""The checks of an audit, one function each, in the order of a table.

A check yields what is wrong; what a Function just does not offer, it says by raising
:class:`Absent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.autograd.gradcheck import GradcheckError
from torch.func import jvp, vjp, vmap

from symgrad.audit.trial import Trial, weights


class Absent(Exception):
    """Something that a Function does not offer, in the words of torch."""


@dataclass(frozen=True)
class Check:
    """A check, and what it catches.

    ``exact`` says that it takes backward for forward's own, ``optional`` that it is of
    something that a Function may be written without.
    """

    name: str
    catches: str
    run: Callable[[Trial], Iterator[str]]
    exact: bool = False
    optional: bool = False


# -- what backward returns -------------------------------------------------------------


def _arity(trial: Trial) -> Iterator[str]:
    values = [y for y in trial.outputs(trial.leaves()) if y.requires_grad]
    if not values:
        yield "no output requires grad"
        return
    node = values[0].grad_fn
    assert node is not None
    found = trial.cls.apply(*trial.with_tensors(trial.leaves()).args)
    count = len(found) if isinstance(found, (tuple, list)) else 1
    sent: list[Any] = [*weights(values), *[None] * (count - len(values))]
    returned = trial.cls.backward(node, *sent)
    several = returned if isinstance(returned, tuple) else (returned,)
    if len(several) != len(trial.args):
        yield f"backward returns {len(several)} values for {len(trial.args)} inputs"
    for name, argument, gradient in zip(trial.names, trial.args, several, strict=False):
        if not isinstance(gradient, Tensor):
            continue
        if not isinstance(argument, Tensor):
            yield f"backward returns a gradient for {name}, which is no tensor"
        elif gradient.shape != argument.shape:
            shapes = f"{tuple(gradient.shape)} for {tuple(argument.shape)}"
            yield f"the gradient of {name} has the shape {shapes}"


def _first_order(trial: Trial) -> Iterator[str]:
    yield from _checked("the gradient", torch.autograd.gradcheck, trial)


def _broadcast(trial: Trial) -> Iterator[str]:
    """Tensors of fewer dimensions, where forward takes them."""
    for place in range(len(trial.tensors)):
        tensors = trial.leaves()
        if tensors[place].dim() < 2 or len(tensors) < 2:
            continue
        tensors[place] = tensors[place].detach()[0].clone().requires_grad_()
        smaller = trial.with_tensors(tensors)
        try:
            smaller.outputs()
        except Exception:
            continue
        name = trial.names[trial.places[place]]
        try:
            yield from _checked(
                "the gradient for a broadcast input", torch.autograd.gradcheck, smaller
            )
        except RuntimeError as error:
            yield f"broadcasting {name} fails in backward: {_line(error)}"


def _checked(
    what: str, check: Callable[..., bool], trial: Trial, **options: bool
) -> Iterator[str]:
    """What torch's own check finds."""
    try:
        check(lambda *tensors: trial.outputs(tensors), trial.leaves(), **options)
    except GradcheckError as error:
        yield f"{what} is wrong: {_line(error)}"


def _line(error: Exception) -> str:
    """The beginning of what torch says, on one line."""
    return " ".join(str(error).split())[:300]


# -- what is kept ----------------------------------------------------------------------


def _saves(trial: Trial) -> Iterator[str]:
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
    own = [t for t in saved if t is not None]
    strange = [t for t in own if t.untyped_storage().data_ptr() not in given]
    if strange and not _is_once_differentiable(trial):
        shapes = ", ".join(str(tuple(t.shape)) for t in strange)
        yield (
            f"saves intermediates of the shapes {shapes}:"
            " they carry no graph, so second derivatives through them are lost"
        )


# -- layouts and purity ----------------------------------------------------------------

_LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda t: t.mT.contiguous().mT,
    "sliced": lambda t: torch.stack([t, t + 7], -1).flatten(-2)[..., ::2],
}


def _layouts(trial: Trial) -> Iterator[str]:
    expected = [*trial.outputs(), *trial.gradients()]
    for name, layout in _LAYOUTS.items():
        if any(t.dim() < 2 for t in trial.tensors):
            continue
        laid = trial.mapped(layout)
        leaves = [layout(t).detach().requires_grad_() for t in laid.tensors]
        yield from _differing(
            f"for {name} inputs",
            [*laid.outputs(), *laid.gradients(leaves=leaves)],
            expected,
        )
        sent = [
            layout(w) if w.dim() > 1 else w
            for w in weights(trial.outputs(trial.leaves()))
        ]
        yield from _differing(
            f"for {name} cotangents", trial.gradients(sent), trial.gradients()
        )
    ones = [torch.ones((), dtype=y.dtype).expand(y.shape) for y in trial.outputs()]
    dense = [torch.ones_like(y) for y in trial.outputs()]
    yield from _differing(
        "for a cotangent of stride 0, as sum() sends it",
        trial.gradients(ones),
        trial.gradients(dense),
    )


def _differing(what: str, got: list[Tensor], expected: list[Tensor]) -> Iterator[str]:
    pairs = list(zip(got, expected, strict=True))
    close = [a.shape == b.shape and torch.allclose(a, b, 1e-9, 1e-11) for a, b in pairs]
    if not all(close):
        yield f"the result is another {what}"


def _purity(trial: Trial) -> Iterator[str]:
    leaves = trial.leaves()
    before = [t.detach().clone() for t in leaves]
    values = [y for y in trial.outputs(leaves) if y.requires_grad]
    sent = weights(values)
    kept = [w.clone() for w in sent]
    first = _grad(values, leaves, sent)
    second = _grad(values, leaves, sent)
    yield from _differing("the second time that backward runs", second, first)
    if not all(torch.equal(a.detach(), b) for a, b in zip(leaves, before, strict=True)):
        yield "an input is written to"
    if not all(torch.equal(a, b) for a, b in zip(sent, kept, strict=True)):
        yield "a cotangent is written to"


def _grad(
    values: list[Tensor], leaves: list[Tensor], sent: list[Tensor]
) -> list[Tensor]:
    found = torch.autograd.grad(
        values,
        leaves,
        sent,
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return [g.clone() for g in found]


# -- derivatives of derivatives, dtypes, transforms ------------------------------------


def _is_once_differentiable(trial: Trial) -> bool:
    """Whether backward is wrapped to refuse its own derivative."""
    code = getattr(trial.cls.backward, "__code__", None)
    own = once_differentiable.__code__.co_filename
    return code is not None and code.co_filename == own


def _second_order(trial: Trial) -> Iterator[str]:
    if _is_once_differentiable(trial):
        raise Absent("once_differentiable")
    leaves = trial.leaves()
    cotangents = [w.requires_grad_() for w in weights(trial.outputs())]
    found = trial.gradients(cotangents, leaves, create_graph=True)
    for name, g in zip((trial.names[p] for p in trial.places), found, strict=True):
        if bool(g.detach().any()) and not g.requires_grad:
            yield f"the gradient of {name} is cut off: its derivative is lost"
            return
    yield from _checked("the second derivative", torch.autograd.gradgradcheck, trial)


def _dtypes(trial: Trial) -> Iterator[str]:
    exact = [*trial.outputs(), *trial.gradients()]
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        low = trial.mapped(lambda t, dtype=dtype: t.to(dtype))  # type: ignore[misc]
        try:
            values, gradients = low.outputs(), low.gradients()
        except RuntimeError as error:
            yield f"fails in {dtype}: {_line(error)}"
            continue
        wrong = {y.dtype for y in values} - {dtype}
        if wrong:
            yield f"gives {', '.join(map(str, wrong))} for {dtype}"
        unit = 64 * torch.finfo(dtype).eps
        for got, want in zip((*values, *gradients), exact, strict=True):
            if not want.numel():
                continue
            size = float(want.abs().max()) + 1e-30
            if not float((got.double() - want).abs().max()) <= unit * size:
                yield f"loses more than rounding explains in {dtype}"
                break


_ABSENT = ("jvp", "forward AD", "forward mode", "vmap", "setup_context", "functorch")


def _transforms(trial: Trial) -> Iterator[str]:
    values, pull = vjp(lambda *t: trial.outputs(t), *trial.tensors)[:2]
    pulled = list(pull(tuple(weights(values))))
    yield from _differing("under torch.func.vjp", pulled, trial.gradients())


def _batches(trial: Trial) -> Iterator[str]:
    doubled = [torch.stack([t, t * 0.9]) for t in trial.tensors]
    together = vmap(lambda *t: trial.outputs(t))(*doubled)
    for row in range(2):
        alone = trial.outputs([t[row] for t in doubled])
        rows = [y[row] for y in together]
        yield from _differing("in a batch of vmap", rows, list(alone))


def _forward_mode(trial: Trial) -> Iterator[str]:
    tensors = tuple(trial.tensors)
    tangents = tuple(torch.cos(t) for t in tensors)
    values, moved = jvp(lambda *t: trial.outputs(t), tensors, tangents)[:2]
    sent = weights(values)
    pairs = zip(trial.gradients(sent), tangents, strict=True)
    back = sum(float((g * t).sum()) for g, t in pairs)
    forth = sum(float((w * m).sum()) for w, m in zip(sent, moved, strict=True))
    if abs(back - forth) > 1e-8 * (abs(back) + abs(forth) + 1):
        yield f"jvp is not the transpose of backward: {forth:.9g}, {back:.9g}"


def _compiled(trial: Trial) -> Iterator[str]:
    torch._dynamo.reset()

    def both(*tensors: Tensor) -> tuple[Tensor, ...]:
        return trial.outputs(tensors)

    function = torch.compile(both, fullgraph=True, backend="aot_eager")
    leaves = trial.leaves()
    try:
        values = [y for y in function(*leaves) if y.requires_grad]
        found = _grad(values, leaves, weights(values))
    except Exception as error:
        raise Absent(f"torch.compile(fullgraph=True): {_line(error)}") from error
    yield from _differing("under torch.compile", found, trial.gradients())


CHECKS = (
    Check("arity", "missing, extra and misplaced gradients", _arity),
    Check("first order", "a gradient that is not that of forward", _first_order, True),
    Check("broadcast", "gradients that are not reduced", _broadcast, True),
    Check("saves", "intermediates and tensors on ctx", _saves),
    Check("layouts", "tensors taken for contiguous", _layouts),
    Check("purity", "writes, and a second backward that differs", _purity),
    Check("second order", "gradients cut off from their inputs", _second_order),
    Check("dtypes", "wrong dtypes, lost digits", _dtypes),
    Check("transforms", "torch.func", _transforms, optional=True),
    Check("batches", "vmap", _batches, optional=True),
    Check(
        "forward mode",
        "a jvp that is not backward's transpose",
        _forward_mode,
        optional=True,
    ),
    Check("compile", "graph breaks", _compiled),
)


def run(check: Check, trial: Trial) -> list[str]:
    """What a check finds at one trial; raises ``Absent``."""
    try:
        return list(check.run(trial))
    except Absent:
        raise
    except Exception as error:
        if check.optional and any(word in str(error) for word in _ABSENT):
            raise Absent(_line(error)) from error
        return [f"raises {type(error).__name__}: {_line(error)}"]
