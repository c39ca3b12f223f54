"""Programs evaluated in ball arithmetic, at one working precision.

A ball (``flint.arb``) is a midpoint with a bound on its error; a complex number is a
pair of them (``flint.acb``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import flint

from symgrad.functions import TABLE
from symgrad.program import Constant, Node

Ball = Any
"""A ``flint.arb`` or ``flint.acb``, or a Python bool where it is a condition."""

Number = Any
"""What a leaf is given as: a number, a bool, or a ball."""


class Undecided(ArithmeticError):
    """Two values that are compared cannot be told apart at this precision."""


def evaluate(
    nodes: Sequence[Node],
    roots: Iterable[int],
    leaves: Mapping[int, Number],
    prec: int,
    *,
    overlap_is_equal: bool = False,
) -> list[Ball]:
    """Enclosures of ``roots`` at one working precision, in bits.

    ``leaves`` gives inputs and cotangents; any other value that it holds is taken
    as given.  Only the branch that is chosen is evaluated.  Raises
    :class:`Undecided` where compared balls overlap, unless they then count as equal.
    """
    roots = list(roots)
    known = trace(nodes, roots, leaves, prec, overlap_is_equal=overlap_is_equal)
    return [known[root] for root in roots]


def trace(
    nodes: Sequence[Node],
    roots: Iterable[int],
    leaves: Mapping[int, Number],
    prec: int,
    *,
    overlap_is_equal: bool = False,
) -> Mapping[int, Ball]:
    """All that :func:`evaluate` computes on its way: branches not taken are missing."""
    with flint.ctx.workprec(prec):
        known = {v: _given(nodes[v], number) for v, number in leaves.items()}
        todo = list(roots)
        while todo:
            value = todo[-1]
            if value in known:
                todo.pop()
                continue
            node = nodes[value]
            missing = [arg for arg in _wanted(node, known) if arg not in known]
            if missing:
                todo += missing
                continue
            todo.pop()
            known[value] = _applied(node, known, overlap_is_equal)
    return known


def _given(node: Node, number: Number) -> Ball:
    if node.kind.is_condition:
        return bool(number)
    if isinstance(number, flint.acb):
        return number
    return flint.acb(number) if node.kind.is_complex else flint.arb(number)


def _wanted(node: Node, known: Mapping[int, Ball]) -> Sequence[int]:
    """The arguments that are wanted; of two branches, the one that is taken."""
    if node.op not in _BRANCHING:
        return node.args
    condition, a, b = node.args
    if condition not in known:
        return (condition,)
    return condition, a if known[condition] else b


def _applied(node: Node, known: Mapping[int, Ball], overlap_is_equal: bool) -> Ball:
    op = node.op
    if op in _OPERATIONS:
        return _OPERATIONS[op](*[known[arg] for arg in node.args])
    if op == "const":
        assert node.data is not None
        return _exact(node.data)
    if op in _BRANCHING:
        condition, a, b = node.args
        return known[a] if known[condition] else known[b]
    args = [known[arg] for arg in node.args]
    if op == "call":
        return _called(str(node.data), args)
    if op in _COMPARISONS:
        return _compared(op, args[0], args[1], overlap_is_equal)
    if op == "gated":
        value, x, bound = args
        return 0 * bound if _compared("le", x, bound, overlap_is_equal) else value
    assert op == "clamped", op
    return args[0].max(args[1]) if node.data == "min" else args[0].min(args[1])


_BRANCHING = frozenset({"where", "guard"})

SPARE = 256
"""Bits beyond those of its arguments with which a function is computed."""


def _called(name: str, args: Sequence[Ball]) -> Ball:
    """A function at the precision that its arguments deserve.

    Of a wide ball no more digits can be had than it has.  To ask for thousands is lost
    time, and in special functions without bound.
    """
    known = min([max(arg.rel_accuracy_bits(), 0) for arg in args], default=0)
    function = TABLE[name].precise
    if known + SPARE >= flint.ctx.prec:
        return function(*args)
    with flint.ctx.workprec(known + SPARE):
        return function(*args)


_NAMED: Mapping[str, Callable[[], Ball]] = {
    "pi": flint.arb.pi,
    "E": flint.arb.const_e,
    "I": lambda: flint.acb(0, 1),
    "oo": flint.arb.pos_inf,
    "nan": flint.arb.nan,
}


def _exact(data: Constant) -> Ball:
    if isinstance(data, Fraction):
        return flint.arb(flint.fmpq(data.numerator, data.denominator))
    return _NAMED[data]()


_OPERATIONS: Mapping[str, Callable[..., Ball]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "stop_gradient": lambda a: a,
    "reduce": lambda a, like: a,
    "polynomial": lambda s, *terms: reduce(lambda sum, c: c + s * sum, terms[::-1]),
}

_COMPARISONS: Mapping[str, tuple[Callable[[Ball, Ball], bool], str, bool]] = {
    "lt": (lambda a, b: a < b, "ge", False),
    "le": (lambda a, b: a <= b, "gt", True),
    "gt": (lambda a, b: a > b, "le", False),
    "ge": (lambda a, b: a >= b, "lt", True),
    "eq": (lambda a, b: a == b, "ne", True),
    "ne": (lambda a, b: a != b, "eq", False),
}
"""Whether it certainly holds, the opposite comparison, and what equality makes it."""


def _compared(op: str, a: Ball, b: Ball, overlap_is_equal: bool) -> bool:
    """The comparison of any two numbers of two balls; NaN is not equal to anything."""
    holds, opposite, when_equal = _COMPARISONS[op]
    if holds(a, b):
        return True
    if _COMPARISONS[opposite][0](a, b):
        return False
    if overlap_is_equal:
        return op == "ne" if is_nan(a) or is_nan(b) else when_equal
    raise Undecided(op)


def is_nan(ball: Ball) -> bool:
    """Whether a ball, or one of the two of a complex number, is not a number."""
    parts = (ball.real, ball.imag) if isinstance(ball, flint.acb) else (ball,)
    return any(part.is_nan() for part in parts)
