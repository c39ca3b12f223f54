"""Where a kernel may lose its digits: at the roots of the polynomials inside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

import flint

from symgrad.algebra import is_count
from symgrad.measure.formats import FORMATS
from symgrad.patches.kernels import Kernel
from symgrad.program import Node

DEGREE = 8
"""Polynomials beyond are not looked at."""

Polynomial = flint.fmpq_poly

_MARKS = (0, 1, -1)
"""Values of a polynomial at which functions have roots, branches and poles."""

MOST = 6
"""Centres of a kernel, at most."""


def centres(kernel: Kernel) -> list[float]:
    """Floats at which a polynomial in the leaf is 0, the nearest to 0 first.

    Arguments of functions also count where they are 1 or -1.

    0 itself is always one of them.
    """
    found = {0.0}
    for polynomial, marks in _arguments(kernel):
        for mark in marks:
            found.update(_roots(polynomial - mark))
    return sorted(found, key=lambda x: (abs(x), x))[:MOST]


def _arguments(kernel: Kernel) -> Iterator[tuple[Polynomial, tuple[int, ...]]]:
    """The polynomials of whose values something else is made, with what they pass."""
    known: dict[int, Polynomial] = {kernel.leaf: Polynomial([0, 1])}
    for value in kernel.inside:
        node = kernel.nodes[value]
        found = _polynomial(kernel.nodes, node, known)
        if found is not None and found.degree() <= DEGREE:
            known[value] = found
        else:
            marks = _MARKS if node.op == "call" else (0,)
            yield from ((known[arg], marks) for arg in node.args if arg in known)


def _polynomial(
    nodes: Sequence[Node], node: Node, known: Mapping[int, Polynomial]
) -> Polynomial | None:
    """A value as a polynomial in the leaf, if it is one and its arguments are."""
    if node.op == "const" and isinstance(node.data, Fraction):
        return Polynomial([flint.fmpq(node.data.numerator, node.data.denominator)])
    if not node.args or node.args[0] not in known:
        return None
    if node.op == "call":
        return _power(nodes, node, known) if node.data == "pow" else None
    parts = [known[arg] for arg in node.args if arg in known]
    is_ratio = node.op == "div" and len(parts) == 2 and parts[1].degree() > 0
    if len(parts) < len(node.args) or node.op not in _ARITHMETIC or is_ratio:
        return None
    return None if node.op == "div" and not parts[1] else _ARITHMETIC[node.op](*parts)


def _power(
    nodes: Sequence[Node], node: Node, known: Mapping[int, Polynomial]
) -> Polynomial | None:
    base, exponent = known[node.args[0]], nodes[node.args[1]].data
    if not is_count(exponent) or not isinstance(exponent, Fraction):
        return None
    whole = int(exponent)
    return base**whole if base.degree() * whole <= DEGREE else None


_ARITHMETIC: Mapping[str, Callable[..., Polynomial]] = {
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b[0],
}


def _roots(polynomial: Polynomial) -> Iterator[float]:
    """The roots that are numbers of every format."""
    if polynomial.degree() < 1:
        return
    for root, _ in polynomial.roots():
        exact = Fraction(int(root.p), int(root.q))
        if abs(exact) > FORMATS["float32"].largest:
            continue
        nearest = FORMATS["float32"].nearest(float(exact))
        if Fraction(nearest) == exact:
            yield nearest
