"""The page ``docs/mutation.md``: faults by rung from the table, mutants from a run."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad.verify.ladder import RUNGS

from .code import ROOT
from .faults import FAULTS

PAGE = ROOT / "docs" / "mutation.md"
MARK = "<!-- what a run found: python -m tests.mutation.run -->\n"

HEAD = f"""\
# Mutation: the checker is checked

Before symgrad writes a file, what it emits climbs a ladder of checks
([how](explanation.md)). A check that lets wrong code pass is worth nothing, and nobody
would see it: so code is made wrong on purpose. Everything here is done to real ops of
`generated/`, by edits of their syntax trees.

## Faults, by the rung that claims them

{len(FAULTS)} ways in which gradients go wrong in practice, each planted in several ops.
`pytest tests/test_mutation.py` plants them all: each is rejected in every op, by the
rung under which it stands here, running alone. `--update` writes this table from
`tests/mutation/faults.py`.
"""

NAMES = {0: "the text", **{rung.number: rung.name for rung in RUNGS}}


def faults() -> str:
    """The part of the page that the table of faults gives."""
    return "\n".join([HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for number, name in NAMES.items():
        rows = [fault for fault in FAULTS if fault.rung == number]
        yield f"### Rung {number}: {name}\n"
        yield "| fault | what is wrong | ops |\n|---|---|---|"
        yield from (f"| {f.name} | {f.what} | {len(f.ops)} |" for f in rows)
        yield ""


def write(mutants: str) -> None:
    """Write the page; ``mutants`` is the part after the mark."""
    PAGE.write_text(f"{faults()}\n{MARK}{mutants}", encoding="utf-8")


def mutants() -> str:
    """The part of the page that a run has written."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[2]
