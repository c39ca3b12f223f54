"""The tables of accuracy: how often each rival is sound, and how far off it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from symgrad.measure.errors import SOUND, Summary

DTYPES = ("float32", "float64")
ORDERS = ("value", "gradient", "second")
RIVALS = ("symgrad", "autograd", "fused", "sympy", "by hand")

FULL = "public set"
"""The set of which every expression has its line; others are counted as a whole."""


@dataclass(frozen=True)
class Figure:
    """What one rival comes to in one dtype, in its values or in a derivative."""

    case: str
    dtype: str
    order: str
    rival: str
    summary: Summary


def page(
    sets: Mapping[str, Sequence[Figure]], count: int, notes: Sequence[str] = ()
) -> Iterator[str]:
    """The tables: first all expressions together, then each of the public set."""
    yield (
        f"{count} numbers of each stratum, bad: more than {SOUND:g} ULP;\n"
        "n: some are NaN or infinite and should not be, z: some are lost to zero\n"
    )
    for title, found in sets.items():
        yield title
        yield from totals(found)
        yield ""
    yield from (f"{note}\n" for note in notes)
    for order, dtype in product(("gradient", "value", "second"), DTYPES):
        if FULL in sets:
            yield from table(sets[FULL], dtype, order)
            yield ""
    for title, found in sets.items():
        if title != FULL:
            yield f"not sound, of the {title}"
            yield from failing(found)
            yield ""


def totals(found: Sequence[Figure]) -> Iterator[str]:
    """How many expressions are sound, by dtype, order and rival."""
    yield f"{'':<28}{'sound':>8}{'of':>5}{'NaN, inf':>11}{'wrong zeros':>13}"
    for dtype, order, rival in product(DTYPES, ORDERS, RIVALS):
        key = (dtype, order, rival)
        mine = [f.summary for f in found if (f.dtype, f.order, f.rival) == key]
        if mine:
            yield (
                f"{dtype:<9}{order:<10}{rival:<9}"
                f"{sum(s.is_sound for s in mine):8}{len(mine):5}"
                f"{sum(s.spurious > 0 for s in mine):11}"
                f"{sum(s.wrong_zeros > 0 for s in mine):13}"
            )


def table(found: Sequence[Figure], dtype: str, order: str) -> Iterator[str]:
    """Expression by expression: bad points of each rival, and the errors of ours."""
    rows = [f for f in found if (f.dtype, f.order) == (dtype, order)]
    shown = [r for r in RIVALS if any(f.rival == r for f in rows)]
    heads = "".join(f"{f'{r} %':>10}   " for r in shown)
    yield f"{f'{order}, {dtype}':<21}{heads}{'99.9 %':>10}{'worst':>10}"
    for case in dict.fromkeys(f.case for f in rows):
        yield _row(case, {f.rival: f.summary for f in rows if f.case == case}, shown)


def _row(case: str, mine: Mapping[str, Summary], shown: Sequence[str]) -> str:
    columns = "".join(f"{_cell(mine[r]) if r in mine else '':>13}" for r in shown)
    ours = mine["symgrad"]
    mark = "" if ours.is_sound else "  not sound"
    return f"{case:<21}{columns}{ours.high:10.3g}{ours.worst:10.3g}{mark}"


def _cell(found: Summary) -> str:
    """The share of bad points, and what some of them are."""
    marks = "n" * (found.spurious > 0) + "z" * (found.wrong_zeros > 0)
    return f"{100 * found.bad:.2f} {marks:<2}"


def failing(found: Sequence[Figure]) -> Iterator[str]:
    """Expressions by what of theirs is not sound, as generated."""
    for dtype, order in product(DTYPES, ORDERS):
        names = [
            f.case
            for f in found
            if (f.dtype, f.order, f.rival) == (dtype, order, "symgrad")
            and not f.summary.is_sound
        ]
        yield from textwrap.wrap(
            f"{dtype} {order}: {', '.join(names) or 'none'}",
            88,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
