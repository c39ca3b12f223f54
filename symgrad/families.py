"""Sums and products as lists of what they are made of, however they are nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symgrad import algebra
from symgrad.program import Graph

MOST = 8
"""Parts that are told apart, at most."""


@dataclass(frozen=True)
class Part:
    """A term of a sum or a factor of a product; an ``inverse`` one takes or divides."""

    value: int
    inverse: bool = False


@dataclass(frozen=True)
class Family:
    """Operations that make one sum, or one product, of many parts."""

    ops: frozenset[str]
    inverse: str
    together: Callable[[Graph, int, int], int]
    apart: Callable[[Graph, int, int], int]
    neutral: int

    def parts(self, graph: Graph, value: int) -> list[Part]:
        """What a value is made of, from left to right."""
        found = [Part(value)]
        while len(found) < MOST:
            place = next((k for k, p in enumerate(found) if self.has(graph, p)), None)
            if place is None:
                break
            whole = found[place]
            node = graph[whole.value]
            turned = [whole.inverse] * len(node.args)
            turned[-1] ^= node.op in (self.inverse, "neg")
            found[place : place + 1] = map(Part, node.args, turned)
        return [self.plain(graph, part) for part in found]

    def has(self, graph: Graph, part: Part) -> bool:
        """Whether a part is made of others."""
        return graph[part.value].op in self.ops

    def plain(self, graph: Graph, part: Part) -> Part:
        """A part of a sum whose number is not below 0."""
        exact = algebra.number(graph, part.value)
        if self.neutral == 0 and exact is not None and exact < 0:
            return Part(graph.const(-exact), not part.inverse)
        return part

    def whole(self, graph: Graph, parts: Sequence[Part]) -> int:
        """The sum or product of parts, one that is not inverse first."""
        first = next((p for p in parts if not p.inverse), None)
        value = graph.const(self.neutral) if first is None else first.value
        for part in (p for p in parts if p is not first):
            combine = self.apart if part.inverse else self.together
            value = combine(graph, value, part.value)
        return value


SUMS = Family(frozenset({"add", "sub", "neg"}), "sub", algebra.add, algebra.sub, 0)
PRODUCTS = Family(frozenset({"mul", "div"}), "div", algebra.mul, algebra.div, 1)
