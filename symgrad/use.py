"""Declared in an op, and without any effect in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from symgrad.functions import NAMES
from symgrad.model import Complaint
from symgrad.names import listing
from symgrad.op import Formula, Op
from symgrad.program import Kind, Node, Program


def complaints(op: Op, policies: Iterable[str]) -> Iterator[Complaint]:
    """Inputs that no formula uses, outputs that have no use, policies without a call.

    ``policies`` are the functions that have a policy of their own, as written.
    """
    yield from _unused_inputs(op)
    yield from _constant_outputs(op)
    yield from _whole_outputs(op)
    yield from _idle_policies(op, policies)
    yield from _turned_overrides(op)


def unused_lets(op: Op) -> list[Formula]:
    """The lets that no output and no gradient needs."""
    live = _behind(op, _ends(op))
    return [formula for formula in op.lets if formula.value not in live]


def _unused_inputs(op: Op) -> Iterator[Complaint]:
    used = {str(node.data) for node in _leaves(op, _ends(op))}
    for item in op.inputs:
        if item.name not in used:
            said, loc = f"the input '{item.name}' is not used", ("inputs", item.name)
            yield Complaint("SG133", said, loc, "remove it", True)


def _constant_outputs(op: Op) -> Iterator[Complaint]:
    tensors = [v for v, n in enumerate(op.nodes) if n.kind.is_tensor and not n.args]
    varying = set(tensors)
    for value, node in enumerate(op.nodes):
        if not varying.isdisjoint(node.args):
            varying.add(value)
    for output in op.outputs:
        if output.value not in varying:
            said = f"the output '{output.name}' depends on no tensor"
            help = "use a tensor in it, or compute it outside of the op"
            yield Complaint("SG142", said, ("forward", output.name), help)


def _whole_outputs(op: Op) -> Iterator[Complaint]:
    """Torch differentiates floating tensors; one of the outputs has to be one."""
    wanted = [f for f in op.outputs if f.name not in op.nondifferentiable]
    if wanted and all(op.nodes[f.value].kind is Kind.INDEX for f in wanted):
        name = wanted[0].name
        said = f"the output '{name}' is an integer tensor: no gradient passes through"
        help = "use a real input as a number in it"
        yield Complaint("SG136", said, ("forward", name), help)


def _idle_policies(op: Op, policies: Iterable[str]) -> Iterator[Complaint]:
    """A policy decides nothing where no derivative passes through its function."""
    ends = [op.stand_ins.get(f.name, f.value) for f in op.differentiable_outputs]
    nodes = (op.nodes[value] for value in _behind(op, ends))
    called = {str(node.data) for node in nodes if node.op == "call"}
    for name in policies:
        if NAMES[name].name not in called:
            said = f"no derivative passes through '{name}'"
            known = [here for here in sorted(called) if NAMES[here].kinks]
            help = listing("functions with corners here", known)
            yield Complaint("SG141", said, ("edges", name), help, True)


def _turned_overrides(op: Op) -> Iterator[Complaint]:
    """A complex gradient for a real input."""
    for formula in op.overrides:
        plane = op.nodes[formula.value].kind.is_complex
        if plane and not op.input(formula.name).kind.is_complex:
            said = f"the gradient of '{formula.name}' is complex, and the input is real"
            yield Complaint(
                "SG215", said, ("backward", formula.name), "take re() of it"
            )


def _ends(op: Op) -> list[int]:
    """What an op is there for: its outputs and gradients."""
    formulas = (*op.outputs, *op.overrides)
    return [*(formula.value for formula in formulas), *op.stand_ins.values()]


def _behind(op: Op, values: Sequence[int]) -> set[int]:
    return set(Program(op.nodes, {}, {}).reachable(values))


def _leaves(op: Op, values: Sequence[int]) -> list[Node]:
    nodes = (op.nodes[value] for value in _behind(op, values))
    return [node for node in nodes if node.op == "input"]
