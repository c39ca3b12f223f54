"""Plots of the error of derivatives against x, one file for each of a dozen ops.

matplotlib draws them; nothing else needs it, so it is imported only here and late.
The same errors give the same bytes.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from accuracy_set import PUBLIC, Case
from accuracy_subjects import Subject, computed, exact_functions, of_case, tensors

from symgrad.measure.errors import SOUND, error
from symgrad.measure.formats import FORMATS
from symgrad.measure.truth import truth

PLOTTED = (
    *("softplus", "silu", "mish", "gelu", "sigmoid", "tanh", "erfcx", "log_ndtr"),
    *("asinh", "sinc", "expm1_ratio", "so3", "langevin", "planck"),
)
"""Expressions of one variable from the public set."""

DTYPE = "float32"
ORDER = "gradient"

MARKERS: Mapping[str, Mapping[str, Any]] = {
    "autograd": {"marker": "x", "color": "#d1495b", "markersize": 3.5},
    "fused": {"marker": "+", "color": "#edae49", "markersize": 5},
    "symgrad": {"marker": "o", "color": "#00798c", "markersize": 2.5},
}
"""The rivals that are drawn, what is generated last and on top."""

NAMES = {"autograd": "autograd of the formula", "fused": "torch's own operator"}

LEAST, MOST = 2.0**-4, 1e9
"""Errors in ULP that the axis shows; what is less or more stands at its ends."""

INNER = 1e-6
"""Between this and its negative the axis of x is linear."""

COUNT = 30
"""Numbers by their size of each sign, and as many on an even scale."""

STYLE = {"svg.hashsalt": "symgrad", "svg.fonttype": "none", "font.size": 8}


class NoPlots(SystemExit):
    """matplotlib is not installed."""


def require() -> None:
    """Stop where there is nothing to draw with, before anything is measured."""
    if importlib.util.find_spec("matplotlib") is None:
        raise NoPlots(
            "plots need matplotlib, which is not installed:"
            " pip install -e '.[benchmarks]'"
        )


def cases() -> list[Case]:
    """What is plotted."""
    return [next(c for c in PUBLIC if c.name == name) for name in PLOTTED]


# Errors


def places(subject: Subject, count: int) -> list[float]:
    """Numbers of every size of either sign, and as many evenly up to a hundred."""
    [where] = subject.ranges.values()
    sizes = [INNER * 10 ** (12 * k / count) for k in range(count)]
    spread = [100 * k / count for k in range(1, count)]
    signed = {sign * x for x in (*sizes, *spread) for sign in (1, -1)}
    rounded = {FORMATS[DTYPE].nearest(x) for x in signed}
    return sorted(x for x in rounded if x in where.domain)


def errors(subject: Subject, count: int) -> dict[str, list[tuple[float, float]]]:
    """Pairs of x and the error of each rival there, as the axes show it."""
    numbers = [(x,) for x in places(subject, count)]
    exact = exact_functions(subject.op, subject.wrt)[ORDER]
    true = [truth(exact, place) for place in numbers]
    got = computed(subject, tensors(subject, numbers, DTYPE), ("value", ORDER))
    return {
        rival: [
            (x, _shown(error(FORMATS[DTYPE], y, t).conditioned))
            for (x,), y, t in zip(
                numbers, got[rival][ORDER].double().tolist(), true, strict=True
            )
            if t is not None
        ]
        for rival in MARKERS
        if rival in got
    }


def _shown(ulp: float) -> float:
    return min(max(ulp, LEAST), MOST) if not math.isnan(ulp) else MOST


# Drawing


def draw_all(folder: Path, count: int = COUNT) -> None:
    """Every plot anew, and none that is no longer made."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for case in cases():
        print(f"plot of {case.name}", file=sys.stderr, flush=True)
        draw(case, folder / f"{case.name}.svg", count)


def draw(case: Case, path: Path, count: int) -> None:
    """The plot of one expression."""
    require()
    import matplotlib
    from matplotlib.figure import Figure

    found = errors(of_case(case), count)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 2.8), layout="constrained")
        axes = figure.add_subplot()
        for rival, pairs in found.items():
            _series(axes, rival, pairs)
        _frame(axes, case)
        figure.legend(fontsize=7, loc="outside lower center", ncols=len(found))
        figure.savefig(path, metadata={"Date": None, "Creator": None})
    path.write_text("".join(_lines(path)), encoding="utf-8")


def _series(axes: Any, rival: str, pairs: Sequence[tuple[float, float]]) -> None:
    xs, ulps = zip(*pairs, strict=True)
    label = NAMES.get(rival, "generated")
    axes.plot(xs, ulps, linestyle="none", label=label, **MARKERS[rival])


def _frame(axes: Any, case: Case) -> None:
    axes.set_title(f"{case.name}: derivative of {case.formula}, {DTYPE}", fontsize=8)
    axes.set_xscale("symlog", linthresh=INNER)
    axes.set_yscale("log")
    axes.set_ylim(LEAST / 2, MOST * 3)
    low, high = axes.get_xlim()
    powers = [sign * 10.0**e for sign in (-1, 1) for e in (-5, -2, 1, 4)]
    axes.set_xticks(sorted(x for x in (0.0, *powers) if low <= x <= high))
    axes.minorticks_off()
    axes.set_yticks([1, 1e3, 1e6, MOST], ["1", "10³", "10⁶", "NaN, inf"])
    axes.axhline(SOUND, color="#999999", linewidth=0.8, linestyle="--")
    axes.set_xlabel("x")
    axes.set_ylabel("conditioned error, ULP")


def _lines(path: Path) -> Iterator[str]:
    """What was drawn, without blanks at the ends of lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield f"{line.rstrip()}\n"
