"""All faults, in the order of the rungs that claim them."""

from __future__ import annotations

from .fault import Fault
from .faults_edges import DTYPES, EDGES
from .faults_first import ACCURACY, FIRST
from .faults_kept import KEPT
from .faults_modes import FORWARD, LINEAR, SECOND
from .faults_text import TEXT
from .faults_use import LAYOUTS, PURITY, TRANSFORMS

FAULTS: tuple[Fault, ...] = (
    *TEXT,
    *ACCURACY,
    *FIRST,
    *KEPT,
    *FORWARD,
    *SECOND,
    *LINEAR,
    *LAYOUTS,
    *PURITY,
    *EDGES,
    *DTYPES,
    *TRANSFORMS,
)
