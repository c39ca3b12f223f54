"""Programs built anew, value by value: what passes have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from symgrad.program import LEAVES, Graph, Node, Program

Visit = Callable[[Graph, int, Node, tuple[int, ...]], int]
"""Build one value anew: graph, old number, old node, new arguments to new number."""


def roots(program: Program) -> list[int]:
    """The values that a program is there to compute, in the order of its fields."""
    terms = [v for values in program.gradients.values() for v in values]
    shown = [v for values in program.partials.values() for v in values]
    return [
        *program.inputs.values(),
        *program.cotangents.values(),
        *program.tangents.values(),
        *program.outputs.values(),
        *program.stand_ins.values(),
        *terms,
        *shown,
        *program.jvps.values(),
    ]


def rebuild(
    program: Program, visit: Visit, order: Iterable[int] | None = None
) -> Program:
    """A program with every live value built anew by ``visit``; the dead are dropped.

    ``order`` is another order of the live values in which arguments come first.
    """
    graph = Graph()
    new: dict[int, int] = {}
    for value in program.reachable(roots(program)) if order is None else order:
        node = program.nodes[value]
        new[value] = visit(graph, value, node, tuple(new[arg] for arg in node.args))
    return replace(
        program,
        nodes=tuple(graph.nodes),
        inputs={name: new[v] for name, v in program.inputs.items()},
        outputs={name: new[v] for name, v in program.outputs.items()},
        stand_ins={name: new[v] for name, v in program.stand_ins.items()},
        cotangents={name: new[v] for name, v in program.cotangents.items()},
        gradients={n: tuple(new[v] for v in vs) for n, vs in program.gradients.items()},
        partials={n: tuple(new[v] for v in vs) for n, vs in program.partials.items()},
        tangents={name: new[v] for name, v in program.tangents.items()},
        jvps={name: new[v] for name, v in program.jvps.items()},
        residuals=tuple(new[v] for v in program.residuals),
        statistics=tuple(new[v] for v in program.statistics),
        names=_carried(program.names, new, graph),
        hints=_carried(program.hints, new, graph),
        notes=_carried(program.notes, new, graph),
        weak=tuple(
            replace(weak, value=new[weak.value], leaf=new[weak.leaf])
            for weak in program.weak
            if weak.value in new and weak.leaf in new
        ),
    )


_T = TypeVar("_T")


def _carried(
    names: Mapping[int, _T], new: Mapping[int, int], graph: Graph
) -> dict[int, _T]:
    """Names of values that are still there; leaves go by their own."""
    carried: dict[int, _T] = {}
    for value, name in names.items():
        if value in new and graph[new[value]].op not in LEAVES:
            carried.setdefault(new[value], name)
    return carried


def copied(graph: Graph, node: Node, args: tuple[int, ...]) -> int:
    """The same node in another graph."""
    if node.op in LEAVES:
        return graph.leaf(node)
    return graph.node(node.op, *args, data=node.data)
