"""Rules of formulas: reductions such as ``sum(x[i], i)``."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad import fold
from symgrad.axes import BATCH, index_of, size_of, written
from symgrad.program import Graph
from symgrad.walk import Value, Walker


@dataclass(frozen=True)
class Form:
    """How a reduction is written: ``keeps`` its axis, of ``one`` axis at a time."""

    keeps: bool = False
    one: bool = False
    freedom: bool = False


FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("sum", "mean", "prod", "amax", "amin"), Form()),
    **dict.fromkeys(("logsumexp", "norm"), Form()),
    **dict.fromkeys(("var", "std"), Form(freedom=True)),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum"), Form(keeps=True, one=True)),
}
"""The reductions of formulas, by name."""

LIMITED: Mapping[str, str] = {"Sum": "sum", "Product": "prod"}
"""SymPy's, whose indices have bounds: ``Sum(e, (i, 0, n - 1))``."""


def reduction(walker: Walker, name: str, node: ast.Call) -> Value:
    """``name(e, i)`` or ``name(e, (i, j))``."""
    form = FORMS[name]
    if len(node.args) not in (2, 2 + form.freedom):
        return walker.fail("SG211", _arity(name, form), node, f"write {name}(x[i], i)")
    given = node.args[1]
    parts = given.elts if isinstance(given, ast.Tuple) else [given]
    if not parts:
        return walker.fail("SG211", _arity(name, form), given, f"write {name}(x[i], i)")
    if form.one and len(parts) > 1:
        message = f"{name}() goes along one axis"
        return walker.fail("SG211", message, given, "nest two of them")
    ddof = _freedom(walker, node.args[2]) if len(node.args) == 3 else 1
    if ddof is None:
        return None
    return _reduced(walker, name, node.args[0], parts, ddof)


def _arity(name: str, form: Form) -> str:
    more = ", and what var and std divide by less" if form.freedom else ""
    return f"{name}() takes a value and an index or a tuple of indices{more}"


def _freedom(walker: Walker, part: ast.expr) -> int | None:
    value = walker.number(part)
    exact = None if value is None else fold.rational(walker.graph, value)
    if exact is not None and exact.denominator == 1 and exact >= 0:
        return int(exact)
    if value is not None:
        walker.fail("SG214", "this is a whole number, written out", part)
    return None


def limited(walker: Walker, name: str, node: ast.Call) -> Value:
    """``Sum(e, (i, 0, n - 1))``: the whole axis."""
    limits = node.args[1:]
    shaped = [p for p in limits if isinstance(p, ast.Tuple) and len(p.elts) == 3]
    if not limits or len(shaped) < len(limits):
        message = f"{name} takes a value and limits"
        return walker.fail("SG211", message, node, f"{name}(x[i], (i, 0, n - 1))")
    ends = [_whole(p) for p in shaped]
    bound = [p.elts[0] for p in shaped]
    value = _reduced(walker, LIMITED[name], node.args[0], bound, ends=ends)
    for part, end in zip(shaped, ends, strict=True):
        if end is None:
            message = "a part of an axis is not built yet"
            return walker.fail("SG705", message, part, "write (i, 0, n - 1)")
    return None if None in ends else value


def _whole(limits: ast.Tuple) -> str | None:
    """The axis whose whole length limits describe: from 0 to its size less 1."""
    _, low, high = limits.elts
    starts = isinstance(low, ast.Constant) and low.value == 0
    return _one_less(high) if starts else None


def _one_less(end: ast.expr) -> str | None:
    """The name in ``n - 1``, which SymPy also writes ``-1 + n``."""
    if not isinstance(end, ast.BinOp):
        return None
    names = [side.id for side in (end.left, end.right) if isinstance(side, ast.Name)]
    text = ast.unparse(end)
    known = len(names) == 1 and text in (f"{names[0]} - 1", f"-1 + {names[0]}")
    return names[0] if known else None


def _reduced(
    walker: Walker,
    name: str,
    body: ast.expr,
    parts: Sequence[ast.expr],
    ddof: int = 1,
    ends: Sequence[str | None] = (),
) -> Value:
    """The reduction of a body, in which its indices are bound.

    ``ends`` are the axes that the limits of the indices are of, where they have some.
    """
    space = walker.space
    if space is None:
        message = f"{name}() needs named axes"
        help = "declare them, such as 'x: real[..., n]', and write x[i]"
        return walker.fail("SG233", message, body, help)
    indices = [index for p in parts if (index := _binding(walker, name, p))]
    if len(indices) < len(parts):
        return None
    for place, index in enumerate(indices):
        if index in indices[:place]:
            message = f"the index '{index}' stands twice"
            return walker.fail("SG233", message, parts[place])
    space.bound += indices
    value = walker.number(body)
    del space.bound[len(space.bound) - len(indices) :]
    if not FORMS[name].keeps:
        for index in indices:
            space.places.pop(index, None)
    if value is None:
        return None
    axes = walker.graph[value].axes
    for part, index in zip(parts, indices, strict=True):
        if index not in map(index_of, axes):
            message = f"the index '{index}' is not free in what is reduced"
            return walker.fail("SG233", message, part)
    sizes = {index_of(axis): size_of(axis) for axis in axes if axis != BATCH}
    for part, index, end in zip(parts, indices, ends, strict=bool(ends)):
        if end not in (None, sizes[index]):
            message = f"'{index}' runs over '{sizes[index]}', not over '{end}'"
            help = f"write ({index}, 0, {sizes[index]} - 1)"
            return walker.fail("SG233", message, part, help)
    labels = [axis for axis in axes if index_of(axis) in indices]
    return built(walker.graph, name, value, labels, ddof)


def _binding(walker: Walker, name: str, part: ast.expr) -> str | None:
    """An index that a reduction may bind."""
    assert walker.space is not None
    if not isinstance(part, ast.Name) or part.id in walker.names:
        message = "an index is a bare name that is not declared"
        walker.fail("SG233", message, part)
        return None
    if part.id in walker.space.sizes:
        message = f"'{part.id}' is the size of an axis, not an index"
        walker.fail("SG233", message, part)
        return None
    taken = part.id in walker.space.free or part.id in walker.space.bound
    if taken and not FORMS[name].keeps:
        message = f"the index '{part.id}' has a meaning here already"
        walker.fail("SG233", message, part, "bind another one")
        return None
    return part.id


def built(
    graph: Graph, name: str, value: int, labels: Sequence[str], ddof: int = 1
) -> int:
    """A reduction of a value along labels."""
    if name == "prod":  # one axis at a time
        for axis in labels:
            value = graph.node("prod", value, data=axis)
        return value
    data = written(labels) + (f"|{ddof}" if FORMS[name].freedom else "")
    return graph.node(name, value, data=data)
