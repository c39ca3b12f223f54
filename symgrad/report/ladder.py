"""The ladder of an op for the page: each rung, how it fared, its worst figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from symgrad.op import Op
from symgrad.report.scales import plain
from symgrad.verify import Report
from symgrad.verify.report import Finding, RungResult
from symgrad.verify.rungs import KERNELS, RUNGS

State = Literal["passed", "failed", "left out"]


@dataclass(frozen=True)
class Rung:
    """One rung; texts are empty where there is nothing to say."""

    number: int
    name: str
    state: State
    worst: str = ""
    place: str = ""
    note: str = ""


def rungs(op: Op, report: Report | None) -> Iterator[Rung]:
    """All rungs in their order, those that were not climbed too."""
    found = {r.rung: r for r in report.results if r.op == op.name} if report else {}
    names = dict([*RUNGS.items(), KERNELS])
    for number, name in names.items():
        if number in found:
            yield _rung(name, found[number])
        elif number in RUNGS or op.backend == "cpu":
            yield Rung(number, name, "left out")


def _rung(name: str, result: RungResult) -> Rung:
    return Rung(
        number=result.rung,
        name=name,
        state="passed" if result.passed else "failed",
        worst="" if result.worst is None else plain(float(f"{result.worst:.1e}")),
        place=result.worst_input or "",
        note=result.note or "",
    )


def failures(op: Op, report: Report | None) -> tuple[Finding, ...]:
    """What is wrong with an op, or with the module that it is in."""
    every = report.failures if report else ()
    return tuple(f for f in every if f.op in (op.name, ""))
