"""Wrong code is rejected: faults by the rungs that claim them, mutants by any."""

from __future__ import annotations

import ast
import random
import re

import pytest
from mutation import page
from mutation.code import code
from mutation.fault import Fault
from mutation.faults import FAULTS
from mutation.judge import of_fault, rejected_by
from mutation.mutants import Mutant, count, mutants, places
from mutation.survivors import SURVIVORS, why

from symgrad.verify.ladder import RUNGS
from symgrad.verify.report import Finding

SLIP = re.compile(r"raises (Name|Type|Attribute|UnboundLocal|Key|Index|Value)Error")
"""What a fault that was planted badly would raise."""

SHARE, SEED = 150, 1
"""How many of all mutants are judged here, and which."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.rung}-{f.name}")
def test_a_fault_is_rejected_by_the_rung_that_claims_it(fault: Fault) -> None:
    for place in fault.ops:
        made = fault.planted(place)
        assert made.source != ast.unparse(code(place).tree), f"{place}: not planted"
        assert _is_rejected(fault, of_fault(fault, place)), f"{place}: not rejected"


def _is_rejected(fault: Fault, found: tuple[Finding, ...]) -> bool:
    """By that rung, and for what is wrong rather than for a slip of the edit."""
    texts = [f"{finding.message}\n{finding.got}" for finding in found]
    assert {finding.rung for finding in found} <= {fault.rung}
    if fault.says:
        return any(re.search(fault.says, text) for text in texts)
    return bool(found) and not any(map(SLIP.match, texts))


def test_every_rung_claims_faults() -> None:
    numbers = [fault.rung for fault in FAULTS]
    assert set(numbers) == {0, *(rung.number for rung in RUNGS)}
    assert len({(f.rung, f.name) for f in FAULTS}) == len(FAULTS) >= 60


def test_faults_are_planted_in_several_ops() -> None:
    alone = [fault.name for fault in FAULTS if len(fault.ops) < 2]
    assert alone == ["differentiable again"]


def test_the_page_has_the_table_of_faults(update: bool) -> None:
    if update:
        page.write(page.mutants())
    written = page.PAGE.read_text(encoding="utf-8")
    assert written == f"{page.faults()}\n{page.MARK}{page.mutants()}"


# -- mutants ---------------------------------------------------------------------------


def share() -> list[Mutant]:
    """Some mutants of the whole gallery, each as likely as any other."""
    everyone = [(place, k) for place in places() for k in range(count(place))]
    drawn = random.Random(SEED).sample(everyone, SHARE)
    return [
        mutant
        for place in sorted({place for place, _ in drawn})
        for mutant in mutants(place, {k for other, k in drawn if other == place})
    ]


def test_mutants_are_rejected_or_explained() -> None:
    alive = [mutant for mutant in share() if rejected_by(mutant) is None]
    assert [str(mutant) for mutant in alive if why(mutant) is None] == []
    total, wrong = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \|", page.mutants(), re.M)[0]
    harmless = 1 - int(wrong.replace(",", "")) / int(total.replace(",", ""))
    usual = harmless * SHARE  # whose spread is its root, as that of all rare things
    assert len(alive) <= usual + 3 * usual**0.5


def test_survivors_stand_on_the_page() -> None:
    text = page.mutants()
    assert [row.why for row in SURVIVORS if row.why not in text] == []
