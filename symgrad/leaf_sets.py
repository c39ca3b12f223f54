"""Which leaves values are made of: a set of leaves is a number with a bit for each.

The union of two sets of thousands takes one operation then, and little memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from symgrad.program import Node

LeafSet = int
"""A set of leaves."""


@dataclass
class LeafSets:
    """The leaves behind the values of a graph, which may grow meanwhile.

    ``is_leaf`` says what counts as one, whatever it is made of itself; ``through``
    which arguments of a node count, all of them if nothing is said.
    """

    nodes: Sequence[Node]
    is_leaf: Callable[[Node], bool]
    through: Callable[[Node], Sequence[int]] = attrgetter("args")
    leaves: list[int] = field(default_factory=list)
    _sets: list[LeafSet] = field(default_factory=list, repr=False)

    def __getitem__(self, value: int) -> LeafSet:
        """The leaves behind a value; of a leaf, itself."""
        for number in range(len(self._sets), value + 1):
            self._sets.append(self._found(number))
        return self._sets[value]

    def _found(self, value: int) -> LeafSet:
        node = self.nodes[value]
        if self.is_leaf(node):
            self.leaves.append(value)
            return 1 << len(self.leaves) - 1
        found = 0
        for arg in self.through(node):
            found |= self._sets[arg]
        return found

    def those(self, is_so: Callable[[Node], bool]) -> LeafSet:
        """The leaves that are so, of all values that there are by now."""
        if self.nodes:
            self[len(self.nodes) - 1]
        return sum(
            1 << place for place, v in enumerate(self.leaves) if is_so(self.nodes[v])
        )

    def values(self, found: LeafSet) -> list[int]:
        """The values that a set is of, in order."""
        return [v for place, v in enumerate(self.leaves) if found >> place & 1]
