"""The page that says which of PyTorch's operators a spec reproduces, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from generated_modules import ROOT
from judge_complex import ROWS as IN_THE_PLANE
from judge_complex import ours as in_the_plane
from judge_differences import DIFFERENCES, Difference
from judge_entries import UNJUDGED, judged
from judge_rows import ROWS, UNDERIVED, Row
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

At every other point the operators agree. Where PyTorch is inexact or has no derivative,
a test computes the truth at some of the points in ball arithmetic, from values of the
formula alone: ours is it. `second` are the gradients of the gradients.
"""

OTHERS = """\
## Not judged

Forms that work in place are judged by the operator that does not. Three are judged in
part: `polygamma` from -1000 on, since below that the sums are long; the polynomials for
the degree 3, since a degree is written out, and for 0 to 3 where it is the tensor; and
powers of a Python number, and its logarithm in `xlogy` and `xlog1py`, for positive
ones, since the generated backward raises a `ValueError` for the others.
"""


PLANE = """\
## Complex tensors

Of complex128 tensors, values and gradients are compared on the reference inputs of
PyTorch's test database (`pytest tests/test_judge_complex.py`), where both are finite:
"""


def page() -> str:
    """The page that the tables give."""
    return "\n".join(
        [
            HEAD,
            *table(("", "entries"), _score()),
            DIFFERENT,
            *table(("operator", "results", "where", "why"), _differences()),
            OTHERS,
            *table(("entry", "why"), _unjudged()),
            "## Judged\n",
            *table(("entry", "formula of the spec"), _judged()),
            "These PyTorch composes of others, so they have no entry:\n",
            *table(("operator", "formula of the spec"), _composed()),
            PLANE,
            *table(("operator", "formula of the spec"), _of_complex()),
        ]
    )


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Lines of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def _score() -> list[tuple[str, str]]:
    """How many entries there are of each sort, by the rows that judge them."""
    sorts = Counter(_sort(rows) for rows in judged().values())
    return [
        ("elementwise, losses included", str(sorts.total() + len(UNJUDGED))),
        ("judged", str(sorts.total())),
        *((f"… {sort}", str(sorts[sort])) for sort in SORTS),
        ("not judged", str(len(UNJUDGED))),
    ]


SORTS = (
    "and in agreement at every point",
    "and in agreement but for the points below",
    "though PyTorch has no derivative: ours is the truth",
)


def _sort(rows: Iterable[Row]) -> str:
    underived = any(row in UNDERIVED for row in rows)
    differing = any(row.op in DIFFERENCES for row in rows)
    return SORTS[2 if underived else int(differing)]


def _differences() -> list[tuple[str, ...]]:
    """Those that are the same for several operators together."""
    ops: dict[Difference, list[str]] = {}
    for op, several in DIFFERENCES.items():
        for difference in several:
            ops.setdefault(difference, []).append(f"`{op}`")
    return [
        (", ".join(names), d.kinds.replace(" ", ", "), d.place, d.reason)
        for d, names in ops.items()
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


def _of_complex() -> list[tuple[str, str]]:
    return [(f"`{row.database}`", _formula(row)) for row in IN_THE_PLANE]


def _formula(row: Row) -> str:
    ops = in_the_plane()[0] if row in IN_THE_PLANE else ours()[0]
    [output] = ops[row.op].outputs
    return f"`{output.text}`"
