"""The passes: each takes a program and returns another with the same meaning.

``BEFORE`` run on the forward program, where functions are still whole; ``AFTER`` run
on the program with its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad import algebra, exponentials, regroup, rewrites
from symgrad.factors import Factoring
from symgrad.functions import TABLE
from symgrad.guards import guard
from symgrad.partials import definition
from symgrad.program import Graph, Node, Program, is_complex
from symgrad.rebuild import copied, rebuild
from symgrad.rule import Rule
from symgrad.settle import settle, tensors_behind
from symgrad.signs import Domains

Pass = Callable[[Program], Program]


Heard = Callable[[Graph, int, int, Rule], None]
"""What wants to know of a rule that was applied: the graph, the value, the new one."""


def _unheard(graph: Graph, old: int, new: int, rule: Rule) -> None:
    """Nobody asks."""


def stabilise(program: Program, heard: Heard = _unheard) -> Program:
    """Apply the rewrite table, innermost values first, until no rule matches.

    To sums it is also applied as if they had no common factors.  ``heard`` is told of
    every rule that is applied.
    """

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        value = algebra.tidied(graph, copied(graph, node, args))
        rewritten = _rewritten(graph, value, program.domains, heard)
        factoring = Factoring(graph)
        if rewritten != value or (split := factoring.split(value, apart=False)) is None:
            return rewritten
        left, factors = split
        rewritten = _rewritten(graph, left, program.domains, heard)
        return value if rewritten == left else factoring.times(rewritten, factors)

    return rebuild(program, visit)


def _rewritten(graph: Graph, value: int, domains: Domains, heard: Heard) -> int:
    while (found := _applied(graph, value, domains)) is not None:
        heard(graph, value, *found)
        value, _ = found
    return value


def _applied(graph: Graph, value: int, domains: Domains) -> tuple[int, Rule] | None:
    """A rule for a value as it stands, or for some terms or factors of it."""
    return (
        rewrites.apply(graph, value, domains)
        or exponentials.apply(graph, value)
        or regroup.apply(graph, value, domains)
    )


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
