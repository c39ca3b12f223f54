"""Rung 10, what is kept and when: no_grad, checkpoints, hooks of saved tensors.

Catches a short cut without gradients that computes something else, and tensors that
are held where neither autograd nor a hook knows of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from symgrad.verify.bound import Bound, joined
from symgrad.verify.subject import Fault, gradients, show


def check(bound: Bound) -> None:
    """Raise ``Fault`` where a value or a gradient depends on how it is asked for."""
    _check_values(bound)
    _check_gradients(bound)


def _check_values(bound: Bound) -> None:
    """The same numbers, to the bit, whether or not a gradient is to come."""
    expected = bound.outputs(*(a.requires_grad_() for a in bound.args)).detach()
    found = {"without leaves": bound.outputs(*bound.args)}
    with torch.no_grad():
        found["under no_grad"] = bound.outputs(*bound.args)
    with torch.inference_mode():
        found["in inference mode"] = bound.outputs(*bound.args).clone()
    for how, got in found.items():
        if not torch.equal(got, expected):
            texts = str(expected.tolist()), str(got.tolist())
            raise Fault(f"the value {how} is another", show(bound.values), *texts)


def _check_gradients(bound: Bound) -> None:
    leaves = [a.requires_grad_() for a in bound.args]
    plain = bound.outputs(*leaves)
    _check_context(bound, plain)
    again = checkpoint(bound.outputs, *leaves, use_reentrant=False)
    with torch.autograd.graph.saved_tensors_hooks(_packed, _unpacked):
        hooked = bound.outputs(*leaves)
    for how, values in {"in a checkpoint": again, "with hooks": hooked}.items():
        got = _pulled(bound, values, leaves)
        bound.compare(f"the gradient {how}", got, bound.gradient)


def _pulled(bound: Bound, values: Tensor, leaves: list[Tensor]) -> Tensor:
    sent = {"y": bound.weights}
    return joined(gradients({"y": values}, leaves, sent, bound.names, materialize=True))


def _packed(tensor: Tensor) -> tuple[Tensor]:
    return (tensor.detach().clone(),)


def _unpacked(packed: tuple[Tensor]) -> Tensor:
    return packed[0]


def _check_context(bound: Bound, result: Tensor) -> None:
    """No tensor hangs on a context beside those that were saved."""
    todo, seen = [result.grad_fn], set()
    while todo:
        node: Any = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for name, value in getattr(node, "__dict__", {}).items():
            if isinstance(value, Tensor):
                raise Fault(f"the context holds the tensor {name}", show(bound.values))
        todo += [parent for parent, _ in node.next_functions]
