"""Judge every mutant of the gallery, and write what survives to docs/mutation.md.

    python -m tests.mutation.run [--jobs 2] [swish.swish ...]

Takes about 25 minutes on two cores.  With ops given, it only prints.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from . import page
from .judge import QUICK, rejected_by
from .mutants import Mutant, mutants, places
from .survivors import survivor, why


@dataclass(frozen=True)
class Judged:
    """What became of the mutants of one op: how many each rung rejected."""

    rejected: Counter[int]
    alive: tuple[Mutant, ...]


def judged(place: str) -> Judged:
    """All mutants of an op; runs in a process of its own."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rejected: Counter[int] = Counter()
    alive = []
    for mutant in mutants(place):
        rung = rejected_by(mutant)
        if rung is None:
            alive.append(mutant)
        else:
            rejected[rung] += 1
    return Judged(rejected, tuple(alive))


def report(found: Sequence[Judged]) -> str:
    """The part of the page that tells of mutants."""
    rejected = sum((j.rejected for j in found), Counter())
    alive = [mutant for j in found for mutant in j.alive]
    count = rejected.total() + len(alive)
    wrong = count - sum(_is_harmless(mutant) for mutant in alive)
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
| {count:,} | {wrong:,} | {caught:,} | {caught / wrong:.2%} | {quick:,} |

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
    given = parser.parse_args(words)
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        found = pool.map(judged, given.ops or places(), chunksize=1)
    text = report(found)
    print(f"{text}\n{time.monotonic() - start:.0f} s")
    if not given.ops:
        page.write(text)
    return int(any(why(mutant) is None for j in found for mutant in j.alive))


if __name__ == "__main__":
    sys.exit(main())
