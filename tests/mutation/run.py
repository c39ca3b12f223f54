"""Judge every mutant of the gallery, and write what survives to docs/mutation.md.

    python -m tests.mutation.run [--jobs 2] [swish.swish ...]
    python -m tests.mutation.run --again

Takes about 25 minutes on two cores.  With ops given, it only prints.  After a check was
added, ``--again`` judges only those that stand on the page as survivors.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

import torch

from symgrad.verify.ladder import RUNGS

from . import page
from .judge import QUICK, rejected_by
from .mutants import Mutant, count, mutants, places
from .survivors import survivor, why


@dataclass(frozen=True)
class Judged:
    """What became of the mutants of one op: how many each rung rejected."""

    rejected: Counter[int]
    alive: tuple[Mutant, ...]


def judged(place: str, only: Container[str] | None = None) -> Judged:
    """The mutants of an op, or some by their texts; in a process of its own."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rejected: Counter[int] = Counter()
    alive = []
    for mutant in mutants(place):
        if only is not None and str(mutant) not in only:
            continue
        rung = rejected_by(mutant)
        if rung is None:
            alive.append(mutant)
        else:
            rejected[rung] += 1
    return Judged(rejected, tuple(alive))


def survived() -> dict[str, set[str]]:
    """The survivors that stand on the page, by op."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in re.findall(r"^- (.*)$", page.mutants(), re.M):
        found[line.partition(" ")[0]].add(line)
    return found


def rejected_before() -> Judged:
    """What the page says of all others: how many were rejected, by quick or not."""
    [figures] = re.findall(r"^\| ([\d,]+ \|.*) \|$", page.mutants(), re.M)
    _, _, caught, _, quick = (f.replace(",", "") for f in figures.split(" | "))
    full = RUNGS[-1].number
    return Judged(Counter({QUICK[0]: int(quick), full: int(caught) - int(quick)}), ())


def report(found: Sequence[Judged]) -> str:
    """The part of the page that tells of mutants."""
    rejected = sum((j.rejected for j in found), Counter())
    alive = [mutant for j in found for mutant in j.alive]
    whole = rejected.total() + len(alive)
    wrong = whole - sum(_is_harmless(mutant) for mutant in alive)
    caught = rejected.total()
    quick = sum(rejected[rung] for rung in QUICK)
    return f"""\
## Ordinary mutants

Every op of the gallery, and in each every small change: an operator flipped, a term or
a factor dropped, a constant changed by 1 or by 1 %, a comparison turned round, the
branches of a `where` swapped, a function replaced by its neighbour, a `sum_to_size`, a
`detach` or a sign left out.

| mutants | of them wrong | rejected | share of the wrong ones | by `quick` |
|---|---|---|---|---|
| {whole:,} | {wrong:,} | {caught:,} | {caught / wrong:.2%} | {quick:,} |

Some changes change nothing, and cannot be found by any check. Which mutants survive,
and why they are not wrong, stands below; the reasons are those of
`tests/mutation/survivors.py`, and were found by reading, not by a proof.
`python -m tests.mutation.run` judges all mutants in about 25 minutes, and
`pytest tests/test_mutation.py` a share of them.

{_survivors(alive)}"""


def _is_harmless(mutant: Mutant) -> bool:
    found = survivor(mutant)
    return found is not None and found.harmless


def _survivors(alive: Sequence[Mutant]) -> str:
    reasons = {why(mutant) or "Nobody knows yet." for mutant in alive}
    parts = []
    for reason in sorted(reasons):
        mine = [m for m in alive if (why(m) or "Nobody knows yet.") == reason]
        lines = [f"- {mutant}" for mutant in mine]
        parts.append("\n".join([f"**{len(mine)}.** {reason}\n", *lines, ""]))
    return "\n".join(parts)


def main(words: Sequence[str] | None = None) -> int:
    """1 if a mutant survives that nobody has explained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ops", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args(words)
    start = time.monotonic()
    work: list[tuple[str, set[str] | None]] = [(p, None) for p in given.ops or places()]
    if given.again:
        work = list(survived().items())
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        found = pool.starmap(judged, work, chunksize=1)
    if given.again:
        found.append(rejected_before())
        have = sum(j.rejected.total() + len(j.alive) for j in found)
        if have != sum(map(count, places())):
            raise SystemExit("the page is of other code than generated/: judge it all")
    text = report(found)
    print(f"{text}\n{time.monotonic() - start:.0f} s")
    if not given.ops:
        page.write(text)
    return int(any(why(mutant) is None for j in found for mutant in j.alive))


if __name__ == "__main__":
    sys.exit(main())
