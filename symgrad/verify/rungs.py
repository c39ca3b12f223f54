"""The rungs by number, for those who name them without climbing."""

from __future__ import annotations

from collections.abc import Mapping

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
