"""What every example keeps for backward, in bytes, and how many operations it takes.

`pytest tests/test_ledger.py --update` writes the ledger anew; a change is reviewed as a
difference.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from generated_modules import EXAMPLES

from symgrad.backends.torch import joint_program
from symgrad.backends.torch_lines import kept_names
from symgrad.ledger import bytes_of, kept
from symgrad.op import Op
from symgrad.program import Program
from symgrad.spec import load
from symgrad.verify.eager import eager_bytes

LEDGER = Path(__file__).parent / "cases" / "ledger.txt"
SPECS = sorted(EXAMPLES.glob("*.yaml"))
OPS = [op for path in SPECS for op in load(path).ops]
CHEAP = 5
"""Times the operations of forward that backward may have, and a few for the start."""


def line(op: Op, program: Program) -> str:
    """An op, its operations, the tensors that it keeps, and bytes, ours and eager."""
    tensors = kept(program, kept_names(op, program))
    names = ", ".join(tensor.name for tensor in tensors) or "nothing"
    forward, backward = counts(program)
    return (
        f"{op.name}: operations: {forward}, backward {backward}; keeps {names}:"
        f" {bytes_of(tensors)}; eager {eager_bytes(op)}"
    )


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
    """As reverse accumulation is; what patches add for their digits is beyond that."""
    forward, backward = counts(joint_program(replace(op, accuracy="fast")))
    assert backward <= CHEAP * forward + 2


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_only_inputs_outputs_and_statistics_are_kept(op: Op) -> None:
    program = joint_program(op)
    own = {*program.inputs.values(), *program.outputs.values(), *program.statistics}
    assert own.issuperset(program.residuals)


MORE = {
    "zrelu": "torch keeps which elements are on; that is no input",
    "log_cosh": "torch keeps the difference of the inputs alone",
    "pinball": "torch keeps the sign of a difference",
    "total_variation": "torch keeps the sign of a difference",
    "spike": "torch has no derivative of the step, a surrogate needs its input",
    "lif_step": "the same",
    "sign_ste": "the same",
    "covariance_pooling": "the means, one number for each of many rows",
    "absolute_deviation": "the mean, one number a row",
    "pearson": "the same, of one row of two",
    "listnet": "a sum, one number a row",
}
"""Ops that keep more than autograd does of the formula, and what the difference is."""


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_no_more_is_kept_than_autograd_keeps(op: Op) -> None:
    program = joint_program(op)
    ours = bytes_of(kept(program, kept_names(op, program)))
    assert (ours.typical > eager_bytes(op).typical) == (op.name in MORE)


LEAST = {
    "absolute_deviation": "4*B*n + 4*B",
    "attention": "4*B*d*s + 4*B*d*t + 4*B*e*t",
    "complete_iou": "32*B",
    "cross_entropy": "4*B*n + 12*B",
    "dynamic_tanh": "12*B",
    "geglu": "8*B",
    "jsd": "8*B*n",
    "layer_norm": "4*B*n + 8*B + 4*n",
    "lennard_jones": "12*B",
    "log_softmax": "4*B*n",
    "lstm_cell": "20*B",
    "mish": "4*B",
    "relu_squared": "4*B",
    "rms_norm": "4*B*n + 4*B + 4*n",
    "rotary_tables": "8*B",
    "sigmoid_focal": "8*B",
    "snake": "8*B",
    "softmax": "4*B*n",
    "swiglu": "8*B",
}
"""The least that can be kept of some ops, parameters of any size among it.

An input, or an output in its place, for each that gradients ask for; beside them a
number a row or two where a row would have to be read again: by the columns "kept" of
published catalogues of kernels.
"""


@pytest.mark.parametrize("name", LEAST)
def test_the_least_is_kept(name: str) -> None:
    [op] = [op for op in OPS if op.name == name]
    program = joint_program(op)
    assert str(bytes_of(kept(program, kept_names(op, program)))) == LEAST[name]
