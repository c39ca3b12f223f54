"""Maps of two inputs: square cells, their colour one of a few steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from symgrad.report.scales import LOST, Scale, plain, power_of_ten
from symgrad.report.svg import BROAD, HIGH, Mark, extent, x_marks, y_marks

CELLS = 29
"""Of each axis: an odd number, so that there is one about zero."""

STEPS = 8
"""Colours of a scale."""

Grid = Sequence[Sequence[float | None]]
"""Rows from below; ``None``: no truth, and nothing is drawn."""


@dataclass(frozen=True)
class Level:
    """The cells of one colour, and what it means."""

    style: str
    path: str


@dataclass(frozen=True)
class Swatch:
    """A colour of the legend; of a row of them the first and the last have a text."""

    style: str
    label: str


@dataclass(frozen=True)
class Map:
    """A heat map in the coordinates of its picture."""

    title: Markup
    said: str
    x_marks: tuple[Mark, ...]
    y_marks: tuple[Mark, ...]
    levels: tuple[Level, ...]
    legend: tuple[Swatch, ...]
    x_label: str
    y_label: str
    scale_x: str = f"{BROAD / CELLS:.4f}"
    scale_y: str = f"{HIGH / CELLS:.4f}"
    kind: str = "map"


def of_values(
    title: Markup,
    said: str,
    grid: Grid,
    axes: tuple[Scale, Scale],
    names: tuple[str, str],
) -> Map:
    """A map of values, between the least and the greatest that are shown."""
    low, high = extent(v for row in grid for v in row if v is not None)
    span = high - low or 1.0

    def step(value: float) -> int:
        return min(max(int((value - low) / span * STEPS), 0), STEPS - 1)

    levels = _levels(grid, lambda v: f"v{step(v)}" if math.isfinite(v) else "")
    ends = {0: low, STEPS - 1: high}
    legend = tuple(
        Swatch(f"v{k}", plain(float(f"{ends[k]:.3g}")) if k in ends else "")
        for k in range(STEPS)
    )
    marks = x_marks(axes[0]), y_marks(axes[1])
    return Map(title, said, *marks, levels, legend, *names)


_BOUNDS = (1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, LOST)
"""Errors up to which each colour goes; beyond the last all digits are lost."""


def of_errors(
    title: Markup,
    said: str,
    grid: Grid,
    axes: tuple[Scale, Scale],
    names: tuple[str, str],
) -> Map:
    """A map of errors in ULP, a colour for each power of ten."""

    def style(ulp: float) -> str:
        step = next((k for k, bound in enumerate(_BOUNDS) if ulp <= bound), STEPS)
        return f"e{step}"

    labels = ("≤ 1", "", power_of_ten(2), "", power_of_ten(4), "", power_of_ten(6), "")
    legend = [Swatch(f"e{k}", label) for k, label in enumerate(labels)]
    marks = x_marks(axes[0]), y_marks(axes[1])
    swatches = (*legend, Swatch(f"e{STEPS}", "lost"))
    return Map(title, said, *marks, _levels(grid, style), swatches, *names)


def _levels(grid: Grid, style: Callable[[float], str]) -> tuple[Level, ...]:
    """The cells of every colour as one path, rows of equal cells in one piece."""
    found: dict[str, list[str]] = {}
    for number, row in enumerate(grid):
        for name, x, count in _runs(row, style):
            y = CELLS - 1 - number
            found.setdefault(name, []).append(f"M{x} {y}h{count}v1h-{count}z")
    return tuple(Level(name, "".join(found[name])) for name in sorted(found) if name)


def _runs(
    row: Sequence[float | None], style: Callable[[float], str]
) -> Iterator[tuple[str, int, int]]:
    names = ["" if v is None else style(v) for v in row]
    place = 0
    for name, same in groupby(names):
        count = len(list(same))
        yield name, place, count
        place += count
