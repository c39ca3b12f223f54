"""What was measured, as text of at most 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from symgrad.bench.paired import PASSES, Pass
from symgrad.bench.results import Measured, Sized, Subject

WIDTH = 100

LEGEND = """\
GB/s: of what a pass must read and write at least, once each; add: how much that is of
what torch.add reaches beside it.  vs: how many times as long as symgrad takes.  kept:
bytes that forward keeps for backward.  peak: the most that forward and backward
allocate.  Backward alone goes over a graph that is kept (retain_graph=True)."""

_TITLES = ("time", "GB/s", "add", "vs", "kept", "peak")
_ROW = "{:<10}{:<34}{:>11}{:>8}{:>7}{:>7}{:>11}{:>11}"


def text(measured: tuple[Measured, ...]) -> str:
    """All ops, and what the columns say."""
    blocks = ["\n".join(_lines(one)) for one in measured]
    return "\n\n".join([*blocks, LEGEND]) + "\n"


def _lines(measured: Measured) -> Iterator[str]:
    how = measured.settings
    yield (
        f"{measured.op}: {how.dtype}, {how.device}, {_counted(how.threads, 'thread')},"
        f" medians of {_counted(how.blocks, 'block')}, torch {measured.torch}"
    )
    for sized in measured.sizes:
        yield ""
        yield from _of_size(sized)


def _of_size(sized: Sized) -> Iterator[str]:
    inputs = ", ".join(_input(name, value) for name, value in sized.inputs.items())
    said = (
        f"{sized.elements:,} elements, torch.add takes {duration(sized.add_seconds)},"
        f" {sized.add_gigabytes:.1f} GB/s; {inputs}"
    )
    yield from textwrap.wrap(said, WIDTH, subsequent_indent="  ")
    yield _ROW.format("", "", *_TITLES).rstrip()
    for which in PASSES:
        timed = [s for s in sized.subjects if which in s.passes]
        for place, subject in enumerate(timed):
            yield _row("" if place else which, which, subject)
    for subject in sized.subjects:
        if subject.failed is not None:
            line = f"{'not timed':<10}{subject.name}: {subject.failed}"
            yield from textwrap.wrap(line, WIDTH, subsequent_indent=" " * 12)


def _row(title: str, which: Pass, subject: Subject) -> str:
    figure = subject.passes[which]
    kept = size(subject.kept) if which == "forward" else ""
    peak = size(subject.peak) if which in ("both", *_alone(subject)) else ""
    cells = (
        duration(figure.seconds),
        f"{figure.gigabytes:.2f}",
        f"{figure.of_add:.0%}",
        f"{figure.ratio:.2f}",
        kept,
        peak,
    )
    return _ROW.format(title, subject.name, *cells).rstrip()


def _alone(subject: Subject) -> tuple[Pass, ...]:
    """The one pass of what has no backward."""
    return tuple(subject.passes) if len(subject.passes) == 1 else ()


def _input(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return f"{name}[{', '.join(map(str, value))}]"
    return f"{name}={value}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Three digits in the unit that suits: ``61.2 us``."""
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def size(count: int | None) -> str:
    """Bytes in the unit that suits: ``512 KiB``."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} GiB"
