"""Values of a kernel at both ends of a stretch and in the middle, and what they tell.

An operation is followed where its argument does not go far from one to the next, or
where it cannot be but what it is at them.  Where it has branches, something changes its
sign between them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

import flint

from symgrad.algebra import is_count
from symgrad.balls import Ball, trace
from symgrad.functions import TABLE
from symgrad.partials import formula
from symgrad.patches.charts import WORKING
from symgrad.patches.kernels import Kernel
from symgrad.program import Node

RATIO = 8.5
"""The steps of what divides, at most: a square that passes 0 takes larger ones."""

STEP, PART = 0.25, 0.125
"""The steps of the argument of a function, at most, absolute and relative."""

BITS = (96, 512, WORKING)
"""Precisions with which values are told, the lowest first."""

NOTHING = flint.arb(2) ** -1080
"""What is less is 0 as a double."""

WAVES = frozenset(
    {"sin", "cos", "tan", "cot", "sec", "csc", "sinc"}
    | {"j0", "j1", "y0", "y1", "airyai", "airyaiprime"}
)
"""Functions that may be the same at three numbers and another between them."""

MONOTONE = frozenset(
    {"exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "cbrt"}
    | {"tanh", "sinh", "atan", "asinh", "sigmoid", "softplus", "logsigmoid"}
    | {"erf", "erfc", "erfcx", "ndtr", "log_ndtr"}
)
"""Functions without an extremum."""

ENTIRE = frozenset(
    {"exp", "expm1", "exp2", "sinh", "cosh", "sech", "erfcx", "i0", "i1"}
    | {"exp_difference", "expm1_ratio"}
)
"""Functions that are not safe everywhere as they overflow; others have poles."""

JUMPS = {
    "Mod": "floor(a/m)",
    "fmod": "trunc(a/m)",
    "frac": "floor(x)",
    "floor_divide": "floor(a/m)",
    "Heaviside": "sign(x)",
    "copysign": "sign(b)",
}
"""What is the same on each branch of a function that has many."""

Seen = Mapping[int, Ball]
"""The values of a kernel at a number, those of branches not taken missing."""

View = list[Ball]
"""A value at both ends of a stretch, in the middle, and maybe an extremum of it."""

Alike = Callable[[View], bool]

COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


def views_of(kernel: Kernel, at: Sequence[Seen]) -> Mapping[int, View]:
    """All values at three numbers, with the extremum that they may have between."""
    views: dict[int, View] = {}
    for value in at[0]:
        node, found = kernel.nodes[value], [seen[value] for seen in at]
        if not isinstance(found[0], bool) and not _is_monotone(node, views):
            found += _bounded(_extremum(found), found, node, views)
        views[value] = found
    return views


def _is_monotone(node: Node, views: Mapping[int, View]) -> bool:
    """Whether a value has no extremum of its own, nor do those that it is made of."""
    varying = [arg for arg in _args(node, views) if not is_constant(arg)]
    keeps = node.op != "call" or node.data in MONOTONE
    return not varying or (keeps and len(varying) == 1 and len(varying[0]) == 3)


def _extremum(found: View) -> View:
    """That of the parabola through three values, if it is between them."""
    a, b, c = found
    with flint.ctx.workprec(BITS[0]):
        slope, bend = (c - a) / 2, a - 2 * b + c
        return [b - slope**2 / (2 * bend)] if abs(slope) < abs(bend) else []


def _bounded(
    extremum: View, found: View, node: Node, views: Mapping[int, View]
) -> View:
    """An extremum, unless arguments leave no room for it beyond the values found.

    A parabola is below 0 between values that grow as an exponential does.
    """
    if not extremum or node.op not in _CORNERS:
        return extremum
    with flint.ctx.workprec(BITS[0]):
        corners = [_CORNERS[node.op](a, b) for a, b in product(*_args(node, views))]
        room = min(corners) < min(found) or max(corners) > max(found)
        [middle] = extremum
        return [max(min(middle, max(corners)), min(corners))] if room else []


_CORNERS: Mapping[str, Callable[[Ball, Ball], Ball]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
}
"""What is greatest and least where its arguments are."""


def _args(node: Node, views: Mapping[int, View]) -> list[View]:
    return [views[arg] for arg in node.args if arg in views]


def crosses(kernel: Kernel, views: Mapping[int, View]) -> bool:
    """Whether three numbers are of more than one branch, or may be."""
    return any(
        not is_alike(view)
        for value in views
        for view, is_alike in marks(kernel.nodes[value], views)
    )


def marks(node: Node, views: Mapping[int, View]) -> Iterator[tuple[View, Alike]]:
    """What tells the branches of an operation, and how."""
    args = _args(node, views)
    if node.op in COMPARISONS:
        yield _gap(*args), _is_one_signed
    if node.op != "call":
        return
    row, points = TABLE[str(node.data)], list(zip(*args, strict=False))
    for kink in row.kinks:
        nodes, root = formula(kink.when, row.args)
        traced = [_traced(nodes, root, point) for point in points]
        for inner in (node for node in nodes if node.op == "eq"):
            yield (
                _gap(*([seen[a] for seen in traced] for a in inner.args)),
                _is_one_signed,
            )
    if row.name in JUMPS or set(row.partials) == {"0"}:
        text = JUMPS.get(row.name, f"{row.name}({', '.join(row.args)})")
        nodes, root = formula(text, row.args)
        yield [_traced(nodes, root, point)[root] for point in points], is_constant


def _gap(a: View, b: View) -> View:
    found = [x - y for x, y in zip(a, b, strict=False)]
    return found + _extremum(found) if len(found) == 3 else found


def _traced(nodes: Sequence[Node], root: int, args: Sequence[Ball]) -> Seen:
    leaves = dict(enumerate(args))
    return trace(nodes, [root], leaves, BITS[0], overlap_is_equal=True)


def is_constant(view: View) -> bool:
    return all(bool(view[0] == other) for other in view[1:])


def _is_one_signed(view: View) -> bool:
    """Whether there is no root between, and near none what has an extremum."""
    is_signed = all(a > 0 for a in view) or all(a < 0 for a in view)
    return is_signed and (len(view) == 3 or _are_alike(view))


def _are_alike(view: View) -> bool:
    sizes = sorted((abs(a) for a in view), key=float)
    return bool(sizes[-1] < RATIO * sizes[0])


def is_resolved(kernel: Kernel, views: Mapping[int, View]) -> bool:
    """Whether three numbers tell what is between them."""
    return all(
        _is_followed(kernel, kernel.nodes[value], value, views)
        for value, view in views.items()
        if not isinstance(view[0], bool)
    )


def _is_followed(
    kernel: Kernel, node: Node, value: int, views: Mapping[int, View]
) -> bool:
    results = views[value]
    args = _args(node, views)
    if not all(result.is_finite() for result in results):
        return False
    if node.op == "div":
        return _is_one_signed(args[1])
    if node.op != "call":
        return True
    name = str(node.data)
    if name == "pow" and is_constant(args[1]):
        return is_count(kernel.nodes[node.args[1]].data) or _is_one_signed(args[0])
    is_flat = _is_flat(results) and all(len(arg) == 3 for arg in args)
    if name not in ENTIRE and any(safe is not None for safe in TABLE[name].safe):
        return is_flat or _width(results) < 1
    if name in WAVES:
        return all(_width(arg) <= STEP for arg in args)
    return is_flat or all(map(_is_near, args))


def _is_near(view: View) -> bool:
    least = min(float(abs(a)) for a in view)
    return _width(view) <= max(STEP, PART * least)


def _width(view: View) -> float:
    return float(max(view) - min(view))


def _is_flat(view: View) -> bool:
    """Whether values are of one sign and size, or beyond all numbers."""
    return (
        (_is_one_signed(view) and _are_alike(view))
        or all(abs(a) < NOTHING for a in view)
        or all(abs(a) > 1 / NOTHING for a in view)
    )
