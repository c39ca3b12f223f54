"""Rules of formulas: accesses such as ``x[i, label[i]]``."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.axes import Axes, label, named, size_of, written
from symgrad.names import objection
from symgrad.parts import Part, with_part
from symgrad.program import Graph, Kind
from symgrad.space import Space
from symgrad.walk import Value, Walker

LAST_PLACE = 255
"""The last place that a number selects: the tests that are generated have all."""

MOST_INDICES = 16
"""At once; torch's tensors have 64 dimensions, and people fewer."""


@dataclass(frozen=True)
class _Place:
    """One place between brackets: its label, and what is selected or gathered there.

    An index may run over a ``part`` of the axis.
    """

    label: str
    part: Part | None = None
    position: int | None = None
    index: int | None = None


def access(walker: Walker, node: ast.Subscript) -> Value:
    """``x[i, j]``: one index for each axis that the name has."""
    base, space = node.value, walker.space
    if not isinstance(base, ast.Name):
        message = "only a name has indices"
        return walker.fail("SG230", message, node, "give the value a name under 'let'")
    known = base.id in walker.names
    if not known or space is None or not space.axes.get(base.id):
        return _without_axes(walker, base)
    axes = space.axes[base.id]
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if len(parts) != len(axes):
        verb = "stands" if len(parts) == 1 else "stand"
        message = f"'{base.id}' has {_count(len(axes))}, and {len(parts)} {verb} here"
        return walker.fail("SG230", message, node, _written_so(base.id, axes))
    pairs = zip(parts, axes, strict=True)
    found = [_place(walker, space, number, *p) for number, p in enumerate(pairs)]
    value = walker.names[base.id]
    places = [place for place in found if place is not None]
    if value is None or len(places) < len(found):
        return None
    return _built(walker.graph, value, axes, places)


def _without_axes(walker: Walker, base: ast.Name) -> Value:
    if walker.names.get(base.id, 0) is None:
        return None  # a mistake elsewhere
    if base.id not in walker.names:
        return walker.value(base)
    message = f"'{base.id}' has no named axes, and so no indices"
    help = f"declare them, such as '{base.id}: real[..., n]' or '{base.id}[i]: ...'"
    return walker.fail("SG230", message, base, help)


def _count(places: int) -> str:
    return f"{places} {'index' if places == 1 else 'indices'}"


def _written_so(name: str, axes: Axes) -> str:
    """How a name with its indices is written, for a message."""
    indices = ", ".join("ijklmnop"[k % 8] for k in range(len(axes)))
    sizes = ", ".join(map(size_of, axes))
    return f"its axes are [{sizes}]: write {name}[{indices}]"


def unindexed(walker: Walker, node: ast.Name, axes: Axes) -> Value:
    """The mistake of a name that stands without its indices."""
    message = f"'{node.id}' stands without its indices"
    return walker.fail("SG230", message, node, _written_so(node.id, axes))


def _place(
    walker: Walker, space: Space, number: int, part: ast.expr, axis: str
) -> _Place | None:
    """What stands at one place: an index, a number, or integers to gather by."""
    size = size_of(axis)
    if isinstance(part, ast.Name) and part.id not in walker.names:
        return _index(walker, space, part, size)
    if isinstance(part, ast.Constant) and type(part.value) is int:
        return _position(walker, number, part, part.value, size)
    if isinstance(part, ast.BinOp) and _has_offset(walker, part):
        walker.fail("SG708", "stencils are not built yet", part)
        return None
    if isinstance(part, ast.UnaryOp) and isinstance(part.operand, ast.Constant):
        message = "places are counted from the front, from 0"
        walker.fail("SG230", message, part, "flip the axis outside of the op")
        return None
    value = walker.number(part)
    if value is None:
        return None
    if walker.graph[value].kind is not Kind.INDEX:
        message = "what stands between brackets is an index, or integers"
        help = "declare it as 'index', or leave it undeclared"
        walker.fail("SG230", message, part, help)
        return None
    return _Place(label(f"*{number}", size), index=value)


def _position(
    walker: Walker, number: int, part: ast.expr, place: int, size: str
) -> _Place | None:
    """A number: the place that it selects, counted from 0."""
    if place > LAST_PLACE:
        message = f"the last place that a number can select is {LAST_PLACE}"
        walker.fail("SG230", message, part, "select by an input of kind 'index'")
        return None
    return _Place(label(f"_{number}", size), position=place)


def _index(walker: Walker, space: Space, part: ast.Name, size: str) -> _Place | None:
    """A bare name: it runs over the axis at whose place it stands."""
    if part.id in space.sizes:
        message = f"'{part.id}' is the size of an axis, not an index"
        walker.fail("SG230", message, part, "write a name that is not declared")
        return None
    if (wrong := objection(part.id)) is not None:
        walker.fail("SG230", f"this is no index: {wrong[1]}", part)
        return None
    is_new = part.id not in space.places
    other = space.conflict(part.id, size)
    if len(space.places) > MOST_INDICES:
        if is_new and len(space.places) == MOST_INDICES + 1:  # said once
            message = f"more than {MOST_INDICES} indices at once"
            walker.fail("SG230", message, part, "give parts a name under 'let'")
        return None
    if other is not None:
        message = f"'{part.id}' runs over '{other}' and '{size}'"
        walker.fail("SG231", message, part, "use another index for one of them")
        return None
    return _Place(label(part.id, size), space.parts.get(part.id))


def _has_offset(walker: Walker, part: ast.AST) -> bool:
    """Whether an index stands in a sum, as in a stencil; not one of an access."""
    if isinstance(part, ast.Subscript):
        return False
    if isinstance(part, ast.Name):
        sizes = walker.space.sizes if walker.space else ()
        return part.id not in walker.names and part.id not in sizes
    return any(_has_offset(walker, p) for p in ast.iter_child_nodes(part))


def _built(graph: Graph, value: int, axes: Axes, places: Sequence[_Place]) -> int:
    renamed = dict(zip(axes, (place.label for place in places), strict=True))
    before = named(graph[value].axes)
    after = tuple(renamed[axis] for axis in before)
    if after != before:
        value = graph.node("access", value, data=f"{written(after)}|{written(before)}")
    parts = {p.label: p.part for p in places if p.part is not None}
    for own, part in parts.items():
        value = graph.node("part", value, data=with_part(own, part))
    for place in places:
        if place.position is not None:
            data = f"{place.label}|{place.position}"
            value = graph.node("select", value, data=data)
        if place.index is not None:
            value = graph.node("gather", value, place.index, data=place.label)
    return value
