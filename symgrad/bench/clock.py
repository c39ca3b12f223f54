"""Paired timing: rivals in turn, block by block, so that a busy machine slows all."""

from __future__ import annotations

import gc
import math
import timeit
from collections.abc import Callable, Mapping
from typing import Any

import torch

Call = Callable[[], object]
Measure = Callable[[Call, int], float]
"""Seconds that so many calls take together, the garbage collector being off."""

LEAST = 5e-3
"""Seconds that a block takes at least, far above what a clock resolves."""


def on_cpu(call: Call, count: int) -> float:
    """Seconds of ``count`` calls by the clock of the machine."""
    return timeit.timeit(call, number=count)


def on_cuda(call: Call, count: int) -> float:
    """Seconds between two events of the GPU with ``count`` calls between them."""
    events: list[Any] = [torch.cuda.Event(enable_timing=True) for _ in range(2)]  # type: ignore[no-untyped-call]
    start, end = events
    was_on = gc.isenabled()
    gc.disable()
    try:
        torch.cuda.synchronize()
        start.record()
        for _ in range(count):
            call()
        end.record()
        torch.cuda.synchronize()
    finally:
        if was_on:
            gc.enable()
    return float(start.elapsed_time(end)) / 1e3


MEASURES: Mapping[str, Measure] = {"cpu": on_cpu, "cuda": on_cuda}
"""How to measure on each kind of device."""


def in_blocks(
    calls: Mapping[str, Call], blocks: int, measure: Measure, least: float = LEAST
) -> dict[str, tuple[float, ...]]:
    """Seconds a call of every rival in each of ``blocks`` blocks.

    Every block has all rivals in it, another one first each time.  How many calls a
    rival makes in a block is found beforehand, which warms it up.
    """
    counts = {name: count_for(call, measure, least) for name, call in calls.items()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    for block in range(blocks):
        for name in turned(list(calls), block):
            seconds = measure(calls[name], counts[name])
            found[name].append(seconds / counts[name])
    return {name: tuple(seconds) for name, seconds in found.items()}


def turned(names: list[str], block: int) -> list[str]:
    """The names, begun at another one for each block."""
    start = block % len(names) if names else 0
    return names[start:] + names[:start]


def count_for(call: Call, measure: Measure, least: float) -> int:
    """How many calls take ``least`` seconds: doubled, then by what they took."""
    call()  # what is done once, such as a compilation, says nothing
    count = 1
    while (seconds := measure(call, count)) < least:
        wanted = math.ceil(1.1 * count * least / seconds) if seconds > 0 else 0
        count = min(max(2 * count, wanted), 10 * count)
    return count
