"""An op at one point, as a function of real tensors alone.

What PyTorch composes with takes functions of tensors; the numbers, masks and indices of
the point are bound here.  A complex input is seen as the pairs of its real parts, for
``torch.func`` has no Jacobians of complex tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from symgrad.verify import reference, sampling
from symgrad.verify.shapes import shape_choices
from symgrad.verify.subject import (
    Fault,
    Subject,
    Values,
    backward,
    call,
    random_cotangents,
    show,
    smooth_values,
)

RTOL = 1e-9
ATOL = 1e-12


@dataclass(frozen=True)
class Bound:
    """What moves are ``args``: real tensors, one for each input with a gradient."""

    subject: Subject
    values: Values
    cotangents: Mapping[str, Tensor]

    @property
    def weights(self) -> Tensor:
        """What each number of the outputs counts in the total."""
        return joined(self.cotangents)

    @property
    def names(self) -> list[str]:
        """The inputs that move."""
        return reference.differentiable(self.subject.op)

    @property
    def given(self) -> list[Tensor]:
        """Where they stand, complex ones as such."""
        return [torch.as_tensor(self.values[n]).clone() for n in self.names]

    @property
    def args(self) -> list[Tensor]:
        """Where they stand, as real tensors."""
        return [_real(tensor) for tensor in self.given]

    def each_output(self, *args: Tensor) -> tuple[Tensor, ...]:
        """The outputs that have a derivative, as real tensors."""
        moved = {n: self._like(n, a) for n, a in zip(self.names, args, strict=True)}
        results = call(self.subject, {**self.values, **moved})
        return tuple(_real(results[name]) for name in self.cotangents)

    def outputs(self, *args: Tensor) -> Tensor:
        """All their numbers, as one vector."""
        return torch.cat([y.reshape(-1) for y in self.each_output(*args)])

    def total(self, *args: Tensor) -> Tensor:
        """The number whose gradients are those of backward."""
        return torch.dot(self.weights, self.outputs(*args).to(self.weights.dtype))

    def whole(self, vector: Tensor) -> Tensor:
        """The outputs as a function of one vector, all that moves end to end."""
        return self.outputs(*self.parts(vector))

    def whole_total(self, vector: Tensor) -> Tensor:
        """The total as a function of one vector."""
        return self.total(*self.parts(vector))

    def parts(self, vector: Tensor) -> list[Tensor]:
        """A vector cut up into the shapes of ``args``."""
        shapes = [a.shape for a in self.args]
        pieces = torch.split(vector, [s.numel() for s in shapes])
        return [p.view(s) for p, s in zip(pieces, shapes, strict=True)]

    @property
    def gradient(self) -> Tensor:
        """What backward gives without any transform, as one vector."""
        return joined(backward(self.subject, self.values, self.cotangents))

    def compare(self, what: str, got: Tensor, expected: Tensor) -> None:
        """Raise ``Fault`` where two tensors are not the same numbers."""
        alike = got.shape == expected.shape
        if not (alike and torch.allclose(got, expected, RTOL, ATOL, equal_nan=True)):
            texts = str(expected.tolist()), str(got.tolist())
            raise Fault(f"{what} gives another result", show(self.values), *texts)

    def _like(self, name: str, arg: Tensor) -> Tensor:
        pairs = self.subject.op.input(name).kind.is_complex and not arg.is_complex()
        return torch.view_as_complex(arg) if pairs else arg


def bind(subject: Subject, purpose: str) -> Bound:
    """The op at a random smooth point, with cotangents; the same in every run."""
    op = subject.op
    rng = sampling.generator(op, purpose)
    values = smooth_values(op, next(shape_choices(op)), rng)
    results = reference.named_outputs(op, values)
    return Bound(subject, values, random_cotangents(op, results, rng))


def joined(tensors: Mapping[str, Tensor]) -> Tensor:
    """All real numbers of some tensors, end to end."""
    return torch.cat([_real(tensor).reshape(-1) for tensor in tensors.values()])


def _real(tensor: Tensor) -> Tensor:
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
