"""An emitted op under test, and the values it is tested with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from symgrad.naming import FORWARD_MODE, class_names
from symgrad.op import Input, Op, Spec
from symgrad.program import Kind
from symgrad.verify import sampling
from symgrad.verify.kinks import smooth_elements
from symgrad.verify.reference import Value, differentiable, joined
from symgrad.verify.report import FAILED, TOO_FEW_POINTS

Values = Mapping[str, Value]
Tensors = dict[str, Tensor]
Shape = tuple[int, ...]

ATTEMPTS = 400
"""Redraws before inputs at which an op is smooth are given up."""


class Fault(Exception):
    """A rung found the op wrong.  The parts are texts for people."""

    def __init__(
        self,
        message: str,
        inputs: str = "",
        expected: str = "",
        got: str = "",
        code: str = FAILED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.inputs = inputs
        self.expected = expected
        self.got = got
        self.code = code


@dataclass(frozen=True)
class Outcome:
    """What a rung has to say of an op that passed; see ``RungResult``."""

    worst: float | None = None
    worst_input: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Subject:
    """An op beside what was emitted for it.

    Of a callable that is not ours no class is known; then what a rung asks for beyond
    gradients may be missing, and is wrong only where it is there and wrong.  ``plain``
    is the formula in plain torch, where that is more than the op's own nodes, and
    ``whole`` the op with named axes whose elements these are.
    """

    op: Op
    function: Callable[..., Any]
    cls: type[torch.autograd.Function] | None = None
    plain: Callable[..., Any] | None = None
    whole: Subject | None = None


def subjects(module: ModuleType, spec: Spec) -> list[Subject]:
    """The ops of a module.  Raises ``AttributeError`` if one is not there."""
    classes = class_names(spec.ops)
    return [
        Subject(op, getattr(module, op.name), getattr(module, classes[op.name]))
        for op in spec.ops
    ]


def has_forward_mode(subject: Subject) -> bool:
    """Whether there is a class with a jvp."""
    subject = subject.whole or subject
    cls = subject.cls
    if cls is None:
        return False
    return f"{cls.__name__}{FORWARD_MODE}" in subject.function.__globals__


# -- running it ------------------------------------------------------------------------


def call(subject: Subject, values: Values) -> Tensors:
    """The public function's outputs by name."""
    found = subject.function(*(values[item.name] for item in subject.op.inputs))
    results = found if isinstance(found, tuple) else (found,)
    names = [f.name for f in subject.op.outputs]
    for strange in (type(r).__name__ for r in results if not isinstance(r, Tensor)):
        said = "outputs are tensors, and several of them a tuple"
        raise Fault(f"gives a value of type {strange}: {said}")
    if len(results) != len(names):
        raise Fault(f"gives {len(results)} values for the outputs {', '.join(names)}")
    return dict(zip(names, results, strict=True))


def leaves(
    op: Op, values: Values, wanted: Sequence[str] | None = None
) -> dict[str, Value]:
    """The values with fresh leaves for the inputs that are to get a gradient."""
    wanted = differentiable(op) if wanted is None else wanted
    fresh = {n: torch.as_tensor(values[n]).detach().requires_grad_() for n in wanted}
    return {**values, **fresh}


def backward(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    wanted: Sequence[str] | None = None,
    create_graph: bool = False,
    materialize: bool = False,
) -> Tensors:
    """Gradients of the ``wanted`` inputs, of all if it is not given."""
    names = differentiable(subject.op) if wanted is None else list(wanted)
    inputs = leaves(subject.op, values, names)
    return gradients(
        call(subject, inputs),
        [inputs[n] for n in names],
        cotangents,
        names,
        create_graph,
        materialize=materialize,
    )


def gradients(
    results: Mapping[str, Tensor],
    inputs: Sequence[Any],
    cotangents: Mapping[str, Tensor],
    names: Sequence[str],
    create_graph: bool = False,
    retain_graph: bool | None = None,
    materialize: bool = False,
) -> Tensors:
    """``torch.autograd.grad`` by names.

    A gradient that is ``None`` is a fault, unless zeros are to stand in its place.
    """
    reached = [name for name in cotangents if results[name].requires_grad]
    if materialize and not reached:
        return {n: torch.zeros_like(x) for n, x in zip(names, inputs, strict=True)}
    found = torch.autograd.grad(
        [results[name] for name in reached],
        list(inputs),
        [cotangents[name] for name in reached],
        create_graph=create_graph,
        retain_graph=retain_graph,
        allow_unused=True,
        materialize_grads=materialize,
    )
    for name, gradient in zip(names, found, strict=True):
        if gradient is None:
            raise Fault(f"{name} gets no gradient")
    return dict(zip(names, found, strict=True))


