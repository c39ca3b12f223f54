"""Axes and curves as shapes: numbers become places on a picture, rounded to tenths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from symgrad.report.scales import Scale

WIDTH, HEIGHT = 380, 232
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 24
"""The size of a picture, and the margins around what is plotted."""

BROAD, HIGH = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

KEYS = {"line": "M0 5h18", "dots": "M9 5h0", "crosses": "M6 2l6 6m0-6l-6 6"}
"""What stands in the legend for each style of curves."""

Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Mark:
    """A tick: where it stands, in the coordinates of the plot, and its text."""

    at: str
    label: str


@dataclass(frozen=True)
class Curve:
    """A path, in what style, and what it is called in the legend."""

    path: str
    style: str
    label: Markup | str


@dataclass(frozen=True)
class Band:
    """A stretch of the plot that is tinted."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Panel:
    """A plot of curves, all of it in the coordinates of its picture."""

    title: Markup
    said: str
    x_marks: tuple[Mark, ...]
    y_marks: tuple[Mark, ...]
    curves: tuple[Curve, ...]
    bands: tuple[Band, ...] = ()
    kinks: tuple[str, ...] = ()
    kind: str = "curves"

    @property
    def has_legend(self) -> bool:
        """Whether there is more than one thing to tell apart, or one to name."""
        return any(curve.label for curve in self.curves)


def tenths(x: float) -> str:
    """A coordinate as it is written."""
    return f"{x:.1f}".removesuffix(".0") if round(x, 1) else "0"


def x_marks(scale: Scale) -> tuple[Mark, ...]:
    """The ticks of the axis below."""
    return tuple(Mark(tenths(BROAD * t.at), t.label) for t in scale.ticks())


def y_marks(scale: Scale) -> tuple[Mark, ...]:
    """The ticks of the axis on the left."""
    return tuple(Mark(tenths(HIGH * (1 - t.at)), t.label) for t in scale.ticks())


def upright_band(start: float, end: float) -> Band:
    """A band from one place of the axis below to another."""
    return Band(tenths(BROAD * start), "0", tenths(BROAD * (end - start)), str(HIGH))


def level_band(height: float) -> Band:
    """A band at the top."""
    return Band("0", "0", str(BROAD), tenths(HIGH * height))


def line(pairs: Pairs, x: Scale, y: Scale, breaks: Sequence[float] = ()) -> str:
    """A line through points: broken where it is not finite, and at ``breaks``."""
    return "".join(
        f"M{' '.join(_points(stretch, x, y))}"
        for stretch in _stretches(pairs, y, breaks)
        if len(stretch) > 1
    )


def _points(pairs: Pairs, x: Scale, y: Scale) -> Iterator[str]:
    """Coordinates; what is far above or below the plot is as far as need be."""
    for a, b in pairs:
        height = min(max(y.at(b), -1.0), 2.0)
        yield f"{tenths(BROAD * x.at(a))},{tenths(HIGH * (1 - height))}"


def _stretches(
    pairs: Pairs, y: Scale, breaks: Sequence[float]
) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for a, b in pairs:
        last = found[-1][-1] if found[-1] else None
        if last is not None and _is_apart(last, (a, b), y, breaks):
            found.append([])
        if math.isfinite(b):
            found[-1].append((a, b))
        elif found[-1]:
            found.append([])
    return found


def _is_apart(
    a: tuple[float, float], b: tuple[float, float], y: Scale, breaks: Sequence[float]
) -> bool:
    """Whether a kink or a pole lies between two points."""
    if any(a[0] <= x < b[0] for x in breaks):
        return True
    if not (math.isfinite(a[1]) and math.isfinite(b[1])):
        return False
    low, high = sorted((y.at(a[1]), y.at(b[1])))
    return low < 0 and high > 1


def dots(pairs: Pairs, x: Scale, y: Scale) -> str:
    """A dot at every point: a line of no length with round ends."""
    return _each(pairs, x, y, lambda a, b: f"M{tenths(a)} {tenths(b)}h0")


def crosses(pairs: Pairs, x: Scale, y: Scale) -> str:
    """A cross at every point."""
    return _each(
        pairs, x, y, lambda a, b: f"M{tenths(a - 2)} {tenths(b - 2)}l4 4m0-4l-4 4"
    )


def _each(
    pairs: Pairs, x: Scale, y: Scale, shape: Callable[[float, float], str]
) -> str:
    places = ((BROAD * x.at(a), HIGH * (1 - y.at(b))) for a, b in pairs)
    return "".join(dict.fromkeys(shape(a, b) for a, b in places))


def extent(numbers: Iterable[float]) -> tuple[float, float]:
    """The least and the greatest number, but for a few far from the rest."""
    finite = sorted(x for x in numbers if math.isfinite(x))
    if not finite:
        return -1.0, 1.0
    cut = len(finite) // 20
    low, high = finite[cut], finite[-1 - cut]
    if finite[-1] - finite[0] <= 6 * (high - low):
        low, high = finite[0], finite[-1]
    return low, high


def shown_range(numbers: Iterable[float]) -> tuple[float, float]:
    """The ends of an axis: with room about what is shown."""
    low, high = extent(numbers)
    pad = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
    return low - pad, high + pad
