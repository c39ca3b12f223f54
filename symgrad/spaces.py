"""Axes as a spec declares them: what inputs have, and the indices of named formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from symgrad.axes import Axes, index_of, named, size_of, written
from symgrad.declare import axes_of
from symgrad.names import nearest, objection
from symgrad.op import Input
from symgrad.places import Problems
from symgrad.program import Graph
from symgrad.space import Space
from symgrad.yamlfile import Path

_INDEXED = re.compile(r"(?P<name>[^\[\]]*)\[(?P<indices>[^\[\]]*)\]\Z")


MOST_AXES = 16
"""Of one input."""


@dataclass
class Declared:
    """The axes of an op: those of its names, and the names of all sizes."""

    sizes: frozenset[str]
    axes: dict[str, Axes] = field(default_factory=dict)

    def free(self, indices: tuple[str, ...], over: Axes = ()) -> Space:
        """What a formula with these free indices may use.

        ``over`` are the axes of these, where something else has told them.
        """
        places = dict(zip(indices, map(size_of, over), strict=False))
        return Space(self.axes, self.sizes, indices, places=places)


class Draft(Protocol):
    """An op while it is checked."""

    graph: Graph
    problems: Problems
    space: Declared | None


def of_inputs(
    given: Mapping[str, Any], inputs: Sequence[Input], problems: Problems, path: Path
) -> Declared | None:
    """The axes that inputs declare; ``None`` where none of them declares any."""
    written_axes = {name: axes_of(declared) for name, declared in given.items()}
    declared = any(item.axes is not None for item in inputs)
    if not declared and not any(written_axes.values()):
        return None
    sizes = frozenset(axis for axes in written_axes.values() for axis in axes)
    for name in given:
        if name in sizes:
            message = f"'{name}' is the name of an axis and of an input"
            problems.add("SG127", message, (*path, name), None, True)
    for item in inputs:
        if item.kind.is_tensor and item.axes is None:
            message = f"'{item.name}' declares no axes, and other inputs do"
            help = "write [] for none, [...] for those of the batch alone"
            problems.add("SG234", message, (*path, item.name), help, True)
        if len(named(item.labels)) > MOST_AXES:
            message = f"an input with more than {MOST_AXES} named axes"
            problems.add("SG234", message, (*path, item.name), None, True)
    return Declared(sizes, {item.name: named(item.labels) for item in inputs})


def split(
    text: str, space: Declared | None, problems: Problems, path: Path
) -> tuple[str, tuple[str, ...]]:
    """``y[i, k]`` as a name and its indices."""
    found = _INDEXED.match(text)
    if found is None:
        return text, ()
    if space is None:
        message = "no input has named axes, and so nothing has indices"
        help = "declare them, such as 'x: real[..., n]'"
        problems.add("SG230", message, path, help, True)
        return found["name"].strip(), ()
    parts = [part.strip() for part in found["indices"].split(",")]
    indices = tuple(part for part in parts if part)
    for message in _objections(indices, space):
        problems.add("SG232", message, path, None, True)
    return found["name"].strip(), tuple(dict.fromkeys(indices))


def _objections(indices: Sequence[str], space: Declared) -> Iterator[str]:
    for place, index in enumerate(indices):
        if objection(index) is not None:
            yield f"'{index}' is no name of an index"
        if index in indices[:place]:
            yield f"the index '{index}' stands twice"
        if index in space.sizes or index in space.axes:
            yield f"'{index}' is declared, and so no index"


def bound(
    draft: Draft,
    name: str,
    indices: tuple[str, ...],
    value: int,
    is_output: bool,
    path: Path,
) -> int | None:
    """A formula's value, whose free indices must be those of its name."""
    assert draft.space is not None
    own = named(draft.graph[value].axes)
    labels = {index_of(axis): axis for axis in own}
    if set(labels) != set(indices):
        strange = [index for index in labels if index not in indices]
        help = nearest(strange[0], indices) if strange else None
        draft.problems.add("SG232", _unlike(name, indices, labels), path, help, True)
        return None
    declared = tuple(labels[index] for index in indices)
    draft.space.axes[name] = declared
    if is_output and declared != own:
        return draft.graph.node("ordered", value, data=written(declared))
    return value


def _unlike(name: str, indices: Sequence[str], labels: Mapping[str, str]) -> str:
    """How the indices of a name and those of its formula differ."""
    more = ", ".join(index for index in labels if index not in indices)
    less = ", ".join(index for index in indices if index not in labels)
    if more:
        return f"the formula has the free index {more}, which '{name}' does not have"
    return f"'{name}' has the index {less}, which is not free in the formula"
