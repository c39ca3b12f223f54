"""What every example keeps for backward, and how many operations it takes.

`pytest tests/test_ledger.py --update` writes the ledger anew; a change is reviewed as a
difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from generated_modules import EXAMPLES

from symgrad.backends.torch import joint_program
from symgrad.backends.torch_lines import kept_names
from symgrad.op import Op
from symgrad.program import Program
from symgrad.spec import load

LEDGER = Path(__file__).parent / "cases" / "ledger.txt"
SPECS = sorted(EXAMPLES.glob("*.yaml"))
OPS = [op for path in SPECS for op in load(path).ops]
CHEAP = 5
"""Times the operations of forward that backward may have, and a few for the start."""


def line(op: Op, program: Program) -> str:
    """An op, the tensors that it keeps, and its operations."""
    names = kept_names(op, program)
    tensors = [v for v in program.residuals if program.nodes[v].kind.is_tensor]
    kept = ", ".join(names[v] for v in tensors) or "nothing"
    forward, backward = counts(program)
    return f"{op.name}: keeps {kept}; operations: {forward}, backward {backward}"


def counts(program: Program) -> tuple[int, int]:
    """Operations of forward, and of all gradients from what is kept."""
    terms = [v for values in program.gradients.values() for v in values]
    return (
        program.count_ops(program.outputs.values()),
        program.count_ops(terms, frozenset(program.residuals)),
    )


def test_the_ledger_is_that_of_the_examples(update: bool) -> None:
    text = "".join(f"{line(op, joint_program(op))}\n" for op in OPS)
    if update:
        LEDGER.write_text(text, encoding="utf-8")
    assert LEDGER.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_backward_is_cheap(op: Op) -> None:
    forward, backward = counts(joint_program(op))
    assert backward <= CHEAP * forward + 2


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_only_inputs_outputs_and_statistics_are_kept(op: Op) -> None:
    program = joint_program(op)
    own = {*program.inputs.values(), *program.outputs.values(), *program.statistics}
    assert own.issuperset(program.residuals)


LEAST = {
    "swiglu": 2,
    "geglu": 2,
    "mish": 1,
    "relu_squared": 1,
    "sigmoid_focal": 2,
    "complete_iou": 8,
    "lstm_cell": 5,
    "dynamic_tanh": 3,
    "attention": 3,
}
"""The least that can be kept of some ops: tensors, small parameters among them."""


@pytest.mark.parametrize("name", LEAST)
def test_no_more_than_the_least_is_kept(name: str) -> None:
    [op] = [op for op in OPS if op.name == name]
    program = joint_program(op)
    tensors = [v for v in program.residuals if program.nodes[v].kind.is_tensor]
    assert len(tensors) <= LEAST[name]
