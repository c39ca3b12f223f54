"""Rung 9: float32 and half precision.

Catches intermediate rounding to half precision in values and in gradients, half
precision that is not computed in float32, results in another dtype than torch's, and
forms that lose more digits than the formula as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from symgrad.backends.torch import joint_program
from symgrad.op import Op
from symgrad.verify import budget, extents, mixed, reference, sampling
from symgrad.verify.kinks import smooth_elements
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Shape,
    Subject,
    Tensors,
    Values,
    backward,
    call,
    leaves,
    random_cotangents,
    show,
    smooth_values,
    tensor_inputs,
)

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
COUNT = 48
ROWS = 3
"""Elements, or rows of named axes, that are compared; and those of them at once."""

ROUNDINGS = 8
"""What is allowed in any case, in units of the dtype that is computed in."""

NEAREST = 0.6
"""Of a unit of the dtype: one rounding."""


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where the error is over twice that of plain torch."""
    op = subject.op
    if any(sample.shape is not None for sample in op.samples.values()):
        return Outcome(note="not for declared shapes")
    rng = sampling.generator(op, "dtypes")
    products = _has_products(op)
    worst, refused = 0.0, None
    for number, shapes in enumerate(_shapes(op)):
        values = smooth_values(op, shapes, rng)
        cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
        sent = {"grad": cotangents}
        for dtype in DTYPES[: 1 if op.in_plane else None]:  # no complex one is half
            compare = partial(_compare, subject, dtype, products)
            worst = max(worst, shrinking(op, compare, values, sent))
        if number == 0:
            refused = shrinking(op, partial(mixed.check, subject), values, sent)
    notes = ("of what is allowed", refused)
    return Outcome(worst, note="; ".join(filter(None, notes)))


