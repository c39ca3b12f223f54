"""The page that says which of PyTorch's operators a spec reproduces, and how well."""

from __future__ import annotations

from collections.abc import Iterable

from generated_modules import ROOT
from judge_differences import DIFFERENCES
from judge_entries import UNJUDGED, judged
from judge_rows import ROWS, Row
from judging import ours

PAGE = ROOT / "docs" / "pytorch_coverage.md"

HEAD = """\
# PyTorch as the judge

Every elementwise entry of PyTorch's table of derivatives (`derivatives.yaml`, as torch
2.13 ships it) is written as a spec, in `tests/judge/elementwise.yaml`, and the op that
symgrad generates is run beside PyTorch's own operator and PyTorch's own backward.
Values, gradients and the gradients of those are compared in float64: on the samples and
the reference inputs of PyTorch's own test database, and on a grid of extremes, with
zeros of both signs, infinities, NaN, 1e-300 and 1e300. They have to agree to 1e-8.

`pytest tests/test_judge.py` compares; `pytest tests/test_judge.py --update` writes this
page from the tables in `tests/judge_rows.py`, `tests/judge_entries.py` and
`tests/judge_differences.py`. A difference without a reason fails, and so does a reason
without a difference.
"""

DIFFERENT = """\
## Where they differ

At every other point the operators agree. Where PyTorch is called inexact, a test
computes the truth in ball arithmetic, from values alone: ours is it.
"""

OTHERS = """\
## Not judged

Forms that work in place are judged by the operator that does not.
"""


def page() -> str:
    """The page that the tables give."""
    return "\n".join(
        [
            HEAD,
            *_table(("", "entries"), _score()),
            DIFFERENT,
            *_table(("operator", "results", "where", "why"), _differences()),
            OTHERS,
            *_table(("entry", "why"), _unjudged()),
            "## Judged\n",
            *_table(("entry", "formula of the spec"), _judged()),
            "These PyTorch composes of others, so they have no entry:\n",
            *_table(("operator", "formula of the spec"), _composed()),
        ]
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def _score() -> list[tuple[str, str]]:
    entries = judged()
    agreeing = [e for e, rows in entries.items() if not any(map(differing, rows))]
    return [
        ("elementwise, losses included", str(len(entries) + len(UNJUDGED))),
        ("judged", str(len(entries))),
        ("in agreement at every point", str(len(agreeing))),
        ("in agreement but for the points below", str(len(entries) - len(agreeing))),
        ("not judged", str(len(UNJUDGED))),
    ]


def differing(row: Row) -> bool:
    """Whether a row has reasons to differ."""
    return row.op in DIFFERENCES


def _differences() -> list[tuple[str, ...]]:
    return [
        (f"`{op}`", difference.kinds.replace(" ", ", "), difference.place, difference.reason)
        for op, several in DIFFERENCES.items()
        for difference in several
    ]


def _unjudged() -> list[tuple[str, str]]:
    return [(f"`{entry}`", reason) for entry, reason in UNJUDGED.items()]


def _judged() -> list[tuple[str, str]]:
    return [
        (f"`{entry}`", ", ".join(dict.fromkeys(map(_formula, rows))))
        for entry, rows in judged().items()
    ]


def _composed() -> list[tuple[str, str]]:
    return [(f"`{row.op}`", _formula(row)) for row in ROWS if not row.entries]


def _formula(row: Row) -> str:
    [output] = ours()[0][row.op].outputs
    return f"`{output.text}`"
