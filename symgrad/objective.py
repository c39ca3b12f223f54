"""The number whose derivative backward gives: what independent witnesses differentiate.

By PyTorch's convention a cotangent ``g`` of a complex output ``y`` stands for the
objective ``re(conjugate(g)*y)``, and the gradient of a complex input is the derivative
by its real part plus ``I`` times that by its imaginary part.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.op import Op
from symgrad.program import Graph, Node, moving_kind


def objective(op: Op) -> tuple[Sequence[Node], int]:
    """The sum of the cotangents times the outputs, as one more value of the formula."""
    graph = Graph(op.nodes)
    total: int | None = None
    for f in op.differentiable_outputs:
        counted = op.stand_ins.get(f.name, f.value)
        cotangent = graph.cotangent(f.name, moving_kind(graph[f.value]))
        term = _paired(graph, cotangent, counted)
        total = term if total is None else graph.node("add", total, term)
    assert total is not None
    return graph.nodes, total


def _paired(graph: Graph, cotangent: int, value: int) -> int:
    """The inner product of a cotangent and a value."""
    if not graph[cotangent].kind.is_complex:
        return graph.node("mul", cotangent, value)
    turned = graph.call("conjugate", cotangent)
    return graph.call("re", graph.node("mul", turned, value))
