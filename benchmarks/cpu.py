"""Kernels on a CPU, beside everything else that computes the same.

    python benchmarks/cpu.py [--update] [--threads N] [--size N] [--quick] [OP ...]

Every op of examples/ that has kernels, forward and backward: beside the
formula in eager mode, what is generated without kernels, torch's own operator where
there is one, and, for the ops of COMPILED and at 64 elements, torch.compile of the
formula.  ``torch.add`` with a fresh output is timed among them, and tells how much of
the bandwidth is reached.  Each op in a process of its own.  With --update the tables go
to docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import cpu_tables as tables  # noqa: E402
from cpu_subjects import (  # noqa: E402
    BESIDE_TORCH,
    COMPILED,
    Job,
    Measured,
    apart,
    places,
)
from pages import put  # noqa: E402
from performance import PAGE, machine  # noqa: E402

LARGE, SMALL = 1 << 22, 64
THREADS = (1, 2)


def jobs(options: argparse.Namespace) -> Mapping[str, Sequence[Job]]:
    """The jobs of each block of the page, by its name."""
    chosen = [p for p in places() if not options.names or _name(p) in options.names]
    blocks = 5 if options.quick else 10
    size = options.size or LARGE
    threads = options.threads or THREADS
    several = [p for p in chosen if p in (*BESIDE_TORCH, *COMPILED)]
    large = {
        f"{count} thread{'s' * (count > 1)}": [
            Job(place, size, count, blocks, place in COMPILED)
            for place in (chosen if count == 1 else several)
        ]
        for count in threads
    }
    few = [Job(p, SMALL, 1, blocks, True) for p in chosen if p in COMPILED]
    return {**large, "64 elements": few}


def mark(name: str) -> str:
    """What stands before a block of the page."""
    return f"<!-- printed by benchmarks/cpu.py: {name} -->\n```text\n"


def _name(place: str) -> str:
    return place.partition(".")[2]


def measured(job: Job) -> Measured:
    """One job, said on standard error as it begins."""
    print(job.place, job.elements, job.threads, file=sys.stderr, flush=True)
    return apart(job)


def main() -> None:
    """Print the tables, and write each to the page as soon as it is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for name, todo in jobs(options).items():
        found = [measured(job) for job in todo]
        where = machine().replace(", one thread", "")
        lines = [where, "", *tables.lines(found)]
        text = "".join(f"{line}\n" for line in lines)
        print(f"{name}\n\n{text}", flush=True)
        if options.update:
            put(options.page, mark(name), text)


if __name__ == "__main__":
    main()
