"""A pass: what is computed is multiplied in the dtype of the inputs.

Hardware has units for products of halves.  Inputs, products and what is taken of them
without rounding are in that dtype by themselves.
"""

from __future__ import annotations

from symgrad.program import LEAVES, Graph, Node, Program
from symgrad.rebuild import copied, rebuild

EXACT = frozenset(
    {"access", "place", "ordered", "select", "insert", "part", "gather", "neg"}
)
"""What rounds nothing: a result is in the precision of its first argument."""


def narrow(program: Program) -> Program:
    """Narrow every factor of a contraction that is computed otherwise."""

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        if node.op != "einsum":
            return copied(graph, node, args)
        factors = (a if _is_given(graph, a) else graph.node("narrow", a) for a in args)
        return graph.node("einsum", *factors, data=node.data)

    return program if program.in_plane else rebuild(program, visit)


def _is_given(graph: Graph, value: int) -> bool:
    """Whether a value is in the dtype of the inputs, unless it is widened."""
    while graph[value].op in EXACT:
        value = graph[value].args[0]
    return graph[value].op in LEAVES or graph[value].op == "einsum"
