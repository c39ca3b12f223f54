"""Where an op is smooth: what the points of generated tests keep away from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgrad import formulas, precise
from symgrad.functions import TABLE, Kink
from symgrad.op import Op
from symgrad.partials import formula
from symgrad.program import COMPARISONS, Graph, Kind, Node

MARGIN = 1e-2
"""How far from a kink a point must be for finite differences to be right.

That is for sides of about 1; of larger ones it is this part.
"""

Number = complex | bool
Point = Mapping[str, Number]


class Watched:
    """The comparisons that decide branches and kinks of an op."""

    def __init__(self, op: Op) -> None:
        graph = Graph(op.nodes)
        for value, node in enumerate(op.nodes):
            for kink in TABLE[str(node.data)].kinks if node.op == "call" else ():
                kink_condition(graph, value, kink)
        self._nodes = tuple(graph.nodes)
        self._inputs = input_numbers(self._nodes)
        sides = [n.args for n in self._nodes if n.op in COMPARISONS]
        arriving = _depending(self._nodes, _is_cotangent)
        moving = _depending(self._nodes, _is_moving)
        self._sides = [
            (a, b)
            for a, b in sides
            if a != b and arriving.isdisjoint((a, b)) and moving.intersection((a, b))
        ]

    def smooth(self, point: Point) -> bool:
        """Whether no comparison is close to being decided otherwise."""
        if not self._sides:
            return True
        leaves = {v: point[name] for name, v in self._inputs.items() if name in point}
        roots = [side for pair in self._sides for side in pair]
        values = iter(precise.floats(self._nodes, roots, leaves))
        pairs = zip(values, values, strict=True)
        return all(abs(a - b) > MARGIN * max(1.0, abs(a), abs(b)) for a, b in pairs)


def _is_cotangent(node: Node) -> bool:
    return node.op == "cotangent"


def _is_moving(node: Node) -> bool:
    """Whether a value can be near another without being that; an integer cannot."""
    return node.op == "input" and (node.kind.is_floating or node.kind is Kind.FLOAT)


def _depending(nodes: Sequence[Node], on: Callable[[Node], bool]) -> set[int]:
    """The values that depend on leaves of a sort."""
    found: set[int] = set()
    for value, node in enumerate(nodes):
        if on(node) or not found.isdisjoint(node.args):
            found.add(value)
    return found


def kink_condition(graph: Graph, value: int, kink: Kink) -> int | bool:
    """The condition of a kink of a call, as a value of the graph."""
    node = graph[value]
    row = TABLE[str(node.data)]
    bindings = dict(zip(row.args, node.args, strict=True)) | {"y": value}
    nodes, root = formula(kink.when, tuple(bindings))
    return formulas.substitute(graph, nodes, root, bindings)


def input_numbers(nodes: Sequence[Node]) -> dict[str, int]:
    return {str(n.data): v for v, n in enumerate(nodes) if n.op == "input"}
