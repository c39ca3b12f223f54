"""What inputs that move make outputs do, and whether two ways to say it agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.func import jvp

from symgrad.verify import reference
from symgrad.verify.subject import Fault, Subject, Tensors, Values, call

RTOL = 1e-9
"""Up to which part of what is summed two sums agree."""


def pushed(
    subject: Subject, values: Values, tangents: Mapping[str, Tensor]
) -> tuple[Tensors, Tensors]:
    """The outputs that have a derivative, and their tangents."""

    def of_moving(*moving: Tensor) -> Tensors:
        given = {**values, **dict(zip(tangents, moving, strict=True))}
        results = call(subject, given)
        return {f.name: results[f.name] for f in subject.op.differentiable_outputs}

    start = tuple(torch.as_tensor(values[n]) for n in tangents)
    results, moved, *_ = jvp(of_moving, start, tuple(tangents.values()))
    return results, moved


def differ(
    message: str,
    inputs: str,
    expected: Tensor,
    parts: Sequence[Tensor],
    noise: float = 0.0,
) -> float:
    """How far a sum of parts, each reduced to a shape, is off, relative to the parts.

    ``noise`` is what comes of rounding even where all parts cancel.  Raises ``Fault``
    if it is too far.
    """
    got = torch.stack([summed(part, expected.shape) for part in parts]).sum(0)
    sizes = [summed(part.abs(), expected.shape) for part in parts]
    size = torch.stack(sizes).sum(0)
    off = ((got - expected).abs() / (size + expected.abs() + noise + 1e-300)).max()
    if not off <= RTOL:
        raise Fault(message, inputs, str(expected.tolist()), str(got.tolist()))
    return float(off)


def summed(part: Tensor, shape: torch.Size) -> Tensor:
    """A part of a sum, in the shape of the whole."""
    full = reference.joined([part.shape, shape])
    return part.expand(full).sum_to_size(shape)
