"""One row of the judge: our op and torch's own, at the same points."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import settings
from judge_rows import SPEC, Row
from torch import Tensor

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Input, Op
from symgrad.program import Kind
from symgrad.spec import load

KINDS = ("value", "gradient", "second")
FINITE = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -3.0, 30.0, -30.0, 1e-300, 1e300, -1e300)
UNIT = (1e-300, 1e-13, 1 - 1e-13)
EXTREMES = (*FINITE, float("inf"), float("-inf"), float("nan"))
NUMBERS = (0.0, 1.0, -1.0, 0.5, 3.0, -2.5, float("inf"), float("-inf"), float("nan"))
MOST = 512
"""Elements that are taken of one sample of the database."""

Numbers = tuple[float, ...]
Columns = tuple[Tensor, ...]
"""The tensors of an op, flat: each element is a point."""


@functools.cache
def database() -> dict[str, Any]:
    """torch's operators by name and variant.

    Their module sets what hypothesis does from then on; that is put back.
    """
    settings.register_profile("before", settings.default)
    from torch.testing._internal.common_methods_invocations import op_db

    settings.load_profile("before")
    names = [(info.name, info.variant_test_name) for info in op_db]
    labels = ["/".join(filter(None, pair)) for pair in names]
    return dict(zip(labels, op_db, strict=True))


@functools.cache
def ours() -> tuple[dict[str, Op], Any]:
    """The ops of the spec, and the module that is generated for them."""
    spec = load(str(SPEC))
    return {op.name: op for op in spec.ops}, load_module("judge", generate(spec).source)


@dataclass(frozen=True)
class Trial:
    """A row at many points that share their numbers."""

    row: Row
    columns: Columns
    numbers: Numbers

    @property
    def op(self) -> Op:
        """The op of the spec."""
        return ours()[0][self.row.op]

    def arguments(self, columns: Sequence[Tensor]) -> list[Any]:
        """The arguments of the op in their order."""
        tensors, numbers = iter(columns), iter(self.numbers)
        kinds = [item.kind for item in self.op.inputs]
        return [next(tensors if kind.is_tensor else numbers) for kind in kinds]

    def mine(self, *columns: Tensor) -> Tensor:
        """The generated op."""
        return getattr(ours()[1], self.row.op)(*self.arguments(columns))

    def theirs(self, *columns: Tensor) -> Tensor:
        """The operator of torch."""
        if self.row.torch is not None:
            return self.row.torch(*self.arguments(columns))
        names = [item.name for item in self.op.inputs if not item.kind.is_tensor]
        given = dict(zip(names, self.numbers, strict=True))
        keywords = {**given, **self.row.fixed}
        return database()[self.row.database].op(*columns, **keywords)


def trials(row: Row) -> list[Trial]:
    """All points of a row, those with the same numbers together."""
    groups: dict[Numbers, list[Columns]] = {}
    for numbers, columns in itertools.chain(_sampled(row), _extremes(row)):
        groups.setdefault(numbers, []).append(columns)
    joined = (
        (numbers, [torch.cat(parts) for parts in zip(*found, strict=True)])
        for numbers, found in groups.items()
    )
    return [Trial(row, _inside(row, columns), numbers) for numbers, columns in joined]


def _inside(row: Row, columns: Sequence[Tensor]) -> Columns:
    """The points inside the domains that the op declares, an odd number of them.

    The last of the extremes is NaN, and torch's kernels then see it in both ways that
    they have: among elements that they take several at a time, and as one of the rest.
    """
    inside = torch.ones_like(columns[0], dtype=torch.bool)
    for item, column in zip(_tensors(row), columns, strict=True):
        if item.domain is not None:
            inside &= (column >= item.domain.low) & (column <= item.domain.high)
            if item.domain.low_open and math.isfinite(item.domain.low):
                inside &= column > item.domain.low
    kept = [column[inside] for column in columns]
    return tuple(column[1 - len(column) % 2 :] for column in kept)


def _tensors(row: Row) -> list[Input]:
    return [item for item in ours()[0][row.op].inputs if item.kind.is_tensor]


def _extremes(row: Row) -> Iterator[tuple[Numbers, Columns]]:
    """Every combination of the extremes of each tensor and of each number."""
    inputs = ours()[0][row.op].inputs
    axes: dict[bool, list[tuple[Any, ...]]] = {True: [], False: []}
    for item in inputs:
        axes[item.kind.is_tensor].append(row.points.get(item.name) or _axis(item))
    grid = list(zip(*itertools.product(*axes[True]), strict=True))
    for numbers in itertools.product(*axes[False]):
        yield numbers, tuple(map(_column, grid))


def _column(values: tuple[Any, ...]) -> Tensor:
    exact = isinstance(values[0], int)  # a bool, or an index
    return torch.tensor(values, dtype=None if exact else torch.float64)


def _axis(item: Input) -> tuple[Any, ...]:
    if item.kind is Kind.MASK:
        return (False, True)
    if item.has_default:
        return (item.default,)
    if item.domain is not None:
        return (*EXTREMES[:-1], *UNIT, EXTREMES[-1])
    return EXTREMES if item.kind.is_tensor else NUMBERS


def _sampled(row: Row) -> Iterator[tuple[Numbers, Columns]]:
    """The reference inputs of torch's database that an op of tensors can take."""
    if not row.database:
        return
    inputs = ours()[0][row.op].inputs
    names = [item.name for item in inputs]
    defaults = {item.name: item.default for item in inputs if item.has_default}
    for sample in _reference_inputs(row.database):
        given = dict(zip(names, (sample.input, *sample.args), strict=False))
        given = {**defaults, **sample.kwargs, **given}
        values = [given.get(name) for name in names]
        tensors = [v for v, i in zip(values, inputs, strict=True) if i.kind.is_tensor]
        numbers = [
            v for v, i in zip(values, inputs, strict=True) if not i.kind.is_tensor
        ]
        if all(map(_real, tensors)) and None not in numbers:
            yield tuple(map(float, numbers)), _thinned(tensors)


