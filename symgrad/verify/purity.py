"""Rung 7: nothing that was handed in is changed, and nothing is remembered.

Catches in-place writes on inputs, cotangents and saved tensors, a backward or a call
that differs the second time, outputs that are views of inputs, settings of torch that
are left changed, and confusion where one tensor is passed for two inputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import reference, sampling
from symgrad.verify.kinks import smooth_elements
from symgrad.verify.shapes import shape_choices
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Values,
    backward,
    call,
    gradients,
    leaves,
    random_cotangents,
    show,
    smooth_values,
)


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` if running the op leaves a trace."""
    op = subject.op
    rng = sampling.generator(op, "purity")
    values = smooth_values(op, next(shape_choices(op)), rng)
    cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
    for check in (_leave_no_trace, _pass_one_tensor_twice):
        shrinking(op, partial(check, subject), values, {"grad": cotangents})
    return Outcome()


def _leave_no_trace(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    with _same_world():
        _run_twice(subject, values, cotangents)
        _call_again(subject, values, cotangents)


def _run_twice(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    names = reference.differentiable(subject.op)
    inputs = leaves(subject.op, values)
    tensors = [inputs[n] for n in names]
    given = {n: v for n, v in inputs.items() if isinstance(v, Tensor)}
    with _unchanged("input", given):
        results, saved = _watched_call(subject, inputs)
    _check_new(results, given)
    watched = {"input": given, "cotangent": cotangents, "saved tensor": saved}
    found = []
    for _ in range(2):
        with _all_unchanged(watched):
            found.append(
                gradients(results, tensors, cotangents, names, retain_graph=True)
            )
    for name in names:
        first, second = (f[name] for f in found)
        if not torch.equal(first, second):
            texts = str(first.tolist()), str(second.tolist())
            raise Fault(
                f"a second backward changes {name}'s gradient", show(values), *texts
            )


def _call_again(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Calls give the same to the bit, and so do their backwards."""
    runs: tuple[Callable[[], dict[str, Tensor]], ...] = (
        lambda: call(subject, values),
        lambda: backward(subject, values, cotangents),
    )
    for run_once in runs:
        first, second = run_once(), run_once()
        for name, expected in first.items():
            if not torch.equal(second[name], expected):
                texts = str(expected.tolist()), str(second[name].tolist())
                raise Fault(f"a second call changes {name}", show(values), *texts)


SETTINGS: Mapping[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "the state of the generator": (
        lambda: torch.get_rng_state().tolist(),
        lambda state: torch.set_rng_state(torch.tensor(state, dtype=torch.uint8)),
    ),
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the number of threads": (torch.get_num_threads, torch.set_num_threads),
}
"""What torch keeps for the whole process: how to read it, and how to put it back."""


@contextmanager
def _same_world() -> Iterator[None]:
    """Raise ``Fault`` if the block leaves a setting of torch changed."""
    before = {name: read() for name, (read, _) in SETTINGS.items()}
    try:
        yield
    finally:
        changed = [n for n, (read, _) in SETTINGS.items() if read() != before[n]]
        for name in changed:
            SETTINGS[name][1](before[name])
    for name in changed:
        raise Fault(f"{name} is changed")


def _watched_call(
    subject: Subject, inputs: Values
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The outputs, and the tensors that were saved for backward."""
    saved: dict[str, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[str(len(saved))] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        return call(subject, inputs), saved


@contextmanager
def _unchanged(what: str, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Raise ``Fault`` if the block writes to one of the tensors."""
    before = {n: (t._version, t.detach().clone()) for n, t in tensors.items()}
    yield
    for name, tensor in tensors.items():
        version, value = before[name]
        if tensor._version != version or not torch.equal(tensor, value):
            found = str(value.tolist()), str(tensor.tolist())
            raise Fault(f"the {what} {name} is written to", "", *found)


@contextmanager
def _all_unchanged(groups: Mapping[str, Mapping[str, Tensor]]) -> Iterator[None]:
    (what, tensors), *rest = groups.items()
    with _unchanged(what, tensors):
        if rest:
            with _all_unchanged(dict(rest)):
                yield
        else:
            yield


def _check_new(results: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """No output shares memory with an input."""
    memory = {t.untyped_storage().data_ptr(): n for n, t in given.items()}
    for name, result in results.items():
        shared = memory.get(result.untyped_storage().data_ptr())
        if shared is not None:
            raise Fault(f"{name} is a view of {shared}")


def _pass_one_tensor_twice(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """f(x, x): the gradient is the sum of those for two equal tensors."""
    pair = _twins(subject.op, values)
    if pair is None:
        return
    first, second = pair
    same = {**values, second: torch.as_tensor(values[first]).clone()}
    apart = backward(subject, same, cotangents)
    inputs: dict[str, Any] = leaves(subject.op, same)
    inputs[second] = inputs[first]
    results = call(subject, inputs)
    [got] = gradients(results, [inputs[first]], cotangents, [first]).values()
    expected = apart[first] + apart[second]
    # outside of a domain both may be NaN
    if not torch.allclose(got, expected, 1e-12, 1e-13, equal_nan=True):
        found = str(expected.tolist()), str(got.tolist())
        message = f"one tensor as {first} and {second} gets a wrong gradient"
        raise Fault(message, show(same), *found)


def _twins(op: Op, values: Values) -> tuple[str, str] | None:
    """Two inputs that can be one tensor, if the op is smooth there."""
    names = reference.differentiable(op)
    for first, second in itertools.pairwise(names):
        a, b = values[first], values[second]
        alike = isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape
        alike = alike and op.input(first).kind is op.input(second).kind
        if alike and bool(smooth_elements(op, {**values, second: a}).all()):
            return first, second
    return None
