"""The tables that benchmarks/cpu.py prints."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from cpu_subjects import FORMULA, FORMULA_COMPILED, OWN, PLAIN, Measured

SHOWN = {
    FORMULA: "autograd",
    PLAIN: "no kernels",
    OWN: "torch's own",
    FORMULA_COMPILED: "compiled",
}
"""The rivals in their columns."""


def lines(found: Sequence[Measured]) -> Iterator[str]:
    """A line for each op, slowest beside its formula first, and what all come to."""
    head = "".join(f"{title:>12}" for title in SHOWN.values())
    yield f"{'forward and backward: how many times as long':<36}"
    yield f"{'as with kernels':<36}{'kernels':>10}{head}{'bandwidth':>11}"
    for one in sorted(found, key=lambda m: m.over[FORMULA]["both"]):
        yield _line(one)
    yield ""
    for name, title in SHOWN.items():
        yield from _mean(title, [m for m in found if name in m.over], name)
    flat = [m for m in found if not m.rows]
    yield from _mean("autograd, elementwise", flat, FORMULA)
    cheap = [m for m in flat if m.cheap]
    parts = [m.reached["both"] for m in cheap]
    if parts:
        middle, least = statistics.median(parts), min(parts)
        title = "bandwidth, up to 8 operations"
        yield f"{title:<30} median {middle:.0%}, least {least:.0%}, of {len(parts)} ops"


def _mean(title: str, found: Sequence[Measured], name: str) -> Iterator[str]:
    ratios = [m.over[name]["both"] for m in found]
    if ratios:
        mean = statistics.geometric_mean(ratios)
        yield (
            f"{title:<30} geometric mean {mean:5.2f}, least {min(ratios):5.2f},"
            f" of {len(ratios)} ops"
        )


def _line(one: Measured) -> str:
    ratios = "".join(
        f"{one.over[name]['both']:12.2f}" if name in one.over else f"{'-':>12}"
        for name in SHOWN
    )
    own = f"  {one.own}" if one.own else ""
    time = _time(one.seconds["both"])
    return f"{one.job.place:<36}{time:>10}{ratios}{one.reached['both']:10.0%}{own}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"
