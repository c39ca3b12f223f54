"""What ``symgrad explain SPEC:OP`` says of an op, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from os.path import exists
from pathlib import Path

from symgrad import ledger, spec
from symgrad.axes import BATCH, named, size_of
from symgrad.backends.cpu_kernel import kernels
from symgrad.backends.cpu_missing import why_none
from symgrad.backends.torch import op_code, steps
from symgrad.backends.torch_lines import kept_names
from symgrad.callables import op_of
from symgrad.naming import class_names
from symgrad.op import Op
from symgrad.program import Node, Program
from symgrad.verify.eager import eager_bytes


def explain(subject: str, backend: str | None = None) -> str:
    """The ops of ``SPEC``, or the one that ``SPEC:OP`` names.

    ``backend`` stands in place of those that the spec chooses; of kernels the loops
    are shown.
    Raises ``SpecError`` for the spec, ``SymgradError`` for an op that it has not.
    """
    alone = ":" in subject and not exists(subject)
    ops = (op_of(subject),) if alone else spec.load(Path(subject)).ops
    chosen = [replace(op, backend=backend or op.backend) for op in ops]
    return "\n\n".join("\n".join(_lines(op)) for op in chosen) + "\n"


def _lines(op: Op) -> Iterator[str]:
    """All that is said of one op, a line each."""
    made = list(steps(op))
    program = made[-1][1]
    summary = " ".join(op.doc.split())
    yield from textwrap.wrap(f"{op.name}: {summary}" if summary else op.name, 88)
    yield from ("", *(f"  {f.written} = {f.text}" for f in (*op.lets, *op.outputs)))
    yield from ("", "Backward, as it is written:", "")
    body = op_code(op, program, class_names([op])[op.name]).backward.body
    yield from (line.removeprefix("    ") for line in body)
    if op.backend == "cpu":
        yield from _kernels(op, program)
    yield from ("", "Operations after each step, of forward and of the gradients:", "")
    yield from _counted(made)
    yield from (
        "",
        "Kept for backward, in bytes of single precision, for a batch of B:",
        "",
    )
    yield from _kept(op, program)


def _kernels(op: Op, program: Program) -> Iterator[str]:
    """The loops of its kernels, or that it has none."""
    found = kernels(op, program)
    if found is None:
        yield from ("", f"It has no kernels: {why_none(op, program)}.")
        return
    yield from ("", "Kernels on a CPU, as they are written:", "")
    for line in (*found.forward.lines, "", *found.backward.lines):
        yield f"    {line}" if line else ""


def _counted(made: list[tuple[str, Program]]) -> Iterator[str]:
    for name, program in made:
        terms = [v for values in program.gradients.values() for v in values]
        forward = program.count_ops(program.outputs.values())
        backward = program.count_ops(terms, frozenset(program.residuals))
        yield f"  {name:<18} {forward:>5} {backward if terms else '':>7}".rstrip()


def _kept(op: Op, program: Program) -> Iterator[str]:
    """The ledger: each tensor, their sum, and what others would keep."""
    tensors = ledger.kept(program, kept_names(op, program))
    rows: list[tuple[str, str, ledger.Bytes]] = [
        (t.name + _axes(t.node), t.role, ledger.bytes_of([t])) for t in tensors
    ]
    rows.append(("together", "", ledger.bytes_of(tensors)))
    if program.statistics:
        least = [t for t in tensors if t.role != "statistic"]
        rows.append(("without statistics", "", ledger.bytes_of(least)))
    rows.append(("by torch, composed", "", eager_bytes(op)))
    width = max(len(name) for name, _, _ in rows)
    for name, role, weight in rows:
        yield f"  {name:<{width}}  {role:<9}  {weight}"


def _axes(node: Node) -> str:
    """The axes of a tensor as a spec declares them, nothing where it has none."""
    if not named(node.axes):
        return ""
    batch = [BATCH] if BATCH in node.axes else []
    return f"[{', '.join([*batch, *map(size_of, named(node.axes))])}]"
