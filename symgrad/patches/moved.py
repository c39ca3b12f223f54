"""By how much the numbers of a formula move its value where a format rounds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import flint

from symgrad import precise
from symgrad.balls import Ball, Number, Undecided, evaluate, trace
from symgrad.measure.formats import Format
from symgrad.measure.truth import MOVE, cost
from symgrad.patches.kernels import Kernel

Exact = Callable[[Mapping[int, Number]], Ball | None]
"""The value of a kernel with some of its values given."""

BITS = precise.precisions(precise.DIGITS)[0]
"""Those with which a value is first looked for."""


def by_constants(
    kernel: Kernel, x: float, here: Ball, exact: Exact, fmt: Format
) -> float:
    """By how much numbers that a format does not hold move a value, at a number."""
    seen = _seen(kernel, x)
    return sum(
        cost(there, here)
        for value, number in _moved(kernel, seen, fmt)
        if (there := _there(kernel, value, number, seen, exact)) is not None
    )


def _seen(kernel: Kernel, x: float) -> Mapping[int, Ball] | None:
    """All that a value is made of; of branches, of the one that is taken."""
    try:
        return trace(kernel.nodes, [kernel.root], {kernel.leaf: x}, BITS)
    except Undecided:
        return None


def _moved(
    kernel: Kernel, seen: Mapping[int, Ball] | None, fmt: Format
) -> Iterator[tuple[int, Ball]]:
    """The constants that a format does not hold, moved; one not seen moves nothing."""
    for value in kernel.constants:
        exact = kernel.nodes[value].data
        if not isinstance(exact, Fraction) or fmt.holds(exact):
            continue
        if seen is None or value in seen:
            with flint.ctx.workprec(400):
                number = flint.arb(flint.fmpq(exact.numerator, exact.denominator))
                number *= 1 + flint.arb(MOVE)
            yield value, number


def _there(
    kernel: Kernel,
    value: int,
    number: Ball,
    seen: Mapping[int, Ball] | None,
    exact: Exact,
) -> Ball | None:
    """The value with a constant moved, from what does not depend on that."""
    if seen is not None:
        users = kernel.constants[value]
        kept = {v: ball for v, ball in seen.items() if v not in users}
        leaves = {**kept, value: number}
        try:
            [found] = evaluate(kernel.nodes, [kernel.root], leaves, BITS)
        except Undecided:
            return exact({value: number})
        if precise.is_accurate(found, precise.DIGITS):
            return found
    return exact({value: number})
