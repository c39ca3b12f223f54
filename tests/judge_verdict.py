"""The verdict on a row: what differs without a reason, and reasons without a case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from judge_differences import DIFFERENCES, Difference
from judge_places import EXACT, MISSING, PLACES, spread
from judge_rows import Row
from judge_truth import truth
from judging import KINDS, Trial, outcome, trials, weights
from torch import Tensor

RTOL, ATOL = 1e-8, 1e-12
LOOKED_AT = 12
"""Of many differences that are put down to torch's digits, those that are computed."""


@dataclass
class Verdict:
    """Of a row: its points, what nothing explains, and the reasons that were seen."""

    points: int = 0
    unexplained: list[str] = field(default_factory=list)
    seen: set[tuple[str, Difference]] = field(default_factory=set)


def verdict(row: Row) -> Verdict:
    """Compare a row with torch at all its points."""
    found = Verdict()
    for trial in trials(row):
        found.points += len(trial.columns[0])
        mine, theirs = (outcome(trial, f) for f in (trial.mine, trial.theirs))
        for kind in KINDS:
            _compare(Case(trial, kind), mine[kind], theirs[kind], found)
    return found


def stale(row: Row, found: Verdict) -> list[str]:
    """Reasons for differences that there are not."""
    given = [(k, d) for d in DIFFERENCES.get(row.op, ()) for k in d.kinds.split()]
    return [f"{kind} {d.place}" for kind, d in given if (kind, d) not in found.seen]


@dataclass(frozen=True)
class Case:
    """One kind of results of a trial."""

    trial: Trial
    kind: str

    @property
    def reasons(self) -> list[Difference]:
        """Those that the table has for this kind."""
        every = DIFFERENCES.get(self.trial.row.op, ())
        return [d for d in every if self.kind in d.kinds.split()]


def _compare(
    case: Case, mine: list[Tensor] | None, theirs: list[Tensor] | None, found: Verdict
) -> None:
    if mine is None or theirs is None:
        _refused(case, mine is None, theirs is None, found)
        return
    for wrt, pair in enumerate(zip(mine, theirs, strict=True)):
        _compare_columns(case, wrt, *(x.detach().double() for x in pair), found)


def _refused(case: Case, ours: bool, torchs: bool, found: Verdict) -> None:
    """One of the two has no such derivative."""
    if torchs and not ours:
        reasons = [d for d in case.reasons if d.place == MISSING]
        found.seen |= {(case.kind, d) for d in reasons}
        if reasons:
            return
    if ours != torchs:
        found.unexplained.append(f"{case.kind}: {'ours' if ours else 'torch'} has none")


def _compare_columns(
    case: Case, wrt: int, mine: Tensor, theirs: Tensor, found: Verdict
) -> None:
    """Take away what each reason explains; what is left is unexplained."""
    left = ~torch.isclose(mine, theirs, RTOL, ATOL, equal_nan=True)
    for difference in case.reasons:
        there = left & PLACES[difference.place](case.trial)
        if difference.place == EXACT:
            there = _ours_is_exact(case, wrt, mine, there)
        if bool(there.any()):
            found.seen.add((case.kind, difference))
        left &= ~there
    found.unexplained += list(_described(case, wrt, mine, theirs, left))


def _ours_is_exact(case: Case, wrt: int, mine: Tensor, there: Tensor) -> Tensor:
    """Those of the finite points at which balls say so, as far as they are looked at."""
    there = there & torch.stack(spread(case.trial)).isfinite().all(0)
    places = there.nonzero().flatten()
    refuted = [
        place
        for place in places[:: len(places) // LOOKED_AT or 1].tolist()
        if not _near(mine[place].item(), true_value(case, wrt, place))
    ]
    there[refuted] = False
    return there


def true_value(case: Case, wrt: int, place: int) -> float | None:
    """The truth at one point, times the cotangent that derivatives have there."""
    point = [x[place].item() for x in spread(case.trial)]
    found = truth(case.trial.op, case.kind, wrt, point)
    if found is None or case.kind == "value":
        return found
    return found * weights(case.trial.columns[0])[place].item()


def _near(got: float, want: float | None) -> bool:
    return want is not None and math.isclose(got, want, rel_tol=RTOL, abs_tol=ATOL)


def _described(
    case: Case, wrt: int, mine: Tensor, theirs: Tensor, left: Tensor
) -> Iterator[str]:
    """The first, with the inputs and the truth."""
    for place in left.nonzero().flatten().tolist()[:SHOWN]:
        point = [x[place].item() for x in spread(case.trial)]
        yield (
            f"{case.kind} by input {wrt} at {point}: {mine[place].item():.17g},"
            f" torch {theirs[place].item():.17g}, truth {true_value(case, wrt, place)}"
        )


SHOWN = 3
