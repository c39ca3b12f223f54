"""Where a value is, and how fast it may grow by what it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.intervals import Interval
from symgrad.leaf_sets import LeafSet, LeafSets
from symgrad.patches.kernels import ELEMENTWISE
from symgrad.program import Graph, Kind, Node, Program, is_complex
from symgrad.signs import Sign, sign

BOUNDED = frozenset(
    {"sigmoid", "tanh", "sin", "cos", "erf", "erfc", "ndtr", "atan", "atan2", "asin"}
    | {"acos", "sign", "sech", "sech_squared", "share", "hypot_share", "square_share"}
)
"""Functions that do not grow at all."""

SLOW = frozenset(
    {"log", "log1p", "sqrt", "rsqrt", "cbrt", "abs", "hypot", "softplus", "asinh"}
    | {"logsigmoid", "acosh", "relu", "Min", "Max", "clamp", "log1psq", "logcosh"}
)
"""Functions that grow no faster than their arguments, or what is one over them."""

_SUMS = frozenset({"add", "sub", "neg", "where", "guard"})


@dataclass(frozen=True)
class Sources:
    """What values are made of by elementwise operations alone.

    Of what is not made of real numbers alone that is nothing.
    """

    sets: LeafSets
    unreal: LeafSet

    def __getitem__(self, value: int) -> LeafSet:
        """The sources of a value."""
        found = self.sets[value]
        return 0 if found & self.unreal else found


def sources(nodes: Sequence[Node]) -> Sources:
    """The sources of all values of a program."""
    sets = LeafSets(nodes, lambda node: _is_source(nodes, node))
    whole = [sets[value] for value in range(len(nodes))]
    unreal = (whole[v] for v in sets.leaves if nodes[v].kind is not Kind.REAL)
    return Sources(sets, sum(unreal))


def _is_source(nodes: Sequence[Node], node: Node) -> bool:
    """Whether a value varies, and not by elementwise operations on others."""
    made = node.op in ELEMENTWISE and not is_complex(nodes, node)
    return node.op != "const" and not made


_SIGNED = {
    Sign.POSITIVE: Interval(0.0, math.inf, True, True),
    Sign.NONNEGATIVE: Interval(0.0, math.inf, False, True),
    Sign.ANY: Interval(-math.inf, math.inf, True, True),
}


def domain_of(program: Program, leaf: int) -> Interval:
    """Where a leaf is, as far as it is known."""
    node, domains = program.nodes[leaf], program.domains
    if node.op == "input":
        return domains.get(str(node.data), _SIGNED[Sign.ANY])
    return _SIGNED[sign(Graph(program.nodes[: leaf + 1]), leaf, domains)]


def degree(program: Program, root: int) -> float | None:
    """The degree of a power that a value, or one over it, is no greater than.

    ``None`` where it may grow faster than any.  Values that are leaves count as 1.
    """
    found: dict[int, float] = {}
    for value in program.reachable([root]):
        known = _degree(program, value, found)
        if known is None:
            found[value] = math.inf
        else:
            found[value] = known
    return found[root] if math.isfinite(found[root]) else None


def _degree(program: Program, value: int, known: dict[int, float]) -> float | None:
    node = program.nodes[value]
    parts = [known[arg] for arg in node.args]
    if node.op == "const":
        return 0.0
    if node.op not in ELEMENTWISE:
        return 1.0
    if node.op in ("mul", "div"):
        return sum(parts)
    if node.op in _SUMS:
        return max(parts)
    if node.op != "call":
        return 0.0  # a condition
    if node.data == "pow":
        return parts[0] * _greatest(program, node.args[1])
    if node.data in BOUNDED:
        return 0.0
    return max(1.0, *parts) if node.data in SLOW else None


def _greatest(program: Program, value: int) -> float:
    """The greatest absolute value of an exponent, infinite where it is not known."""
    node = program.nodes[value]
    if node.op == "const" and not isinstance(node.data, str | None):
        return abs(float(node.data))
    if node.op == "input":
        where = domain_of(program, value)
        return max(abs(where.low), abs(where.high))
    if node.op in ("add", "sub"):
        return sum(_greatest(program, arg) for arg in node.args)
    return _greatest(program, node.args[0]) if node.op == "neg" else math.inf
