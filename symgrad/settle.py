"""A pass: conditions on constants are decided, what they never choose is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad import formulas
from symgrad.program import COMPARISONS, Graph, Node, Program
from symgrad.rebuild import copied, rebuild


def settle(program: Program) -> Program:
    """Decide conditions on constants, and drop the branches that they never take.

    What has a part in a shape, by broadcasting, is not dropped, nor what makes a value
    complex.
    """
    if not any(node.op in COMPARISONS for node in program.nodes):
        return program
    settled: dict[int, bool] = {}
    shapes: list[frozenset[int]] = []

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        whole = copied(graph, node, args)
        known = [settled.get(a, b) for a, b in zip(node.args, args, strict=True)]
        open_ = not any(isinstance(arg, bool) for arg in known)
        if node.op not in COMPARISONS and open_:
            return whole
        found = formulas.rebuilt(graph, node, known)
        if isinstance(found, bool):
            settled[value] = found
        if isinstance(found, bool) or found == whole:
            return whole
        choices = [found, *_constant_choice(graph, node, known)]
        shape = tensors_behind(shapes, graph, whole)
        alike = (
            c
            for c in choices
            if tensors_behind(shapes, graph, c) == shape
            and graph[c].kind.is_complex == graph[whole].kind.is_complex
            and set(graph[c].axes) == set(graph[whole].axes)
        )
        return next(alike, whole)

    return rebuild(program, visit)


def _constant_choice(graph: Graph, node: Node, known: Sequence[int]) -> Iterator[int]:
    """A ``where`` with nothing but a constant for its condition."""
    if node.op == "where":
        sides = [graph.const(int(known[0])), graph.const(1)]
        yield graph.node("where", graph.node("eq", *sides), *known[1:])


def tensors_behind(
    shapes: list[frozenset[int]], graph: Graph, value: int
) -> frozenset[int]:
    """The tensors that broadcast to the shape of a value; ``shapes`` keeps them."""
    for number in range(len(shapes), value + 1):
        node = graph[number]
        own = {number} if node.op == "input" and node.kind.is_tensor else set()
        shapes.append(frozenset(own).union(*(shapes[arg] for arg in node.args)))
    return shapes[value]
