"""What to keep and what to compute again: a minimum cut.

A value that is needed later can be kept, at a price, or be computed again from its
arguments, which then are needed too.  Each value is an edge that is cut when it is
kept; another edge, from the source, is cut when it is computed again; so the cheapest
choice is a minimum cut (the partitioner of Chen et al., arXiv:1604.06174, and its
successors choose in the same way).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from symgrad.program import Node

if TYPE_CHECKING:
    from networkx import DiGraph

Work = Callable[[int], int]
"""What it costs to compute a value from its arguments."""


def cheapest(
    nodes: Sequence[Node], needed: Iterable[int], prices: Mapping[int, int], work: Work
) -> set[int] | None:
    """The values to keep, so that ``needed`` can be had at the least cost.

    ``prices`` are those of values that can be kept: others, inputs too, cannot.
    ``None`` if that is not enough.
    """
    forced, open_ = _walked(nodes, needed, prices)
    inputs = {v for v in (*forced, *open_) if nodes[v].op == "input"}
    if not inputs <= prices.keys():
        return None
    if open_ <= inputs:
        return inputs
    chosen = _cut(nodes, forced, open_, prices, work)
    return _met(nodes, needed, chosen)


def _walked(
    nodes: Sequence[Node], needed: Iterable[int], prices: Mapping[int, int]
) -> tuple[set[int], set[int]]:
    """What has to be computed again in any case, and where there is a choice."""
    forced, open_, todo = set[int](), set[int](), list(needed)
    while todo:
        value = todo.pop()
        if value in prices:
            open_.add(value)
        elif value not in forced:
            forced.add(value)
            todo.extend(nodes[value].args)
    return forced, open_


def _cut(
    nodes: Sequence[Node],
    forced: set[int],
    open_: set[int],
    prices: Mapping[int, int],
    work: Work,
) -> set[int]:
    """The values that a minimum cut between inputs and ``open_`` keeps."""
    import networkx

    graph: DiGraph[tuple[str, int]] = networkx.DiGraph()
    end = ("end", 0)
    for value in open_:
        graph.add_edge(("after", value), end)
    for value in _behind(nodes, open_, forced):
        before, after = ("before", value), ("after", value)
        if value in prices:
            graph.add_edge(before, after, capacity=prices[value])
        else:
            graph.add_edge(before, after)
        free = {} if nodes[value].op == "input" else {"capacity": work(value)}
        graph.add_edge(("start", 0), before, **free)
        for arg in nodes[value].args:
            graph.add_edge(("after", arg), before)
    _, (source, _) = networkx.minimum_cut(graph, ("start", 0), end)
    return {v for v in prices if ("before", v) in source}


def _behind(nodes: Sequence[Node], open_: set[int], forced: set[int]) -> Iterator[int]:
    """The open values, and all that is needed to compute them from what is there."""
    seen, todo = set(open_), list(open_)
    while todo:
        value = todo.pop()
        yield value
        fresh = [a for a in nodes[value].args if a not in seen and a not in forced]
        seen.update(fresh)
        todo.extend(fresh)


def _met(nodes: Sequence[Node], needed: Iterable[int], chosen: set[int]) -> set[int]:
    """Those of the chosen values at which a walk back from ``needed`` ends."""
    met, seen, todo = set[int](), set[int](), list(needed)
    while todo:
        value = todo.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in chosen:
            met.add(value)
        else:
            todo.extend(nodes[value].args)
    return met
