"""Where our derivatives and torch's differ, and why: a table."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """``kinds`` of results that are not equal at a place, with the reason.

    A kind is ``value``, ``gradient`` or ``second``, the gradients of the gradients.
    """

    kinds: str
    place: str
    reason: str


DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {
}
