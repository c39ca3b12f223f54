"""Rung 9: float32 and half precision.

Catches intermediate rounding to half precision, results in another dtype than
torch's, and forms that lose more digits than the formula as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import reference, sampling
from symgrad.verify.kinks import smooth_elements
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Tensors,
    Values,
    backward,
    call,
    random_cotangents,
    smooth_values,
    tensor_inputs,
)

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
COUNT = 48
ROUNDINGS = 8
"""What is allowed in any case, in units of the dtype's eps."""


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where the error is over twice that of plain torch."""
    op = subject.op
    if any(sample.shape is not None for sample in op.samples.values()):
        return Outcome(note="not for declared shapes")
    rng = sampling.generator(op, "dtypes")
    values = smooth_values(op, dict.fromkeys(tensor_inputs(op), (COUNT,)), rng)
    cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
    dtypes = DTYPES[: 1 if op.in_plane else None]  # no complex one is half
    worst = max(_compare(subject, values, cotangents, dtype) for dtype in dtypes)
    return Outcome(worst, note="of what is allowed")


def _compare(
    subject: Subject, values: Values, cotangents: Tensors, dtype: torch.dtype
) -> float:
    """The greatest error as a share of what is allowed."""
    op = subject.op
    low, sent = _cast(values, dtype), _cast(cotangents, dtype)
    high, exact = _cast(low, torch.float64), _cast(sent, torch.float64)
    truth = _truth(subject, high, exact)
    got = _emitted(subject, low, sent)
    plain = _plain(op, low, sent)
    good = smooth_elements(op, high)
    share = 0.0
    for name, result in got.items():
        if not (truth[name].is_floating_point() or truth[name].is_complex()):
            continue
        wanted = dtype.to_complex() if truth[name].is_complex() else dtype
        if result.dtype != wanted:
            found = str(wanted), str(result.dtype)
            raise Fault(f"{name} has a wrong dtype", str(dtype), *found)
        error = _error(result, truth[name], good)
        eager = _error(plain[name], truth[name], good) if name in plain else 0.0
        scale = float(truth[name][good].abs().max()) if bool(good.any()) else 0.0
        allowed = 2 * eager + ROUNDINGS * torch.finfo(dtype).eps * scale + 1e-30
        share = max(share, error / allowed)
        if not error <= allowed:
            raise Fault(
                f"{name} is inaccurate", str(dtype), f"{allowed:.3g}", f"{error:.3g}"
            )
    return share


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
