"""Rules of formulas: the bounds in ``Sum(e, (i, 0, n - 1))``."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from symgrad.axes import index_of, label, named, size_of, written
from symgrad.indexing import LAST_PLACE
from symgrad.names import nearest
from symgrad.parts import Part, part_of, whole, with_part
from symgrad.program import Graph
from symgrad.walk import Value, Walker


@dataclass(frozen=True)
class Bound:
    """A number, or one that is counted from a size or from another index."""

    name: str | None
    offset: int


@dataclass(frozen=True)
class Limits:
    """Where an index runs: over a part of an axis, up to or from another index.

    ``size`` is the axis that is named, if one is.
    """

    node: ast.Tuple
    index: ast.expr
    size: str | None = None
    part: Part | None = None
    low: Bound | None = None
    high: Bound | None = None

    @property
    def is_cumulative(self) -> bool:
        """Whether it runs from the first place to that of another index."""
        return self.part is None and self.high is not None and not self.high.offset


_FORMS = "such as (i, 0, n - 1), (i, 1, n - 2), (i, 0, 3), (i, 0, j)"


def limits(walker: Walker, node: ast.Tuple) -> Limits | None:
    """The limits that stand in a sum, or ``None`` for a mistake, which is noted."""
    index, *ends = node.elts
    low, high = (_bound(walker, end) for end in ends)
    if low is None or high is None:
        return None
    by_index = [end for end in (low, high) if _is_index(walker, end)]
    wrong = _beyond(walker, low, high)
    if wrong is not None:
        walker.fail("SG233", wrong, node, _FORMS)
        return None
    if len(by_index) == 2:
        message = "one bound is another index, not both"
        walker.fail("SG705", message, node, "take the difference of two sums")
        return None
    first = Bound(None, 0) if low in by_index else low
    last = Bound(_size_of(first, high), -1) if high in by_index else high
    part = _part(walker, node, first, last)
    if part is None:
        return None
    sizes = [b.name for b in (low, high) if b.name and b not in by_index]
    return Limits(
        node,
        index,
        size=sizes[-1] if sizes else None,
        part=None if part == Part(0) else part,
        low=low if low in by_index else None,
        high=high if high in by_index else None,
    )


def _size_of(first: Bound, high: Bound) -> str:
    """What stands for the end of the axis where an index is the bound."""
    return first.name or str(high.name)


def _bound(walker: Walker, node: ast.expr) -> Bound | None:
    """A bound: a whole number, a name, or a name and a whole number."""
    found = _linear(node)
    known = walker.space
    if found is None or (found.name and known and not _is_known(walker, found.name)):
        message = "a bound is a number, or a size or an index and a number"
        close = nearest(found.name or "", _known(walker)) if found else None
        help = close or f"{_FORMS}; the innermost come first"
        walker.fail("SG705", message, node, help)
        return None
    if abs(found.offset) > LAST_PLACE:
        message = f"the last place that a number can mean is {LAST_PLACE}"
        walker.fail("SG233", message, node)
        return None
    return found


def _linear(node: ast.expr) -> Bound | None:
    if isinstance(node, ast.Name):
        return Bound(node.id, 0)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Bound(None, node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _scaled(_linear(node.operand), -1)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return None
    left, right = _linear(node.left), _linear(node.right)
    right = _scaled(right, -1) if isinstance(node.op, ast.Sub) else right
    if left is None or right is None or (left.name and right.name):
        return None
    return Bound(left.name or right.name, left.offset + right.offset)


def _scaled(bound: Bound | None, sign: int) -> Bound | None:
    if bound is None or bound.name is not None:
        return None
    return Bound(None, sign * bound.offset)


def _is_known(walker: Walker, name: str) -> bool:
    return name in _known(walker)


def _known(walker: Walker) -> list[str]:
    """What a bound may be counted from."""
    space = walker.space
    return [] if space is None else [*sorted(space.sizes), *space.free, *space.bound]


def _is_index(walker: Walker, bound: Bound) -> bool:
    space = walker.space
    return (
        bound.name is not None and space is not None and bound.name not in space.sizes
    )


def _beyond(walker: Walker, low: Bound, high: Bound) -> str | None:
    """What is said of bounds that no place of an axis has."""
    if low.name is None and low.offset < 0:
        return "places are counted from 0"
    if high.name is None and high.offset < 0:
        return "places are counted from 0"
    for bound in (low, high):
        if bound.name and not _is_index(walker, bound) and bound.offset >= 0:
            return f"the last place of the axis is {bound.name} - 1"
    if _is_index(walker, high) and high.offset > 0:
        return f"{high.name} + {high.offset} may be beyond the axis"
    if _is_index(walker, low) and low.offset < 0:
        return f"{low.name} - {-low.offset} may be before the axis"
    return None


def _part(walker: Walker, node: ast.Tuple, low: Bound, high: Bound) -> Part | None:
    """The places from one bound to another, neither of which is an index."""
    if low.name and not high.name:
        message = "a sum from the end of an axis to a place that is counted from 0"
        walker.fail("SG705", message, node, _FORMS)
        return None
    if high.name and not low.name:
        return Part(low.offset, cut=-1 - high.offset)
    length = high.offset - low.offset + 1
    if length < 1:
        walker.fail("SG233", "between these bounds there is nothing", node, _FORMS)
        return None
    return Part(low.offset, length)


# Another index as a bound


def bounded(walker: Walker, name: str, value: int, index: str, end: Limits) -> Value:
    """What a sum or a product is of, without the terms beyond another index.

    The sum of what does not vary with that one is a cumulative sum, and done then.
    """
    bound, graph = end.high or end.low, walker.graph
    axis = _label(graph, value, index)
    if bound is None or axis is None:
        return value
    other = _other(walker, end, str(bound.name), axis)
    if other is None:
        return None
    varies = whole(other) in map(whole, graph[value].axes)
    if name == "sum" and end.is_cumulative and not varies:
        return _renamed(graph, graph.node("cumsum", value, data=axis), axis, other)
    return _without(graph, name, value, axis, other, end)


def _label(graph: Graph, value: int, index: str) -> str | None:
    """The label of an index, if a value has it."""
    labels = {index_of(axis): axis for axis in named(graph[value].axes)}
    return labels.get(index)


def _renamed(graph: Graph, value: int, axis: str, other: str) -> int:
    """A value along another index, or the part of it that this one runs over."""
    before = named(graph[value].axes)
    after = tuple(whole(other) if a == axis else a for a in before)
    value = graph.node("access", value, data=f"{written(after)}|{written(before)}")
    return value if part_of(other) is None else graph.node("part", value, data=other)


def _other(walker: Walker, end: Limits, name: str, axis: str) -> str | None:
    """The label of the index that is a bound: it runs over the same axis."""
    assert walker.space is not None
    size = size_of(axis)
    conflict = walker.space.conflict(name, size)
    if conflict is not None:
        message = f"'{name}' runs over '{conflict}', and what it bounds over '{size}'"
        walker.fail("SG231", message, end.node)
        return None
    return with_part(label(name, size), walker.space.parts.get(name))


def _without(
    graph: Graph, name: str, value: int, axis: str, other: str, end: Limits
) -> int:
    """A value with nothing in the places beyond a bound."""
    places = steps(graph, axis)
    here, there = (_within(graph, places, axis, label) for label in (axis, other))
    bound = end.high or end.low
    assert bound is not None
    test = ("le", "lt") if end.high else ("ge", "gt")
    if abs(bound.offset) > 1:
        op = "add" if bound.offset > 0 else "sub"
        there = graph.node(op, there, graph.const(abs(bound.offset)))
    inside = graph.node(test[abs(bound.offset) == 1], here, there)
    nothing = graph.const(1 if name == "prod" else 0)
    return graph.node("where", inside, value, nothing)


def steps(graph: Graph, axis: str) -> int:
    """The places of a whole axis as numbers."""
    return graph.node("steps", graph.size(size_of(axis)), data=whole(axis))


def _within(graph: Graph, places: int, axis: str, other: str) -> int:
    """Places along an axis in another index of it, and of its part."""
    if whole(axis) != whole(other):
        data = f"{whole(other)}|{whole(axis)}"
        places = graph.node("access", places, data=data)
    return places if part_of(other) is None else graph.node("part", places, data=other)
