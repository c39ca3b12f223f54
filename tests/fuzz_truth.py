"""The truth of every number of an op at a place, in ball arithmetic.

Where tensors broadcast, a gradient is a sum over the points that an element of an
input takes part in, and an output that is smaller than the whole counts once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flint
import torch
from fuzz_points import Place
from fuzz_witnesses import What
from torch import Tensor

from symgrad import precise
from symgrad.balls import Ball, Undecided, evaluate
from symgrad.objective import objective
from symgrad.program import Node

Index = tuple[int, ...]
Leaves = dict[int, Any]

PREC, STEP = 1600, -350
"""Bits of second differences, and their step as a power of two."""

SMALLEST = STEP
"""Second derivatives below two to this cannot be told from the error of the step."""


_OF_INPUTS = frozenset({"gradient", "second"})


@dataclass(frozen=True)
class Truth:
    """Answers by what is asked; ``None`` where there is no derivative."""

    place: Place

    def at(self, what: What, index: Index) -> complex | None:
        """One element of one tensor.  NaN: balls cannot say."""
        if self.is_empty:
            return 0.0 if what.kind in _OF_INPUTS else math.nan
        if 0 in self.shape:
            filled = Truth(self.place.filled)
            return math.nan if self.given else filled.at(what, index)
        try:
            return _BY_KIND[what.kind](self, what.name, index)
        except (Undecided, ArithmeticError, ValueError):
            return None

    @cached_property
    def shape(self) -> torch.Size:
        """What all tensors broadcast to."""
        tensors = [v for v in self.place.values.values() if isinstance(v, Tensor)]
        return torch.broadcast_shapes(*(t.shape for t in tensors))

    @property
    def is_empty(self) -> bool:
        """Whether no output has an element, so that no gradient has a term."""
        return all(not t.numel() for t in self.place.cotangents.values())

    @cached_property
    def formula(self) -> tuple[Sequence[Node], int]:
        """The objective."""
        return objective(self.place.op)

    @cached_property
    def given(self) -> Mapping[str, int]:
        """The gradients that are given, so that the objective does not tell them."""
        return {f.name: f.value for f in self.place.op.overrides}

    @cached_property
    def is_plain(self) -> bool:
        """Whether given gradients are sums over all points, of real numbers."""
        shapes = {t.shape for t in self.place.cotangents.values()}
        return shapes == {self.shape} and not self.place.op.in_plane

    def points(self, shape: Sequence[int], index: Index) -> Iterator[Index]:
        """The places in the whole that an element of a smaller tensor stands for."""
        padded = (1,) * (len(self.shape) - len(shape)) + tuple(shape)
        full = (0,) * (len(self.shape) - len(index)) + index
        choices = [
            range(size) if own == 1 else (i,)
            for size, own, i in zip(self.shape, padded, full, strict=True)
        ]
        return itertools.product(*choices)

    def leaves(self, point: Index) -> Leaves:
        """Inputs and cotangents at one point, by their nodes."""
        source = {"input": self._value, "cotangent": self._cotangent}
        return {
            v: source[node.op](str(node.data), point)
            for v, node in enumerate(self.formula[0])
            if node.op in source
        }

    def _value(self, name: str, point: Index) -> Any:
        value = self.place.values[name]
        return _element(value, point) if isinstance(value, Tensor) else value

    def _cotangent(self, name: str, point: Index) -> complex:
        """That of the first of several points that an output's element stands for."""
        cotangent = self.place.cotangents[name]
        outer = point[: len(point) - cotangent.dim()]
        inner = point[len(outer) :]
        copies = zip(inner, cotangent.shape, strict=True)
        first = not any(outer) and not any(i for i, size in copies if size == 1)
        return _element(cotangent, point) if first else 0 * _element(cotangent, point)

    def along(self, point: Index) -> dict[int, Any]:
        """Which way the leaves move, but those whose gradients are given."""
        return {
            v: _element(self.place.tangents[str(node.data)], point)
            for v, node in enumerate(self.formula[0])
            if node.op == "input"
            and str(node.data) in self.place.tangents.keys() - self.given.keys()
        }


def _element(tensor: Tensor, point: Index) -> Any:
    inner = point[len(point) - tensor.dim() :]
    sizes = zip(inner, tensor.shape, strict=True)
    return tensor[tuple(0 if size == 1 else i for i, size in sizes)].item()


def _output(truth: Truth, name: str) -> int:
    return next(f.value for f in truth.place.op.outputs if f.name == name)


def _first_point(truth: Truth, shape: Sequence[int], index: Index) -> Index:
    return next(iter(truth.points(shape, index)))


def _value(truth: Truth, name: str, index: Index) -> complex:
    value = _output(truth, name)
    point = (0,) * (len(truth.shape) - len(index)) + index
    [found] = precise.floats(truth.formula[0], [value], truth.leaves(point))
    return found