def _real(value: Any) -> bool:
    return isinstance(value, Tensor) and not value.is_complex()


def _thinned(tensors: Sequence[Tensor]) -> Columns:
    """Some elements of each, at the same places, once all have the same shape."""
    flat = [t.detach().flatten() for t in torch.broadcast_tensors(*tensors)]
    step = -(-flat[0].numel() // MOST) or 1
    return tuple(
        t[::step] if t.dtype is torch.bool else t[::step].double() for t in flat
    )


def _reference_inputs(name: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(database()[name].reference_inputs("cpu", torch.float64))


Outcome = Mapping[str, list[Tensor] | None]
"""Of each kind a tensor, or one for each input with a gradient; ``None`` if refused."""

UNKNOWN: Outcome = {"gradient": None, "second": None}


def outcome(trial: Trial, function: Callable[..., Tensor]) -> Outcome:
    """Value, gradients, and the gradients of the sum of those."""
    leaves = [
        column.clone().requires_grad_(item.differentiable)
        for item, column in zip(_tensors(trial.row), trial.columns, strict=True)
    ]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    value = function(*leaves)
    if not value.requires_grad:
        return {**UNKNOWN, "value": [value]}
    first = _gradients(value, wanted, weights(value))
    second = None if first is None else _of_sum(first, wanted)
    return {"value": [value.detach()], "gradient": first, "second": second}


def weights(value: Tensor) -> Tensor:
    """Cotangents that differ from place to place, exact."""
    return (0.5 + 0.25 * (torch.arange(value.numel()) % 5)).to(value.dtype)


def _of_sum(first: list[Tensor], wanted: list[Tensor]) -> list[Tensor] | None:
    """The gradients of the sum of gradients; zeros where those are constants."""
    total = sum(first[1:], first[0])
    if not total.requires_grad:
        return [torch.zeros_like(leaf) for leaf in wanted]
    return _gradients(total, wanted, torch.ones_like(total))


def _gradients(
    value: Tensor, wanted: list[Tensor], cotangent: Tensor
) -> list[Tensor] | None:
    """``None`` where torch has none."""
    try:
        found = torch.autograd.grad(
            value, wanted, cotangent, create_graph=True, materialize_grads=True
        )
    except RuntimeError:
        return None
    return list(found)
