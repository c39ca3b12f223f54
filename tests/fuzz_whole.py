"""Random specs through the whole tool, against torch, balls and steps.

    python tests/fuzz_whole.py --count 10000 --jobs 2
    python tests/fuzz_whole.py --count 1 --start 4711     one of them again

Specs of one to sixty operations are drawn, generated, loaded, and called at random
places; values, gradients, forward mode and second derivatives are compared with plain
torch, ball arithmetic and differences.  A difference that no rule of `fuzz_rules.py`
explains is printed with the smallest spec that still has one.  1 if there was any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz_drafts import Draft, drawn  # noqa: E402
from fuzz_judge import Verdict, judged  # noqa: E402

torch.broadcast_shapes((1,), (2,))  # loads what a signal must not interrupt

LIMIT = 6
"""Seconds of processor time for a spec; balls need them where values are huge."""

SHRINKING = 40.0
"""Seconds in which a spec is made smaller."""


class TooLong(BaseException):
    """A spec took more than its seconds; no ``except Exception`` takes this."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise ``TooLong`` after a while."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judged_in_time(draft: Draft, seed: str) -> Verdict | None:
    """What comes of a draft, or ``None`` where that takes too long."""
    try:
        with limited(LIMIT), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return judged(draft.text, seed)
    except TooLong:
        return None


def shrunk(draft: Draft, seed: str, labels: set[str]) -> Draft:
    """The smallest draft that was found to have one of these faults at the seed."""
    end = time.monotonic() + SHRINKING

    def fails(smaller: Draft) -> bool:
        verdict = judged_in_time(smaller, seed) if time.monotonic() < end else None
        return verdict is not None and bool(verdict.labels & labels)

    while smaller := next(filter(fails, draft.smaller()), None):
        draft = smaller
    return draft


@dataclass
class Figures:
    """What was done so far."""

    specs: int = 0
    refused: int = 0
    slow: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)

    def note(self, seed: str, verdict: Verdict | None) -> None:
        """Count one more."""
        self.specs += 1
        if verdict is None:
            self.slow.append(seed)
            return
        self.refused += verdict.refused is not None
        self.compared += verdict.compared
        self.explained += verdict.explained
        if verdict.unexplained:
            self.failed.append(seed)

    def __str__(self) -> str:
        compared = ", ".join(f"{n:,} {by}" for by, n in self.compared.most_common())
        reasons = ", ".join(f"{n:,} {why}" for why, n in self.explained.most_common())
        return (
            f"{self.specs:,} specs, {self.refused:,} refused,"
            f" {len(self.slow)} too slow {' '.join(self.slow)}\n"
            f"compared with: {compared or 'nothing'}\n"
            f"explained: {reasons or 'nothing'}\n"
            f"unexplained: {len(self.failed)} {' '.join(self.failed)}"
        )


def shown(draft: Draft, seed: str, verdict: Verdict, shrinking: bool) -> str:
    """What failed, and the smallest spec that does."""
    lines = [f"\n# {seed}: {verdict.unexplained[0].text}"]
    if shrinking:
        draft = shrunk(draft, seed, verdict.labels)
        smaller = judged_in_time(draft, seed)
        lines += [
            f"# smallest: {smaller.unexplained[0].text if smaller else 'too slow'}"
        ]
    return "\n".join([*lines, draft.text])


@dataclass(frozen=True)
class Task:
    """One spec to be judged, by any process."""

    seed: str
    end: float
    shrinking: bool


Done = tuple[str, Verdict | None, str]


def done(task: Task) -> Done | None:
    """What came of a spec, and what is to be said of it; ``None`` after the end."""
    if time.time() > task.end:
        return None
    draft = drawn(random.Random(task.seed))
    verdict = judged_in_time(draft, task.seed)
    failed = verdict is not None and verdict.unexplained
    text = shown(draft, task.seed, verdict, task.shrinking) if failed else ""
    return task.seed, verdict, text


def each(tasks: Sequence[Task], jobs: int) -> Iterator[Done | None]:
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
    end = time.time() + given.seconds
    tasks = [
        Task(f"{given.seed}/{number}", end, not given.as_drawn)
        for number in range(given.start, given.start + given.count)
    ]
    for seed, verdict, text in filter(None, each(tasks, given.jobs)):
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
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--progress", type=int, default=500, metavar="EVERY")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--as-drawn", action="store_true", help="do not shrink")
    figures = run(parser.parse_args(words))
    print(figures)
    return int(bool(figures.failed))


if __name__ == "__main__":
    sys.exit(main())
