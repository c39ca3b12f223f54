"""Rules applied to some terms of a sum, or to some factors of a product.

    a*log(a/b) - a + b   is   a*log(a/b) - (a - b)
    cos(x) - 1           is   -(1 - cos(x))

A pattern is found among the terms of a sum in any order, with all signs as they are or
all turned; that of a product among its factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from symgrad import algebra, formulas
from symgrad.families import PRODUCTS, SUMS, Family, Part
from symgrad.program import Graph, Node
from symgrad.rewrites import Bindings, Label, is_allowed, matches, parsed
from symgrad.rule import Rule
from symgrad.rules import TABLE
from symgrad.signs import NOTHING, Domains


@dataclass(frozen=True)
class Pattern:
    """A rule by the parts of its pattern, those that stand for anything last.

    ``needed`` are the operations among them.
    """

    rule: Rule
    parts: Sequence[Part]
    needed: frozenset[Label]

    def found(
        self, graph: Graph, parts: Sequence[Part], is_turned: bool
    ) -> Iterator[tuple[Bindings, Sequence[Part]]]:
        """The ways in which it is some of the parts of a value, with the others."""
        return self._assigned(graph, self.parts, parts, is_turned, {})

    def may_leave(self, left: Sequence[Part], family: Family) -> bool:
        """Whether a value may be the pattern and these.

        Of two terms of a longer sum nobody knows whether they should be near each
        other: ``1 - t - sigmoid(-x)`` is good where t is near 1.
        """
        return bool(family.neutral) or not left or len(self.parts) > 2

    def _assigned(
        self,
        graph: Graph,
        wanted: Sequence[Part],
        parts: Sequence[Part],
        is_turned: bool,
        bound: Bindings,
    ) -> Iterator[tuple[Bindings, Sequence[Part]]]:
        if not wanted:
            yield bound, parts
            return
        first, *others = wanted
        nodes, _ = parsed(self.rule.pattern)
        for place, part in enumerate(parts):
            if part.inverse == first.inverse ^ is_turned:
                left = [*parts[:place], *parts[place + 1 :]]
                for found in matches(graph, nodes, first.value, part.value, bound):
                    yield from self._assigned(graph, others, left, is_turned, found)


@cache
def _patterns(family: Family) -> Sequence[Pattern]:
    """The rules for sums, or those for products."""
    found = (_pattern(rule, family) for rule in TABLE)
    return tuple(pattern for pattern in found if pattern)


def _pattern(rule: Rule, family: Family) -> Pattern | None:
    """The rule, if its pattern is of the family and says more than that."""
    nodes, root = parsed(rule.pattern)
    graph = Graph(nodes)
    if graph[root].op not in family.ops:
        return None
    one = family.neutral
    parts = [p for p in family.parts(graph, root) if _number(graph, p) != one]
    told = [p for p in parts if graph[p.value].op != "input"]
    others = [p for p in parts if p not in told]
    if one and not {p.value for p in others} <= _behind(nodes, told):
        return None  # what stands for any factor says nothing
    is_new = len(graph.nodes) > len(nodes)
    if is_new or len(parts) < 2 or all(_number(graph, p) is not None for p in told):
        return None
    return Pattern(rule, [*told, *others], frozenset(_label(graph, p) for p in told))


def _behind(nodes: Sequence[Node], parts: Sequence[Part]) -> set[int]:
    """All that parts are made of."""
    found = {part.value for part in parts}
    for value in range(len(nodes) - 1, -1, -1):
        found.update(nodes[value].args if value in found else ())
    return found


def _number(graph: Graph, part: Part) -> Fraction | None:
    return algebra.number(graph, part.value)


def _label(graph: Graph, part: Part) -> Label:
    return graph[part.value].op, graph[part.value].data


def apply(
    graph: Graph, value: int, domains: Domains = NOTHING
) -> tuple[int, Rule] | None:
    """The first rule that some parts of a value match, and what it makes of it all.

    ``domains`` are those of inputs, by their names.
    """
    kind = graph[value].kind
    family = next((f for f in (SUMS, PRODUCTS) if graph[value].op in f.ops), None)
    if family is None or kind.is_complex:
        return None
    parts = family.parts(graph, value)
    labels = {_label(graph, part) for part in parts}
    for pattern in _patterns(family) if len(parts) > 1 else ():
        if not pattern.needed <= labels or len(pattern.parts) > len(parts):
            continue
        for is_turned in (False,) if family.neutral else (False, True):
            for bindings, left in pattern.found(graph, parts, is_turned):
                if not pattern.may_leave(left, family):
                    continue
                if not is_allowed(graph, pattern.rule, bindings, domains):
                    continue
                instead, top = parsed(pattern.rule.replacement)
                new = int(formulas.substitute(graph, instead, top, bindings))
                whole = family.whole(graph, [Part(new, is_turned), *left])
                if graph[whole].kind is kind:
                    return whole, pattern.rule
    return None
