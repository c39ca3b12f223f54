"""What there is to say of an op, as plain data: the same for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a code means is said without SymPy
    from symgrad.display import Equation


@dataclass(frozen=True)
class Kink:
    """What is taken for a derivative where there is none, or more than one."""

    call: str
    when: str
    taken: str
    policy: str


@dataclass(frozen=True)
class Rewrite:
    """What a pass wrote otherwise, and why; formulas are cut where they are long.

    ``rule`` is the row of the rewrite table, in whose letters ``why`` speaks; it is
    empty where another pass did it.
    """

    step: str
    before: str
    after: str
    why: str
    rule: str = ""


@dataclass(frozen=True)
class Searches:
    """For stable forms: how many answers are a lock's, how many were looked for."""

    known: int
    new: int
    lock: str


@dataclass(frozen=True)
class Step:
    """A pass, with the operations of forward and of the gradients after it.

    There are no ``gradients`` before anything was differentiated.
    """

    name: str
    what: str
    forward: int
    gradients: int | None


@dataclass(frozen=True)
class Row:
    """A line of the ledger: a tensor that is kept, or a sum of several.

    ``size`` is in bytes of single precision, a polynomial in the sizes of axes.
    """

    name: str
    role: str
    size: str


@dataclass(frozen=True)
class Derivation:
    """How an op comes to its code.

    ``chain`` says what backward makes of the ``gradients`` that are shown.
    ``kernels`` are the loops of an op with the backend ``cpu``, empty if it has none,
    for the reason ``unfused``; ``None`` for other backends.
    """

    name: str
    doc: str
    forward: tuple[Equation, ...]
    gradients: tuple[Equation, ...]
    chain: str
    remarks: tuple[str, ...]
    kinks: tuple[Kink, ...]
    rewrites: tuple[Rewrite, ...]
    searches: Searches
    steps: tuple[Step, ...]
    backward: tuple[str, ...]
    kernels: tuple[str, ...] | None
    unfused: str
    kept: tuple[Row, ...]
