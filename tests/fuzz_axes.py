"""Random specs over named axes through the whole tool, against plain torch.

    python tests/fuzz_axes.py --count 5000 --jobs 2
    python tests/fuzz_axes.py --count 1 --start 4711     one of them again

Specs of one to three inputs with named axes and batches are drawn: contractions,
reductions of every kind, gathers, masks, diagonals, permuted outputs.  What is
generated is linted and called; values, gradients, forward mode, second derivatives and
vmap are compared with plain torch, which reads the formulas by itself.  A difference
that neither a kink nor rounding explains is printed with the smallest spec that still
has one.  1 if there was any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz_axes_drafts import Draft, drawn  # noqa: E402
from fuzz_axes_judge import Verdict, judged  # noqa: E402

SHRINKING = 30.0
"""Seconds in which a spec is made smaller."""


def quietly(draft: Draft, seed: str) -> Verdict:
    """What comes of a draft, without torch's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return judged(draft, seed)


def shrunk(draft: Draft, seed: str, labels: set[str]) -> Draft:
    """The smallest draft that was found to have one of these faults at the seed."""
    end = time.monotonic() + SHRINKING

    def fails(smaller: Draft) -> bool:
        return time.monotonic() < end and bool(quietly(smaller, seed).labels & labels)

    while smaller := next(filter(fails, draft.smaller()), None):
        draft = smaller
    return draft


@dataclass
class Figures:
    """What was done so far."""

    specs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)

    def note(self, seed: str, verdict: Verdict) -> None:
        """Count one more."""
        self.specs += 1
        if verdict.refused:
            self.refused[verdict.refused] += 1
        self.compared += verdict.compared
        self.explained += verdict.explained
        if verdict.unexplained:
            self.failed.append(seed)

    def __str__(self) -> str:
        def listed(counts: Counter[str]) -> str:
            return ", ".join(f"{n:,} {k}" for k, n in counts.most_common()) or "nothing"

        return (
            f"{self.specs:,} specs; refused: {listed(self.refused)}\n"
            f"compared: {listed(self.compared)}\n"
            f"explained: {listed(self.explained)}\n"
            f"unexplained: {len(self.failed)} {' '.join(self.failed)}"
        )


@dataclass(frozen=True)
class Task:
    """One spec to be judged, by any process."""

    seed: str
    shrinking: bool


Done = tuple[str, Verdict, str]


def done(task: Task) -> Done:
    """What came of a spec, and what is to be said of it."""
    draft = drawn(random.Random(task.seed))
    verdict = quietly(draft, task.seed)
    if not verdict.unexplained:
        return task.seed, verdict, ""
    text = f"\n# {task.seed}: {verdict.unexplained[0][1]}\n"
    if task.shrinking:
        draft = shrunk(draft, task.seed, verdict.labels)
        smaller = quietly(draft, task.seed)
        text += f"# smallest: {smaller.unexplained[0][1]}\n"
    return task.seed, verdict, text + draft.shown


def each(tasks: Sequence[Task], jobs: int) -> Iterator[Done]:
    """Judge all of them, in processes of their own if there are to be several."""
    if jobs == 1:
        yield from map(done, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _alone) as pool:
        yield from pool.imap(done, tasks, chunksize=8)


def _alone() -> None:
    torch.set_num_threads(1)


def run(given: argparse.Namespace) -> Figures:
    """Judge the specs, and print what nothing explains."""
    figures = Figures()
    numbers = range(given.start, given.start + given.count)
    tasks = [Task(f"{given.seed}/{n}", not given.as_drawn) for n in numbers]
    for seed, verdict, text in each(tasks, given.jobs):
        figures.note(seed, verdict)
        if text:
            print(text, flush=True)
        if given.progress and figures.specs % given.progress == 0:
            print(f"{figures.specs:,} specs", file=sys.stderr, flush=True)
    return figures


def main(words: Sequence[str] | None = None) -> int:
    """1 if a difference was left unexplained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="how many specs")
    parser.add_argument("--start", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", default="axes")
    parser.add_argument("--progress", type=int, default=500, metavar="EVERY")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--as-drawn", action="store_true", help="do not shrink")
    figures = run(parser.parse_args(words))
    print(figures)
    return int(bool(figures.failed))


if __name__ == "__main__":
    sys.exit(main())
