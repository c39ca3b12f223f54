"""The axes and indices that formulas of an op may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgrad.axes import Axes


@dataclass
class Space:
    """What is known of axes while one formula is read.

    ``axes`` are the labels of what has named axes, in the order in which indices are
    written; ``sizes`` are the names of all axes.  ``free`` are the indices of the
    formula's own name, ``bound`` those of the reductions around a place.  ``places``
    says for each index which axis it runs over.
    """

    axes: Mapping[str, Axes]
    sizes: frozenset[str]
    free: tuple[str, ...] = ()
    bound: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def conflict(self, index: str, size: str) -> str | None:
        """The other axis that an index runs over, if there is one."""
        other = self.places.setdefault(index, size)
        return None if other == size else other
