"""Rung 10, ``torch.compile`` and ``torch.export``: one graph, the same numbers.

Catches data read into Python, a class that cannot be traced, and code that takes
another path while it is compiled.  The graph is run as it was traced: the kernels are
torch's own business.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import grad

from symgrad.verify.bound import Bound, joined
from symgrad.verify.subject import Fault, gradients, show


def check(bound: Bound) -> None:
    """Raise ``Fault`` where a graph cannot be had or says something else."""
    with _quiet():
        for name, attempt in _attempts(bound).items():
            bound.compare(name, *_tried(name, attempt, bound))


def _attempts(bound: Bound) -> Mapping[str, Callable[[Bound], tuple[Tensor, Tensor]]]:
    """What is traced; a gradient that the spec gives cannot be seen by all of it."""
    given = bound.subject.op.overrides
    transform = "torch.compile of torch.func.grad, which differentiates forward itself,"
    return {
        "torch.compile, with backward,": _by_backward,
        **({} if given else {transform: _by_transform}),
        "torch.export": _exported,
    }


def _tried(
    name: str, attempt: Callable[[Bound], tuple[Tensor, Tensor]], bound: Bound
) -> tuple[Tensor, Tensor]:
    """What an attempt got and should have got; that it fails is a fault."""
    try:
        return attempt(bound)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".strip()
        raise Fault(f"{name} fails", show(bound.values), got=text) from error


def _by_backward(bound: Bound) -> tuple[Tensor, Tensor]:
    """Values, and gradients of the compiled op by ordinary backward."""
    leaves = [a.requires_grad_() for a in bound.args]
    values = _compiled(bound.outputs)(*leaves)
    got = gradients(
        {"y": values}, leaves, {"y": bound.weights}, bound.names, materialize=True
    )
    expected = bound.outputs(*bound.args), bound.gradient
    return joined({"": values.detach(), **got}), torch.cat(expected)


def _by_transform(bound: Bound) -> tuple[Tensor, Tensor]:
    """There torch 2.13 differentiates the traced forward, and not by our backward."""
    everywhere = tuple(range(len(bound.given)))
    found = _compiled(grad(bound.total, everywhere))(*bound.given)
    return joined(dict(zip(bound.names, found, strict=True))), bound.gradient


class _Module(nn.Module):
    """The op as what ``torch.export`` takes."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Tensor) -> Tensor:
        return self.function(*args)


def _exported(bound: Bound) -> tuple[Tensor, Tensor]:
    args = tuple(bound.args)
    program = torch.export.export(_Module(bound.outputs), args, strict=False)
    return program.module()(*args), bound.outputs(*args)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, fullgraph=True, backend="aot_eager")


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing compiled before counts, nothing stays, and torch says nothing of it."""
    torch._dynamo.reset()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        torch._dynamo.reset()
