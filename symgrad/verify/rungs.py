"""The rungs by number, for those who name them without climbing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

RUNGS: Mapping[int, str] = {
    0: "lint",
    1: "accuracy",
    2: "first order",
    3: "forward mode",
    4: "second order",
    5: "linearity",
    6: "layouts",
    7: "purity",
    8: "edges",
    9: "dtypes",
    10: "transforms",
}
QUICK = frozenset({0, 1, 2, 3, 4, 6, 7})
"""What ``gen`` runs before it writes."""

KERNELS = (11, "kernels")
"""One more rung, at both levels, for ops that have kernels."""


def climbed(
    level: Literal["quick", "full"], only: Sequence[int], kernels: bool
) -> list[int]:
    """The rungs of a level that run an op, or instead of them only the given ones."""
    level_has = sorted(QUICK) if level == "quick" else list(RUNGS)
    level_has += [KERNELS[0]] if kernels else []
    return [number for number in only or level_has if number]