def _shapes(op: Op) -> list[dict[str, Shape]]:
    """One shape of many elements; with named axes, which hold them together, several.

    What is drawn at once has to be smooth at once.
    """
    if not op.has_axes:
        return [dict.fromkeys(tensor_inputs(op), (COUNT,))]
    shapes = extents.of_sizes(op, (ROWS,), extents.sizes(op))
    return [shapes] * (1 if budget.is_large(op) else COUNT // ROWS)


def _compare(
    subject: Subject,
    dtype: torch.dtype,
    products: bool,
    values: Values,
    cotangents: Tensors,
) -> float:
    """The greatest error as a share of what is allowed.

    With ``products``, which are in the dtype of the inputs, that of eager torch is.
    """
    op = subject.op
    low, sent = _cast(values, dtype), _cast(cotangents, dtype)
    high, exact = _cast(low, torch.float64), _cast(sent, torch.float64)
    truth = _truth(subject, high, exact)
    got = _emitted(subject, low, sent)
    single = [_cast(given, torch.float32) for given in (low, sent)]
    plain, wider = _plain(op, low, sent), _plain(op, *single)
    good = smooth_elements(op, high)
    held = set() if products else _rounded_once(subject, low)
    alike = _truth(subject, high, _absolute(exact))
    share = 0.0
    for name, result in got.items():
        if not (truth[name].is_floating_point() or truth[name].is_complex()):
            continue
        wanted = dtype.to_complex() if truth[name].is_complex() else dtype
        if result.dtype != wanted:
            found = str(wanted), str(result.dtype)
            raise Fault(f"{name} has a wrong dtype in {dtype}", show(low), *found)
        size = max(_size(found[name], good) for found in (truth, alike))
        if name in held:
            allowed = _once(truth[name], wider.get(name), good, size, dtype)
        else:
            allowed = _as_eager(truth[name], plain.get(name), good, size, dtype)
        part = _share(result, truth[name], allowed, good)
        share = max(share, part)
        if not part <= 1:
            texts = (
                show(low),
                str(truth[name].tolist()),
                f"{result.tolist()}, {part:.3g} of what is allowed",
            )
            once = _ONCE if name in held and dtype != torch.float32 else ""
            raise Fault(f"{name} is inaccurate in {dtype}{once}", *texts)
    return share


_ONCE = ", which is to be computed in float32 and rounded once"


def _rounded_once(subject: Subject, values: Values) -> set[str]:
    """What is to be computed in float32 and rounded but once, at the end.

    A gradient that is had from an output, as that of ``exp``, has a number that has
    been rounded before; as in plain torch.
    """
    op = subject.op
    if not _is_composed(op):
        return set()
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.untyped_storage().data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        results = call(subject, leaves(op, values))
    from_outputs = any(y.untyped_storage().data_ptr() in kept for y in results.values())
    names = [] if from_outputs else reference.differentiable(op)
    return {*results, *(f"the gradient of {name}" for name in names)}


def _has_products(op: Op) -> bool:
    """Whether values or gradients are products of matrices."""
    joint = joint_program(op) if op.has_axes else None
    return joint is not None and any(node.op == "einsum" for node in joint.nodes)


def _is_composed(op: Op) -> bool:
    """Whether there is more than one operation; one alone is left to torch's kernel."""
    return sum(node.op not in _NO_OPERATIONS for node in op.nodes) > 1


_NO_OPERATIONS = ("input", "const", "access")
"""What computes nothing: axes are called otherwise by an access."""


def _absolute(cotangents: Tensors) -> Tensors:
    """Cotangents of one sign, under which the terms of a sum do not cancel."""
    return {name: c.abs().to(c.dtype) for name, c in cotangents.items()}


def _size(result: Tensor, good: Tensor) -> float:
    """The greatest element at smooth places."""
    return _error(result, torch.zeros_like(result), good)


def _as_eager(
    truth: Tensor, plain: Tensor | None, good: Tensor, size: float, dtype: torch.dtype
) -> Tensor:
    """Twice the error of plain torch in the same dtype."""
    eager = 0.0 if plain is None else _error(plain, truth, good)
    bound = 2 * eager + ROUNDINGS * torch.finfo(dtype).eps * size + 1e-30
    return torch.full_like(truth.abs(), bound)


def _once(
    truth: Tensor, wider: Tensor | None, good: Tensor, size: float, dtype: torch.dtype
) -> Tensor:
    """Half precision is computed in float32, as torch does it, and rounded once."""
    computed = _as_eager(truth, wider, good, size, torch.float32)
    if dtype == torch.float32:
        return computed
    info = torch.finfo(dtype)
    rounded = NEAREST * info.eps * truth.abs()
    return computed + torch.clamp(rounded, min=info.tiny * info.eps)


def _share(got: Tensor, truth: Tensor, allowed: Tensor, good: Tensor) -> float:
    """The greatest part of what is allowed that an element takes."""
    return _error(got.to(truth.dtype) / allowed, truth / allowed, good)


def _cast(values: Mapping[str, Any], dtype: torch.dtype) -> dict[str, Any]:
    return {n: _as(v, dtype) for n, v in values.items()}


def _as(value: Any, dtype: torch.dtype) -> Any:
    """A floating or complex tensor in that precision; the rest as it is."""
    if isinstance(value, Tensor) and value.is_complex():
        return value.to(dtype.to_complex())
    floating = isinstance(value, Tensor) and value.is_floating_point()
    return value.to(dtype) if floating else value


def _emitted(subject: Subject, values: Values, cotangents: Tensors) -> Tensors:
    found = call(subject, values)
    gradients = backward(subject, values, cotangents)
    return {**found, **{f"the gradient of {n}": g for n, g in gradients.items()}}


def _truth(subject: Subject, values: Values, cotangents: Tensors) -> Tensors:
    """Plain torch in double; where a branch not taken makes that NaN, the op itself."""
    own = _emitted(subject, values, cotangents)
    plain = _plain(subject.op, values, cotangents)
    return {
        n: torch.where(plain.get(n, t).isnan(), t, plain.get(n, t))
        for n, t in own.items()
    }


def _plain(op: Op, values: Values, cotangents: Tensors) -> Tensors:
    """Plain torch in the same dtype; nothing where it has no such kernel."""
    try:
        found = reference.named_outputs(op, values)
        gradients = reference.plain(op, values, cotangents)
    except RuntimeError:
        return {}
    return {**found, **{f"the gradient of {n}": g for n, g in gradients.items()}}


def _error(got: Tensor, truth: Tensor, good: Tensor) -> float:
    """The greatest error at smooth elements where both are in range."""
    error = (got.to(truth.dtype) - truth).abs()
    seen = error[good.expand(error.shape) & error.isfinite()]
    return float(seen.max()) if seen.numel() else 0.0
