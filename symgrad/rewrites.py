"""Rewrite rules applied: where a value is an instance of a pattern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from symgrad import algebra, formulas
from symgrad.parse import parse
from symgrad.program import COMMUTATIVE, Graph, Kind, Node
from symgrad.rule import WILDCARDS, Rule
from symgrad.rules import TABLE
from symgrad.signs import (
    NOTHING,
    Domains,
    is_fixed,
    is_nonnegative,
    is_positive,
    varies,
)


@cache
def parsed(text: str) -> tuple[tuple[Node, ...], int]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in WILDCARDS}
    root = parse(text, graph, names)
    return tuple(graph.nodes), root


Label = tuple[str, object]
"""What a node does, whatever it does it to."""


@cache
def _by_root() -> Mapping[Label, tuple[tuple[Rule, frozenset[Label]], ...]]:
    """The rules, found by what stands at the top of their pattern.

    Beside each is what must stand among the arguments: most values are told apart
    by that, without a look at the rest of the pattern.
    """
    index: dict[Label, list[tuple[Rule, frozenset[Label]]]] = defaultdict(list)
    for rule in TABLE:
        nodes, root = parsed(rule.pattern)
        parts = [nodes[arg] for arg in nodes[root].args]
        below = frozenset((p.op, p.data) for p in parts if p.op != "input")
        index[nodes[root].op, nodes[root].data].append((rule, below))
    return {key: tuple(rules) for key, rules in index.items()}


def apply(
    graph: Graph, value: int, domains: Domains = NOTHING
) -> tuple[int, Rule] | None:
    """The first rule that matches a value, and what it makes of it.

    ``domains`` are those of inputs, by their names.

    A rule that would leave an integer where a number was is not applied: ``n/2*(2*m)``
    cannot overflow, ``n*m`` can.
    """
    node = graph[value]
    rules = _by_root().get((node.op, node.data), ())
    below = {(graph[arg].op, graph[arg].data) for arg in node.args} if rules else set()
    for rule in (rule for rule, needed in rules if needed <= below):
        nodes, root = parsed(rule.pattern)
        for bindings in matches(graph, nodes, root, value, {}):
            if not is_allowed(graph, rule, bindings, domains):
                continue
            replacement, top = parsed(rule.replacement)
            found = int(formulas.substitute(graph, replacement, top, bindings))
            if graph[found].kind is node.kind:
                return found, rule
    return None


Bindings = dict[str, int]

_KNOWN: Mapping[str, Callable[[Graph, int, Domains], bool]] = {
    "> 0": is_positive,
    ">= 0": is_nonnegative,
    "varies": varies,
    "is fixed": is_fixed,
}
"""What a rule may want to be known of a value."""


def is_allowed(graph: Graph, rule: Rule, bindings: Bindings, domains: Domains) -> bool:
    """Whether what a rule wants to be known is known of the values that it found."""
    for part in filter(None, rule.where.split(", ")):
        name, known = part.split(maxsplit=1)
        if known in _KNOWN:
            allowed = _KNOWN[known](graph, bindings[name], domains)
        else:
            allowed = _is_beyond(graph, bindings, name, known.removeprefix("beyond "))
        if not allowed:
            return False
    return True


def _is_beyond(graph: Graph, bindings: Bindings, name: str, other: str) -> bool:
    """Whether a number is farther from 0 than another, of one sign, or than a size."""
    far = algebra.number(graph, bindings[name])
    if other.isdigit():
        return far is not None and abs(far) > int(other)
    near = algebra.number(graph, bindings[other])
    if far is None or near is None:
        return False
    return abs(far) > abs(near) and far * near > 0


def matches(
    graph: Graph, pattern: tuple[Node, ...], at: int, value: int, bound: Bindings
) -> Iterator[Bindings]:
    """All ways in which a value is an instance of a pattern."""
    wanted, node = pattern[at], graph[value]
    if wanted.op == "input":
        name = str(wanted.data)
        if node.kind.is_complex:
            return  # the rules are those of real numbers
        if bound.get(name, value) == value:
            yield bound | {name: value}
        return
    if (wanted.op, wanted.data) != (node.op, node.data):
        return
    orders = [node.args]
    if node.op in COMMUTATIVE:
        orders.append(node.args[::-1])
    for args in orders:
        yield from _matches_all(graph, pattern, wanted.args, args, bound)


def _matches_all(
    graph: Graph,
    pattern: tuple[Node, ...],
    places: tuple[int, ...],
    values: tuple[int, ...],
    bound: Bindings,
) -> Iterator[Bindings]:
    if not places:
        yield bound
        return
    for first in matches(graph, pattern, places[0], values[0], bound):
        yield from _matches_all(graph, pattern, places[1:], values[1:], first)
