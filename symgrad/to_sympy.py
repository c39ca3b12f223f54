"""The IR as SymPy expressions: for display, and for partials inside SymPy."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.concrete.expr_with_limits import ExprWithLimits

from symgrad.axes import BATCH, Axes, index_of, moves, size_of
from symgrad.axes import RULES as along_axes
from symgrad.parts import Part, part_of
from symgrad.program import Node

_CONSTANTS = {
    "pi": sympy.pi,
    "E": sympy.E,
    "oo": sympy.oo,
    "nan": sympy.nan,
    "I": sympy.I,
}

_CLASSES: Mapping[str, Callable[..., Any]] = {
    "add": sympy.Add,
    "mul": sympy.Mul,
    "lt": sympy.Lt,
    "le": sympy.Le,
    "gt": sympy.Gt,
    "ge": sympy.Ge,
    "eq": sympy.Eq,
    "ne": sympy.Ne,
    "and": sympy.And,
    "or": sympy.Or,
    "not": sympy.Not,
}


def to_sympy(
    nodes: Sequence[Node],
    root: int,
    leaves: Mapping[int, Any],
    functions: Mapping[str, Callable[..., Any]],
    *,
    evaluate: bool = False,
) -> Any:
    """The value ``root`` as a SymPy expression.

    ``functions`` makes the calls, by name of the row.  ``leaves`` maps values to what
    stands for them: symbols, as a rule; every input and cotangent that is met must be
    there.  Unless ``evaluate`` is true, everything stays in the order of the program.
    """
    made: dict[int, Any] = {}
    indices: dict[Axes, Axes] = {}
    for value in needed(nodes, [root], leaves):
        node = nodes[value]
        args = [leaves[arg] if arg in leaves else made[arg] for arg in node.args]
        if node.op == "place":
            made[value] = _placed(node, args[0], indices)
        else:
            made[value] = _made(node, args, functions, evaluate)
    return leaves[root] if root in leaves else made[root]


def tree_size(nodes: Sequence[Node], root: int, leaves: Mapping[int, Any]) -> int:
    """How many nodes the expression has once nothing is shared any more."""
    sizes: dict[int, int] = {}
    for value in needed(nodes, [root], leaves):
        sizes[value] = 1 + sum(sizes.get(arg, 1) for arg in nodes[value].args)
    return sizes.get(root, 1)


def needed(
    nodes: Sequence[Node], roots: Iterable[int], leaves: Container[int]
) -> list[int]:
    """What lies between ``roots`` and ``leaves``, arguments first."""
    seen: set[int] = set()
    todo = list(roots)
    while todo:
        value = todo.pop()
        if value not in seen and value not in leaves:
            seen.add(value)
            todo.extend(nodes[value].args)
    return sorted(seen)


def _made(
    node: Node,
    args: Sequence[Any],
    functions: Mapping[str, Callable[..., Any]],
    evaluate: bool,
) -> Any:
    if node.op == "const":
        return _constant(node.data)
    if node.op == "size":
        return sympy.Symbol(str(node.data))
    if node.op == "call":
        return functions[str(node.data)](*args, evaluate=evaluate)
    if node.op == "stop_gradient":
        return functions[node.op](*args)
    if node.op in _CLASSES:
        return _CLASSES[node.op](*args, evaluate=evaluate)
    if node.op in along_axes:
        return _along(node, args)
    return _REST[node.op](args, evaluate)


def _constant(value: object) -> Any:
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return _CONSTANTS[str(value)]


def _neg(args: Sequence[Any], evaluate: bool) -> Any:
    return sympy.Mul(-1, args[0], evaluate=evaluate)


def _sub(args: Sequence[Any], evaluate: bool) -> Any:
    return sympy.Add(args[0], _neg(args[1:], evaluate), evaluate=evaluate)


def _div(args: Sequence[Any], evaluate: bool) -> Any:
    above, below = args[0], sympy.Pow(args[1], -1, evaluate=evaluate)
    if above == 1:
        return below
    if above.is_Mul and above.args[0] == -1:  # -a/b, where SymPy prints (-1) a/b
        rest = sympy.Mul(*above.args[1:], below, evaluate=evaluate)
        return _neg([rest], evaluate)
    return sympy.Mul(above, below, evaluate=evaluate)


def _where(args: Sequence[Any], evaluate: bool) -> Any:
    condition, a, b = args
    return sympy.Piecewise((a, condition), (b, True), evaluate=evaluate)


_REST: Mapping[str, Callable[[Sequence[Any], bool], Any]] = {
    "neg": _neg,
    "sub": _sub,
    "div": _div,
    "where": _where,
    "guard": lambda args, _: args[1],
    "reduce": lambda args, _: args[0],  # over what was broadcast, which goes unsaid
}
"""The primitives that SymPy has no class of its own for."""


def _placed(node: Node, moved: Any, indices: dict[Axes, Axes]) -> Any:
    """What reaches an input, in the indices in which it was reached first."""
    after, before = moves(node.data)
    if not all(index_of(axis)[0].isalpha() for axis in after):
        return moved  # what is gathered or selected has indices of its own
    pairs = zip(after, indices.setdefault(before, after), strict=True)
    renamed = [(_index(a), _index(b)) for a, b in pairs if a != b]
    if not renamed:
        return moved
    primed = _primed(moved, {new for _, new in renamed})
    return primed.subs(renamed, simultaneous=True)


def _primed(expression: Any, taken: set[sympy.Symbol]) -> Any:
    """An expression in which sums bind none of some indices."""

    def other(bound: Any) -> Any:
        clash = taken.intersection(bound.variables)
        return bound.xreplace({v: sympy.Symbol(f"{v}'") for v in clash})

    return expression.replace(lambda e: isinstance(e, ExprWithLimits), other)


def _index(axis: str) -> sympy.Symbol:
    return sympy.Symbol(index_of(axis))


def _limits(axis: str) -> tuple[sympy.Symbol, Any, Any]:
    """An index with its first and its last place."""
    size, part = sympy.Symbol(size_of(axis)), part_of(axis) or Part(0)
    first: Any = part.start + (size if part.start < 0 else 0)
    end: Any = size - part.cut if part.length is None else first + part.length
    return _index(axis), first, end - 1


def _along(node: Node, args: Sequence[Any]) -> Any:
    """A primitive of axes; what only says where its axes are is left out."""
    first, _, rest = str(node.data).partition("|")
    labels = [axis for axis in first.split(",") if axis != BATCH]
    indices = [_index(axis) for axis in labels]
    if node.op == "access":
        indexed = isinstance(args[0], sympy.IndexedBase)
        return args[0][tuple(indices)] if indexed else args[0]
    if node.op in ("select", "gather"):
        return args[0].subs(indices[0], rest if node.op == "select" else args[1])
    if node.op in ("ordered", "part", "pad") or not labels:
        return args[0]
    if node.op == "steps":
        return indices[0]
    if node.op in ("sum", "prod"):
        form = sympy.Sum if node.op == "sum" else sympy.Product
        return form(args[0], *map(_limits, labels))
    if node.op == "scatter":  # sizes and invented indices go unsaid
        return sympy.Function("scatter")(*args[:2])
    along = indices[0] if len(indices) == 1 else sympy.Tuple(*indices)
    return sympy.Function(node.op)(*args[:2], along)
