"""Rung 6: any strides, of inputs and of cotangents.

Catches code that takes tensors for contiguous, and code that makes them so where torch
keeps ``channels_last``.  ``sum().backward()`` sends a cotangent of stride 0, and
gradcheck never does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import extents, reference, sampling
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Shape,
    Subject,
    Values,
    backward,
    call,
    random_cotangents,
    show,
    smooth_values,
    tensor_inputs,
)

RTOL, ATOL = 1e-12, 1e-13


def _transposed(t: Tensor) -> Tensor:
    return t.transpose(0, -1).contiguous().transpose(0, -1)


def _sliced(t: Tensor) -> Tensor:
    room = t.new_zeros((*t.shape[:-1], 2 * t.shape[-1]))
    room[..., ::2] = t
    return room[..., ::2]


def _expanded(t: Tensor) -> Tensor:
    return t[:1].expand(t.shape)


def _all_one(t: Tensor) -> Tensor:
    return t.reshape(-1)[:1].reshape((1,) * t.dim()).expand(t.shape)


def _channels_last(t: Tensor) -> Tensor:
    return t.contiguous(memory_format=torch.channels_last)


LAYOUTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "transposed": _transposed,
    "sliced": _sliced,
    "expanded": _expanded,
    "of stride 0": _all_one,
    "channels_last": _channels_last,
}
SHAPE: Shape = (2, 3, 2, 2)


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where strides change a value or a gradient."""
    op = subject.op
    if any(sample.shape is not None for sample in op.samples.values()):
        return Outcome(note="not for declared shapes")
    rng = sampling.generator(op, "layouts")
    values = smooth_values(op, _shapes(op), rng)
    cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
    for name, layout in LAYOUTS.items():
        check = partial(_compare_laid_out, subject, name, layout)
        shrinking(op, check, values, {"grad": cotangents})
    shrinking(op, partial(_check_kept, subject), values)
    return Outcome()


def _shapes(op: Op) -> dict[str, Shape]:
    """Shapes in which every layout is another, as far as there are dimensions."""
    if op.has_axes:
        return extents.of_sizes(op, (2, 3), extents.sizes(op))
    return dict.fromkeys(tensor_inputs(op), SHAPE)


def _compare_laid_out(
    subject: Subject,
    name: str,
    layout: Callable[[Tensor], Tensor],
    values: Values,
    cotangents: Mapping[str, Tensor],
) -> None:
    """One layout of the inputs, of the cotangents, and of both."""
    strange = _laid_out(values, layout)
    sent = _laid_out(cotangents, layout)
    _compare(subject, f"inputs {name}", strange, cotangents)
    _compare(subject, f"cotangents {name}", values, sent)
    _compare(subject, f"inputs and cotangents {name}", strange, sent)


def _check_kept(subject: Subject, plainly: Values) -> None:
    """An output is ``channels_last`` where the formula in plain torch is."""
    values = _laid_out(plainly, _channels_last)
    plain = reference.named_outputs(subject.op, values)
    for name, result in call(subject, values).items():
        if _is_channels_last(plain[name]) and not _is_channels_last(result):
            texts = "channels_last", str(result.stride())
            raise Fault(f"{name} has lost its layout", show(values), *texts)


def _is_channels_last(t: Tensor) -> bool:
    return t.dim() == len(SHAPE) and t.is_contiguous(memory_format=torch.channels_last)


def _laid_out(values: Mapping[str, Any], layout: Callable[[Tensor], Tensor]) -> Any:
    """The tensors in another layout, those that can be in it."""
    least = len(SHAPE) if layout is _channels_last else 1
    return {
        n: layout(v) if isinstance(v, Tensor) and _has(v, least) else v
        for n, v in values.items()
    }


def _has(tensor: Tensor, least: int) -> bool:
    return tensor.dim() == least if least > 1 else tensor.dim() > 0


def _compare(
    subject: Subject, what: str, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """The same numbers, laid out plainly, must give the same results."""
    plain = _laid_out(values, _contiguous)
    expected = _everything(subject, plain, _all_contiguous(cotangents))
    got = _everything(subject, values, cotangents)
    atol = max(ATOL, RTOL * _largest(expected) if subject.op.has_axes else 0.0)
    for name, value in expected.items():
        close = torch.allclose(got[name], value, RTOL, atol, equal_nan=True)
        if got[name].shape != value.shape or not close:
            found = str(value.tolist()), str(got[name].tolist())
            raise Fault(f"{name} is another for {what}", show(values), *found)


def _largest(tensors: Mapping[str, Tensor]) -> float:
    """The largest entry: equal elements may cancel to the rounding of such a one."""
    sizes = [float(t.nan_to_num().abs().max()) for t in tensors.values() if t.numel()]
    return max(sizes, default=0.0)


def _contiguous(t: Tensor) -> Tensor:
    return t.clone(memory_format=torch.contiguous_format)


def _all_contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n: _contiguous(t) for n, t in tensors.items()}


def _everything(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Outputs and gradients; torch's refusal of a layout is a fault of the op."""
    try:
        found = call(subject, values)
        gradients = backward(subject, values, cotangents)
    except RuntimeError as error:
        raise Fault("fails for some strides", got=str(error)) from error
    return {**found, **{f"the gradient of {n}": g for n, g in gradients.items()}}
