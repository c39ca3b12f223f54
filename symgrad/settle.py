"""A pass: conditions on constants are decided, what they never choose is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad import algebra
from symgrad.program import COMPARISONS, Graph, Node, Program
from symgrad.rebuild import copied, rebuild


def settle(program: Program) -> Program:
    """Decide conditions on constants, and drop the branches that they never take.

    What has a part in a shape, by broadcasting, is not dropped.
    """
    settled: dict[int, bool] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        whole = copied(graph, node, args)
        known = [settled.get(a, b) for a, b in zip(node.args, args, strict=True)]
        open_ = not any(isinstance(arg, bool) for arg in known)
        if node.op not in COMPARISONS and open_:
            return whole
        found = algebra.rebuilt(graph, node, known)
        if isinstance(found, bool):
            settled[value] = found
            return whole
        choices = [found, *_constant_choice(graph, node, known)]
        return next((c for c in choices if _alike(graph, c, whole)), whole)

    return rebuild(program, visit)


def _constant_choice(graph: Graph, node: Node, known: Sequence[int]) -> Iterator[int]:
    """A ``where`` with nothing but a constant for its condition."""
    if node.op == "where":
        sides = [graph.const(int(known[0])), graph.const(1)]
        yield graph.node("where", graph.node("eq", *sides), *known[1:])


def _alike(graph: Graph, value: int, other: int) -> bool:
    """Whether two values have the same shape, as far as is known."""
    return _tensors(graph, value) == _tensors(graph, other)


def _tensors(graph: Graph, value: int) -> set[int]:
    """The tensors that broadcast to the shape of a value."""
    behind = Program(tuple(graph.nodes), {}, {}).reachable([value])
    return {v for v in behind if graph[v].op == "input" and graph[v].kind.is_tensor}
