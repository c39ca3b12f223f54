"""The plots of an op: curves along an input, or maps of two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from markupsafe import Markup

from symgrad.op import Formula, Op
from symgrad.program import Kind
from symgrad.report import heat, numbers, svg
from symgrad.report.heat import CELLS, Map
from symgrad.report.letters import GREEK
from symgrad.report.mathml import inline
from symgrad.report.scales import BAND, Linear, Symmetric, Ulps, plain
from symgrad.report.subjects import FORMAT, Plotted, obstacle, plotted
from symgrad.report.svg import Curve, Panel
from symgrad.report.terms import Term
from symgrad.verify.subject import Fault

GRID = 193
"""Points of a curve."""

BESIDE = 1e-6
"""How near to a kink a curve goes, as a part of its range."""

FEW = 6
"""As many inputs that are held are named in the heading."""


@dataclass(frozen=True)
class Group:
    """Plots that belong together: along one input, or of two."""

    heading: Markup
    fixed: tuple[tuple[Markup, str], ...]
    pictures: tuple[Panel | Map, ...]

    @property
    def few_fixed(self) -> bool:
        """Whether what is held fits into a line."""
        return 0 < len(self.fixed) <= FEW

    @property
    def many_fixed(self) -> bool:
        """Whether it takes more than that."""
        return len(self.fixed) > FEW


@dataclass(frozen=True)
class Figures:
    """The plots of an op, and what is to be said of them: why there are none, too."""

    groups: tuple[Group, ...] = ()
    note: str = ""


def figures(op: Op, function: Callable[..., Any]) -> Figures:
    """All plots of an op, whose public function is given."""
    if reason := obstacle(op):
        return Figures(note=reason)
    try:
        subject = numbers.settled(plotted(op, function))
        return Figures(tuple(_groups(op, subject)), subject.left_out)
    except (ArithmeticError, Fault, RuntimeError, ValueError) as error:
        return Figures(note=f"It could not be plotted: {error}")


def _groups(op: Op, subject: Plotted) -> Iterator[Group]:
    if _is_of_two(op, subject):
        yield _maps(subject)
    else:
        yield from (_curves(subject, name) for name in subject.moving)


def _is_of_two(op: Op, subject: Plotted) -> bool:
    """Whether a plane is all there is."""
    reals = [item for item in op.inputs if item.kind is Kind.REAL]
    return not op.has_axes and len(reals) == len(subject.moving) == 2


def _fixed(subject: Plotted, moving: Sequence[str]) -> tuple[tuple[Markup, str], ...]:
    """What is held, and at which number."""
    return tuple(
        (inline(subject.shown[name]), plain(float(value.real)))
        for name, value in subject.fixed.items()
        if name not in moving
    )


# Titles


def _what(subject: Plotted, output: Formula, wrt: str | None) -> Term:
    shown = subject.shown[output.name]
    if wrt is None:
        return shown
    return Term("derivative", (shown, subject.shown[wrt]))


def _title(subject: Plotted, wrt: str | None, text: str) -> Markup:
    terms = [inline(_what(subject, output, wrt)) for output in _moved(subject, wrt)]
    return Markup("{}{}").format(text, Markup(", ").join(terms))


def _kind(wrt: str | None) -> str:
    return "value " if wrt is None else "gradient "


def _moved(subject: Plotted, wrt: str | None) -> list[Formula]:
    """The outputs that have a gradient, if that is asked for."""
    open_ = subject.op.differentiable_outputs
    return [f for f in subject.outputs if wrt is None or f in open_]


# Curves


def _curves(subject: Plotted, name: str) -> Group:
    """Value, gradient and the errors of both, along one input."""
    low, high = numbers.ordinary_range(subject, name)
    grid = [low + (high - low) * k / (GRID - 1) for k in range(GRID)]
    kinks = numbers.kinks(subject, name, grid)
    beside = (kink + side * BESIDE * (high - low) for kink in kinks for side in (-1, 1))
    grid = sorted({*grid, *(x for x in beside if low <= x <= high)})
    wrts = (None, name)
    pictures = (
        *(_plain(subject, name, grid, wrt, kinks) for wrt in wrts),
        *(_error(subject, name, wrt) for wrt in wrts),
    )
    heading = Markup("Along {}").format(inline(subject.shown[name]))
    return Group(heading, _fixed(subject, [name]), pictures)


def _plain(
    subject: Plotted,
    name: str,
    grid: Sequence[float],
    wrt: str | None,
    kinks: Sequence[float],
) -> Panel:
    """The value, or a gradient, of every output."""
    columns = {name: grid}
    outputs = _moved(subject, wrt)
    run = partial(numbers.computed, subject, subject.ours, columns)
    found = [run(output, wrt, torch.float64) for output in outputs]
    x = Linear(grid[0], grid[-1])
    y = Linear(*svg.shown_range(v for column in found for v in column))
    curves = (
        Curve(
            svg.line(list(zip(grid, column, strict=True)), x, y, kinks),
            f"line s{number}",
            inline(_what(subject, output, wrt)) if len(outputs) > 1 else "",
        )
        for number, (output, column) in enumerate(zip(outputs, found, strict=True))
    )
    return Panel(
        title=_title(subject, wrt, _kind(wrt)),
        said=f"{_kind(wrt)}against {name}",
        x_marks=svg.x_marks(x),
        y_marks=svg.y_marks(y),
        curves=tuple(curves),
        kinks=tuple(svg.tenths(svg.BROAD * x.at(kink)) for kink in kinks),
    )


def _error(subject: Plotted, name: str, wrt: str | None) -> Panel:
    """The error of what is generated beside that of torch, over the float range."""
    found = numbers.errors(subject, {name: numbers.spread(subject, name)}, wrt)
    x, y = Symmetric(*numbers.ends(subject, name)), Ulps()
    xs = [point for (point,) in found.points]
    ours = svg.dots(list(zip(xs, found.ours, strict=True)), x, y)
    curves = [Curve(ours, "dots ours", "generated")]
    if found.composed is not None:
        pairs = list(zip(xs, found.composed, strict=True))
        theirs = Curve(svg.crosses(pairs, x, y), "crosses composed", "autograd")
        curves.insert(0, theirs)
    return Panel(
        title=_title(subject, wrt, "error in ULP of "),
        said=f"error of the {_kind(wrt)}against {name}",
        x_marks=svg.x_marks(x),
        y_marks=svg.y_marks(y),
        curves=tuple(curves),
        bands=(*(svg.upright_band(*s) for s in x.squeezed), svg.level_band(BAND)),
        kind="errors",
    )


# Maps


def _maps(subject: Plotted) -> Group:
    """Value, gradients and the errors of all, over the plane of two inputs."""
    subject = replace(subject, outputs=subject.outputs[:1])
    pictures = [
        picture
        for wrt in (None, *subject.moving)
        for picture in (_value_map(subject, wrt), *_error_maps(subject, wrt))
    ]
    a, b = (inline(subject.shown[name]) for name in subject.moving)
    heading = Markup("Over the plane of {} and {}").format(a, b)
    return Group(heading, _fixed(subject, subject.moving), tuple(pictures))


def _value_map(subject: Plotted, wrt: str | None) -> Map:
    axes = _axes(subject, lambda name: Linear(*numbers.ordinary_range(subject, name)))
    ends = [numbers.ordinary_range(subject, name) for name in subject.moving]
    places = [(k + 0.5) / CELLS for k in range(CELLS)]
    xs, ys = ([low + (high - low) * p for p in places] for low, high in ends)
    columns = _plane(subject, xs, ys)
    run = partial(numbers.computed, subject, subject.ours, columns)
    found = run(subject.outputs[0], wrt, torch.float64)
    title = _title(subject, wrt, _kind(wrt))
    return heat.of_values(title, "values", _rows(found), axes, _names(subject))


def _error_maps(subject: Plotted, wrt: str | None) -> Iterator[Map]:
    """That of the emitted code, then that of torch."""
    axes = _axes(subject, lambda name: Symmetric(*numbers.ends(subject, name)))
    places = [(k + 0.5) / CELLS for k in range(CELLS)]
    xs, ys = ([FORMAT.nearest(s.number(p)) for p in places] for s in axes)
    columns = _plane(subject, xs, ys)
    found = numbers.errors(subject, columns, wrt)
    every = list(zip(*columns.values(), strict=True))
    for ulps, whose in ((found.ours, "generated"), (found.composed, "autograd")):
        if ulps is not None:
            known = dict(zip(found.points, ulps, strict=True))
            grid = _rows([known.get(point) for point in every])
            title = _title(subject, wrt, f"{whose}: error in ULP of ")
            yield heat.of_errors(title, f"errors, {whose}", grid, axes, _names(subject))


def _axes(subject: Plotted, scale: Callable[[str], Any]) -> tuple[Any, Any]:
    first, second = subject.moving
    return scale(first), scale(second)


def _plane(
    subject: Plotted, xs: Sequence[float], ys: Sequence[float]
) -> dict[str, list[float]]:
    """The points of a grid by inputs, row by row."""
    first, second = subject.moving
    return {first: [x for _ in ys for x in xs], second: [y for y in ys for _ in xs]}


def _rows(numbers_: Sequence[Any]) -> list[Sequence[Any]]:
    return [numbers_[k : k + CELLS] for k in range(0, len(numbers_), CELLS)]


def _names(subject: Plotted) -> tuple[str, str]:
    first, second = subject.moving
    return GREEK.get(first, first), GREEK.get(second, second)
