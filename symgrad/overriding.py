"""Gradients as a spec gives them: the key ``backward``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symgrad import model, spaces
from symgrad.axes import Axes, index_of, label, named, size_of, written
from symgrad.drafting import Draft, formula
from symgrad.names import nearest
from symgrad.op import Formula, Input
from symgrad.program import Kind, moving_kind
from symgrad.yamlfile import Path


@dataclass(frozen=True)
class _Key:
    """A key of ``backward``: an input with indices for its axes, and its place.

    One that ``is_sound`` has indices that may be some.
    """

    name: str
    indices: tuple[str, ...]
    path: Path
    is_sound: bool


def overrides(
    given: model.OpModel, inputs: Sequence[Input], draft: Draft
) -> list[Formula]:
    """The gradients that the user gives, in the names of the op and its cotangents."""
    names = {**draft.names, **_cotangents(given, draft)}
    declared = {item.name: item for item in inputs}
    found = []
    for text_of_key, text in given.backward.items():
        key = _key(text_of_key, draft)
        for message, help in _objections(key, given, declared, draft):
            draft.problems.add("SG137", message, key.path, help, True)
        value = _value(key, text, names, declared, draft)
        if value is not None:
            found.append(formula(key.name, text, value, key.indices))
    return found


def _key(text: str, draft: Draft) -> _Key:
    path, before = (*draft.path, "backward", text), draft.problems.count
    name, indices = spaces.split(text, draft.space, draft.problems, path)
    return _Key(name, indices, path, draft.problems.count == before)


def _objections(
    key: _Key, given: model.OpModel, declared: Mapping[str, Input], draft: Draft
) -> Iterator[tuple[str, str | None]]:
    """What is wrong with the input that a key names."""
    if key.name not in given.inputs:
        help = nearest(key.name, given.inputs, "inputs")
        yield f"there is no input '{key.name}'", help
    elif key.name in declared and not declared[key.name].differentiable:
        yield f"the input '{key.name}' has no gradient", None
    twins = [other for other in given.backward if model.base_name(other) == key.name]
    if len(twins) > 1 and key.path[-1] != twins[0]:
        yield f"the gradient of '{key.name}' is given twice", None


def _cotangents(given: model.OpModel, draft: Draft) -> dict[str, int]:
    """``grad_<output>`` by that name; one that nothing uses has no place in the op."""
    open_ = [name for name in given.outputs if name not in given.nondifferentiable]
    if not given.backward:
        return {}
    if draft.space is not None:
        axes = draft.space.axes
        axes |= {f"grad_{name}": axes[name] for name in open_ if name in axes}
    return {f"grad_{name}": _cotangent(draft, name) for name in open_}


def _cotangent(draft: Draft, output: str) -> int:
    """``grad_<output>``, complex where that is, and with its axes."""
    value = draft.names.get(output)
    if value is None:
        return draft.graph.cotangent(output, Kind.REAL)
    node = draft.graph[value]
    return draft.graph.cotangent(output, moving_kind(node), node.axes)


def _value(
    key: _Key,
    text: str,
    names: Mapping[str, int | None],
    declared: Mapping[str, Input],
    draft: Draft,
) -> int | None:
    """What a formula gives, with the axes of its input."""
    axes = named(declared[key.name].labels) if key.name in declared else ()
    fits = len(axes) == len(key.indices)
    over = axes if fits else ()
    value = draft.parsed(names, key.path, text, indices=key.indices, over=over)
    if key.name in declared and key.is_sound and not fits:
        sizes = ", ".join(map(size_of, axes))
        message = f"'{key.name}' has the axes [{sizes}], and so as many indices"
        draft.problems.add("SG232", message, key.path, None, True)
    if value is None or not (key.is_sound and fits):
        return None
    return _placed(key, value, axes, draft)


def _placed(key: _Key, value: int, axes: Axes, draft: Draft) -> int | None:
    """A value back from indices to the axes of its input; some may be missing.

    Along these the gradient is the same.
    """
    own = named(draft.graph[value].axes)
    strange = [index_of(axis) for axis in own if index_of(axis) not in key.indices]
    if strange:
        indices = ", ".join(strange)
        message = f"the formula has the free index {indices}, which the key has not"
        help = f"sum over it: sum(..., {strange[0]})"
        draft.problems.add("SG232", message, key.path, help, True)
        return None
    pairs = zip(key.indices, axes, strict=True)
    labels = {label(index, size_of(axis)): axis for index, axis in pairs}
    held = {after: before for after, before in labels.items() if after in own}
    if not held:
        return value
    data = f"{written(tuple(held))}|{written(tuple(held.values()))}"
    return draft.graph.node("place", value, data=data)
