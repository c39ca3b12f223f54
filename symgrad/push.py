"""One forward sweep over a straight-line program: how outputs move with inputs.

Each value's tangent is the sum of its arguments' tangents, times local partials.  The
work, and the size of what comes out, is linear in the size of the program, however
many outputs there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad import algebra, conditions
from symgrad.program import depending_on
from symgrad.sweep import Tape, scaled


def push(tape: Tape, tangents: Mapping[int, int], ends: Sequence[int]) -> list[int]:
    """The tangents of the values ``ends``, from those of some inputs.

    ``tangents`` maps the inputs that move to their tangents.
    """
    nodes = tape.graph.nodes[: max(ends) + 1]
    active = depending_on(nodes, tangents)
    moved = dict(tangents)
    for value in sorted(active):
        if value not in moved:
            moved[value] = _tangent(tape, value, moved, active)
            if len(ends) > 1 or value not in ends:
                _suggest(tape, value, moved[value])
    zero = tape.graph.const(0)
    return [moved.get(value, zero) for value in ends]


def _tangent(tape: Tape, value: int, moved: Mapping[int, int], active: set[int]) -> int:
    """The tangent of one value; an argument that does not move adds nothing."""
    graph, node = tape.graph, tape.graph[value]
    zero = graph.const(0)
    parts = [
        scaled(tape, value, index, moved[arg], active) if arg in moved else zero
        for index, arg in enumerate(node.args)
    ]
    if node.op == "where":
        return conditions.where(graph, node.args[0], *parts[1:])
    total = zero
    for part in parts:
        total = algebra.add(graph, total, part)
    return total


def _suggest(tape: Tape, value: int, tangent: int) -> None:
    """The tangent of a value that a person named bears that name."""
    if value in tape.program.names:
        name = f"tangent_{tape.program.names[value]}"
        tape.hints.setdefault(tangent, name)
