"""Kernels run on an ideal machine: every operation rounded once, to the nearest.

It stands for any machine: what is chosen by it is the same everywhere, and torch need
not be there.  What the functions of torch miss beyond a rounding is data, measured by
benchmarks/primitives.py: some are off by several units, flush subnormal results, or
lose their digits near a zero.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from importlib.resources import files
from typing import Any

import flint

from symgrad.functions import TABLE
from symgrad.measure.errors import SOUND
from symgrad.measure.formats import Format
from symgrad.partials import formula
from symgrad.patches.kernels import Kernel
from symgrad.program import Constant, Node

BITS, DIGITS = (128, 1024), 70
"""With which functions are computed before they are rounded, and what must be right."""

_MEASURED = json.loads((files("symgrad") / "primitives.json").read_text("utf-8"))

FLUSHING = frozenset(
    name
    for name, dtypes in _MEASURED.items()
    if any(found["flushes"] for found in dtypes.values())
)
"""Functions that are zero where they should be subnormal, as measured in torch."""

ROUGH = {
    fmt: {
        name: found[fmt]["ulp"]
        for name, found in _MEASURED.items()
        if fmt in found and 2 <= found[fmt]["ulp"] <= SOUND
    }
    for fmt in ("float32", "float64")
}
"""By how many units in the last place functions are off, where by two and more."""

COARSE = frozenset(
    name
    for name, dtypes in _MEASURED.items()
    if any(found["raw"] > SOUND >= found["ulp"] for found in dtypes.values())
)
"""Functions that lose digits at a zero, as their definition does."""

_NAMED = {"pi": math.pi, "E": math.e, "oo": math.inf, "nan": math.nan}


def run(kernel: Kernel, x: float, fmt: Format, is_rough: bool = True) -> float:
    """The value of a kernel at a number of a format, computed in that format.

    Functions are as ``is_rough`` as in torch, or rounded to the nearest.
    """
    known = computed(kernel.nodes, kernel.inside, {kernel.leaf: x}, fmt, is_rough)
    return float(known[kernel.root])


def is_rough(kernel: Kernel, fmt: Format) -> bool:
    """Whether torch is known to miss more than a rounding in a kernel."""
    rough = ROUGH.get(fmt.name, {})
    return any(node.op == "call" and str(node.data) in rough for node in kernel.nodes)


def computed(
    nodes: Sequence[Node],
    inside: Iterable[int],
    leaves: Mapping[int, float],
    fmt: Format,
    is_rough: bool = False,
) -> Mapping[int, float]:
    """The values that are made of leaves by some operations, in order."""
    known: dict[int, Any] = dict(leaves)
    for value in inside:
        node = nodes[value]
        found = _applied(node, [known[arg] for arg in node.args], fmt)
        if not isinstance(found, bool):
            found = _rounded(node, found, fmt, is_rough)
        known[value] = found
    return known


def _applied(node: Node, args: list[Any], fmt: Format) -> float | bool:
    if node.op == "const":
        return _constant(node.data)
    if node.op in ("where", "guard"):
        condition, a, b = args
        return float(a if condition else b)
    if node.op == "call":
        return _called(str(node.data), args, fmt)
    if node.op == "polynomial":
        terms = args[1:]
        if fmt.name == "float32" and isinstance(node.data, Fraction):
            terms = terms[: int(node.data)]
        return horner(args[0], terms, fmt)
    found: float | bool = _OPERATIONS[node.op](*args)
    return found


def _rounded(node: Node, found: float, fmt: Format, is_rough: bool) -> float:
    """A result in a format, with what torch is known to miss of it."""
    if node.op != "call":
        return fmt.nearest(found)
    if node.data in FLUSHING and abs(found) < fmt.normal:
        return math.copysign(0.0, found)
    missed = ROUGH.get(fmt.name, {}).get(str(node.data))
    if is_rough and missed and math.isfinite(found):
        unit = fmt.ulp(found)
        found += missed * (unit if round(found / unit) % 2 else -unit)
    return fmt.nearest(found)


def horner(s: float, coefficients: Sequence[float], fmt: Format) -> float:
    """A polynomial, every operation rounded."""
    *lower, found = map(fmt.nearest, coefficients)
    for c in reversed(lower):
        found = fmt.nearest(c + fmt.nearest(s * found))
    return found


def exponential(x: float, fmt: Format) -> float:
    """exp(x), rounded."""
    return fmt.nearest(_called("exp", [x], fmt))


def _constant(data: Constant | None) -> float:
    if not isinstance(data, Fraction):
        return _NAMED[str(data)]
    try:
        return float(data)
    except OverflowError:
        return math.inf if data > 0 else -math.inf


def _called(name: str, args: list[float], fmt: Format) -> float:
    definition = TABLE[name].definition
    if name in COARSE and definition is not None:
        nodes, root = formula(definition, TABLE[name].args)
        inside = range(len(args), root + 1)
        return computed(nodes, inside, dict(enumerate(args)), fmt)[root]
    for bits in BITS:
        with flint.ctx.workprec(bits):
            found = TABLE[name].precise(*map(flint.arb, args))
        if isinstance(found, flint.acb):
            found = found.real if found.imag == 0 else flint.arb.nan()
        if found.is_exact() or found.rel_accuracy_bits() > DIGITS:
            break
    exact = found.is_exact() or found.is_finite()
    return float(found.mid()) if exact else math.nan


def quotient(a: float, b: float) -> float:
    """a/b, also where b is 0."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else a * math.copysign(math.inf, b)


_OPERATIONS: Mapping[str, Callable[..., float | bool]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": quotient,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}
