"""How long verification takes, by op and by rung, over all of examples/.

One process after the other, as `symgrad verify` starts them; a rung's time is that
until the next one is begun, and the time before the first one (Python, torch, the
module) is shared out among the ops of a spec.

    python benchmarks/verification.py [--update] [SPEC ...]

With --update the table also goes to docs/verification.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "verification.md"
MARK = "<!-- printed by benchmarks/verification.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from pages import put  # noqa: E402

from symgrad.generate import generate  # noqa: E402
from symgrad.op import Spec  # noqa: E402
from symgrad.spec import load  # noqa: E402
from symgrad.verify import verify  # noqa: E402
from symgrad.verify.rungs import QUICK, RUNGS  # noqa: E402
from symgrad.verify.watch import Step  # noqa: E402

Level = Literal["quick", "full"]

LIMITS: dict[Level, float] = {"quick": 1.0, "full": 30.0}
"""Seconds an op: on average for the quick rungs, of any op for all of them."""

START = "start"


@dataclass(frozen=True)
class Time:
    """Seconds that an op spent on a rung, or that it waited for its process."""

    op: str
    rung: str
    seconds: float


def times(spec: Spec, level: Level) -> Iterator[Time]:
    """What each op of a spec takes on each rung; ``SystemExit`` where one fails."""
    begun: list[tuple[float, Step]] = []
    start = time.monotonic()
    report = verify(
        generate(spec).source,
        spec,
        level,
        time_limit=600.0,
        watch=lambda step: begun.append((time.monotonic(), step)),
    )
    if not report.passed:
        raise SystemExit(str(report))
    ends = [moment for moment, _ in begun[1:]] + [time.monotonic()]
    for op in spec.ops:
        yield Time(op.name, START, (begun[0][0] - start) / len(spec.ops))
    for (moment, step), end in zip(begun, ends, strict=True):
        yield Time(step.op, f"{step.rung} {step.name}", end - moment)


def row(name: str, found: Sequence[Time]) -> str:
    """Mean and worst of some times, and the op that is the worst."""
    worst = max(found, key=lambda t: t.seconds)
    mean = statistics.mean(t.seconds for t in found)
    return f"{name:<16}{mean:8.2f}{worst.seconds:8.2f}  {worst.op}"


def by_op(found: Sequence[Time]) -> list[Time]:
    """All rungs of an op together, and its share of the start."""
    names = dict.fromkeys(t.op for t in found)
    return [
        Time(name, "", sum(t.seconds for t in found if t.op == name)) for name in names
    ]


def table(found: Sequence[Time]) -> Iterator[str]:
    """Mean and worst, rung by rung and in all."""
    rungs = [START, *(f"{number} {name}" for number, name in RUNGS.items() if number)]
    for rung in rungs:
        here = [t for t in found if t.rung == rung]
        if here:
            yield row(rung, here)
    yield row("an op", by_op(found))


def measured(specs: Sequence[Spec]) -> Iterator[str]:
    """The quick rungs as ``gen`` climbs them, and then all."""
    yield f"{'seconds an op':<16}{'mean':>8}{'worst':>8}"
    for level, limit in LIMITS.items():
        found = [t for spec in specs for t in times(spec, level)]
        count = len(by_op(found))
        rungs = len(QUICK) - 1 if level == "quick" else len(RUNGS) - 1
        yield f"\n{level}: {rungs} rungs, {count} ops, at most {limit:g} s"
        yield from table(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("specs", nargs="*")
    options = parser.parse_args()
    paths = options.specs or sorted(map(str, (ROOT / "examples").glob("*.yaml")))
    lines = []
    for line in measured([load(path) for path in paths]):
        print(line, flush=True)
        lines.append(f"{line}\n")
    if options.update:
        put(PAGE, MARK, "".join(lines))


if __name__ == "__main__":
    main()
