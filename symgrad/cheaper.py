"""A pass: choices that torch has an operator for.

torch.where takes ten to twenty times as long as those on a CPU where its condition is
not to be foreseen, and on a GPU a comparison before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgrad.algebra import number
from symgrad.program import Graph, Kind, Node, Program
from symgrad.rebuild import copied, rebuild

_KEPT = {
    **dict.fromkeys([("lt", False), ("le", False), ("gt", True), ("ge", True)], "min"),
    **dict.fromkeys([("gt", False), ("ge", False), ("lt", True), ("le", True)], "max"),
}
"""Which bound a number is of what counts where a comparison with it holds, or not."""


def cheapen_choices(program: Program) -> Program:
    """Write a choice as a clamp, or as the derivative of a rectifier, where it is one.

    That is a guard such as x where ``x > b``, else b, for a number b, and 0 where
    ``x <= b``.
    """
    alone = sum(program.nodes[v].kind.is_tensor for v in program.inputs.values()) == 1

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        shorter = _CHEAPER.get(node.op) if alone or node.op == "guard" else None
        found = None if shorter is None else shorter(graph, *args)
        return copied(graph, node, args) if found is None else found

    return rebuild(program, visit)


def _clamped(graph: Graph, test: int, value: int, bound: int) -> int | None:
    """The clamp that a guard may be, ``None`` if none.

    What it gives where it does not hold does not count: NaN and the derivative at the
    bound may be those of either.
    """
    holds = graph[test].op != "not"
    if not holds:
        [test] = graph[test].args
    side = _KEPT.get((graph[test].op, holds))
    fits = graph[test].args == (value, bound) and graph[value].kind is Kind.REAL
    if side is None or not fits or graph[bound].op != "const":
        return None
    return graph.node("clamped", value, bound, data=side)


def _gated(graph: Graph, test: int, nothing: int, value: int) -> int | None:
    """0 where another value is at most a number; of one shape with that, if any."""
    if graph[test].op != "le" or number(graph, nothing) != 0:
        return None
    other, bound = graph[test].args
    real = graph[other].kind is graph[value].kind is Kind.REAL
    if not real or graph[bound].op != "const" or graph[other].axes != graph[value].axes:
        return None
    return graph.node("gated", value, other, bound)


_CHEAPER: Mapping[str, Callable[[Graph, int, int, int], int | None]] = {
    "guard": _clamped,
    "where": _gated,
}
