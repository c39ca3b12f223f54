"""Where finite differences can be trusted: away from kinks and singular points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from symgrad.functions import TABLE
from symgrad.op import Op
from symgrad.partials import on_kink
from symgrad.program import COMPARISONS, Graph, Kind, Node, Program
from symgrad.verify import reference, sampling

MARGIN = 1e-3
"""How far the sides of a comparison must be apart, for inputs of size 1."""

_EXTREMES = ("amax", "amin")

STEEP = 1e4
"""A slope beyond this, of outputs of about 1, is too close to a singular point."""

Watched = tuple[tuple[Node, ...], tuple[tuple[int, int], ...]]
"""Nodes, and the pairs of values among them that must not be close."""


def smooth_elements(op: Op, values: reference.Values) -> Tensor:
    """For each element, whether the op can be differenced there, as a bool tensor.

    Of an op with named axes, whose elements meet each other, one answer for all.
    """
    if op.has_axes:
        return _all_smooth(op, values)
    bad = torch.zeros(broadcast_shape(op, values), dtype=torch.bool)
    try:
        with torch.no_grad():
            good = _apart(op, values) & _consistent(op, values)
    except (ArithmeticError, ValueError):  # of the Python numbers among the inputs
        return bad
    return good.expand(bad.shape)


def _all_smooth(op: Op, values: reference.Values) -> Tensor:
    """Whether an op with named axes can be differenced at some inputs."""
    try:
        with torch.no_grad():
            return _apart(op, values).all() & _consistent(op, values).all()
    except (ArithmeticError, ValueError):  # of the Python numbers among the inputs
        return torch.tensor(False)


def broadcast_shape(op: Op, values: Mapping[str, Any]) -> torch.Size:
    """The shape that all tensor inputs broadcast to."""
    return reference.joined(v.shape for v in values.values() if isinstance(v, Tensor))


def _apart(op: Op, values: reference.Values) -> Tensor:
    nodes, pairs = watched(op.nodes)
    gaps = reference.gaps(nodes, pairs, values)
    margin = MARGIN * sampling.scale(op)
    good = torch.tensor(True)
    for pair, gap in zip(pairs, gaps, strict=True):
        apart = torch.as_tensor(gap).abs() > margin
        if any(nodes[side].op in _EXTREMES for side in pair):
            apart = apart | (torch.as_tensor(gap) == 0)  # the extreme element itself
        good = good & (apart.all() if op.has_axes else apart)
    return good


@lru_cache(maxsize=64)
def watched(nodes: tuple[Node, ...]) -> Watched:
    """The comparisons of a formula and of its functions' kinks."""
    graph = Graph(nodes)
    for value, node in enumerate(nodes):
        for kink in TABLE[str(node.data)].kinks if node.op == "call" else ():
            on_kink(graph, value, kink)
    wanted = [
        v
        for v, node in enumerate(graph.nodes)
        if node.op in COMPARISONS and not _decided(graph.nodes, v)
    ]
    return tuple(graph.nodes), tuple(
        (graph[v].args[0], graph[v].args[1]) for v in wanted
    )


def _decided(nodes: Sequence[Node], comparison: int) -> bool:
    """Whether a comparison concerns cotangents or whole numbers only, or one value.

    Only NaN differs from itself.
    """
    left, right = nodes[comparison].args
    if left == right:
        return True
    behind = Program(tuple(nodes), {}, {}).reachable([comparison])
    leaves = [nodes[v] for v in behind if nodes[v].op in ("input", "cotangent")]
    floating = any(leaf.kind.is_floating or leaf.kind is Kind.FLOAT for leaf in leaves)
    return not floating or any(leaf.op == "cotangent" for leaf in leaves)


def _consistent(op: Op, values: reference.Values) -> Tensor:
    """Whether values are finite and two step sizes give the same slopes."""
    roots = [f.value for f in op.outputs]
    counted = [op.stand_ins.get(f.name, f.value) for f in op.differentiable_outputs]
    frozen = reference.frozen_values(op, values)

    def at(name: str, move: complex) -> list[Tensor]:
        moved = {**values, name: torch.as_tensor(values[name]) + move}
        found = reference.evaluate(op.nodes, counted, moved, frozen=frozen)
        return [torch.as_tensor(result) for result in found]

    here = reference.evaluate(op.nodes, [*roots, *counted], values)
    good = torch.tensor(True)
    for value in here:
        finite = torch.as_tensor(value).isfinite()
        good = good & (finite.all() if op.has_axes else finite)
    h, least = reference.STEP, sampling.scale(op)
    for name, turn in reference.directions(op):
        unit = sampling.unit(op, name)  # in which slopes are measured
        moves = (turn * unit * h * k for k in (1, -1, 2, -2))
        ends = zip(*(at(name, move) for move in moves), strict=True)
        for value, (a, b, c, d) in zip(here[len(roots) :], ends, strict=True):
            slope, wide = (a - b) / (2 * h), (c - d) / (4 * h)
            size = least + torch.as_tensor(value).abs()
            close = (slope - wide).abs() <= 2e-7 * slope.abs() + 2e-9 * size
            close = close & (slope.abs() < STEEP * size.nanmedian())
            good = good & (close.all() if op.has_axes else close)
    return good
