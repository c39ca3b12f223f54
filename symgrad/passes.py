"""The passes: each takes a program and returns another with the same meaning.

``BEFORE`` run on the forward program, where functions are still whole; ``AFTER`` run
on the program with its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from symgrad import algebra, precise, rewrites
from symgrad.errors import Diagnostic, SpecError
from symgrad.functions import TABLE
from symgrad.op import Op
from symgrad.partials import definition
from symgrad.program import (
    LEAVES,
    Graph,
    Kind,
    Node,
    Program,
    depending_on,
    is_complex,
    is_constant,
)
from symgrad.rebuild import copied, rebuild, roots
from symgrad.regions import Region, entailed, find_places, holds
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


def guard(program: Program) -> Program:
    """Feed functions in a branch a harmless value wherever the branch is not taken.

    A mask on the result alone is not enough: 0*inf is NaN in the second derivative,
    and in the first one too where native autograd differentiates the forward.  Of
    Python numbers a function raises an error where that of a tensor is infinite.
    """
    places = find_places(program.nodes, roots(program))
    order = _conditions_first(program, places)
    built: dict[int, int] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        known = [
            tuple((built[test], taken) for test, taken in region)
            for region in reversed(places[value])
        ]
        safe = harmless(program.nodes, node) if all(known) else ()
        if safe:
            args = tuple(
                arg if text is None else _guarded(graph, known, arg, text)
                for arg, text in zip(args, safe, strict=True)
            )
        built[value] = copied(graph, node, args)
        return built[value]

    return rebuild(program, visit, order)


def _guarded(graph: Graph, places: list[Region], arg: int, harmless: str) -> int:
    """An argument inside its regions; a number knows only conditions on numbers."""
    if not (graph[arg].kind.is_tensor or is_constant(graph.nodes, arg)):
        places = [
            tuple(
                part
                for told in region
                for part in entailed(graph, *told)
                if graph[part[0]].kind is Kind.BOOL
            )
            for region in places
        ]
    if not all(places):
        return arg
    other = graph.const(Fraction(harmless))
    return graph.node("guard", holds(graph, places), arg, other)


def _conditions_first(
    program: Program, places: dict[int, tuple[Region, ...]]
) -> list[int]:
    """Live values, each after its arguments and after what decides its region.

    Where two conditions wait for each other's values, regions are given up.
    """
    order: dict[int, None] = {}
    waiting: set[int] = set()
    todo = roots(program)[::-1]
    while todo:
        value = todo[-1]
        tests = [test for region in places[value] for test, _ in region]
        before = [*tests, *program.nodes[value].args]
        missing = [v for v in before if v not in order]
        if not missing or value in order:
            order.setdefault(todo.pop())
            waiting.discard(value)
        elif waiting.isdisjoint(missing):
            waiting.add(value)
            todo.extend(reversed(missing))
        else:
            places.update(dict.fromkeys((*waiting, value), ((),)))
            waiting.clear()
    return list(order)


def harmless(nodes: Sequence[Node], node: Node) -> tuple[str | None, ...]:
    """For each argument a value that the node survives, ``None`` if it needs none."""
    if node.op not in ("div", "call"):
        return ()
    safe = (None, "1") if node.op == "div" else TABLE[str(node.data)].safe
    if node.data == "pow" and _is_whole_power(nodes, node):
        return (None, None)
    if node.data == "pow" and is_constant(nodes, node.args[0]):
        return (safe[0] if _is_negative(nodes, node.args[0]) else None, None)
    if is_complex(nodes, node) and node.data not in _TAME:
        safe = tuple(text or "1" for text in safe)
    return tuple(
        None if is_constant(nodes, arg) else text
        for arg, text in zip(node.args, safe, strict=True)
    )


_TAME = frozenset({"re", "im", "conjugate", "abs", "sign", "arg"})
"""Functions of the whole plane; others have poles there, or overflow to NaN."""


def _is_negative(nodes: Sequence[Node], value: int) -> bool:
    """Whether a constant is below 0: most powers of it are NaN."""
    try:
        return precise.constant(nodes, value) < 0
    except ValueError:
        return False


def _is_whole_power(nodes: Sequence[Node], node: Node) -> bool:
    exponent = nodes[node.args[1]]
    return exponent.op == "const" and algebra.is_count(exponent.data)


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
