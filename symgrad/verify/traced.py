"""Rung 10, the forward under torch's own differentiation.

Catches forwards that are right only together with their backward.  Where
``torch.compile`` meets ``torch.func``, torch 2.13 leaves a custom backward aside and
differentiates what it traced of the forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch

from symgrad.verify.bound import Bound
from symgrad.verify.subject import backward, call, gradients, leaves


def check(bound: Bound) -> None:
    """Raise ``Fault`` unless the traced forward has the value and gradients meant."""
    subject, op, values = bound.subject, bound.subject.op, bound.values
    if op.overrides or subject.cls is None:  # which forward knows nothing of
        return
    inputs = leaves(op, values)
    with _compiling():
        found = subject.cls.forward(*(inputs[item.name] for item in op.inputs))
    outputs = found if isinstance(found, tuple) else (found,)
    names = [f.name for f in op.outputs]  # behind them stand statistics
    traced = dict(zip(names, outputs[: len(names)], strict=True))
    own = call(subject, values) | backward(subject, values, bound.cotangents)
    moving = [inputs[n] for n in bound.names]
    # An input by which the derivative is zero is not in the traced graph at all.
    got = traced | gradients(
        traced, moving, bound.cotangents, bound.names, materialize=True
    )
    for name, expected in own.items():
        bound.compare(f"{name}, traced,", got[name], expected)


@contextmanager
def _compiling() -> Iterator[None]:
    """As if ``torch.compile`` were tracing."""
    with mock.patch.object(torch.compiler, "is_compiling", lambda: True):
        yield