def _gradient(truth: Truth, name: str, index: Index) -> complex | None:
    """By the objective, summed over the points of an element, or by what is given."""
    nodes, root = truth.formula
    wrt = _leaf(nodes, name)
    shape = truth.place.tangents[name].shape
    if name in truth.given:
        return _given(truth, truth.given[name], truth.points(shape, index))
    if wrt is None:
        return 0.0
    return _sum(
        precise.slope(nodes, root, wrt, truth.leaves(point))
        for point in truth.points(shape, index)
    )


def _given(truth: Truth, term: int, points: Iterable[Index]) -> complex:
    """A given gradient, summed over points."""
    if not truth.is_plain:
        return math.nan
    nodes = truth.formula[0]
    return sum(precise.floats(nodes, [term], truth.leaves(p))[0] for p in points)


def _tangent(truth: Truth, name: str, index: Index) -> complex | None:
    """How an output moves when all inputs do."""
    if truth.given:
        return math.nan
    point = (0,) * (len(truth.shape) - len(index)) + index
    line = _Line(truth, truth.place.op.stand_ins[name], point)
    ball = precise.differentiate(lambda s: line({}, s), 0, 25)
    return None if ball is None else precise._nearest(ball)


def _second(truth: Truth, name: str, index: Index) -> complex | None:
    """A mixed difference of the objective: all inputs move, and this one besides.

    Given gradients are differentiated by themselves.
    """
    nodes, root = truth.formula
    wrt = _leaf(nodes, name)
    if wrt is None:
        return 0.0
    if truth.given and not truth.is_plain:
        return math.nan
    turns = (1, flint.acb(0, 1)) if nodes[wrt].kind.is_complex else (1,)
    shape = truth.place.tangents[name].shape
    points = list(truth.points(shape, index))
    parts = [
        _sum(_mixed(_Line(truth, root, point), {wrt: turn}) for point in points)
        for turn in turns
    ]
    parts += [_of_given(truth, wrt, point) for point in points if truth.given]
    if any(part is None for part in parts):
        return None
    if truth.given:
        return sum(part or 0.0 for part in parts)
    return parts[0] if len(parts) == 1 else complex(*parts)


def _of_given(truth: Truth, wrt: int, point: Index) -> float | None:
    """How the given gradients, times the directions of their inputs, move."""
    nodes, leaves = truth.formula[0], truth.leaves(point)
    slopes = [
        (
            _element(truth.place.tangents[name], point),
            precise.slope(nodes, term, wrt, leaves),
        )
        for name, term in truth.given.items()
    ]
    return _sum(None if slope is None else t * slope for t, slope in slopes)


_BY_KIND: Mapping[str, Callable[[Truth, str, Index], complex | None]] = {
    "value": _value,
    "gradient": _gradient,
    "tangent": _tangent,
    "turned": _tangent,
    "second": _second,
}


class _Line:
    """A value of the formula as its inputs move; ``stop_gradient`` stays."""

    def __init__(self, truth: Truth, root: int, point: Index) -> None:
        self.nodes, self.root = truth.formula[0], root
        self.leaves, self.tangents = truth.leaves(point), truth.along(point)
        self.stops = [
            v for v, n in enumerate(self.nodes[: root + 1]) if n.op == "stop_gradient"
        ]

    def __call__(self, aside: Mapping[int, Ball], along: Ball) -> Ball:
        prec = flint.ctx.prec
        kept = evaluate(self.nodes, self.stops, self.leaves, prec)
        moved = {
            v: _ball(self.leaves[v])
            + along * _ball(self.tangents.get(v, 0.0))
            + aside.get(v, 0)
            for v in self.tangents.keys() | aside.keys()
        }
        leaves = {**self.leaves, **dict(zip(self.stops, kept, strict=True)), **moved}
        return evaluate(self.nodes, [self.root], leaves, prec)[0]


def _ball(x: complex) -> Ball:
    return flint.acb(x) if isinstance(x, complex) else flint.arb(x)


def _mixed(line: _Line, aside: Mapping[int, Any]) -> float | None:
    """The derivative of a value aside and along; ``None`` if it cannot be told."""
    with flint.ctx.workprec(PREC):
        step = flint.arb(2) ** STEP
        total = flint.arb(0)
        for a, b in itertools.product((1, -1), repeat=2):
            moved = {v: turn * step * a for v, turn in aside.items()}
            total += a * b * line(moved, step * b)
        ball = total / (4 * step**2)
    if not ball.is_finite():
        return math.nan
    if abs(ball) < flint.arb(2) ** SMALLEST:
        return 0.0
    return float(ball.mid()) if ball.rel_accuracy_bits() > 60 else None


def _leaf(nodes: Sequence[Node], name: str) -> int | None:
    return next((v for v, n in enumerate(nodes) if _is_input(n, name)), None)


def _is_input(node: Node, name: str) -> bool:
    return node.op == "input" and node.data == name


def _sum(parts: Iterator[complex | None]) -> complex | None:
    known = list(parts)
    return None if None in known else sum(known)  # type: ignore[arg-type]
