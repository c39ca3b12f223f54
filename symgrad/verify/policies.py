"""What the spec's policy says at a kink, from one-sided derivatives of the formula.

Nothing of what was derived is used: the slopes on both sides of the kink are those
of ball arithmetic, and the policy says where between them the derivative lies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symgrad import precise
from symgrad.functions import TABLE, Function, Kink
from symgrad.objective import objective
from symgrad.op import EdgePolicy, Op
from symgrad.program import Graph, Kind, Node
from symgrad.verify import reference
from symgrad.verify.kinks import condition, watched
from symgrad.verify.points import as_tensors
from symgrad.verify.sampling import Number, Point

APART = 2.0**-40
"""How far from the kink the slopes are taken."""


@dataclass(frozen=True)
class Convention:
    """An input standing on a kink, and the derivative that is to be taken there."""

    point: Point
    name: str
    expected: float


def conventions(op: Op, usual: Point) -> Iterator[Convention]:
    """The kinks of functions of an input itself, at the numbers where they lie.

    Where several kinks meet, the rule for each of them does not give their sum.
    """
    if op.overrides:
        return
    calls = [v for v, n in enumerate(op.nodes) if n.op == "call"]
    for call, kink in ((c, k) for c in calls for k in _row(op.nodes[c]).kinks):
        place = _place(op, call, kink) if _is_numeric(kink) else None
        if place is None:
            continue
        name, number = place
        point = {**usual, name: number}
        row = _row(op.nodes[call])
        policy = op.edges.get(row.name, op.edges.get("*", "torch"))
        expected = _expected(op, point, name, kink, policy)
        if expected is not None and _meeting(op, point) == 1:
            yield Convention(point, name, expected)


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


def _place(op: Op, call: int, kink: Kink) -> tuple[str, float] | None:
    """The input that the call is of, and the number that it equals on the kink."""
    graph = Graph(op.nodes)
    found = condition(graph, call, kink)
    if isinstance(found, bool) or graph[found].op != "eq":
        return None
    leaf, number = (graph[arg] for arg in graph[found].args)
    if leaf.op != "input" or leaf.kind is not Kind.REAL or number.op != "const":
        return None
    return str(leaf.data), precise.constant(graph.nodes, graph[found].args[1])


def _expected(
    op: Op, point: Point, name: str, kink: Kink, policy: EdgePolicy
) -> float | None:
    """The derivative by the policy; ``None`` where the formula has no slope."""
    if policy == "nan":
        return math.nan
    left, right = (_slope(op, point, name, side) for side in (-APART, APART))
    if left is None or right is None:
        return None
    return left + _share(kink, policy) * (right - left)


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
