"""Products of which a factor vanishes where another one is large.

    exp(-k/x)*(k/x**2)      is 0*inf for a small x
    sigmoid(k*log(x))*k/x   is 0 for a small x, though 1/x makes a number of it

In the first, what depends on nothing but what the vanishing factor depends on is 0
where that is less than any power of a number can make up for; in the second, half of
the exponential goes to either side of the others.  Only products are changed that are
seen to be lost, run on the ideal machine at numbers of every size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import algebra
from symgrad.factors import Path, product
from symgrad.intervals import Interval
from symgrad.patches.choices import Choices
from symgrad.patches.degrees import domain_of
from symgrad.patches.kernels import ELEMENTWISE
from symgrad.patches.lost import EDGE, INFINITE, NOTHING, SMALL, Lost, products, side_of
from symgrad.program import Graph, Node, Note, Program
from symgrad.rebuild import copied, rebuild


def vanish(program: Program, fewest: int, choices: Choices) -> Program:
    """Mend products of factors that depend on so many values at least.

    ``choices`` may know which of them are lost.
    """
    lost = dict(products(program, fewest, choices))
    if not lost:
        return program
    old, new = Graph(program.nodes), dict[int, int]()
    notes: dict[int, Note] = {}

    def visit(graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        new[value] = copied(graph, node, args)
        if value in lost:
            writing = _Writing(program, graph, old, new, notes)
            new[value] = writing.product(value, lost[value])
        return new[value]

    found = rebuild(program, visit)
    return replace(found, notes={**found.notes, **notes})


@dataclass(frozen=True)
class _Writing:
    program: Program
    graph: Graph
    old: Graph
    new: Mapping[int, int]
    notes: dict[int, Note]

    def product(self, value: int, lost: Lost) -> int:
        """A product that is not lost where a factor of it vanishes.

        What that does not depend on stays outside, so that NaN is NaN.
        """
        graph, one = self.graph, self.graph.const(1)
        own = {lost.path: lost.factor, **lost.others}
        rest = self.built(value, (), dict.fromkeys(own, one), is_signed=False)
        nothing = self.vanishes(lost) if lost.is_infinite else None
        leaves = lost.leaves if nothing is not None else ()
        held = {leaf: self.held(nothing, leaf) for leaf in leaves}
        factors = dict.fromkeys(product(self.old, value).factors, one)
        factors |= {path: self.copy(part.value, held) for path, part in own.items()}
        found = self.halved(value, lost, factors)
        if nothing is not None:
            found = graph.node("where", nothing, graph.const(0), found)
        return algebra.mul(graph, rest, found)

    def vanishes(self, lost: Lost) -> int:
        """The condition that a factor is nothing, whatever it is multiplied by."""
        graph, node = self.graph, self.program.nodes[lost.factor.value]
        [argument] = (self.new[arg] for arg in node.args)
        side = side_of(node, lost.factor)
        if not side:
            argument = graph.call("abs", argument)
        beyond = graph.const(NOTHING if side >= 0 else -NOTHING)
        found = graph.node("gt" if side >= 0 else "lt", argument, beyond)
        self.notes[found] = Note("lost", INFINITE)
        return found

    def halved(self, value: int, lost: Lost, factors: Mapping[Path, int]) -> int:
        """Factors with half of an exponential on either side, where that is small."""
        plain = self.built(value, (), factors)
        if not lost.is_small:
            return plain
        graph, edge = self.graph, self.graph.const(EDGE)
        [argument] = graph[factors[lost.path]].args
        far = graph.node("lt", argument, edge)
        self.notes[far] = Note("far", SMALL)
        held = graph.node("guard", far, argument, edge)
        half = graph.call("exp", algebra.mul(graph, graph.const(Fraction(1, 2)), held))
        others = self.built(value, (), {**factors, lost.path: half})
        return graph.node("where", far, graph.node("mul", others, half), plain)

    def held(self, nothing: int | None, leaf: int) -> int:
        """A leaf, and a harmless number where the product is nothing."""
        assert nothing is not None
        harmless = self.graph.const(_harmless(domain_of(self.program, leaf)))
        counts = self.graph.node("not", nothing)
        return self.graph.node("guard", counts, self.new[leaf], harmless)

    def copy(self, value: int, held: Mapping[int, int]) -> int:
        """A value of other leaves, if there are any."""
        if not held:
            return self.new[value]
        nodes, new = self.program.nodes, dict(held)
        for inner in _inside(nodes, value, held):
            args = tuple(new.get(a, self.new[a]) for a in nodes[inner].args)
            new[inner] = copied(self.graph, nodes[inner], args)
        return new[value]

    def built(
        self,
        value: int,
        path: Path,
        instead: Mapping[Path, int],
        is_signed: bool = True,
    ) -> int:
        """The same product with other factors in the place of some."""
        if path in instead:
            return instead[path]
        if not any(other[: len(path)] == path for other in instead):
            return self.new[value]
        node = self.program.nodes[value]
        args = [
            self.built(arg, (*path, k), instead, is_signed)
            for k, arg in enumerate(node.args)
        ]
        if node.op == "neg" and not is_signed:
            return args[0]
        return algebra.ARITHMETIC[node.op](self.graph, *args)


def _inside(
    nodes: Sequence[Node], root: int, leaves: Mapping[int, object]
) -> list[int]:
    """The values between leaves and a root that depend on those, in order."""
    seen, todo = set[int](), [root]
    while todo:
        value = todo.pop()
        if value not in seen and value not in leaves and nodes[value].op != "const":
            seen.add(value)
            todo += nodes[value].args if nodes[value].op in ELEMENTWISE else ()
    return sorted(v for v in seen if nodes[v].op in ELEMENTWISE)


def _harmless(domain: Interval) -> Fraction:
    """A number of a domain, 1 as a rule."""
    if 1.0 in domain:
        return Fraction(1)
    low = domain.low if math.isfinite(domain.low) else domain.high - 1
    high = domain.high if math.isfinite(domain.high) else low + 1
    return Fraction(repr((low + high) / 2))
