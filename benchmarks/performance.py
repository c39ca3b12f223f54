"""How long generated ops take and what they keep, beside what people use instead.

    python benchmarks/performance.py [--update] [--all] [--quick] [OP ...]

Eager beside autograd of the formula, both compiled, a gallery beside functions written
by hand, and what accuracy costs; each op in a process of its own, on one thread.  With
--all every elementwise example is compiled, which takes ten minutes more; with --quick
every subject has a few turns only.  With --update the tables go to
docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import performance_ops as ops  # noqa: E402
import performance_tables as tables  # noqa: E402
import torch  # noqa: E402
from pages import put  # noqa: E402
from performance_gallery import GALLERY  # noqa: E402
from performance_subjects import Found, Job, apart  # noqa: E402

FEW = 3
"""Blocks of a quick run."""

TITLES: Mapping[str, str] = {row.place: row.title for row in GALLERY}

Run = Callable[[Sequence[Job]], list[Found]]


def mark(name: str) -> str:
    """What stands before a block of the page."""
    return f"<!-- printed by benchmarks/performance.py: {name} -->\n```text\n"


def blocks(run: Run, every: bool) -> Iterator[tuple[str, list[str]]]:
    """The blocks of the page by name, each measured when it is its turn."""
    yield "machine", [machine()]
    eager = run(ops.eager())
    said = tables.wrap(ops.left_out())
    yield "eager", [*said, *tables.pairs(eager, tables.AIMS["eager"])]
    compiled = run(ops.compiled(every))
    yield "compiled", [*tables.pairs(compiled, tables.AIMS["compiled"])]
    yield "gallery", [*tables.gallery(run(ops.gallery()), TITLES)]
    worst = [found.job.place for found in tables.worst(eager)]
    plain, saved = run(ops.without_patches(worst)), run(ops.other_saves())
    yield "prices", [*tables.prices(eager, plain, saved)]


def runner(options: argparse.Namespace) -> Run:
    """Measures jobs as far as their ops were asked for, and says which it is at."""

    def run(jobs: Sequence[Job]) -> list[Found]:
        chosen = [j for j in jobs if not options.names or j.name in options.names]
        return [_one(_smaller(job, options)) for job in chosen]

    return run


def _one(job: Job) -> Found:
    print(job.place, "beside", ", ".join(job.subjects), file=sys.stderr, flush=True)
    return apart(job)


def _smaller(job: Job, options: argparse.Namespace) -> Job:
    """The job of the size that was asked for."""
    blocks = FEW if options.quick else job.blocks
    return replace(job, elements=options.size or job.elements, blocks=blocks)


def machine() -> str:
    """Where this is measured: no date, and no name of the machine."""
    return (
        f"{processor()}, {os.cpu_count()} cores, one thread; torch {torch.__version__},"
        f" Python {platform.python_version()}, {platform.system()}"
    )


def processor() -> str:
    """The model as Linux tells it, what Python knows elsewhere."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    models = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine()).strip()


def main() -> None:
    """Print the tables, and write each to the page as soon as it is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for name, lines in blocks(runner(options), options.all):
        text = "".join(f"{line}\n" for line in lines)
        print(f"{name}\n\n{text}", flush=True)
        if options.update:
            put(options.page, mark(name), text)


if __name__ == "__main__":
    main()
