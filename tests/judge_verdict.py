"""The verdict on a row: what differs without a reason, and reasons without a case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from judge_differences import DIFFERENCES, EXACT, MISSING, Difference
from judge_places import PLACES, spread
from judge_rows import Row
from judge_truth import truth
from judging import KINDS, Trial, outcome, trials, weights
from torch import Tensor

RTOL = 1e-8
ATOL = {"value": 1e-280, "gradient": 1e-280, "second": 1e-12}
"""Relative, down to the smallest doubles; second derivatives are sums that cancel."""
LOOKED_AT = 12
"""Of many points that are compared with the truth, those that are."""
SHOWN = 3
"""Of many that differ, those that a message names."""


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
            for results in _paired(trial, kind, mine[kind], theirs[kind]):
                _judge(results, found)
    return found


def stale(row: Row, found: Verdict) -> list[str]:
    """Reasons for differences that there are not."""
    given = [(k, d) for d in DIFFERENCES.get(row.op, ()) for k in d.kinds.split()]
    return [f"{kind} {d.place}" for kind, d in given if (kind, d) not in found.seen]


@dataclass(frozen=True)
class Results:
    """One kind of results of a trial, by one input; ``None`` where there are none."""

    trial: Trial
    kind: str
    wrt: int
    mine: Tensor | None
    theirs: Tensor | None

    @property
    def reasons(self) -> list[Difference]:
        """Those that the table has for this kind, and for what torch has."""
        every = DIFFERENCES.get(self.trial.row.op, ())
        here = [d for d in every if self.kind in d.kinds.split()]
        return [d for d in here if (d.place == MISSING) == (self.theirs is None)]

    def point(self, place: int) -> list[float]:
        """The arguments of the op."""
        return [x[place].item() for x in spread(self.trial)]

    def truth(self, place: int) -> float | None:
        """The truth there, times the cotangent that derivatives have."""
        found = truth(self.trial.op, self.kind, self.wrt, self.point(place))
        if found is None or self.kind == "value":
            return found
        return found * weights(self.trial.columns[0])[place].item()


def _paired(
    trial: Trial, kind: str, mine: list[Tensor] | None, theirs: list[Tensor] | None
) -> Iterator[Results]:
    """The results by each input; what neither has is no matter."""
    for wrt in range(len(mine or theirs or ())):
        columns = (None if x is None else x[wrt].detach() for x in (mine, theirs))
        yield Results(trial, kind, wrt, *columns)


def _judge(results: Results, found: Verdict) -> None:
    """Take away what each reason explains; what is left is unexplained."""
    left = _differing(results)
    for difference in results.reasons:
        there = left & PLACES[difference.place](results.trial)
        if difference.place in (EXACT, MISSING):
            there = _vouched_for(results, there)
        if bool(there.any()):
            found.seen.add((results.kind, difference))
        left &= ~there
    found.unexplained += [_described(results, place) for place in _some(left, SHOWN)]


def _differing(results: Results) -> Tensor:
    """All points, if one of the two has no result."""
    if results.mine is None or results.theirs is None:
        return torch.ones_like(results.trial.columns[0], dtype=torch.bool)
    pair = results.mine.double(), results.theirs.double()
    return ~torch.isclose(*pair, RTOL, ATOL[results.kind], equal_nan=True)


def _vouched_for(results: Results, there: Tensor) -> Tensor:
    """Those of the points at which ours is the truth, as far as they are looked at.

    Where torch has a result, a point for which there is no truth is not one of them.
    """
    finite = torch.stack(spread(results.trial)).isfinite().all(0)
    known = there & finite
    wrong = [place for place in _some(known, LOOKED_AT) if not _is_true(results, place)]
    kept = there.clone() if results.theirs is None else known
    kept[wrong] = False
    return kept


def _is_true(results: Results, place: int) -> bool:
    want = results.truth(place)
    if want is None or results.mine is None:
        return results.theirs is None
    got = results.mine[place].item()
    return math.isclose(got, want, rel_tol=RTOL, abs_tol=ATOL[results.kind])


def _some(places: Tensor, count: int) -> list[int]:
    """Some of the places that are marked, evenly."""
    every = places.nonzero().flatten().tolist()
    return every[:: -(-len(every) // count) or 1]


def _described(results: Results, place: int) -> str:
    got, want = (
        None if x is None else x[place].item() for x in (results.mine, results.theirs)
    )
    return (
        f"{results.kind} by input {results.wrt} at {results.point(place)}:"
        f" {got!r}, torch {want!r}, truth {results.truth(place)!r}"
    )
