"""Named axes: the labels that values carry, and what primitives make of them.

A value's axes are a tuple of labels, in the order of its dimensions: ``...`` in front
stands for the broadcast batch, and ``i:n`` for the index ``i`` that runs over the axis
``n``.  Those of an input are labelled by place, ``0:n``, until it is accessed.  A value
that lacks an axis is the same all along it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgrad.parts import whole

BATCH = "..."
"""The axis that stands for all broadcast batch axes of a value."""

Axes = tuple[str, ...]

REDUCTIONS = (
    *("sum", "mean", "prod", "amax", "amin", "logsumexp", "norm", "var", "std"),
    *("softmax", "log_softmax", "cumsum"),
)
"""What formulas call along an axis."""


def label(index: str, size: str) -> str:
    """The label of an index that runs over an axis."""
    return f"{index}:{size}"


def index_of(axis: str) -> str:
    """The index of a label."""
    return axis.partition(":")[0]


def size_of(axis: str) -> str:
    """The name of the axis that a label runs over."""
    return whole(axis).rpartition(":")[2]


def named(axes: Sequence[str]) -> Axes:
    """The axes but for the batch."""
    return tuple(axis for axis in axes if axis != BATCH)


def dim(axis: str, axes: Sequence[str]) -> int:
    """The dimension of an axis, from the end."""
    own = named(axes)
    return own.index(axis) - len(own)


def joined(parts: Sequence[Axes]) -> Axes:
    """The axes of a pointwise value: the longest argument's, then the others'."""
    distinct = set(parts)
    distinct.discard(())
    if len(distinct) < 2:
        return distinct.pop() if distinct else ()
    ordered = sorted(parts, key=lambda axes: len(named(axes)), reverse=True)
    seen = dict.fromkeys(axis for axes in ordered for axis in axes)
    return _batch_first(tuple(seen))


def _batch_first(axes: Axes) -> Axes:
    return (BATCH, *named(axes)) if BATCH in axes else axes


def listed(data: object) -> Axes:
    """The labels that a primitive has as its data."""
    return tuple(str(data).split(",")) if data else ()


def written(axes: Sequence[str]) -> str:
    """Labels as the data of a primitive."""
    return ",".join(axes)


# What primitives of axes make of those of their arguments


def _kept(data: object, parts: Sequence[Axes]) -> Axes:
    return parts[0]


def _reduced(data: object, parts: Sequence[Axes]) -> Axes:
    gone = listed(str(data).partition("|")[0])
    return tuple(axis for axis in parts[0] if axis not in gone)


def _as_listed(data: object, parts: Sequence[Axes]) -> Axes:
    return listed(data)


def _accessed(data: object, parts: Sequence[Axes]) -> Axes:
    """Other labels for the axes, in their order; one that comes twice is a diagonal."""
    return _same_batch(tuple(dict.fromkeys(accessed(data, parts[0]))), parts[0])


def accessed(data: object, axes: Axes) -> Axes:
    """The labels of an access, in the order in which its argument has the axes."""
    after, before = moves(data)
    renamed = dict(zip(before, after, strict=True))
    return tuple(renamed[axis] for axis in named(axes))


def _placed(data: object, parts: Sequence[Axes]) -> Axes:
    """Back from the labels of an access to those before it."""
    after, before = moves(data)
    held = set(parts[0])
    pairs = zip(after, before, strict=True)
    return _same_batch(tuple(b for a, b in pairs if a in held), parts[0])


def moves(data: object) -> tuple[Axes, Axes]:
    """The labels of an access and, at the same places, those before it."""
    after, _, before = str(data).partition("|")
    return listed(after), listed(before)


def _same_batch(axes: Axes, like: Axes) -> Axes:
    return (BATCH, *axes) if BATCH in like else axes


def is_along(data: object, base: Axes, index: Axes) -> bool:
    """Whether a gather takes an element for each of the base's own other places.

    Otherwise it looks up whole parts of a base that has no place in common.
    """
    rest = set(base) - {str(data)}
    return BATCH in base or not rest.isdisjoint(index)


def _gathered(data: object, parts: Sequence[Axes]) -> Axes:
    base, index = parts[0], parts[1]
    rest = tuple(axis for axis in base if axis != data)
    fresh = tuple(axis for axis in named(index) if axis not in rest)
    if not is_along(data, base, index):
        return _same_batch((*fresh, *rest), index)
    inside = tuple(a for axis in base for a in (fresh if axis == data else (axis,)))
    return _batch_first((*inside, *((BATCH,) if BATCH in index else ())))


def _scattered(data: object, parts: Sequence[Axes]) -> Axes:
    """The axes of a gather's base; those that neither values nor index have are not."""
    at, base = scattered(data)
    values, index = parts[0], parts[1]
    if not is_along(at, base, index):
        return (at, *(axis for axis in base if axis != at))
    held = {at, *values, *index}
    inside = tuple(axis for axis in named(base) if axis in held)
    return (BATCH, *inside) if BATCH in held else inside


def scattered(data: object) -> tuple[str, Axes]:
    """The axis that a scatter adds along, and the axes of the gather's base."""
    at, _, base = str(data).partition("|")
    return at, listed(base)


def _exchanged(axes: Axes, old: str, new: str) -> Axes:
    return tuple(new if axis == old else axis for axis in axes)


RULES: Mapping[str, Callable[[object, Sequence[Axes]], Axes]] = {
    "access": _accessed,
    "place": _placed,
    "select": _reduced,
    "insert": lambda data, parts: (*parts[0], str(data).partition("|")[0]),
    "ones": _as_listed,
    "steps": _as_listed,
    "part": lambda data, parts: _exchanged(parts[0], whole(str(data)), str(data)),
    "pad": lambda data, parts: _exchanged(parts[0], str(data), whole(str(data))),
    "gather": _gathered,
    "scatter": _scattered,
    "ordered": lambda data, parts: _same_batch(listed(data), parts[0]),
    "einsum": _as_listed,
    **dict.fromkeys(("sum", "mean", "prod", "amax", "amin"), _reduced),
    **dict.fromkeys(("logsumexp", "norm", "var", "std", "count"), _reduced),
    **dict.fromkeys(("softmax", "log_softmax", "cumsum", "cumsum_back"), _kept),
    "others": _kept,
}
"""The primitives of axes, and the axes of their results, from data and arguments."""


def of_result(op: str, data: object, parts: Sequence[Axes]) -> Axes:
    """The axes of a primitive's result; a pointwise one has those of all arguments."""
    rule = RULES.get(op)
    return joined(parts) if rule is None else rule(data, parts)
