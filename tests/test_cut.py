"""The minimum cut between what forward has and what backward needs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.cut import cheapest
from symgrad.kinds import Kind
from symgrad.program import Graph, Node

Prices = dict[int, int]
NAMES = ("exp", "sin", "cos", "tanh", "log", "erf")


def chained() -> list[Node]:
    """x, then three values on top of each other."""
    graph = Graph()
    value = graph.input("x", Kind.REAL)
    for name in ("exp", "sin", "tanh"):
        value = graph.call(name, value)
    return graph.nodes


CASES = [
    # needed, prices, kept, at a work of 10 for each value
    ([0], {0: 5}, {0}),
    ([3], {0: 5}, {0}),
    ([3], {0: 5, 3: 5}, {3}),
    ([3], {0: 5, 3: 40}, {0}),
    ([3], {0: 5, 2: 7, 3: 20}, {2}),
    ([2, 3], {0: 5, 2: 7, 3: 20}, {2}),
    ([2, 3], {0: 5, 2: 7, 3: 9}, {2, 3}),
    ([0, 3], {0: 5, 3: 31}, {0}),
    ([0, 3], {0: 5, 3: 29}, {0, 3}),
    ([3], {3: 5}, {3}),
    ([3], {0: 0, 3: 31}, {0}),
    ([2, 3], {3: 5}, None),
    ([3], {}, None),
]


@pytest.mark.parametrize(("needed", "prices", "kept"), CASES)
def test_a_chain(needed: list[int], prices: Prices, kept: set[int] | None) -> None:
    assert cheapest(chained(), needed, prices, lambda v: 10) == kept


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Node], list[int], Prices, list[int]]:
    """A small program, what is needed of it, prices, and the work of each value."""
    graph = Graph()
    for name in ("x", "y")[: draw(st.integers(1, 2))]:
        graph.input(name, Kind.REAL)
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        below = st.integers(0, len(graph.nodes) - 1)
        graph.call(name, draw(below))
        graph.node("add", draw(below), draw(below))
    count = len(graph.nodes)
    values = st.integers(0, count - 1)
    needed = draw(st.lists(values, min_size=1, max_size=4))
    prices = draw(st.dictionaries(values, st.integers(0, 30)))
    work = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return graph.nodes, needed, prices, work


@given(problems())
def test_no_choice_is_cheaper(
    problem: tuple[list[Node], list[int], Prices, list[int]],
) -> None:
    nodes, needed, prices, work = problem
    costs = [_cost(nodes, needed, prices, work, set(kept)) for kept in _sets(prices)]
    possible = [cost for cost in costs if cost is not None]
    found = cheapest(nodes, needed, prices, work.__getitem__)
    if found is None:
        assert not possible
    else:
        assert _cost(nodes, needed, prices, work, found) == min(possible)


def _sets(prices: Prices) -> Iterator[tuple[int, ...]]:
    sizes = range(len(prices) + 1)
    return chain.from_iterable(combinations(prices, size) for size in sizes)


def _cost(
    nodes: list[Node],
    needed: list[int],
    prices: Prices,
    work: list[int],
    kept: set[int],
) -> int | None:
    """What a choice costs; ``None`` if some input is lacking."""
    again, todo = set[int](), list(needed)
    while todo:
        value = todo.pop()
        if value in kept or value in again:
            continue
        if nodes[value].op == "input":
            return None
        again.add(value)
        todo.extend(nodes[value].args)
    return sum(prices[v] for v in kept) + sum(work[v] for v in again)
