"""Time an element against size, a panel for each pass, a line for each subject.

matplotlib draws; nothing else of symgrad needs it, so it is imported only here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from symgrad.bench.paired import PASSES, Pass
from symgrad.bench.results import Measured
from symgrad.disk import os_errors
from symgrad.errors import Diagnostic, OutputError, SymgradError

_STYLE = {"svg.hashsalt": "symgrad", "svg.fonttype": "none", "font.size": 8}

KINDS = (".svg", ".png")


def require(path: Path) -> None:
    """Raise ``SymgradError`` where nothing can be drawn, before anything is timed.

    ``OutputError``, which is one, where there is no folder for it.
    """
    if path.suffix not in KINDS:
        message = f"{path} is no {' and no '.join(KINDS)}"
        help = f"such as '--plot {path.with_suffix(KINDS[0]).name}'"
        raise SymgradError(Diagnostic("SG606", message, "", None, (), help))
    if not path.parent.is_dir():
        message = f"{path.parent} is no folder"
        help = "make it, or name one that is there"
        raise OutputError(Diagnostic("SG505", message, "", None, (), help))
    if importlib.util.find_spec("matplotlib") is None:
        help = "pip install 'symgrad[benchmarks]'"
        message = "plots are drawn by matplotlib, which is not installed"
        raise SymgradError(Diagnostic("SG606", message, "", None, (), help))


def draw(measured: Sequence[Measured], path: Path) -> None:
    """Write one file with a row of panels for each op.

    Raises ``OutputError`` where it cannot be written.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9, 3 * len(measured)), layout="constrained")
        axes = figure.subplots(len(measured), len(PASSES), squeeze=False)
        for row, one in zip(axes, measured, strict=True):
            for panel, which in zip(row, PASSES, strict=True):
                _panel(panel, one, which)
        with os_errors(f"cannot write {path}"):
            figure.savefig(path, metadata=_metadata(path))


def _panel(panel: Any, measured: Measured, which: Pass) -> None:
    for name, points in series(measured, which).items():
        panel.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
    panel.set(xscale="log", yscale="log", title=f"{measured.op}, {which}")
    panel.set(xlabel="elements", ylabel="nanoseconds an element")
    if panel.lines:
        panel.legend()


def series(measured: Measured, which: Pass) -> dict[str, list[tuple[int, float]]]:
    """Elements and nanoseconds an element of every subject that was timed."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name, elements, seconds in _timed(measured, which):
        found.setdefault(name, []).append((elements, seconds / elements * 1e9))
    return found


def _timed(measured: Measured, which: Pass) -> Iterator[tuple[str, int, float]]:
    for sized in measured.sizes:
        for subject in sized.subjects:
            if which in subject.passes:
                yield subject.name, sized.elements, subject.passes[which].seconds


def _metadata(path: Path) -> Mapping[str, None] | None:
    """No date, so that the same figures give the same bytes."""
    return {"Date": None} if path.suffix == ".svg" else None
