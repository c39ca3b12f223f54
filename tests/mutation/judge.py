"""What the ladder says of a wrong module."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad.verify import lint
from symgrad.verify.ladder import RUNGS, climb
from symgrad.verify.report import Finding

from .code import alone
from .fault import Fault
from .mutants import Mutant

QUICK = [0, *(rung.number for rung in RUNGS if rung.quick)]
CHEAPEST_FIRST = (2, 3, 4, 6, 7, 1, 0, 5, 8, 9, 10)
"""The rungs of ``quick``, then the rest; which one finds it first is no matter."""


def findings(source: str, place: str, rung: int) -> tuple[Finding, ...]:
    """What one rung finds in a module, as to one op."""
    spec = alone(place)
    if rung == 0:
        return lint(source, spec)
    return climb(source, spec, "full", [(spec.ops[0].name, rung)]).failures


def of_fault(fault: Fault, place: str) -> tuple[Finding, ...]:
    """What the rung that claims a fault says of it."""
    return findings(fault.planted(place).source, place, fault.rung)


def rejected_by(mutant: Mutant) -> int | None:
    """The first rung that rejects a mutant; ``None`` if it survives."""
    found: Iterator[int] = (
        rung for rung in CHEAPEST_FIRST if findings(mutant.source, mutant.place, rung)
    )
    return next(found, None)
