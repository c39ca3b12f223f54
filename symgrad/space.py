"""The axes and indices that formulas of an op may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from symgrad.axes import Axes
from symgrad.parts import Part


@dataclass
class Space:
    """What is known of axes while one formula is read.

    ``axes`` are the labels of what has named axes, in the order in which indices are
    written; ``sizes`` are the names of all axes.  ``free`` are the indices of the
    formula's own name, ``bound`` those of the reductions around a place.  ``places``
    says for each index which axis it runs over, ``parts`` over which part of it if that
    is not the whole.
    """

    axes: Mapping[str, Axes]
    sizes: frozenset[str]
    free: tuple[str, ...] = ()
    bound: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    def conflict(self, index: str, size: str) -> str | None:
        """The other axis that an index runs over, if there is one."""
        other = self.places.setdefault(index, size)
        return None if other == size else other

    @contextmanager
    def binding(self, indices: Sequence[str]) -> Iterator[None]:
        """The inside of a reduction of indices."""
        self.bound += indices
        yield
        del self.bound[len(self.bound) - len(indices) :]

    @contextmanager
    def within(self, parts: Mapping[str, Part]) -> Iterator[None]:
        """Where indices run over parts of their axes."""
        outer = dict(self.parts)
        self.parts |= parts
        yield
        self.parts = outer
