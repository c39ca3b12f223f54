"""A value of a primitive of axes, as those who write it want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symgrad.axes import BATCH, dim, index_of, listed, named
from symgrad.printer import ATOM, Text, call
from symgrad.program import Node


@dataclass(frozen=True)
class Written:
    """A value to be written: its node, those of its arguments, and their texts."""

    node: Node
    parts: Sequence[Node]
    args: Sequence[Text]
    anchor: str

    @property
    def data(self) -> str:
        return str(self.node.data)

    @property
    def labels(self) -> tuple[str, ...]:
        return listed(self.data.partition("|")[0])

    @property
    def dims(self) -> str:
        """The dimensions of the labels, as an argument."""
        found = [str(dim(axis, self.parts[0].axes)) for axis in self.labels]
        return found[0] if len(found) == 1 else f"({', '.join(found)})"

    def method(self, name: str, *args: str) -> Text:
        """A method of the first argument."""
        return Text(f"{self.args[0].within(ATOM)}.{name}({', '.join(args)})")


Spelling = Callable[[Written], Text]
"""How one primitive is written."""


def summed(w: Written, parts: Sequence[Sequence[str]], result: Sequence[str]) -> Text:
    """A contraction by subscripts; one that a part has twice is its diagonal."""
    letters = _letters(dict.fromkeys(axis for part in parts for axis in named(part)))

    def subscript(axes: Sequence[str]) -> str:
        return "".join("..." if axis == BATCH else letters[axis] for axis in axes)

    terms = ",".join(map(subscript, parts))
    return call("torch.einsum", [Text(f'"{terms}->{subscript(result)}"'), *w.args])


def _letters(axes: Sequence[str] | dict[str, None]) -> dict[str, str]:
    """A letter for each axis: its index, or else one that is free."""
    found: dict[str, str] = {}
    free = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    singles = {index_of(axis) for axis in axes}
    for axis in axes:
        index = index_of(axis)
        if len(index) == 1 and index.isalpha() and index not in found.values():
            found[axis] = index
        else:
            taken = singles | set(found.values())
            found[axis] = next(letter for letter in free if letter not in taken)
    return found
