"""Why an op has no kernels, in words for whoever asked for some."""

from __future__ import annotations

from collections.abc import Callable

from symgrad.backends.cpu_names import NUMBER, VECTOR
from symgrad.backends.cpu_rows import axis_of
from symgrad.backends.torch_shapes import fills_one_shape
from symgrad.op import Op
from symgrad.program import Kind, Node, Program

_Test = Callable[[Op, Program], bool]


def why_none(op: Op, program: Program) -> str:
    """The reason, a part of a sentence, for an op of which there are no kernels."""
    for holds, reason in _REASONS:
        if holds(op, program):
            return reason
    function = _unwritten(program)
    if function:
        return f"C++ has no form here for {function}"
    return "its rows are not made of sums and largest or smallest elements alone"


def _has_integers(op: Op, program: Program) -> bool:
    """Whether it computes with integers; a row looks things up by them."""
    outputs = {op.nodes[f.value].kind for f in op.outputs}
    given = {item.kind for item in op.inputs}
    return Kind.INDEX in (outputs if op.has_axes else given | outputs)


def _has_conditions(op: Op, program: Program) -> bool:
    return any(op.nodes[f.value].kind is not Kind.REAL for f in op.outputs)


_REASONS: tuple[tuple[_Test, str], ...] = (
    (lambda op, program: program.in_plane, "it is of complex numbers"),
    (_has_integers, "it computes with integers"),
    (_has_conditions, "an output is not made of real numbers"),
    (
        lambda op, program: op.has_axes and axis_of(op) is None,
        "it has several axes, or one that is not the last of each tensor",
    ),
    (
        lambda op, program: op.has_axes and not fills_one_shape(op, program),
        "its outputs may have several shapes",
    ),
)
"""What an op has none for, the first that holds being said."""


def _unwritten(program: Program) -> str:
    """A function that has no form in C++, nothing if all have."""
    terms = [v for values in program.gradients.values() for v in values]
    live = program.reachable([*program.outputs.values(), *terms])
    return next(filter(None, (_missing(program.nodes[v]) for v in live)), "")


def _missing(node: Node) -> str:
    if node.op != "call":
        return ""
    table = VECTOR if node.kind.is_tensor else NUMBER
    return "" if str(node.data) in table else str(node.data)
