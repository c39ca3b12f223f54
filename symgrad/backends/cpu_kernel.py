"""The two kernels of an op, if it can have some."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.backends.cpu_pass import as_pass, backward_pass, forward_pass
from symgrad.backends.cpu_row_kernel import backward_rows, forward_rows
from symgrad.backends.cpu_rows import as_rows, has_row
from symgrad.backends.cpu_signature import backward_signature
from symgrad.backends.cpu_text import Kernel
from symgrad.backends.torch_shapes import fills_one_shape
from symgrad.op import Op
from symgrad.program import Program


@dataclass(frozen=True)
class Kernels:
    """The kernels of an op, and whether they go row by row.

    ``alike``: whatever shapes its inputs have, all outputs have that which they
    broadcast to; else all inputs must have one shape.
    """

    forward: Kernel
    backward: Kernel
    rows: bool
    alike: bool


def kernels(op: Op, program: Program) -> Kernels | None:
    """The kernels of an op: of one pass over elements, or over rows, or none."""
    alike = fills_one_shape(op, program)
    bare = as_pass(op, program)
    if bare is not None:
        return Kernels(forward_pass(op, bare), backward_pass(op, bare), False, alike)
    rows = as_rows(op, program) if alike else None
    if rows is None:
        return None
    given = backward_signature(op, rows.program, rows.shapes)
    if not any(has_row(rows.program.nodes[v]) for v in given.tensors):
        return None  # nothing to go over
    backward = backward_rows(op, rows)
    return Kernels(forward_rows(op, rows), backward, True, alike)
