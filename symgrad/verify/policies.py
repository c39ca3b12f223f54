"""What the spec's policy says at a kink, from one-sided derivatives of the formula.

Nothing of what was derived is used: the slopes on both sides of the kink are those
of ball arithmetic, and the policy says where between them the derivative lies.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symgrad import precise
from symgrad.functions import TABLE, Function, Kink
from symgrad.objective import objective
from symgrad.op import EdgePolicy, Op
from symgrad.partials import on_kink
from symgrad.program import Graph, Kind, Node
from symgrad.verify import budget, reference, sampling
from symgrad.verify.kinks import watched
from symgrad.verify.points import as_tensors, side, tie
from symgrad.verify.sampling import Number, Point

APART = 2.0**-40
"""How far from the kink the slopes are taken."""


@dataclass(frozen=True)
class Convention:
    """An input standing on a kink, and the derivative that is to be taken there."""

    point: Point
    name: str
    expected: float


@dataclass(frozen=True)
class _Kink:
    """Two values that are equal on a kink of a call, among the nodes they need."""

    row: Function
    kink: Kink
    nodes: tuple[Node, ...]
    pair: tuple[int, int]


def conventions(op: Op, usual: Point) -> Iterator[Convention]:
    """The kinks of functions of one argument, each input being moved onto them.

    Where several kinks meet, the rule for each of them does not give their sum.
    """
    if op.overrides or budget.is_large(op):
        return
    rng = sampling.generator(op, "conventions")
    names = [i.name for i in op.inputs if i.kind is Kind.REAL and i.differentiable]
    for kink in _kinks(op):
        policy = op.edges.get(kink.row.name, op.edges.get("*", "torch"))
        for name in names:
            point = _onto(op, kink, usual, name, rng)
            if point is not None and _meeting(op, point) == 1:
                expected = _expected(op, point, name, kink, policy)
                if expected is not None:
                    yield Convention(point, name, expected)


def _kinks(op: Op) -> Iterator[_Kink]:
    for value, node in enumerate(op.nodes):
        row = _row(node) if node.op == "call" else None
        for kink in filter(_is_numeric, row.kinks if row else ()):
            graph = Graph(op.nodes)
            found = on_kink(graph, value, kink)
            if row and not isinstance(found, bool) and graph[found].op == "eq":
                left, right = graph[found].args
                if not graph[left].kind.is_complex:
                    yield _Kink(row, kink, tuple(graph.nodes), (left, right))


def _onto(
    op: Op, kink: _Kink, usual: Point, name: str, rng: random.Random
) -> Point | None:
    """The point with one input moved to where the kink is."""
    leaf, number = (kink.nodes[v] for v in kink.pair)
    if leaf.op == "input" and number.op == "const":
        place = precise.constant(kink.nodes, kink.pair[1])
        return {**usual, name: place} if leaf.data == name else None
    return tie(op, kink.nodes, kink.pair, usual, name, rng)


def _meeting(op: Op, point: Point) -> int:
    """How many comparisons have equal sides at a point."""
    nodes, pairs = watched(op.nodes)
    values = as_tensors(op, [point])
    sides = reference.evaluate(nodes, [v for pair in pairs for v in pair], values)
    return sum(bool(a == b) for a, b in zip(sides[::2], sides[1::2], strict=True))


def _row(node: Node) -> Function:
    return TABLE[str(node.data)]


def _is_numeric(kink: Kink) -> bool:
    """Whether the partials at a kink, of a function of one argument, are numbers."""
    texts = (*kink.left, *kink.right, *kink.torch)
    return len(kink.left) == 1 and all(re.fullmatch(r"[-\d./]+", t) for t in texts)


def _expected(
    op: Op, point: Point, name: str, kink: _Kink, policy: EdgePolicy
) -> float | None:
    """The derivative by the policy; ``None`` where the formula has no slope.

    Left and right are those of the argument, which may fall as the input rises.
    """
    if policy == "nan":
        return math.nan
    moved = [{**point, name: point[name] + move} for move in (-APART, APART)]
    before, after = (side(op, kink.nodes, kink.pair, p) for p in moved)
    slopes = [_slope(op, point, name, move) for move in (-APART, APART)]
    left, right = slopes if after > before else slopes[::-1]
    if left is None or right is None or not before * after < 0:
        return None
    return left + _share(kink.kink, policy) * (right - left)


def _share(kink: Kink, policy: EdgePolicy) -> float:
    """Where between the left and the right slope the derivative lies, from 0 to 1."""
    if policy in ("left", "right", "half"):
        return {"left": 0.0, "right": 1.0, "half": 0.5}[policy]
    left, right = float(Fraction(kink.left[0])), float(Fraction(kink.right[0]))
    nearest = min(max(0.0, min(left, right)), max(left, right))
    chosen = float(Fraction(kink.torch[0])) if policy == "torch" else nearest
    return (chosen - left) / (right - left)


def _slope(op: Op, point: Point, name: str, move: float) -> float | None:
    """The derivative of the sum of the outputs a little to one side."""
    nodes, root = objective(op)
    leaves: dict[int, Number] = {}
    for value, node in enumerate(nodes):
        if node.op == "input":
            leaves[value] = point[str(node.data)]
        elif node.op == "cotangent":
            leaves[value] = 1.0
    wrt = next(v for v, n in enumerate(nodes) if n.op == "input" and n.data == name)
    found = precise.slope(nodes, root, wrt, {**leaves, wrt: point[name] + move})
    assert not isinstance(found, complex)  # only real inputs stand on a kink
    return None if found is None else float(found)
