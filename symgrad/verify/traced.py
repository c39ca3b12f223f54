"""Rung 10, in part: the forward under torch's own differentiation.

Catches forwards that are right only together with their backward.  Where
``torch.compile`` meets ``torch.func``, torch 2.13 leaves a custom backward aside and
differentiates what it traced of the forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch

from symgrad.verify import reference, sampling
from symgrad.verify.first_order import shape_choices
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    backward,
    call,
    gradients,
    leaves,
    random_cotangents,
    show,
    smooth_values,
)

RTOL = 1e-9


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` unless the traced forward has the value and gradients meant."""
    op = subject.op
    if op.overrides:
        return Outcome(note="not with a backward given by the spec")
    if subject.cls is None:
        return Outcome(note="not of a callable whose class is not known")
    rng = sampling.generator(op, "traced")
    values = smooth_values(op, next(shape_choices(op)), rng)
    cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
    names = reference.differentiable(op)
    inputs = leaves(op, values)
    with _compiling():
        found = subject.cls.forward(*(inputs[item.name] for item in op.inputs))
    outputs = found if isinstance(found, tuple) else (found,)
    traced = dict(zip((f.name for f in op.outputs), outputs, strict=True))
    own = call(subject, values) | backward(subject, values, cotangents)
    tensors = [inputs[n] for n in names]
    # An input by which the derivative is zero is not in the traced graph at all.
    got = traced | gradients(traced, tensors, cotangents, names, materialize=True)
    for name, expected in own.items():
        if not torch.allclose(got[name], expected, RTOL, 1e-12):
            texts = str(expected.tolist()), str(got[name].tolist())
            raise Fault(f"{name} is another when traced", show(values), *texts)
    return Outcome(note="the forward alone")


@contextmanager
def _compiling() -> Iterator[None]:
    """As if ``torch.compile`` were tracing."""
    with mock.patch.object(torch.compiler, "is_compiling", lambda: True):
        yield
