"""Values that wait for each other: the order of a graph, and the circles in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

Needs = Mapping[int, Sequence[int]]
"""What must be there before each value."""


def in_order(needs: Needs, roots: Iterable[int]) -> list[int]:
    """What the roots need, each after what it needs itself; circles are cut open."""
    order: dict[int, None] = {}
    begun: set[int] = set()
    todo = [*roots][::-1]
    while todo:
        value = todo[-1]
        missing = [v for v in needs[value] if v not in begun]
        if value not in begun and missing:
            todo.extend(reversed(missing))
        else:
            order.setdefault(todo.pop())
        begun.add(value)
    return list(order)


def circles(needs: Needs, roots: Iterable[int]) -> dict[int, int]:
    """One value of the circle that each value is in; alone, a value is its own."""
    order = in_order(needs, roots)
    needed_by = defaultdict(list)
    for value in order:
        for before in needs[value]:
            needed_by[before].append(value)
    circle: dict[int, int] = {}
    for first in reversed(order):
        todo = [first]
        while todo:
            if (value := todo.pop()) not in circle:
                circle[value] = first
                todo.extend(needed_by[value])
    return circle
