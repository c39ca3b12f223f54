"""Which conditions must hold for a value to matter.

A value that is only used inside one branch of a ``where`` matters only when that
branch is taken.  Its *region* is the list of those branches, outermost first.
Inside a region nothing needs a mask; masks stand where a cotangent leaves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad.program import Graph, Node

Branch = tuple[int, bool]
"""A condition, and whether it holds."""

Region = tuple[Branch, ...]

MAX_DEPTH = 6
"""Deeper branches are not told apart, which keeps the work linear."""


def common(a: Region, b: Region) -> Region:
    """The longest region that holds both."""
    if a is b:
        return a
    length = 0
    for ours, theirs in zip(a, b, strict=False):
        if ours != theirs:
            break
        length += 1
    return a[:length]


def edge_regions(node: Node, region: Region) -> list[Region]:
    """The region in which a node of that region uses each of its arguments."""
    if node.op != "where":
        return [region] * len(node.args)
    condition = node.args[0]
    return [region, (*region, (condition, True)), (*region, (condition, False))]


def find_regions(nodes: Sequence[Node], roots: Iterable[int]) -> dict[int, Region]:
    """The region of every value that ``roots`` need; the roots matter always."""
    regions: dict[int, Region] = dict.fromkeys(roots, ())
    for value in range(len(nodes) - 1, -1, -1):
        if value not in regions:
            continue
        node = nodes[value]
        used_in = edge_regions(node, regions[value])
        for arg, region in zip(node.args, used_in, strict=True):
            known = regions.get(arg)
            shared = region if known is None else common(known, region)
            regions[arg] = shared[:MAX_DEPTH]
    return regions


def holds(graph: Graph, region: Region) -> int:
    """The condition that all branches of a region are taken."""
    tests = [c if taken else graph.node("not", c) for c, taken in region]
    combined = tests[0]
    for test in tests[1:]:
        combined = graph.node("and", combined, test)
    return combined
