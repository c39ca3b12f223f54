"""Sums along axes that take shortcuts.

A value that lacks an axis is the same all along it: its sum is a product with the size
of that axis.  Factors that do not vary stay outside, and a sum of outer products is
summed term by term, so that each of them can contract.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symgrad import algebra, conditions
from symgrad.axes import BATCH, listed, size_of, written
from symgrad.parts import part_of
from symgrad.program import Graph, Node


def total(graph: Graph, value: int, labels: Collection[str]) -> int:
    """The sum of a value along labels; factors that lack all of them stay outside."""
    axes = graph[value].axes
    present = [axis for axis in axes if axis in labels]
    absent = [axis for axis in labels if axis not in axes and axis != BATCH]
    if absent:
        size = count(graph, absent)
        return algebra.mul(graph, size, total(graph, value, present))
    if not present or algebra.number(graph, value) == 0:
        return value
    node = graph[value]
    if node.op == "neg":
        return algebra.neg(graph, total(graph, node.args[0], labels))
    if node.op == "div" and not _has(graph, node.args[1], present):
        return algebra.div(graph, total(graph, node.args[0], labels), node.args[1])
    if node.op == "mul":
        return _total_of_product(graph, value, present)
    if node.op == "where" and not _has(graph, node.args[0], present):
        branches = [total(graph, branch, labels) for branch in node.args[1:]]
        return conditions.where(graph, node.args[0], *branches)
    if _is_multiplied_out(graph, node):
        parts = [total(graph, arg, present) for arg in node.args]
        return algebra.ARITHMETIC[node.op](graph, *parts)
    if node.op == "sum":
        present = [*listed(node.data), *present]
        value = node.args[0]
        present = [axis for axis in graph[value].axes if axis in present]
    return graph.node("sum", value, data=written(present))


def _is_multiplied_out(graph: Graph, node: Node) -> bool:
    """Whether a node is a sum of outer products that is best taken term by term.

    How far something is from its own mean is not: the terms would cancel.
    """
    if node.op not in ("add", "sub"):
        return False
    first, second = node.args
    if graph[second].op == "mean" and graph[second].args[0] == first:
        return False
    return any(_is_outer(graph, arg, node) for arg in node.args)


def _is_outer(graph: Graph, value: int, whole: Node) -> bool:
    """Whether a term of a sum is a product that is larger than all its factors."""
    if graph[value].op == "neg":
        return _is_outer(graph, graph[value].args[0], whole)
    factors = factors_of(graph, value)
    smaller = (set(graph[f].axes) < set(whole.axes) for f in factors)
    return len(factors) > 1 and all(smaller)


def _has(graph: Graph, value: int, labels: Collection[str]) -> bool:
    return not set(graph[value].axes).isdisjoint(labels)


def _total_of_product(graph: Graph, value: int, labels: Sequence[str]) -> int:
    """The factors without the labels times the sum of the product of the others.

    A factor that is a sum of outer products is multiplied out: its terms contract.
    """
    factors = factors_of(graph, value)
    for place, factor in enumerate(factors):
        node = graph[factor]
        if _is_multiplied_out(graph, node):
            rest = [*factors[:place], *factors[place + 1 :]]
            terms = [
                total(graph, product(graph, [arg, *rest]), labels) for arg in node.args
            ]
            return algebra.ARITHMETIC[node.op](graph, *terms)
    inside = [f for f in factors if _has(graph, f, labels)]
    outside = [f for f in factors if not _has(graph, f, labels)]
    if not outside:
        return graph.node("sum", value, data=written(labels))
    summed = total(graph, product(graph, inside), labels)
    return algebra.mul(graph, product(graph, outside), summed)


def factors_of(graph: Graph, value: int) -> list[int]:
    """The factors of a product, as they stand in it."""
    node = graph[value]
    if node.op != "mul":
        return [value]
    return [f for arg in node.args for f in factors_of(graph, arg)]


def product(graph: Graph, factors: Sequence[int]) -> int:
    """The product of some factors, of which there is at least one."""
    result = factors[0]
    for factor in factors[1:]:
        result = algebra.mul(graph, result, factor)
    return result


def count(graph: Graph, labels: Sequence[str]) -> int:
    """How many elements there are along labels."""
    result = graph.const(1)
    for axis in labels:
        result = algebra.mul(graph, result, extent(graph, axis))
    return result


def extent(graph: Graph, axis: str) -> int:
    """How many places a label runs over."""
    part, size = part_of(axis), graph.size(size_of(axis))
    if part is None:
        return size
    if part.length is not None:
        return graph.const(part.length)
    return algebra.sub(graph, size, graph.const(part.start + part.cut))


def spread(graph: Graph, value: int, labels: Sequence[str]) -> int:
    """A value that does not lack any of the labels."""
    for axis in labels:
        if axis not in graph[value].axes:
            ones = graph.node("ones", extent(graph, axis), data=axis)
            value = algebra.mul(graph, value, ones)
    return value
