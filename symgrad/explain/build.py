"""All that there is to say of one op, gathered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symgrad import conventions, display, ledger
from symgrad.axes import BATCH, named, size_of
from symgrad.backends.cpu_kernel import kernels
from symgrad.backends.cpu_missing import why_none
from symgrad.backends.torch import op_code, steps
from symgrad.backends.torch_docs import remarks
from symgrad.backends.torch_lines import kept_names
from symgrad.explain.rewritten import Steps, rewrites
from symgrad.explain.tree import Derivation, Kink, Row, Searches, Step
from symgrad.naming import class_names
from symgrad.op import Op
from symgrad.patches.choices import Answer, Choices
from symgrad.program import Node, Program
from symgrad.verify.eager import eager_bytes

WHAT: Mapping[str, str] = {
    "primal": "the formulas as they are declared",
    "settle": "conditions on constants are decided",
    "stabilise": "the rewrite table is applied",
    "guard": "branches that are not taken get harmless values",
    "contract": "sums of products become products of matrices",
    "arrange": "axes come into the order of the spec",
    "differentiate": "gradients and tangents are added",
    "lower": "functions that torch lacks are written by their definitions",
    "patch": "polynomials are put where formulas lose their digits",
    "narrow": "factors of products go into the dtype of the inputs",
    "cheapen_choices": "choices that torch has an operator for become that",
    "choose_residuals": "what forward keeps is chosen",
}
"""What each pass does, by its name."""


def derivation(op: Op, known: Mapping[str, Answer], lock: str) -> Derivation:
    """How an op comes to its code; ``known`` are the choices of the file ``lock``."""
    choices = Choices(known)
    made = list(steps(op, choices))
    program = made[-1][1]
    body = op_code(op, program, class_names([op])[op.name]).backward.body
    loops = _loops(op, program) if op.backend == "cpu" else None
    used = len(known.keys() & choices.used.keys())
    return Derivation(
        name=op.name,
        doc=" ".join(op.doc.split()),
        forward=tuple(sides.written() for sides in display.formulas(op)),
        gradients=tuple(sides.written() for sides in display.gradients(op)),
        chain=_chain(op),
        remarks=tuple(remarks(op, program)),
        kinks=tuple(_kinks(op)),
        rewrites=tuple(rewrites(made)),
        searches=Searches(used, len(choices.used) - used, lock),
        steps=tuple(_counted(made)),
        backward=tuple(line.removeprefix(" " * 8) for line in body),
        kernels=loops,
        unfused=why_none(op, program) if loops == () else "",
        kept=tuple(_kept(op, program)),
    )


def _chain(op: Op) -> str:
    """What backward makes of the derivatives that are shown."""
    arriving = ", ".join(f"grad_{f.name}" for f in op.differentiable_outputs)
    if display.has_partials(op):
        return (
            f"Backward multiplies each by {arriving}, the derivative of the objective "
            "by that output, and sums over what was broadcast."
        )
    return (
        f"They are derivatives of the objective, as {arriving} is, summed over what "
        "was broadcast."
    )


def _kinks(op: Op) -> Iterator[Kink]:
    for kink in conventions.conventions(op):
        yield Kink(kink.call, kink.when, kink.taken, kink.policy)
    for name, when, taken in conventions.along_axes(op):
        yield Kink(name, when, taken, "torch")


def _counted(made: Steps) -> Iterator[Step]:
    for name, program in made:
        forward, backward = ledger.operations(program)
        yield Step(name, WHAT[name], forward, backward if program.gradients else None)


def _loops(op: Op, program: Program) -> tuple[str, ...]:
    """The loops of its kernels, as they are written; none where it can have none."""
    found = kernels(op, program)
    return (*found.forward.lines, "", *found.backward.lines) if found else ()


def _kept(op: Op, program: Program) -> Iterator[Row]:
    """The ledger: each tensor, their sum, and what others would keep."""
    tensors = ledger.kept(program, kept_names(op, program))
    for tensor in tensors:
        name = tensor.name + _axes(tensor.node)
        yield Row(name, tensor.role, str(ledger.bytes_of([tensor])))
    yield Row("together", "", str(ledger.bytes_of(tensors)))
    if program.statistics:
        least = [t for t in tensors if t.role != "statistic"]
        yield Row("without statistics", "", str(ledger.bytes_of(least)))
    yield Row("by torch, composed", "", str(eager_bytes(op)))


def _axes(node: Node) -> str:
    """The axes of a tensor as a spec declares them, nothing where it has none."""
    if not named(node.axes):
        return ""
    batch = [BATCH] if BATCH in node.axes else []
    return f"[{', '.join([*batch, *map(size_of, named(node.axes))])}]"
