"""The passes: each takes a program and returns another with the same meaning.

``BEFORE`` run on the forward program, where functions are still whole; ``AFTER`` run
on the program with its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad import algebra, rewrites
from symgrad.functions import TABLE
from symgrad.guards import guard
from symgrad.partials import definition
from symgrad.program import Graph, Node, Program, is_complex
from symgrad.rebuild import copied, rebuild
from symgrad.settle import settle, tensors_behind

Pass = Callable[[Program], Program]


def stabilise(program: Program) -> Program:
    """Apply the rewrite table, innermost values first, until no rule matches."""

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        value = algebra.tidied(graph, copied(graph, node, args))
        while (found := rewrites.apply(graph, value, program.domains)) is not None:
            value, _rule = found
        return value

    return rebuild(program, visit)


BEFORE: tuple[Pass, ...] = (settle, stabilise, guard)
AFTER: tuple[Pass, ...] = (stabilise,)


def lower(program: Program, spelled: Callable[[str, bool], bool]) -> Program:
    """Write functions that a backend cannot spell by their definitions.

    ``spelled`` says whether it can, for a name and whether an argument is complex.
    """

    shapes: list[frozenset[int]] = []

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        plane = is_complex(program.nodes, node)
        if node.op != "call" or spelled(str(node.data), plane):
            return algebra.tidied(graph, copied(graph, node, args))
        value = definition(graph, TABLE[str(node.data)], args)
        for arg in args:
            own, whole = (tensors_behind(shapes, graph, v) for v in (arg, value))
            value = value if own <= whole else _spread(graph, value, arg)
        return value

    return rebuild(program, visit)


def _spread(graph: Graph, value: int, like: int) -> int:
    """A value in the shape of another too, which a definition made no use of."""
    always = graph.node("eq", graph.const(1), graph.const(1))
    return graph.node("where", always, value, like)
