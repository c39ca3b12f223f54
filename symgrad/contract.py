"""A pass: sums of products become contractions, so that no outer product is formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import combinations, permutations

from symgrad.axes import BATCH, listed, moves, named, written
from symgrad.program import Graph, Node, Program
from symgrad.rebuild import copied, rebuild, roots


def contract(program: Program) -> Program:
    """Write sums of products as einsum where the factors have different axes.

    A gradient is summed over the batch by who prints it, in the shape of its input.
    """
    program = _batch_left(program)
    uses = Counter(arg for node in program.nodes for arg in node.args)
    uses.update(roots(program))
    new: dict[int, int] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        factors = _factors(program, node.args[0], uses) if node.op == "sum" else []
        if _is_contraction(program.nodes, node, factors):
            new[value] = _einsum(graph, node, [new[f] for f in factors])
        else:
            new[value] = copied(graph, node, _in_order(graph, node, args))
        return new[value]

    return rebuild(program, visit)


def _in_order(graph: Graph, node: Node, args: tuple[int, ...]) -> tuple[int, ...]:
    """The arguments; a contraction has its axes in the order of where it is placed."""
    if node.op not in ("place", "ordered") or graph[args[0]].op != "einsum":
        return args
    inner = graph[args[0]]
    order = [axis for axis in dict.fromkeys(moves(node.data)[0]) if axis in inner.axes]
    batch = [BATCH] if BATCH in inner.axes else []
    return (graph.node("einsum", *inner.args, data=written([*batch, *order])),)


def _factors(program: Program, value: int, uses: Counter[int]) -> list[int]:
    """The factors of a product that nothing else needs, or that is an outer one."""
    node = program.nodes[value]
    if node.op != "mul":
        return [value]
    if uses[value] > 1 and not _is_outer(program.nodes, value):
        return [value]
    return [f for arg in node.args for f in _factors(program, arg, uses)]


def _is_outer(nodes: Sequence[Node], value: int) -> bool:
    """Whether a product is larger than whatever is multiplied in it."""
    whole, parts = set(nodes[value].axes), [value]
    while parts:
        node = nodes[parts.pop()]
        if node.op == "mul":
            parts += node.args
        elif set(node.axes) == whole:
            return False
    return True


def _is_contraction(nodes: Sequence[Node], node: Node, factors: Sequence[int]) -> bool:
    """Whether the product is larger than its factors, or that of a matrix and a vector.

    A product of more factors that one of them is as large as reads better as such, and
    so does one that is summed over the batch alone.
    """
    held = [set(nodes[f].axes) for f in factors if nodes[f].axes]
    whole = set[str]().union(*held)
    if len(held) < 2 or all(axes == whole for axes in held):
        return False
    flat = len(held) > 2 or not named(listed(node.data))
    return not flat or whole not in held


def _einsum(graph: Graph, node: Node, factors: Sequence[int]) -> int:
    """The contraction of the factors that have axes, times those that have none."""
    large = _alike_joined(graph, [f for f in factors if graph[f].axes])
    large = _alike_joined(graph, _summed_alone(graph, large, node.axes))
    while len(large) > 2 and (pair := _next_pair(graph, large, node.axes)) is not None:
        others = [f for f in large if f not in pair]
        kept = {axis for f in others for axis in graph[f].axes}.union(node.axes)
        large = _alike_joined(graph, [_pair(graph, pair, kept), *others])
    value = _pair(graph, large, set(node.axes))
    for factor in factors:
        if not graph[factor].axes:
            value = graph.node("mul", factor, value)
    return value


def _alike_joined(graph: Graph, factors: Sequence[int]) -> list[int]:
    """Factors of the same axes are multiplied element by element first."""
    products: dict[frozenset[str], int] = {}
    for factor in factors:
        axes = frozenset(graph[factor].axes)
        known = products.get(axes)
        products[axes] = factor if known is None else graph.node("mul", known, factor)
    return list(products.values())


def _summed_alone(
    graph: Graph, factors: Sequence[int], kept: Sequence[str]
) -> list[int]:
    """The factors, summed along what none of the others has."""
    found = []
    for factor in factors:
        others = {axis for f in factors if f != factor for axis in graph[f].axes}
        gone = [a for a in graph[factor].axes if a not in others and a not in kept]
        data = written(gone)
        found.append(graph.node("sum", factor, data=data) if gone else factor)
    return found


def _next_pair(
    graph: Graph, factors: Sequence[int], kept: Sequence[str]
) -> tuple[int, int] | None:
    """What to multiply first: what contracts, or else a part with its whole."""
    contracted = _cheapest(graph, factors, kept)
    if contracted is not None:
        return contracted
    nested = (
        (a, b)
        for a, b in permutations(factors, 2)
        if set(graph[a].axes) < set(graph[b].axes)
    )
    return next(nested, None)


def _cheapest(
    graph: Graph, factors: Sequence[int], kept: Sequence[str]
) -> tuple[int, int] | None:
    """The two factors to contract first: those alone in having an axis that goes."""
    best: tuple[int, tuple[int, int]] | None = None
    for a, b in combinations(factors, 2):
        others = [f for f in factors if f not in (a, b)]
        stay = {axis for f in others for axis in graph[f].axes}.union(kept)
        both = {*graph[a].axes, *graph[b].axes}
        gone = set(graph[a].axes).intersection(graph[b].axes) - stay
        if gone and (best is None or len(both & stay) < best[0]):
            best = len(both & stay), (a, b)
    return best[1] if best else None


def _pair(graph: Graph, factors: Sequence[int], kept: Collection[str]) -> int:
    """One contraction; the axes that all factors have come first, as in a product."""
    held = [set(graph[f].axes) for f in factors]
    shared, whole = set.intersection(*held), set.union(*held)
    if whole in held and whole <= set(kept):
        return factors[0] if len(factors) == 1 else graph.node("mul", *factors)
    rank = _ranks(graph, max(factors))
    order = sorted(whole & set(kept), key=lambda a: (a not in shared, rank[a]))
    batch = [BATCH] if BATCH in order else []
    data = written([*batch, *(axis for axis in order if axis != BATCH)])
    if len(factors) == 1:
        gone = [axis for axis in graph[factors[0]].axes if axis not in kept]
        return graph.node("sum", *factors, data=written(gone)) if gone else factors[0]
    return graph.node("einsum", *factors, data=data)


def _ranks(graph: Graph, last: int) -> dict[str, int]:
    """The order in which the formulas speak of axes."""
    axes = (axis for node in graph.nodes[: last + 1] for axis in node.axes)
    return {axis: place for place, axis in enumerate(dict.fromkeys(axes))}


def _batch_left(program: Program) -> Program:
    """The program without sums over the batch right before a gradient is printed.

    They stay where a contraction takes them in.
    """
    graph = Graph(program.nodes)
    uses = Counter(arg for node in program.nodes for arg in node.args)
    uses.update(roots(program))

    def left(value: int) -> int:
        node = graph[value]
        if node.op in ("place", "neg"):
            return graph.node(node.op, left(node.args[0]), data=node.data)
        labels = listed(node.data) if node.op == "sum" else ()
        factors = _factors(program, node.args[0], uses) if labels else []
        if BATCH not in labels or _is_contraction(graph.nodes, node, factors):
            return value
        rest = named(labels)
        if not rest:
            return node.args[0]
        return graph.node("sum", node.args[0], data=written(rest))

    gradients = {n: tuple(map(left, vs)) for n, vs in program.gradients.items()}
    return replace(program, nodes=tuple(graph.nodes), gradients=gradients)
