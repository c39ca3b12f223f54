"""Rung 5: backward is linear in the cotangents.

Catches cotangents that are clipped, normalised or ignored, thresholds and constants
that show only for very small or very large ones, and a NaN that is scrubbed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import reference, sampling
from symgrad.verify.shapes import shape_choices
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Values,
    backward,
    random_cotangents,
    show,
    smooth_values,
)

FACTOR = 1e3
RTOL = 1e-11
SCALES = (-1.0, 2.0**-60, 2.0**60)
"""By these a linear map commutes with rounding: means of many and loss scaling."""

EXACT = 1e-13


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` unless ``B(a*g1 + g2) = a*B(g1) + B(g2)``."""
    op = subject.op
    rng = sampling.generator(op, "linearity")
    values = smooth_values(op, next(shape_choices(op)), rng)
    results = reference.named_outputs(op, values)
    first, second = (random_cotangents(op, results, rng) for _ in range(2))
    curved = nonlinear_overrides(op, values, first, second)
    straight = [n for n in reference.differentiable(op) if n not in curved]
    sent = {"grad": first, "other": second}
    worst = shrinking(op, partial(_compare, subject, straight), values, sent)
    for check in (_check_scales, _check_nan):
        shrinking(op, partial(check, subject, straight), values, {"grad": first})
    skipped = f"not linear by the spec: {', '.join(sorted(curved))}" if curved else None
    return Outcome(worst, note=skipped)


def _compare(
    subject: Subject,
    names: Sequence[str],
    values: Values,
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
) -> float:
    """How far the sum of two cotangents is off, relative to its parts."""
    both = {n: FACTOR * first[n] + second[n] for n in first}
    together, one, other = (backward(subject, values, g) for g in (both, first, second))
    worst = 0.0
    for name in names:
        expected = FACTOR * one[name] + other[name]
        scale = FACTOR * one[name].abs() + other[name].abs() + 1e-300
        off = ((together[name] - expected).abs() / scale).max()
        worst = max(worst, float(off))
        if not off <= RTOL:
            found = str(expected.tolist()), str(together[name].tolist())
            raise Fault(f"the gradient of {name} is not linear", show(values), *found)
    return worst


def _check_scales(
    subject: Subject,
    names: Sequence[str],
    values: Values,
    cotangents: Mapping[str, Tensor],
) -> None:
    """``B(a*g) = a*B(g)``, however small or large ``a`` is."""
    gradients = backward(subject, values, cotangents)
    for scale in SCALES:
        sent = {n: scale * c for n, c in cotangents.items()}
        found = backward(subject, values, sent)
        for name in names:
            expected = scale * gradients[name]
            if not torch.allclose(found[name], expected, EXACT, 1e-290):
                texts = str(expected.tolist()), str(found[name].tolist())
                message = f"the gradient of {name} for cotangents times {scale:g}"
                raise Fault(message, show(values), *texts)


def _check_nan(
    subject: Subject,
    names: Sequence[str],
    values: Values,
    cotangents: Mapping[str, Tensor],
) -> None:
    """A NaN among the cotangents shows in every gradient that depends on it."""
    gradients = backward(subject, values, cotangents)
    found = backward(subject, values, {n: c * math.nan for n, c in cotangents.items()})
    for name in names:
        if not bool((found[name].isnan() | (gradients[name] == 0)).all()):
            texts = "NaN", str(found[name].tolist())
            raise Fault(f"a NaN gets lost before {name}", show(values), *texts)


def nonlinear_overrides(
    op: Op, values: Values, first: Mapping[str, Tensor], second: Mapping[str, Tensor]
) -> set[str]:
    """The overrides whose own formula is not linear in the cotangents."""

    def at(value: int, cotangents: Mapping[str, Tensor]) -> Tensor:
        [result] = reference.evaluate(op.nodes, [value], values, cotangents)
        return torch.as_tensor(result) * 1.0

    both = {n: FACTOR * first[n] + second[n] for n in first}
    return {
        f.name
        for f in op.overrides
        if not torch.allclose(
            at(f.value, both), FACTOR * at(f.value, first) + at(f.value, second), 1e-9
        )
    }
