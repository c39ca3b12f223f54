"""Rung 9, inputs of several dtypes, and autocast.

Catches a result in the dtype of whichever input comes first, 0-dim tensors that widen,
tangents in another dtype than their outputs, and a region of autocast that makes a
difference.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import named
from symgrad.op import Op
from symgrad.program import Kind
from symgrad.verify import reference
from symgrad.verify.subject import (
    Fault,
    Subject,
    Values,
    backward,
    call,
    has_forward_mode,
    show,
)
from symgrad.verify.tangents import pushed

PAIRS = (
    (torch.float32, torch.float64),
    (torch.float64, torch.float32),
    (torch.bfloat16, torch.float32),
)


def check(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> str | None:
    """Raise ``Fault`` for a dtype that is not plain torch's.

    Returns what a callable of the user's refuses.
    """
    single = _cast(subject.op, values, [torch.float32])
    _check_autocast(subject, single, cotangents)
    _check_tangents(subject, single)
    if subject.op.in_plane or any(i.kind is Kind.INDEX for i in subject.op.inputs):
        return None  # beside those, plain torch has no one dtype
    if _refuses(subject, _cast(subject.op, values, PAIRS[0])):
        return "refuses inputs of several dtypes"
    for dtypes in PAIRS:
        _check_dtypes(subject, single, _cast(subject.op, values, dtypes))
    loose = [n for n in _floating(subject.op) if not named(subject.op.input(n).labels)]
    for name in loose:
        scalar = torch.as_tensor(values[name]).flatten()[0].double()
        _check_dtypes(subject, single, {**single, name: scalar})
    return None


def _refuses(subject: Subject, values: Values) -> bool:
    """Whether a callable of the user's takes no such dtypes, as torch's products."""
    if subject.cls is not None or not subject.op.has_axes:
        return False
    try:
        call(subject, values)
    except RuntimeError:
        return True
    return False


def _floating(op: Op) -> list[str]:
    return [item.name for item in op.inputs if item.kind is Kind.REAL]


def _cast(op: Op, values: Values, dtypes: Any) -> dict[str, Any]:
    """The floating inputs in the dtypes in turn."""
    turns = zip(_floating(op), cycle(dtypes), strict=False)
    return {**values, **{n: torch.as_tensor(values[n]).to(d) for n, d in turns}}


def _check_dtypes(subject: Subject, single: Values, values: Values) -> None:
    """Outputs in the dtypes of plain torch, each gradient in its input's own.

    Where nothing but constants gives an output, plain torch has float64 in any case.
    """
    try:
        usual = reference.named_outputs(subject.op, single)
        plain = reference.named_outputs(subject.op, values)
    except RuntimeError:  # no such kernel
        return
    results = call(subject, values)
    given = _promoted([torch.as_tensor(values[n]) for n in _floating(subject.op)])
    for name in (n for n, y in usual.items() if y.dtype == torch.float32):
        if results[name].dtype != given:  # inputs that are only compared may count
            _same_dtype(name, values, plain[name].dtype, results[name])
    sent = {
        f.name: torch.ones_like(results[f.name])
        for f in subject.op.differentiable_outputs
    }
    for name, gradient in backward(subject, values, sent).items():
        dtype = torch.as_tensor(values[name]).dtype
        _same_dtype(f"the gradient of {name}", values, dtype, gradient)


def _promoted(tensors: list[Tensor]) -> torch.dtype:
    """The dtype that all together have: 0-dim tensors count if there are no others."""
    sized = [t for t in tensors if t.dim() > 0] or tensors
    return functools.reduce(torch.promote_types, [t.dtype for t in sized])


def _same_dtype(what: str, values: Values, dtype: torch.dtype, got: Tensor) -> None:
    if got.dtype != dtype:
        given = {n: v.dtype for n, v in values.items() if isinstance(v, Tensor)}
        texts = str(given), str(dtype), str(got.dtype)
        raise Fault(f"{what} has a wrong dtype", *texts)


def _check_autocast(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Elementwise ops are none that autocast casts: the same in its region as out.

    Matrix products it casts, as those of plain torch: there a dtype is the one or the
    other.
    """
    values_alone = call(subject, values)
    sent = {n: c.to(values_alone[n].dtype) for n, c in cotangents.items()}
    expected = values_alone | backward(subject, values, sent)
    with torch.autocast("cpu", torch.bfloat16):
        found = call(subject, values) | backward(subject, values, sent)
    for name, got in found.items():
        dtypes = expected[name].dtype, torch.bfloat16
        casts = subject.op.has_axes and got.dtype in dtypes
        if not (casts or torch.equal(got, expected[name])):
            texts = str(expected[name].tolist()), str(got.tolist())
            raise Fault(f"{name} is another under autocast", show(values), *texts)


def _check_tangents(subject: Subject, values: Values) -> None:
    """A tangent has the dtype of its output."""
    if not has_forward_mode(subject):
        return
    names = reference.differentiable(subject.op)
    along = {n: torch.as_tensor(values[n]) for n in names}
    results, tangents = pushed(subject, values, along)
    for name, tangent in tangents.items():
        _same_dtype(f"the tangent of {name}", values, results[name].dtype, tangent)
