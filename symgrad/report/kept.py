"""The ledger of an op for the page: bytes that are kept, operations that are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad import ledger
from symgrad.backends.torch_lines import kept_names
from symgrad.ledger import Bytes
from symgrad.op import Op
from symgrad.program import Program
from symgrad.verify.eager import eager_bytes


@dataclass(frozen=True)
class Kept:
    """A tensor that forward keeps for backward."""

    name: str
    role: str
    weight: str


@dataclass(frozen=True)
class Total:
    """What is kept together; ``share`` is its size beside the largest, in percent."""

    whose: str
    weight: str
    share: int


@dataclass(frozen=True)
class Counted:
    """Operations of forward and of all gradients together, after a step."""

    step: str
    forward: int
    backward: int


@dataclass(frozen=True)
class Ledger:
    """What is kept and what is done."""

    kept: tuple[Kept, ...]
    totals: tuple[Total, ...]
    counted: tuple[Counted, ...]


def of(op: Op, steps: Sequence[tuple[str, Program]]) -> Ledger:
    """The ledger of an op from its programs, step by step."""
    program = steps[-1][1]
    tensors = ledger.kept(program, kept_names(op, program))
    rows = (Kept(t.name, t.role, str(ledger.bytes_of([t]))) for t in tensors)
    totals = _totals(ledger.bytes_of(tensors), eager_bytes(op))
    return Ledger(tuple(rows), totals, tuple(_counted(steps)))


def _totals(ours: Bytes, composed: Bytes) -> tuple[Total, ...]:
    """Both sums; where every size is 1,024 their bars compare."""
    largest = max(ours.typical, composed.typical, 1)
    pairs = ("generated", ours), ("torch, by the formula", composed)
    return tuple(
        Total(whose, str(b), round(100 * b.typical / largest)) for whose, b in pairs
    )


def _counted(steps: Sequence[tuple[str, Program]]) -> Iterator[Counted]:
    """The counts where derivatives are there: when they are new, and at the end."""
    wanted = {"differentiate": "as derived", steps[-1][0]: "as written"}
    for step, program in steps:
        if step in wanted:
            yield Counted(wanted[step], *ledger.operations(program))
