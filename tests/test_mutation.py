"""Wrong code is rejected: faults by the rungs that claim them, mutants by any."""

from __future__ import annotations

import ast
import re
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest
from mutation import page
from mutation.code import code
from mutation.fault import Fault
from mutation.faults import FAULTS
from mutation.judge import of_fault, rejected_by
from mutation.mutants import Mutant, mutants, places
from mutation.survivors import SURVIVORS, why

from symgrad.verify.ladder import RUNGS
from symgrad.verify.report import Finding

SLIP = re.compile(r"raises (Name|Type|Attribute|UnboundLocal|Key|Index|Value)Error")
"""What a fault that was planted badly would raise."""

PARTS = 321
"""Into how many parts mutants are dealt, by their names; one of them is judged here.

It is a third of the share whose survivors the page lists since the whole run.
"""


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


@cache
def share() -> list[Mutant]:
    """A part of the gallery's mutants; that of one op does not depend on the others."""
    return [mutant for place in places() for mutant in mutants(place, _chosen(place))]


def _chosen(place: str) -> Callable[[int], bool]:
    return lambda number: zlib.crc32(f"{place}/{number}".encode()) % PARTS == 0


def test_mutants_are_rejected_or_stand_on_the_page() -> None:
    """No more survive than the page has; ``python -m tests.mutation.run`` writes it."""
    alive = [mutant for mutant in share() if rejected_by(mutant) is None]
    assert [str(mutant) for mutant in alive if why(mutant) is None] == []
    listed = Counter(re.findall(r"^- (.*)$", page.mutants(), re.M))
    assert Counter(map(str, alive)) - listed == Counter()


def test_the_share_has_mutants_that_survive() -> None:
    drawn = share()
    assert len(drawn) > 50
    assert any(why(mutant) is not None for mutant in drawn)


def test_survivors_stand_on_the_page() -> None:
    text = page.mutants()
    assert [row.why for row in SURVIVORS if row.why not in text] == []
