"""Rung 11: kernels compute what their formulas do, and torch takes them for operators.

The formula is what the same method computes where torch records it, in float64: the
kernel is held to it in every dtype, for every subset of gradients, in rows long enough
for blocks and tails of vectors, and broadcast.  ``torch.library.opcheck`` asks whether
schema, strides and tensors without data are as torch expects.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from random import Random
from typing import Any

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify import extents, sampling
from symgrad.verify.reference import differentiable
from symgrad.verify.report import PLACE
from symgrad.verify.shapes import shape_choices
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Values,
    call,
    gradients,
    leaves,
    random_cotangents,
    show,
    smooth_values,
    tensor_inputs,
)

CLOSE: Mapping[torch.dtype, tuple[float, float]] = {
    torch.float64: (1e-10, 1e-12),
    torch.float32: (2e-4, 1e-6),
    torch.bfloat16: (4e-2, 1e-2),
    torch.float16: (1e-2, 2e-3),
}
"""How near a kernel is to the formula in float64, and to what size of its results."""

SLACK = 8
"""How many times as far from it a kernel may be as its formula in the same dtype."""

UTILS = ("test_schema", "test_autograd_registration", "test_faketensor")
"""What ``opcheck`` is asked for; kernels are never traced, so not for that."""

MOST_SUBSETS = 16
ROW = 613
"""Elements of a long row: several blocks, and a tail that fills no vector."""


def has_kernels(subject: Subject) -> bool:
    """Whether an op has kernels."""
    known = getattr(subject.function, "__globals__", {}).get("_formulas")
    return known is not None and f"{subject.op.name}_forward" in known()


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where a kernel differs from its formula, or is not called."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = subject.function.__globals__["_kernels"]()
    if found is None:
        reason = str(said[-1].message) if said else "they were not compiled"
        first = reason.rpartition("with the same results: ")[2].splitlines()[0]
        if first.endswith(" failed"):
            raise Fault("the kernels do not compile", got=reason)
        return Outcome(note=f"not used: {first}"[:PLACE])
    op = subject.op
    rng = sampling.generator(op, "kernels")
    for values in _inputs(subject):
        for dtype in CLOSE:
            cast = {n: _cast(v, dtype) for n, v in values.items()}
            _compare(subject, found, cast, dtype, rng)
    return Outcome()


def _inputs(subject: Subject) -> Iterator[Values]:
    op, names = subject.op, tensor_inputs(subject.op)
    rng = sampling.generator(op, "kernel inputs")
    shapes = list(shape_choices(op))
    for shape in shapes:
        yield smooth_values(op, shape, rng)
    if any(sample.shape is not None for sample in op.samples.values()):
        return
    if op.has_axes:
        yield smooth_values(op, extents.of_sizes(op, (3,), _long(op)), rng)
        return
    few = smooth_values(op, dict.fromkeys(names, (12,)), rng)
    places = torch.arange(ROW) % 12
    yield {n: v[places] if isinstance(v, Tensor) else v for n, v in few.items()}


def _long(op: Op) -> dict[str, int]:
    """Rows of several vectors in all axes but those whose places have names."""
    return {axis: max(size, 37) for axis, size in extents.sizes(op).items()}


def _cast(value: Any, dtype: torch.dtype) -> Any:
    floating = isinstance(value, Tensor) and value.is_floating_point()
    return value.to(dtype) if floating else value


def _compare(
    subject: Subject, kernels: Any, values: Values, dtype: torch.dtype, rng: Random
) -> None:
    """Values, and gradients of all inputs; in float32 those of every subset."""
    op = subject.op
    wide = {n: _cast(v, torch.float64) for n, v in values.items()}
    expected = _formula(subject, wide)
    sent = {n: _cast(t, dtype) for n, t in random_cotangents(op, expected, rng).items()}
    wanted = differentiable(op)
    few = dtype is torch.float32
    for names in _subsets(wanted) if few else [wanted]:
        with _recorded(kernels, f"{op.name}_forward") as forward:
            inputs = leaves(op, values, names)
            got = call(subject, inputs)
        with _recorded(kernels, f"{op.name}_backward") as backward:
            found = gradients(got, [inputs[n] for n in names], sent, names)
        if _are_of_one_shape(values) and not (forward and backward):
            raise Fault("a kernel is not called where it could be", show(values))
        truths = _formula_gradients(subject, wide, sent, names)
        usual = _formula_gradients(subject, values, sent, names)
        _check_near(got, expected, _formula(subject, values), dtype, values, "")
        _check_near(found, truths, usual, dtype, values, "the gradient of ")
    if few:
        _check_operators(kernels, [*forward, *backward], values)


def _are_of_one_shape(values: Values) -> bool:
    """Whether a kernel has to be called: some want all inputs in one shape."""
    return len({v.shape for v in values.values() if isinstance(v, Tensor)}) == 1


def _subsets(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """All names, each alone, and each left out."""
    kinds = {*combinations(names, 1), *combinations(names, max(1, len(names) - 1))}
    yield from [list(names), *map(list, sorted(kinds)[:MOST_SUBSETS])]


def _formula(subject: Subject, values: Values) -> dict[str, Tensor]:
    """What forward computes where torch records it."""
    assert subject.cls is not None
    forward: Any = subject.cls.forward
    with torch.enable_grad():
        found = forward(*(values[item.name] for item in subject.op.inputs))
    results = found if isinstance(found, tuple) else (found,)
    names = [f.name for f in subject.op.outputs]
    return dict(zip(names, results[: len(names)], strict=True))


def _formula_gradients(
    subject: Subject,
    values: Values,
    cotangents: Mapping[str, Tensor],
    names: Sequence[str],
) -> dict[str, Tensor]:
    """What backward computes where torch records it."""
    inputs = leaves(subject.op, values, names)
    results = call(subject, inputs)
    sent = {n: t.to(results[n].dtype) for n, t in cotangents.items()}
    given = [inputs[n] for n in names]
    return gradients(results, given, sent, names, create_graph=True)


Call = tuple[str, tuple[Any, ...]]


@contextmanager
def _recorded(kernels: Any, name: str) -> Iterator[list[Call]]:
    """The calls of a kernel while the block runs."""
    kernel, calls = getattr(kernels, name), list[Call]()

    def called(*args: Any) -> Any:
        calls.append((name, args))
        return kernel(*args)

    setattr(kernels, name, called)
    try:
        yield calls
    finally:
        setattr(kernels, name, kernel)


def _check_near(
    got: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    usual: Mapping[str, Tensor],
    dtype: torch.dtype,
    values: Values,
    what: str,
) -> None:
    rtol, atol = CLOSE[dtype]
    for name, truth in expected.items():
        found = got[name].detach().to(torch.float64)
        truth = truth.to(dtype).to(torch.float64)  # which may be out of its range
        size = float(truth.detach().abs().max()) if truth.numel() else 0.0
        apart = (usual[name].detach() - truth).abs().nan_to_num(posinf=0.0)
        lost = SLACK * float(apart.detach().max()) if truth.numel() else 0.0
        near = found.shape == truth.shape and torch.allclose(
            found, truth.detach(), rtol, atol * max(size, 1.0) + lost
        )
        if not near:
            said = f"{what}{name} is not what the formula gives, in {dtype}"
            raise Fault(said, show(values), str(truth.tolist()), str(found.tolist()))


def _is_one_place(value: Any) -> bool:
    """Whether this is an index without axes."""
    is_index = isinstance(value, Tensor) and not value.is_floating_point()
    return is_index and value.dim() == 0 and value.dtype is not torch.bool


def _check_operators(kernels: Any, calls: Sequence[Call], values: Values) -> None:
    """Raise ``Fault`` where torch's own check of operators finds something."""
    for name, args in calls:
        if any(map(_is_one_place, args)):
            continue  # for which the formula reads data
        given = tuple(a.detach() if isinstance(a, Tensor) else a for a in args)
        try:
            torch.library.opcheck(getattr(kernels, name), given, test_utils=UTILS)
        except Exception as error:
            said = f"opcheck refuses the kernel {name}"
            raise Fault(said, show(values), got=str(error)[:1000]) from error
