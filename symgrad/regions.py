"""Which conditions must hold for a value to matter.

A value that is only used inside one branch of a ``where`` matters only when that
branch is taken.  Its *region* is the list of those branches, outermost first.
Inside a region nothing needs a mask; masks stand where a cotangent leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import takewhile

from symgrad.axes import RULES as along_axes
from symgrad.program import Graph, Node

Branch = tuple[int, bool]
"""A condition, and whether it holds."""

Region = tuple[Branch, ...]

Places = tuple[Region, ...]
"""Regions: a value counts in any of them."""

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
    """The region in which a node of that region uses each of its arguments.

    What goes along axes uses them whatever holds for single elements.
    """
    if node.op in along_axes:
        return [()] * len(node.args)
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
            regions[arg] = _seen(nodes, arg, shared[:MAX_DEPTH])
    return regions


def _seen(nodes: Sequence[Node], value: int, region: Region) -> Region:
    """The outer branches whose conditions hold or fail for a value as a whole.

    The value of an axis primitive is masked where it is used.
    """
    if not region or nodes[value].op in along_axes:
        return ()
    own = set(nodes[value].axes)
    return tuple(takewhile(lambda part: own.issuperset(nodes[part[0]].axes), region))


MAX_PLACES = 4
"""More places in different branches count as one, which is all that they share."""


def find_places(nodes: Sequence[Node], roots: Iterable[int]) -> dict[int, Places]:
    """The regions of all uses of every value: outside of all of them it is idle."""
    places: dict[int, Places] = dict.fromkeys(roots, ((),))
    for value in range(len(nodes) - 1, -1, -1):
        for region in places.get(value, ()):
            used_in = edge_regions(nodes[value], region)
            for arg, place in zip(nodes[value].args, used_in, strict=True):
                seen = _seen(nodes, arg, place[:MAX_DEPTH])
                places[arg] = _joined(places.get(arg, ()), seen)
    return places


def _joined(places: Places, place: Region) -> Places:
    """Places and one more; one that holds another stands for both.

    So does the place of a choice for those of its two branches.
    """
    if place:
        *outer, (condition, taken) = place
        other = (*outer, (condition, not taken))
        if other in places:
            rest = tuple(p for p in places if p != other)
            return _joined(rest, tuple(outer))
    if any(common(known, place) == known for known in places):
        return places
    joined = *(p for p in places if common(p, place) != place), place
    return joined if len(joined) <= MAX_PLACES else (reduce(common, joined),)


def entailed(nodes: Sequence[Node], test: int, taken: bool) -> Iterator[Branch]:
    """A condition that is told, and what follows by ``and``, ``or`` and ``not``."""
    yield test, taken
    node = nodes[test]
    if node.op == "not":
        yield from entailed(nodes, node.args[0], not taken)
    if node.op == ("and" if taken else "or"):
        for arg in node.args:
            yield from entailed(nodes, arg, taken)


def holds(graph: Graph, places: Sequence[Region]) -> int:
    """The condition that all branches of one of the regions are taken."""
    taken = [reduce(_node(graph, "and"), _tests(graph, region)) for region in places]
    return reduce(_node(graph, "or"), taken)


def _tests(graph: Graph, region: Region) -> list[int]:
    return [c if taken else graph.node("not", c) for c, taken in region]


def _node(graph: Graph, op: str) -> Callable[[int, int], int]:
    return lambda a, b: graph.node(op, a, b)
