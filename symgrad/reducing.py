"""Rules of formulas: reductions such as ``sum(x[i], i)``."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad import fold
from symgrad.axes import index_of, named, size_of, written
from symgrad.bounds import Limits, bounded, limits
from symgrad.program import Graph
from symgrad.walk import Value, Walker


@dataclass(frozen=True)
class Form:
    """How a reduction is written: ``keeps`` its axis, of ``one`` axis at a time.

    Those ``in_plane`` are of complex numbers too.
    """

    keeps: bool = False
    one: bool = False
    freedom: bool = False
    in_plane: bool = False


FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("sum", "mean", "prod", "norm"), Form(in_plane=True)),
    **dict.fromkeys(("amax", "amin", "logsumexp"), Form()),
    **dict.fromkeys(("var", "std"), Form(freedom=True)),
    **dict.fromkeys(("softmax", "log_softmax"), Form(keeps=True, one=True)),
    "cumsum": Form(keeps=True, one=True, in_plane=True),
}
"""The reductions of formulas, by name."""

LIMITED: Mapping[str, str] = {"Sum": "sum", "Product": "prod"}
"""SymPy's, whose indices have bounds: ``Sum(e, (i, 0, n - 1))``."""


Bindings = Mapping[str, ast.expr]
"""The indices that a reduction binds, and where they stand."""


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
    bound = _indices(walker, name, node.args[0], parts)
    if bound is None or walker.space is None:
        return None
    if form.keeps and not walker.space.parts.keys().isdisjoint(bound):
        message = f"{name}() goes along the whole axis, and the sum over a part of it"
        help = "give it a name under 'let', and sum over that"
        return walker.fail("SG705", message, node, help)
    with walker.space.binding([*bound]):
        value = walker.number(node.args[0])
    return _reduced(walker, name, value, bound, ddof)


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
    """``Sum(e, (i, 0, n - 1))``: the whole axis, or a part of it."""
    shaped = [p for p in node.args[1:] if isinstance(p, ast.Tuple) and len(p.elts) == 3]
    if not shaped or len(shaped) < len(node.args[1:]):
        message = f"{name} takes a value and limits"
        return walker.fail("SG211", message, node, f"{name}(x[i], (i, 0, n - 1))")
    parts, form = [p.elts[0] for p in shaped], LIMITED[name]
    bound = _indices(walker, form, node.args[0], parts)
    if bound is None:
        return None
    ends = _ends(walker, shaped, [*bound])
    return None if ends is None else _limited(walker, form, node.args[0], bound, ends)


def _ends(
    walker: Walker, shaped: Sequence[ast.Tuple], indices: Sequence[str]
) -> list[Limits] | None:
    """The limits of indices, each of which may name those behind it."""
    assert walker.space is not None
    found = []
    for place, part in enumerate(shaped):
        with walker.space.binding(indices[place + 1 :]):
            found.append(limits(walker, part))
    known = [end for end in found if end is not None]
    return known if len(known) == len(found) else None


def _limited(
    walker: Walker, name: str, body: ast.expr, bound: Bindings, ends: Sequence[Limits]
) -> Value:
    """The sum of a body within limits, innermost first."""
    assert walker.space is not None
    known = dict(zip(bound, ends, strict=True))
    inside = {index: end.part for index, end in known.items() if end.part}
    with walker.space.binding([*bound]), walker.space.within(inside):
        value = walker.number(body)
        if value is None or not _is_of_axes(walker, value, known):
            return None
        before = _indices_of(walker, value)
        for index, end in known.items():
            if (found := bounded(walker, name, value, index, end)) is None:
                return None
            value = found
    done = before - _indices_of(walker, value)
    left = {index: part for index, part in bound.items() if index not in done}
    return _reduced(walker, name, value, left) if left else value


def _indices_of(walker: Walker, value: int) -> set[str]:
    return {index_of(axis) for axis in named(walker.graph[value].axes)}


def _is_of_axes(walker: Walker, value: int, known: Mapping[str, Limits]) -> bool:
    """Whether the axes that limits name are those of their indices."""
    sizes = {index_of(a): size_of(a) for a in named(walker.graph[value].axes)}
    sound = True
    for index, end in known.items():
        size = sizes.get(index)
        if size is not None and end.size not in (None, size):
            message = f"'{index}' runs over '{size}', not over '{end.size}'"
            help = f"write ({index}, 0, {size} - 1)"
            walker.fail("SG233", message, end.index, help)
            sound = False
    return sound


def _indices(
    walker: Walker, name: str, body: ast.expr, parts: Sequence[ast.expr]
) -> Bindings | None:
    """The indices that a reduction binds, if all of them may be."""
    if walker.space is None:
        message = f"{name}() needs named axes"
        help = "declare them, such as 'x: real[..., n]', and write x[i]"
        walker.fail("SG233", message, body, help)
        return None
    indices = [index for p in parts if (index := _binding(walker, name, p))]
    if len(indices) < len(parts):
        return None
    for place, index in enumerate(indices):
        if index in indices[:place]:
            message = f"the index '{index}' stands twice"
            walker.fail("SG233", message, parts[place])
            return None
    return dict(zip(indices, parts, strict=True))


def _reduced(
    walker: Walker, name: str, value: Value, bound: Bindings, ddof: int = 1
) -> Value:
    """The reduction of a body, in which its indices were bound."""
    assert walker.space is not None
    if not FORMS[name].keeps:
        for index in bound:
            walker.space.places.pop(index, None)
    if value is None:
        return None
    axes = walker.graph[value].axes
    for index, part in bound.items():
        if index not in map(index_of, axes):
            message = f"the index '{index}' is not free in what is reduced"
            return walker.fail("SG233", message, part)
    if walker.graph[value].kind.is_complex and not FORMS[name].in_plane:
        message = f"{name}() is not for complex numbers"
        first = next(iter(bound.values()))
        return walker.fail("SG215", message, first, "take abs(), re() or im() of them")
    labels = [axis for axis in axes if index_of(axis) in bound]
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
