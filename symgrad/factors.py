"""Factors taken out of sums and products, so that what is left is of fewer inputs.

    w/p/x - w*v/p  =  w*(1/p/x - v/p)
    w*sin(x)/x     =  w*(sin(x)/x)

Neither form is the better one in general.  But to what is left a rule may apply, or a
patch, and a factor that has nothing to do with it would be in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symgrad import algebra
from symgrad.algebra import ARITHMETIC
from symgrad.families import Part
from symgrad.leaf_sets import LeafSet, LeafSets
from symgrad.program import VARIABLES, Graph

MOST = 16
"""Factors of a product that are told apart, at most: it may be made of many more."""


@dataclass(frozen=True)
class Factoring:
    """Sums and products of a graph as products of what has no input in common."""

    graph: Graph

    @cached_property
    def behind(self) -> LeafSets:
        """What varies behind the values of the graph."""
        return LeafSets(self.graph.nodes, lambda node: node.op in VARIABLES)

    def split(
        self, value: int, apart: bool = True
    ) -> tuple[int, Sequence[Part]] | None:
        """What is left of a sum without the factors of all of its terms, and those.

        ``apart``: only those that share no input with what is left.  ``None`` where
        there are none.
        """
        node = self.graph[value]
        if node.op not in ("add", "sub"):
            return None
        terms = [product(self.graph, term) for term in node.args]
        first, second = (term.counted() for term in terms)
        outside = list((first & second).elements())
        if outside and apart:
            left = [*(first - second), *(second - first)]
            outside = _apart(outside, left, self.behind)
        if not outside:
            return None
        rests = (term.without(outside) for term in terms)
        return ARITHMETIC[node.op](self.graph, *rests), outside

    def regroup(self, value: int) -> tuple[int, Sequence[Part]] | None:
        """The factors of a product that depend on the same, and its others.

        ``None`` where those stand together already.
        """
        groups: dict[LeafSet, list[Part]] = {}
        before = len(self.graph.nodes)
        whole = product(self.graph, value)
        counted = whole.counted()
        for factor in whole.factors.values():
            if counted[replace(factor, inverse=not factor.inverse)]:
                return None  # what cancels is no reason to go together
            groups.setdefault(self.behind[factor.value], []).append(factor)
        groups.pop(0, None)
        widest = max(groups.values(), key=len, default=[])
        if len(groups) < 2 or len(widest) < 2:
            return None
        others = [f for group in groups.values() if group is not widest for f in group]
        left = whole.without(others)
        return None if left < before else (left, others)

    def times(self, value: int, factors: Sequence[Part]) -> int:
        """The product of a value with factors."""
        for factor in factors:
            if factor.inverse:
                value = algebra.div(self.graph, value, factor.value)
            else:
                value = algebra.mul(self.graph, factor.value, value)
        return value


Path = tuple[int, ...]
"""The way to a factor: which argument is taken at each step."""


@dataclass(frozen=True)
class Product:
    """A value of a graph as the factors that it is made of."""

    graph: Graph
    value: int
    factors: Mapping[Path, Part]

    def counted(self) -> Counter[Part]:
        """How often each factor occurs, from left to right."""
        return Counter(self.factors.values())

    def without(self, factors: Sequence[Part]) -> int:
        """The product that is left when some of its factors are taken out."""
        left = Counter(factors)
        out = set[Path]()
        for path, factor in self.factors.items():
            if left[factor]:
                left[factor] -= 1
                out.add(path)
        return self._built((), self.value, out)

    def _built(self, path: Path, value: int, out: Collection[Path]) -> int:
        if path in self.factors:
            return self.graph.const(1) if path in out else value
        node = self.graph[value]
        args = tuple(
            self._built((*path, place), arg, out) for place, arg in enumerate(node.args)
        )
        return value if args == node.args else ARITHMETIC[node.op](self.graph, *args)


def product(graph: Graph, value: int) -> Product:
    """What a value is a product and quotient of, if need be of other products."""
    found: dict[Path, Part] = {(): Part(value)}
    todo: list[Path] = [()]
    while todo and len(found) < MOST:
        path = todo.pop(0)
        whole = found[path]
        node = graph[whole.value]
        if node.op in _PRODUCTS:
            del found[path]
            for place, arg in enumerate(node.args):
                turned = node.op == "div" and place == 1
                longer = (*path, place)
                found[longer] = Part(arg, whole.inverse != turned)
                todo.append(longer)
    return Product(graph, value, dict(sorted(found.items())))


def _apart(common: list[Part], left: Sequence[Part], behind: LeafSets) -> list[Part]:
    """The common factors that have no input in common with what is left."""
    inside = _together(left, behind)
    while True:
        bound = [f for f in common if inside & behind[f.value]]
        if not bound:
            return common if inside else []
        common = [f for f in common if f not in bound]
        inside |= _together(bound, behind)


def _together(parts: Sequence[Part], behind: LeafSets) -> LeafSet:
    """The inputs behind some parts."""
    found = 0
    for part in parts:
        found |= behind[part.value]
    return found


_PRODUCTS = frozenset({"neg", "mul", "div"})
