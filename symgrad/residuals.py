"""A pass: what forward keeps for backward.

Inputs and outputs, the fewest bytes of them; beside them statistics, values that lack
an axis of the inputs, where it takes more to compute them again than to keep them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from symgrad.axes import size_of
from symgrad.costs import elements, traffic, weight
from symgrad.cut import cheapest
from symgrad.errors import Diagnostic, SpecError
from symgrad.functions import TABLE
from symgrad.op import Op
from symgrad.parts import part_of
from symgrad.program import LEAVES, VIEWS, Kind, Node, Program, depending_on

KEPT = 2**20
"""What a byte that is kept weighs against an element that is read or written again."""

KEPT_ROW = 4
"""The same for an element of a statistic: two to write and read it, two to hold it."""


def choose_residuals(program: Program, op: Op) -> Program:
    """Choose the inputs and outputs that are kept, then the statistics beside them.

    Backward can start from any of them: an output that is kept cuts off all that lies
    before it.  A statistic cuts off nothing: where backward itself is differentiated,
    it is computed again from what else is kept.
    """
    whole = _prices(program, op, [*program.inputs, *program.outputs])
    prices = _prices(program, op, _admitted(program, op))
    needed = [*_read(program), *program.jvps.values()]
    kept = _cheapest(program, needed, prices)
    if kept is None:
        raise _lacking(program, op, _cheapest(program, needed, whole) or set())
    chosen = replace(program, residuals=_ordered(program, kept))
    if op.save != "auto" or not op.has_axes:
        return chosen
    return _with_statistics(chosen, op)


def _cheapest(
    program: Program, needed: Sequence[int], prices: Mapping[int, int]
) -> set[int] | None:
    return cheapest(
        program.nodes, needed, prices, lambda v: traffic(program.nodes, v) + 1
    )


def _read(program: Program) -> list[int]:
    """What the gradients are computed from."""
    return [v for values in program.gradients.values() for v in values]


def _prices(program: Program, op: Op, names: Sequence[str]) -> dict[int, int]:
    """What it costs to keep each input and output of these names.

    Of equal weight an input is kept: somebody else may hold it as well.
    """
    without = _detached(program, op)
    if op.save == "auto":
        without |= _given(program, op)
    prices: dict[int, int] = {}
    for name, value in program.outputs.items():
        own = value not in without and program.nodes[value].op not in LEAVES
        if own and name in names:
            prices[value] = KEPT * weight(program.nodes[value]) + 1
    for name, value in program.inputs.items():
        if name in names or not program.nodes[value].kind.is_tensor:
            prices[value] = KEPT * weight(program.nodes[value])
    return prices


def _admitted(program: Program, op: Op) -> list[str]:
    """The inputs and outputs that the user's ``save`` admits."""
    if isinstance(op.save, tuple):
        return list(op.save)
    inputs = [] if op.save == "outputs" else [*program.inputs]
    return inputs if op.save == "inputs" else [*inputs, *program.outputs]


def _lacking(program: Program, op: Op, enough: set[int]) -> SpecError:
    """The error for a ``save`` without which gradients cannot be had."""
    written = op.save if isinstance(op.save, str) else f"[{', '.join(op.save)}]"
    said = f"{op.name}: the gradients cannot be had from 'save: {written}' alone"
    tensors = {v for v in enough if program.nodes[v].kind.is_tensor}
    named = {**program.inputs, **program.outputs}
    names = [name for name, value in named.items() if value in tensors]
    help = f"leave 'save' out, or keep [{', '.join(names)}]"
    return SpecError(Diagnostic("SG139", said, "", None, (), help))


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


def _ordered(program: Program, values: set[int]) -> tuple[int, ...]:
    """Residuals in the order of the signature, inputs before outputs."""
    order = [*program.inputs.values(), *program.outputs.values()]
    return tuple(v for v in dict.fromkeys(order) if v in values)


# -- statistics ------------------------------------------------------------------------


def _with_statistics(program: Program, op: Op) -> Program:
    """Keep statistics that save more than it takes to write and to read them."""
    prices = dict.fromkeys(program.residuals, 0)
    for value in _statistics(program):
        size = elements(program.nodes[value].axes)
        prices[value] = KEPT_ROW * size + _unnamed(program, value)
    kept = _cheapest(program, _read(program), prices) or set()
    found = tuple(sorted(kept.difference(program.residuals)))
    return replace(
        program,
        residuals=(*program.residuals, *found),
        statistics=found,
        hints={**program.hints, **{v: _stem(program.nodes[v]) for v in found}},
    )


def _unnamed(program: Program, value: int) -> int:
    """Of equal price a value is kept that the user has a name for."""
    return int(value not in program.names)


def _statistics(program: Program) -> Iterator[int]:
    """What forward computes on its way that lacks an axis of an input.

    What has other axes, such as a number for each pair, may be larger than all inputs.
    """
    nodes, ends = program.nodes, set(program.outputs.values())
    inputs = [_sizes(nodes[v]) for v in program.inputs.values()]
    for value in program.reachable(program.outputs.values()):
        node = nodes[value]
        own = value not in ends and node.op not in LEAVES and node.op not in VIEWS
        small = any(_sizes(node) < axes for axes in inputs)
        whole = not any(map(part_of, node.axes))
        if own and small and whole and node.kind is Kind.REAL:
            yield value


def _sizes(node: Node) -> Counter[str]:
    return Counter(map(size_of, node.axes))


_STEMS = {
    "amax": "most",
    "amin": "least",
    "logsumexp": "log_z",
    "mean": "mean",
    "norm": "norm",
    "prod": "product",
    "std": "std",
    "sum": "total",
    "var": "var",
}
"""What a statistic is called that the user has no name for."""


def _stem(node: Node) -> str:
    if node.op == "call":
        return TABLE[str(node.data)].stem
    return _STEMS.get(node.op, "row")
