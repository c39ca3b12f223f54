"""Parts of axes: the places that a bounded sum goes over.

The label of an index that runs over a part says so behind its axis: ``i:n[1~2]`` leaves
out the first place and the last two, ``i:n[1+3]`` runs over three places from place 1
on, ``i:n[-3+2]`` over two from the last but two on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Places from a start on, which counts from the end if it is negative.

    They have a number of their own, or end ``cut`` places before their axis does.
    """

    start: int
    length: int | None = None
    cut: int = 0

    def __str__(self) -> str:
        end = f"~{self.cut}" if self.length is None else f"+{self.length}"
        return f"{self.start}{end}"

    @property
    def least(self) -> int:
        """The smallest size of an axis that has such a part, not an empty one."""
        if self.length is None:
            return self.start + self.cut + 1
        return -self.start if self.start < 0 else self.start + self.length

    def within(self, size: int) -> range:
        """The places of an axis of a size."""
        start = self.start + size if self.start < 0 else self.start
        end = size - self.cut if self.length is None else start + self.length
        return range(start, max(start, end))

    def bounds(self, axis: str) -> tuple[str, str]:
        """The first and the last place as a formula has them."""
        first = f"{axis} - {-self.start}" if self.start < 0 else str(self.start)
        if self.length is None:
            return first, f"{axis} - {self.cut + 1}"
        last = self.start + self.length - 1
        return first, f"{axis} - {-last}" if last < 0 else str(last)


def part_of(axis: str) -> Part | None:
    """The part of its axis that a label runs over; ``None`` for the whole."""
    _, _, text = axis.removesuffix("]").partition("[")
    if not text:
        return None
    start, sign, number = text.rpartition("~" if "~" in text else "+")
    if sign == "~":
        return Part(int(start), cut=int(number))
    return Part(int(start), length=int(number))


def with_part(axis: str, part: Part | None) -> str:
    """A label of a whole axis with a part."""
    return axis if part is None else f"{axis}[{part}]"


def whole(axis: str) -> str:
    """The label without its part."""
    return axis.partition("[")[0]


def places(axis: str, size: int) -> range:
    """The places that a label runs over, on an axis of a size."""
    part = part_of(axis)
    return range(size) if part is None else part.within(size)
