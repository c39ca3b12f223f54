"""Which values are functions of one other value, as seen by dominators.

A value *dominates* another if every way from that one to what varies leads through it.
What it dominates is a function of it alone, a *kernel*, whatever it is made of itself:
``sin(x*w)/(x*w)`` is one of ``x*w``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property, reduce

from symgrad.program import Kind, Node, is_complex

ELEMENTWISE = frozenset(
    {"neg", "add", "sub", "mul", "div", "call", "where", "guard"}
    | {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"}
)
"""Primitives by which a kernel may be made."""

LARGEST = 120
"""Values inside of a kernel, at most: larger ones take long to measure."""

_FIXED, _NONE = -2, -1
"""In the place of a dominator: of what never varies, and of what has none."""


@dataclass(frozen=True)
class Kernel:
    """A value as a function of another: the last of ``nodes``, of the first.

    Equal kernels are equal wherever they stand in whatever program.
    """

    nodes: tuple[Node, ...]
    leaf: int = 0

    @property
    def root(self) -> int:
        """The value of the function."""
        return len(self.nodes) - 1

    @property
    def inside(self) -> range:
        """All values but the leaf, in order."""
        return range(1, len(self.nodes))

    @cached_property
    def constants(self) -> Mapping[int, Set[int]]:
        """The constants inside, each with all that is made of it, itself included."""
        found = [v for v in self.inside if self.nodes[v].op == "const"]
        return {value: self._made_of(value) for value in found}

    def _made_of(self, value: int) -> Set[int]:
        found = {value}
        for user in self.inside:
            if not found.isdisjoint(self.nodes[user].args):
                found.add(user)
        return found


_LEAF = Node("input", (), "t", Kind.REAL, ())


def kernel_of(nodes: Sequence[Node], leaf: int, inside: Sequence[int]) -> Kernel:
    """The values between a leaf and a root, as a program of their own."""
    place = {leaf: 0} | {value: number for number, value in enumerate(inside, 1)}
    moved = [
        replace(nodes[v], args=tuple(place[arg] for arg in nodes[v].args), axes=())
        for v in inside
    ]
    return Kernel((_LEAF, *moved))


@dataclass(frozen=True)
class Dominators:
    """For each value the nearest that dominates it."""

    nodes: Sequence[Node]
    nearest: Sequence[int]

    def leaves(self, root: int) -> Sequence[tuple[int, tuple[int, ...]]]:
        """What a value is a function of, the farthest first, with what lies between.

        All are real, and of values between them there are not too many.
        """
        found: list[tuple[int, tuple[int, ...]]] = []
        leaf = self.nearest[root] if _is_real(self.nodes[root]) else _NONE
        while leaf >= 0:
            inside = between(self.nodes, leaf, root)
            if inside is None:
                break
            if _is_real(self.nodes[leaf]):
                found.append((leaf, inside))
            leaf = self.nearest[leaf]
        return found[::-1]


def between(nodes: Sequence[Node], leaf: int, root: int) -> tuple[int, ...] | None:
    """The values that a root needs from a leaf on, ``None`` if they are many."""
    found = needed(nodes, {leaf}, root)
    return None if found is None else tuple(v for v in found if v != leaf)


def needed(nodes: Sequence[Node], leaves: Set[int], root: int) -> list[int] | None:
    """The values that a root needs, leaves included, ``None`` if they are many."""
    seen, todo = set[int](), [root]
    while todo:
        value = todo.pop()
        if value not in seen:
            seen.add(value)
            todo += () if value in leaves else nodes[value].args
        if len(seen) > LARGEST:
            return None
    return sorted(seen)


def dominators(nodes: Sequence[Node]) -> Dominators:
    """The dominators of all values of a program."""
    tree = _Tree()
    for node in nodes:
        found = _NONE
        if node.op == "const":
            found = _FIXED
        elif node.op in ELEMENTWISE and not is_complex(nodes, node):
            varying = {arg for arg in node.args if tree.above[arg] != _FIXED}
            found = reduce(tree.met, varying) if varying else _FIXED
        tree.append(found)
    return Dominators(nodes, tree.above)


class _Tree:
    """Values under what dominates them next, with ways to the top that leap.

    A leap goes as far as two leaps that are equally far and follow each other, so that
    the way to any value above takes steps in proportion to the logarithm of its length
    (Myers, 1983).
    """

    def __init__(self) -> None:
        self.above: list[int] = []
        self._leap: list[int] = []
        self._depth: list[int] = []

    def append(self, above: int) -> None:
        """The next value, and what it stands under."""
        self.above.append(above)
        self._depth.append(self._height(above) + 1)
        if above < 0:
            self._leap.append(above)
            return
        first = self._leap[above]
        second = self._leap[first] if first >= 0 else _NONE
        gaps = [self._height(above) - self._height(first)]
        gaps.append(self._height(first) - self._height(second))
        self._leap.append(second if gaps[0] == gaps[1] else above)

    def met(self, a: int, b: int) -> int:
        """The nearest value above two, they themselves being such."""
        if self._height(a) < self._height(b):
            a, b = b, a
        while self._height(a) > self._height(b):
            leap = self._leap[a]
            a = leap if self._height(leap) >= self._height(b) else self.above[a]
        while a != b:
            apart = self._leap[a] != self._leap[b]
            ways = self._leap if apart else self.above
            a, b = ways[a], ways[b]
        return a

    def _height(self, value: int) -> int:
        return self._depth[value] if value >= 0 else 0


def _is_real(node: Node) -> bool:
    return node.kind is Kind.REAL
