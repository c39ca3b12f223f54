"""One op at one size: its inputs, all subjects, their times and bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from symgrad.bench import clock, inputs, paired
from symgrad.bench.inputs import Place
from symgrad.bench.memory import kept_bytes, peak_bytes
from symgrad.bench.own_operators import Match
from symgrad.bench.paired import PASSES, Pass, Times, outputs_of
from symgrad.bench.results import Figure, Settings, Sized, Subject
from symgrad.bench.subjects import GENERATED, attempt, builds, compiling, sorted_out
from symgrad.bench.traffic import least_bytes
from symgrad.errors import Diagnostic, SymgradError
from symgrad.op import Op

ADD = "torch.add"

_NOT_RUN = (RuntimeError, TypeError, ValueError, OverflowError, MemoryError)
"""What torch raises for sizes and dtypes that it cannot have."""


def at_size(
    op: Op,
    function: Callable[..., Any],
    own: Match | None,
    elements: int,
    settings: Settings,
) -> Sized:
    """Measure what was generated for an op beside its rivals.

    Raises ``SymgradError`` where the op itself cannot be run.
    """
    place = Place(getattr(torch, settings.dtype), settings.device)
    given, sent = _given(op, function, elements, place)
    with compiling():
        plans = builds(op, function, own, given, place, settings.compiled)
        calls, failed = sorted_out(
            {name: attempt(build, given, sent) for name, build in plans.items()}
        )
        add = _addition(elements, place)
        times = paired.compare(
            calls,
            given,
            sent,
            settings.blocks,
            clock.MEASURES[settings.device],
            {ADD: lambda: torch.add(*add)},
        )
        least = least_bytes(function, given, sent)
        added = 3 * elements * add[0].element_size()
        found = [
            Subject(
                name,
                _figures(times, name, least, added),
                *_memory(call, given, sent, settings.device),
            )
            for name, call in calls.items()
        ]
    found += [Subject(name, {}, failed=reason) for name, reason in failed.items()]
    seconds = times.seconds("forward", ADD)
    shown = {i.name: _shown(v) for i, v in zip(op.inputs, given, strict=True)}
    rate = added / seconds / 1e9
    return Sized(elements, shown, least, seconds, rate, _in_order(found, plans))


def _given(
    op: Op, function: Callable[..., Any], elements: int, place: Place
) -> tuple[list[Any], list[Tensor | None]]:
    """Inputs and cotangents, with which the op has run forward and backward."""
    try:
        given = inputs.made(op, elements, place)
        sent = inputs.cotangents(op, outputs_of(function(*given)))
        paired.gradients(function, given, sent)
        return given, sent
    except _NOT_RUN as error:
        said = str(error).strip().partition("\n")[0]
        dtype = str(place.dtype).removeprefix("torch.")
        message = f"{op.name} does not run with {elements:,} elements of {dtype}"
        raise SymgradError(Diagnostic("SG605", message, "", None, (), said)) from error


def _addition(elements: int, place: Place) -> tuple[Tensor, Tensor]:
    """Two tensors to add, as large as those of the op."""
    made = [torch.rand(elements, device=place.device).to(place.dtype) for _ in "ab"]
    return made[0], made[1]


def _figures(
    times: Times, name: str, least: Mapping[Pass, int], added: int
) -> dict[Pass, Figure]:
    found: dict[Pass, Figure] = {}
    for which in PASSES:
        if name in times.blocks.get(which, ()):
            seconds = times.seconds(which, name)
            share = least[which] / added / times.ratio(which, name, ADD)
            ratio = times.ratio(which, name, GENERATED)
            rate = least[which] / seconds / 1e9
            found[which] = Figure(seconds, rate, share, ratio)
    return found


def _memory(
    call: Callable[..., Any],
    given: Sequence[Any],
    sent: Sequence[Tensor | None],
    device: str,
) -> tuple[int, int]:
    """Bytes kept by a forward, and the peak of a forward and a backward."""
    kept = kept_bytes(lambda: call(*given))
    peak = peak_bytes(lambda: paired.gradients(call, given, sent), device)
    return kept, peak


def _shown(value: Any) -> Any:
    return tuple(value.shape) if isinstance(value, Tensor) else value


def _in_order(
    found: Sequence[Subject], names: Mapping[str, Any]
) -> tuple[Subject, ...]:
    by_name = {subject.name: subject for subject in found}
    return tuple(by_name[name] for name in names)
