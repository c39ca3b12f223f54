"""The page that says which operators along axes a spec reproduces, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from generated_modules import ROOT
from judge_axes_differences import DIFFERENCES, MISSING, Difference
from judge_axes_ops import ours
from judge_axes_rows import ROWS, Row
from judge_page import table

PAGE = ROOT / "docs" / "pytorch_axes.md"

HEAD = """\
# PyTorch as the judge along axes

The entries of PyTorch's table of derivatives (`derivatives.yaml`, as torch 2.13 ships
it) that reduce, scan, normalise, compare, multiply or look up are written as specs with
[named axes](spec-reference.md#named-axes), in `tests/judge/along_axes.yaml`. Each op
that symgrad generates is run beside PyTorch's own operator and PyTorch's own backward;
the dimensions that PyTorch counts are moved to where the spec has its axes. Values,
gradients and the gradients of those are compared in float64: on the samples of
PyTorch's own test database, with every argument that a spec has a word for, and on
lines with zeros, ties, infinities, NaN, 1e4, 1e-300 and 1e300. They have to agree to
1e-8.

`pytest tests/test_judge_axes.py` compares; `pytest tests/test_judge_axes.py --update`
writes this page from the tables in `tests/judge_axes_rows.py` and
`tests/judge_axes_differences.py`. A difference without a reason fails, and so does a
reason without a difference. Elementwise operators have [a page of their
own](pytorch_coverage.md).
"""

DIFFERENT = """\
## Where they differ

In every other case the operators agree. `second` are the gradients of the gradients;
where PyTorch has none, `gradgradcheck` passes for ours.
"""

PLACES = """\
`max`, `min` and `median` along a dimension, `sort`, `topk` and their like are judged at
the places that PyTorch finds: the spec reads the values there.
"""

_MATRICES = "functions of matrices are not built"
_WRITES = "a formula reads at an index; it writes nowhere"
_SAME = "the formula of `native_batch_norm`; what differs are the buffers it writes"
_CTC = "a dynamic programme over two sequences"

UNJUDGED: Mapping[str, str] = {
    "median": "no reduction of formulas finds the place of the median",
    "nanmedian": "no reduction of formulas finds the place of the median",
    "_euclidean_dist": "`_cdist_forward` of order 2, by a product of matrices",
    **dict.fromkeys(
        (
            *("_native_batch_norm_legit", "_native_batch_norm_legit_no_training"),
            *("_native_batch_norm_legit.no_stats", "_batch_norm_with_update"),
            "_batch_norm_no_update",
        ),
        _SAME,
    ),
    **dict.fromkeys(("segment_reduce", "scatter_reduce.two", "index_reduce"), _WRITES),
    **dict.fromkeys(("_ctc_loss", "_ctc_loss.Tensor"), _CTC),
    "_grouped_mm": "groups of different sizes",
    **dict.fromkeys(
        (
            *("_linalg_det", "_linalg_slogdet", "linalg_inv_ex", "_linalg_solve_ex"),
            *("linalg_matrix_exp", "cholesky", "linalg_cholesky_ex", "linalg_qr"),
            *("cholesky_solve", "cholesky_inverse", "_linalg_svd", "_linalg_eigh"),
            *("linalg_eig", "linalg_lu", "linalg_lu_factor_ex", "linalg_lu_solve"),
            *("lu_unpack", "linalg_lstsq", "linalg_pinv.atol_rtol_tensor", "ormqr"),
            *("linalg_householder_product", "triangular_solve", "geqrf"),
            "linalg_solve_triangular",
        ),
        _MATRICES,
    ),
}
"""Entry to the reason."""


def judged() -> dict[str, list[Row]]:
    """Entry to the rows that run it, in the order of the table of rows."""
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        for entry in row.entries.split():
            found.setdefault(entry, []).append(row)
    return found


def page() -> str:
    """The page that the tables give."""
    return "\n".join(
        [
            HEAD,
            *table(("", "entries", "other operators"), _score()),
            DIFFERENT,
            *table(("operator", "results", "where", "why"), _differences()),
            "## Judged\n",
            PLACES,
            *table(("operator", "entries", "ops of the spec"), _judged()),
            "## Not judged\n",
            *table(("entry", "why"), _unjudged()),
        ]
    )


SORTS = ("agree in every case", "agree but for the cases below")


def _score() -> Iterator[tuple[str, ...]]:
    entries = Counter(_sort(*rows) for rows in judged().values())
    others = Counter(_sort(row) for row in ROWS if not row.entries)
    for sort in SORTS:
        yield sort, str(entries[sort]), str(others[sort])
    yield "not judged", str(len(UNJUDGED)), ""


def _sort(*rows: Row) -> str:
    return SORTS[any(row.name in DIFFERENCES for row in rows)]


def _differences() -> list[tuple[str, ...]]:
    """Those that are the same for several operators together."""
    rows: dict[Difference, list[str]] = {}
    for name, several in DIFFERENCES.items():
        for difference in several:
            rows.setdefault(difference, []).append(f"`{name}`")
    return [
        (", ".join(names), d.kinds.replace(" ", ", "), _where(d), d.reason)
        for d, names in rows.items()
    ]


def _where(difference: Difference) -> str:
    every = difference.cases
    return every[0] if every == MISSING else "; ".join(every)


def _judged() -> list[tuple[str, ...]]:
    return [
        (f"`{r.name}`", _coded(r.entries), _coded(r.ops) or "its own") for r in ROWS
    ]


def _coded(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split())


def _unjudged() -> list[tuple[str, str]]:
    return [(f"`{entry}`", reason) for entry, reason in UNJUDGED.items()]


def unused() -> set[str]:
    """Ops of the spec that no row names."""
    return set(ours()[0]) - {op for row in ROWS for op in row.ops.split()}
