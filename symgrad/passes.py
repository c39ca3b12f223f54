"""The passes: each takes a program and returns another with the same meaning.

``BEFORE`` run on the forward program, where functions are still whole; ``AFTER`` run
on the program with its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from symgrad import algebra, rewrites
from symgrad.errors import Diagnostic, SpecError
from symgrad.functions import TABLE
from symgrad.guards import guard
from symgrad.op import Op
from symgrad.partials import definition
from symgrad.program import (
    LEAVES,
    Graph,
    Node,
    Program,
    depending_on,
    is_complex,
)
from symgrad.rebuild import copied, rebuild
from symgrad.settle import settle, tensors_behind

Pass = Callable[[Program], Program]


def stabilise(program: Program) -> Program:
    """Apply the rewrite table, innermost values first, until no rule matches."""

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        value = algebra.tidied(graph, copied(graph, node, args))
        while (found := rewrites.apply(graph, value)) is not None:
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


def choose_residuals(program: Program, op: Op) -> Program:
    """Choose the inputs and outputs that forward keeps for backward.

    Fewest tensors first, fewest operations to compute again second.  Backward can
    start from any of them: an output that is kept cuts off all that lies before it.
    """
    gradients = [v for values in program.gradients.values() for v in values]
    needed = [*gradients, *program.jvps.values()]
    costs: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for kept in _choices(program, op, needed):
        leaves = _behind(program, needed, frozenset(kept))
        residuals = _ordered(program, [*leaves, *kept])
        tensors = sum(program.nodes[v].kind.is_tensor for v in residuals)
        cost = (tensors, program.count_ops(gradients, frozenset(kept)), len(kept))
        costs.setdefault(residuals, cost)
    allowed = [r for r in costs if _allowed(program, op, r)]
    if not allowed:
        enough = min(costs, key=lambda residuals: costs[residuals])
        raise _lacking(program, op, enough)
    chosen = min(allowed, key=lambda residuals: costs[residuals])
    return replace(program, residuals=chosen)


def _lacking(program: Program, op: Op, enough: Sequence[int]) -> SpecError:
    """The error for a ``save`` without which gradients cannot be had."""
    said = f"{op.name}: the gradients cannot be had from 'save: {_written(op)}' alone"
    tensors = {v for v in enough if program.nodes[v].kind.is_tensor}
    named = {**program.inputs, **program.outputs}
    names = [name for name, value in named.items() if value in tensors]
    help = f"leave 'save' out, or keep [{', '.join(names)}]"
    return SpecError(Diagnostic("SG139", said, "", None, (), help))


MAX_OUTPUT_CHOICES = 5
"""Beyond this many useful outputs, only all of them and none of them are tried."""


def _choices(
    program: Program, op: Op, needed: Sequence[int]
) -> Iterable[tuple[int, ...]]:
    """The sets of outputs to consider keeping."""
    live = set(program.reachable(needed)) - _detached(program, op)
    if op.save == "auto":
        live -= _given(program, op)
    useful = [
        value
        for value in dict.fromkeys(program.outputs.values())
        if value in live and program.nodes[value].op not in LEAVES
    ]
    if len(useful) > MAX_OUTPUT_CHOICES:
        return [(), tuple(useful)]
    return [c for size in range(len(useful) + 1) for c in combinations(useful, size)]


def _detached(program: Program, op: Op) -> set[int]:
    """Outputs that were declared to have no derivative, though their formula has one.

    Kept, they would have none in backward either, and second derivatives be wrong.
    """
    moving = [program.inputs[item.name] for item in op.inputs if item.differentiable]
    declared = {program.outputs[name] for name in op.nondifferentiable}
    return declared & depending_on(program.nodes, moving)


def _given(program: Program, op: Op) -> set[int]:
    """Outputs with a derivative that was given by a formula which does not use them.

    Kept, they would have that one in backward too, where other gradients mean theirs.
    """
    names = [formula.name for formula in op.overrides]
    given = depending_on(program.nodes, [program.inputs[name] for name in names])
    terms = [term for name in names for term in program.gradients[name]]
    return given - set(program.reachable(terms))


def _written(op: Op) -> str:
    """The key ``save`` as a spec has it."""
    return op.save if isinstance(op.save, str) else f"[{', '.join(op.save)}]"


def _behind(program: Program, needed: Sequence[int], kept: frozenset[int]) -> list[int]:
    """The inputs that ``needed`` still asks for when ``kept`` is at hand."""
    return [
        v for v in program.reachable(needed, kept) if program.nodes[v].op == "input"
    ]


def _ordered(program: Program, values: Sequence[int]) -> tuple[int, ...]:
    """Residuals in the order of the signature, inputs before outputs."""
    chosen = set(values)
    order = [*program.inputs.values(), *program.outputs.values()]
    return tuple(v for v in dict.fromkeys(order) if v in chosen)


def _allowed(program: Program, op: Op, residuals: Sequence[int]) -> bool:
    """Whether the user's ``save`` admits these residuals; Python numbers are free."""
    inputs = set(program.inputs.values())
    tensors = [v for v in residuals if program.nodes[v].kind.is_tensor]
    if op.save == "auto":
        return True
    if op.save == "inputs":
        return inputs.issuperset(tensors)
    if op.save == "outputs":
        return inputs.isdisjoint(tensors)
    named = {**program.inputs, **program.outputs}
    return set(tensors) <= {named[name] for name in op.save if name in named}
