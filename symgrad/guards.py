"""The pass that feeds harmless values to branches that are not taken.

A mask on the result alone is not enough: 0*inf is NaN in the second derivative, and in
the first one too where native autograd differentiates the forward.  Of Python numbers
a function raises an error where that of a tensor is infinite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from symgrad import algebra, precise
from symgrad.circles import circles, in_order
from symgrad.functions import TABLE
from symgrad.program import Graph, Kind, Node, Program, is_complex, is_constant
from symgrad.rebuild import copied, rebuild, roots
from symgrad.regions import Places, entailed, find_places, holds


def guard(program: Program) -> Program:
    """Feed functions in a branch a harmless value wherever the branch is not taken."""
    nodes, ends = program.nodes, roots(program)
    places = find_places(nodes, ends)
    guards = {value: _guards(nodes, value, found) for value, found in places.items()}
    needs = {v: [*_tests(own), *nodes[v].args] for v, own in guards.items()}
    guarding = _Guarding(program, guards, circles(needs, ends))
    order = in_order({value: guarding.needs(value) for value in guards}, ends)
    return rebuild(program, guarding.visit, order)


@dataclass(frozen=True)
class _Guard:
    """What an argument is fed outside of the places where it counts."""

    harmless: Fraction
    places: Places


_Guards = Mapping[int, _Guard]
"""The guards of a value, by the index of its argument."""


def _guards(nodes: Sequence[Node], value: int, places: Places) -> _Guards:
    """The guards of a value; a number knows only conditions on numbers."""
    args, found = nodes[value].args, {}
    for index, text in enumerate(harmless(nodes, nodes[value])):
        arg = args[index]
        is_number = not (nodes[arg].kind.is_tensor or is_constant(nodes, arg))
        known = _by_numbers(nodes, places) if is_number else places
        if text is not None and all(known):
            found[index] = _Guard(Fraction(text), known)
    return found


def _by_numbers(nodes: Sequence[Node], places: Places) -> Places:
    """The parts of conditions that no tensor is in."""
    return tuple(
        tuple(
            part
            for told in region
            for part in entailed(nodes, *told)
            if nodes[part[0]].kind is Kind.BOOL
        )
        for region in places
    )


def _tests(guards: _Guards) -> list[int]:
    """The conditions that tell the places."""
    return [c for own in guards.values() for region in own.places for c, _ in region]


@dataclass(frozen=True)
class _Guarding:
    """One run of the pass.

    A condition may wait for the very value that it guards, be it by way of others: all
    of them are in a *circle*.  For that guard it is computed once more, with all that
    is in the circle *bare* of guards, which does no harm: no derivative goes through a
    condition.
    """

    program: Program
    guards: Mapping[int, _Guards]
    circle: Mapping[int, int]
    built: dict[int, int] = field(default_factory=dict)
    bare: dict[int, int] = field(default_factory=dict)

    @cached_property
    def inside(self) -> Mapping[int, list[int]]:
        """The arguments of each value that are in the same circle."""
        nodes = self.program.nodes
        return {
            value: [arg for arg in nodes[value].args if self.waits(arg, value)]
            for value in self.guards
        }

    def waits(self, other: int, value: int) -> bool:
        """Whether another value is in the same circle."""
        return self.circle[other] == self.circle[value]

    def needs(self, value: int) -> list[int]:
        """What is built before a value: the conditions of its guards, its arguments."""
        nodes, before = self.program.nodes, list[int]()
        for test in _tests(self.guards[value]):
            around = in_order(self.inside, [test]) if self.waits(test, value) else []
            args = [arg for v in around for arg in nodes[v].args]
            before += [v for v in [test, *args] if not self.waits(v, value)]
        return [*before, *nodes[value].args]

    def visit(self, graph: Graph, value: int, node: Node, args: tuple[int, ...]) -> int:
        """A value with its guards, whose conditions are there."""
        fed = list(args)
        for index, own in self.guards[value].items():
            known = [
                tuple((self.told(graph, value, test), taken) for test, taken in region)
                for region in reversed(own.places)
            ]
            other = graph.const(own.harmless)
            fed[index] = graph.node("guard", holds(graph, known), args[index], other)
        self.built[value] = copied(graph, node, tuple(fed))
        return self.built[value]

    def told(self, graph: Graph, value: int, test: int) -> int:
        """A condition for a guard of a value."""
        if not self.waits(test, value):
            return self.built[test]
        for v in in_order(self.inside, [test]):
            if v not in self.bare:
                node = self.program.nodes[v]
                args = tuple(
                    self.bare[arg] if arg in self.inside[v] else self.built[arg]
                    for arg in node.args
                )
                self.bare[v] = copied(graph, node, args)
        return self.bare[test]


def harmless(nodes: Sequence[Node], node: Node) -> tuple[str | None, ...]:
    """For each argument a value that the node survives, ``None`` if it needs none."""
    if node.op not in ("div", "call"):
        return ()
    safe = (None, "1") if node.op == "div" else TABLE[str(node.data)].safe
    if node.data == "pow" and _is_whole_power(nodes, node):
        return (None, None)
    if node.data == "pow" and is_constant(nodes, node.args[0]):
        return (safe[0] if _is_negative(nodes, node.args[0]) else None, None)
    if is_complex(nodes, node) and node.data not in _TAME:
        safe = tuple(text or "1" for text in safe)
    return tuple(
        None if is_constant(nodes, arg) else text
        for arg, text in zip(node.args, safe, strict=True)
    )


_TAME = frozenset({"re", "im", "conjugate", "abs", "sign", "arg"})
"""Functions of the whole plane; others have poles there, or overflow to NaN."""


def _is_negative(nodes: Sequence[Node], value: int) -> bool:
    """Whether a constant is below 0: most powers of it are NaN."""
    try:
        return precise.constant(nodes, value) < 0
    except ValueError:
        return False


def _is_whole_power(nodes: Sequence[Node], node: Node) -> bool:
    exponent = nodes[node.args[1]]
    return exponent.op == "const" and algebra.is_count(exponent.data)