# -- values ----------------------------------------------------------------------------


def tensor_inputs(op: Op) -> list[str]:
    """The names of the tensor inputs."""
    return [item.name for item in op.inputs if item.kind.is_tensor]


def smooth_values(
    op: Op, shapes: Mapping[str, Shape], rng: random.Random
) -> dict[str, Value]:
    """Random inputs of the given shapes, away from kinks and singular points.

    Elements that are not are drawn again.  Raises ``Fault`` if none are found.
    """
    values = {item.name: _drawn(op, item, shapes, rng) for item in op.inputs}
    for attempt in range(ATTEMPTS):
        good = smooth_elements(op, values)
        if bool(good.all()):
            return values
        stuck = attempt % 40 == 39
        for item in op.inputs:
            if item.kind.is_tensor and rng.random() < 0.7:
                fresh = _drawn(op, item, shapes, rng)
                values[item.name] = _renewed(values[item.name], fresh, ~good)
            elif stuck and not item.kind.is_tensor:
                values[item.name] = _drawn(op, item, shapes, rng)
    raise Fault(
        f"no inputs of the shapes {', '.join(map(str, shapes.values()))} were found"
        f" at which the forward is finite and smooth; {sampling.remedy(op)}",
        code=TOO_FEW_POINTS,
    )


def _drawn(
    op: Op, item: Input, shapes: Mapping[str, Shape], rng: random.Random
) -> Value:
    """An input as it is passed: a tensor of its shape, or a number."""
    if not item.kind.is_tensor:
        return sampling.ordinary(op, item, rng)
    shape = shapes[item.name]
    count = torch.Size(shape).numel()
    numbers = [sampling.ordinary(op, item, rng) for _ in range(count)]
    return torch.tensor(numbers, dtype=dtype_of(item)).reshape(shape)


def dtype_of(item: Input, floating: torch.dtype = torch.float64) -> torch.dtype:
    """The dtype in which an input is passed."""
    if item.kind is Kind.COMPLEX:
        return floating.to_complex()
    return {Kind.INDEX: torch.int64, Kind.MASK: torch.bool}.get(item.kind, floating)


def _renewed(old: Any, fresh: Any, bad: Tensor) -> Tensor:
    """``old`` with new values where an element that it takes part in is bad."""
    full = joined([old.shape, bad.shape])
    mine = bad.expand(full).to(torch.float64).sum_to_size(old.shape) > 0
    return torch.where(mine, fresh, old)


def random_cotangents(
    op: Op, results: Mapping[str, Tensor], rng: random.Random
) -> Tensors:
    """Cotangents of the differentiable outputs: of either sign, never 1."""
    found = {}
    for f in op.differentiable_outputs:
        like = results[f.name]
        found[f.name] = random_direction(like, rng)
    return found


def random_direction(like: Tensor, rng: random.Random) -> Tensor:
    """A cotangent or a tangent of either sign, never 0 and never 1."""
    parts = [
        [rng.choice((-1, 1)) * rng.uniform(0.5, 2.5) for _ in range(like.numel())]
        for _ in range(1 + like.is_complex())
    ]
    tensors = [torch.tensor(p, dtype=like.real.dtype) for p in parts]
    found = torch.complex(*tensors) if like.is_complex() else tensors[0]
    return found.reshape(like.shape)


def inner(a: Tensor, b: Tensor) -> Tensor:
    """The products of two tensors as vectors of the plane: real numbers."""
    return (a.conj() * b).real if a.is_complex() else a * b


def show(values: Mapping[str, Any]) -> str:
    """Inputs as text, for a message."""
    parts = []
    for name, value in values.items():
        if isinstance(value, Tensor):
            value = value.detach().tolist()
        parts.append(f"{name}={value!r}")
    return ", ".join(parts)
