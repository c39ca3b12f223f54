"""Numbers for plots: what the emitted code computes, and how far it is from the truth.

The truth is the forward formula in ball arithmetic, and its differences; nothing that
was derived takes part in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from symgrad import precise
from symgrad.intervals import Interval
from symgrad.measure.errors import error
from symgrad.measure.strata import EVERYWHERE
from symgrad.measure.truth import Exact, without_slack
from symgrad.op import Formula
from symgrad.report.scales import INNER, LARGEST, OUTER
from symgrad.report.subjects import FORMAT, Plotted, held
from symgrad.verify import reference, sampling
from symgrad.verify.kinks import watched
from symgrad.verify.sampling import Number
from symgrad.verify.subject import Subject, backward, call, dtype_of

Columns = Mapping[str, Sequence[Number]]
"""Numbers of the inputs that move, point by point."""

_T = TypeVar("_T")

Wrt = str | None
"""The input of a gradient; ``None`` for the value itself."""


# What is computed


def computed(
    plotted: Plotted,
    subject: Subject,
    columns: Columns,
    output: Formula,
    wrt: Wrt,
    dtype: torch.dtype,
) -> list[float]:
    """An output, or its gradient by an input, at every point."""
    values = _values(plotted, columns, dtype)
    count = len(next(iter(columns.values())))
    if wrt is None:
        found = call(subject, values)[output.name]
    else:
        ones = torch.ones(count, dtype=dtype)
        given = {output.name: ones}
        found = backward(subject, values, given, [wrt], materialize=True)[wrt]
    numbers: list[float] = found.detach().expand(count).tolist()
    return numbers


def _values(
    plotted: Plotted, columns: Columns, dtype: torch.dtype
) -> dict[str, Tensor | Number]:
    """All inputs, those that do not move as the same number at every point."""
    count = len(next(iter(columns.values())))
    found = {}
    for item in plotted.op.inputs:
        fixed = plotted.fixed[item.name]
        column = columns.get(item.name) or [fixed] * count
        is_tensor = item.kind.is_tensor
        found[item.name] = (
            torch.tensor(column, dtype=dtype_of(item, dtype)) if is_tensor else fixed
        )
    return found


ATTEMPTS = 24


def settled(plotted: Plotted) -> Plotted:
    """The same, its inputs held where it moves by all that is plotted, if it can be.

    A constant tells nothing: beyond a cutoff all else may be zero.
    """
    for attempt in range(ATTEMPTS):
        found = replace(plotted, fixed=held(plotted.op, attempt))
        if _moves(found):
            return found
    return plotted


def _moves(plotted: Plotted) -> bool:
    """Whether some output has a value and a slope by every input that moves."""
    here = {name: [plotted.fixed[name]] for name in plotted.moving}

    def slope(output: Formula, name: str) -> float:
        return computed(plotted, plotted.ours, here, output, name, torch.float64)[0]

    open_ = [f for f in plotted.outputs if f in plotted.op.differentiable_outputs]
    return all(
        any(math.isfinite(x) and x for x in (slope(f, name) for f in open_))
        for name in plotted.moving
    )


# What is true


def exact(plotted: Plotted, moving: Sequence[str], output: Formula, wrt: Wrt) -> Exact:
    """An output, or its derivative by an input, in balls."""
    nodes = plotted.op.nodes
    leaves = {
        (n.op, str(n.data)): v
        for v, n in enumerate(nodes)
        if n.op in ("input", "cotangent")
    }
    held = {
        v: plotted.fixed[name] if kind == "input" else float(name == output.name)
        for (kind, name), v in leaves.items()
    }
    places = [leaves.get(("input", name)) for name in moving]
    function = _function(plotted, output, wrt, leaves)

    def at(point: Sequence[object]) -> object:
        moved = zip(places, point, strict=True)
        return function({**held, **{v: x for v, x in moved if v is not None}})

    return at


def _function(
    plotted: Plotted,
    output: Formula,
    wrt: Wrt,
    leaves: Mapping[tuple[str, str], int],
) -> Callable[..., object]:
    op = plotted.op
    if wrt is None:
        return partial(precise.value, op.nodes, output.value)
    given = {formula.name: formula.value for formula in op.overrides}
    if wrt in given:
        return partial(precise.value, op.nodes, given[wrt])
    counted = op.stand_ins.get(output.name, output.value)
    return partial(precise.derivative, op.nodes, counted, leaves["input", wrt])


@dataclass(frozen=True)
class Errors:
    """Errors in ULP at the points that have a truth, of the emitted code and torch's.

    ``composed`` is ``None`` where torch differentiates something else.
    """

    points: tuple[tuple[float, ...], ...]
    ours: tuple[float, ...]
    composed: tuple[float, ...] | None


def errors(plotted: Plotted, columns: Columns, wrt: Wrt) -> Errors:
    """The greatest error over the outputs that are plotted, point by point."""
    points = list(zip(*columns.values(), strict=True))
    worst: dict[str, list[float]] = {}
    known = [False] * len(points)
    for output in plotted.outputs:
        if wrt is not None and output not in plotted.op.differentiable_outputs:
            continue
        function = exact(plotted, list(columns), output, wrt)
        true = [without_slack(function, point) for point in points]
        known = [k or t is not None for k, t in zip(known, true, strict=True)]
        for rival, subject in _rivals(plotted, wrt):
            got = computed(plotted, subject, columns, output, wrt, torch.float32)
            found = [
                0.0 if t is None else error(FORMAT, y, t).ulp
                for y, t in zip(got, true, strict=True)
            ]
            before = worst.get(rival, found)
            worst[rival] = list(map(max, before, found))
    kept = {rival: _where(ulps, known) for rival, ulps in worst.items()}
    return Errors(_where(points, known), kept.get("ours", ()), kept.get("composed"))


def _rivals(plotted: Plotted, wrt: Wrt) -> Iterator[tuple[str, Subject]]:
    yield "ours", plotted.ours
    if wrt not in plotted.given:
        yield "composed", plotted.composed


def _where(items: Sequence[_T], known: Sequence[bool]) -> tuple[_T, ...]:
    return tuple(item for item, is_known in zip(items, known, strict=True) if is_known)


# Where


def domain(plotted: Plotted, name: str) -> Interval:
    """Where an input lives."""
    return plotted.op.input(name).domain or EVERYWHERE


def ends(plotted: Plotted, name: str) -> tuple[float, float]:
    """The same within the float range."""
    where = domain(plotted, name)
    return max(where.low, -LARGEST), min(where.high, LARGEST)


REACH = 6.0
"""How far from zero a value is plotted, where a spec says nothing else."""


def ordinary_range(plotted: Plotted, name: str) -> tuple[float, float]:
    """Where an input is in practice: as declared, or about zero."""
    op, item = plotted.op, plotted.op.input(name)
    sample = op.samples.get(name)
    if sample is not None and sample.range is not None:
        return sample.range
    low, high = ends(plotted, name)
    low, high = max(low, -REACH), min(high, REACH)
    return (low, high) if low < high else sampling.core(op, item)


_FINE, _COARSE = 6, 1
"""Points for each decade, inside ``INNER`` and ``OUTER`` and outside."""

_OFF = 1.0137
"""Sizes are this times a power of ten: round numbers are seldom rounded."""


def spread(plotted: Plotted, name: str) -> list[float]:
    """Floats of every size and sign in the domain, and near its ends."""
    where = domain(plotted, name)
    finite = [end for end in (where.low, where.high) if math.isfinite(end) and end]
    near = [
        end + sign * 10.0**-k for end in finite for sign in (1, -1) for k in range(7)
    ]
    signed = [sign * size for size in _sizes() for sign in (1, -1)]
    rounded = {
        FORMAT.nearest(x) for x in (0.0, *finite, *signed, *near, *_even(plotted, name))
    }
    return sorted(x for x in rounded if x in where and math.isfinite(x))


def _sizes() -> Iterator[float]:
    low, high = round(math.log10(INNER)), round(math.log10(OUTER))
    yield from (_OFF * 10.0**e for e in range(-37, low, 4))
    yield from (_OFF * 10.0 ** (low + k / _FINE) for k in range((high - low) * _FINE))
    yield from (_OFF * 10.0 ** (high + k / _COARSE) for k in range(0, 33))


def _even(plotted: Plotted, name: str) -> list[float]:
    """Some numbers of the ordinary range, in even steps."""
    low, high = ordinary_range(plotted, name)
    return [low + (high - low) * (k + 0.37) / 24 for k in range(24)]


# Kinks

_PARTS, _TIMES = 64, 4
"""Into how many parts the place of a kink is cut, and how often."""


def kinks(plotted: Plotted, name: str, grid: Sequence[float]) -> list[float]:
    """Where two sides of a comparison cross along an input: kinks, other branches."""
    nodes, pairs = watched(plotted.op.nodes)

    def gaps(xs: Sequence[float]) -> list[list[float]]:
        values = _values(plotted, {name: xs}, torch.float64)
        with torch.no_grad():
            found = reference.gaps(nodes, pairs, values)
        return [torch.as_tensor(g).double().expand(len(xs)).tolist() for g in found]

    crossings = {
        _narrowed(gaps, number, grid[k], grid[k + 1])
        for number, gap in enumerate(gaps(grid))
        for k in range(len(grid) - 1)
        if gap[k] * gap[k + 1] < 0 or (gap[k] == 0 and k > 0)
    }
    return sorted(x for x in crossings if x is not None)


def _narrowed(
    gaps: Callable[[Sequence[float]], list[list[float]]],
    number: int,
    low: float,
    high: float,
) -> float | None:
    """The place between two numbers where a gap closes; ``None`` at a pole."""
    first, last = gaps([low, high])[number]
    least = nearest = min(abs(first), abs(last))
    for _ in range(_TIMES):
        xs = [low + (high - low) * k / _PARTS for k in range(_PARTS + 1)]
        gap = gaps(xs)[number]
        signs = [k for k in range(_PARTS) if gap[k] * gap[k + 1] <= 0]
        if not signs:
            return None
        low, high = xs[signs[0]], xs[signs[0] + 1]
        nearest = min(abs(gap[signs[0]]), abs(gap[signs[0] + 1]))
    return (low + high) / 2 if nearest <= least / 2 else None
