"""A pass: outputs and their tangents with their axes in the order that a spec says.

Other passes are free to swap the arguments of what has several axes, and with them the
order of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symgrad.axes import BATCH, Axes, named, written
from symgrad.op import Op
from symgrad.program import Graph, Program


def arrange(program: Program, op: Op) -> Program:
    """Put the axes of outputs, and of their tangents, into the order of the op's."""
    graph = Graph(program.nodes)
    declared = {f.name: named(op.nodes[f.value].axes) for f in op.outputs}

    def ordered(values: Mapping[str, int]) -> dict[str, int]:
        return {n: _in_order(graph, v, declared[n]) for n, v in values.items()}

    outputs = ordered(program.outputs)
    names = {outputs[n]: n for n, v in program.outputs.items() if v in program.names}
    return replace(
        program,
        outputs=outputs,
        stand_ins=ordered(program.stand_ins),
        jvps=ordered(program.jvps),
        nodes=tuple(graph.nodes),
        names={**names, **program.names},
    )


def _in_order(graph: Graph, value: int, target: Axes) -> int:
    """A value with its axes in an order; one that lacks some of them stays."""
    node = graph[value]
    own = named(node.axes)
    if own == target or set(own) != set(target):
        return value
    if node.op != "einsum":
        return graph.node("ordered", value, data=written(target))
    batch = (BATCH,) if BATCH in node.axes else ()
    return graph.node("einsum", *node.args, data=written((*batch, *target)))
