"""Which values are functions of one other value, as seen by dominators.

A value *dominates* another if every way from that one to what varies leads through it.
What it dominates is a function of it alone, a *kernel*, whatever it is made of itself:
``sin(x*w)/(x*w)`` is one of ``x*w``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """For each value the nearest that dominates it, and how many do so in all."""

    nodes: Sequence[Node]
    nearest: Sequence[int]
    depths: Sequence[int]

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
    seen, todo = {leaf}, [root]
    while todo:
        value = todo.pop()
        if value not in seen:
            seen.add(value)
            todo += nodes[value].args
        if len(seen) > LARGEST:
            return None
    return tuple(sorted(seen - {leaf}))


def dominators(nodes: Sequence[Node]) -> Dominators:
    """The dominators of all values of a program."""
    nearest: list[int] = []
    depths: list[int] = []
    for node in nodes:
        found = _NONE
        if node.op == "const":
            found = _FIXED
        elif node.op in ELEMENTWISE and not is_complex(nodes, node):
            varying = {arg for arg in node.args if nearest[arg] != _FIXED}
            found = _met(varying, nearest, depths) if varying else _FIXED
        nearest.append(found)
        depths.append(depths[found] + 1 if found >= 0 else 0)
    return Dominators(nodes, nearest, depths)


def _met(values: set[int], nearest: Sequence[int], depths: Sequence[int]) -> int:
    """The nearest value that dominates all of some, they themselves being such."""
    while len(values) > 1:
        deepest = max(values, key=lambda v: depths[v])
        values = (values - {deepest}) | {nearest[deepest]}
        if _NONE in values:
            return _NONE
    return values.pop()


def _is_real(node: Node) -> bool:
    return node.kind is Kind.REAL
