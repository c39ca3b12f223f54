"""An op with named axes as one of numbers alone, for given sizes.

Every element of every input becomes an input of its own, and every element of every
output an output.  What is known of elementwise ops, balls and differences above all,
holds for such an op too.  There is no batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from symgrad.axes import named, size_of
from symgrad.elementwise import Elements, Place, Work, element, length, places
from symgrad.op import Formula, Input, Op
from symgrad.parts import part_of
from symgrad.program import Program

__all__ = ["element", "gathered", "places", "sizes_of", "unrolled"]

LARGEST_INDEX = 3
"""Of integers where nothing is declared: what they look into is larger."""


def sizes_of(op: Op, cycle: Sequence[int]) -> dict[str, int]:
    """A size for every axis in turn; what an index looks into has place for it."""
    found: dict[str, int] = {}
    for item in op.inputs:
        for axis in named(item.labels):
            found.setdefault(size_of(axis), cycle[len(found) % len(cycle)])
    looked = _looked_into(op)
    found |= looked
    for axis in reversed([axis for axis in found if axis not in looked]):
        if _largest(op, found) > MOST_ELEMENTS:
            found[axis] = 1
    return found


MOST_ELEMENTS = 5000
"""Of a value; where there would be more, some axes have one place only."""


def _largest(op: Op, sizes: Mapping[str, int]) -> int:
    """How many elements the largest value has."""
    return max(math.prod(length(a, sizes) for a in named(n.axes)) for n in op.nodes)


def _looked_into(op: Op) -> dict[str, int]:
    """Sizes for the axes that something is gathered from, or selected by a number."""
    found: dict[str, int] = {}
    for node in op.nodes:
        axis, _, place = str(node.data).partition("|")
        least = 0
        if node.op == "gather":
            least = _largest_index(op, node.args[1]) + 1
        elif node.op == "select":
            least = int(place) + 1
        elif node.op == "part" and (part := part_of(axis)):
            least = part.least
        if least:
            size = size_of(axis)
            found[size] = max(found.get(size, LARGEST_INDEX + 1), least)
    return found


def _largest_index(op: Op, index: int) -> int:
    """The largest of the integers behind an index that verification takes."""
    behind = [op.nodes[v] for v in Program(op.nodes, {}, {}).reachable([index])]
    names = {str(node.data) for node in behind if node.op == "input"}
    samples = [sample for name, sample in op.samples.items() if name in names]
    declared = [max(s.values or s.range or (0,)) for s in samples]
    return int(max((LARGEST_INDEX, *declared)))


def gathered(
    values: Mapping[str, object],
    name: str,
    axes: Sequence[str],
    sizes: Mapping[str, int],
) -> object:
    """The elements of an input or output from their names, as nested lists."""
    lengths = [sizes[size_of(axis)] for axis in named(axes)]

    def nested(place: Place) -> object:
        if len(place) == len(lengths):
            return values[element(name, place)]
        return [nested((*place, k)) for k in range(lengths[len(place)])]

    return nested(())


def unrolled(op: Op, sizes: Mapping[str, int]) -> Op:
    """The op for axes of these sizes, element by element."""
    work = Work(op.nodes, sizes)
    values = [work.built(node) for node in op.nodes]
    flat = {f.name: list(_elements(f, f.value, values)) for f in op.outputs}
    counted = [
        e
        for f in op.outputs
        for e in _elements(f, op.stand_ins.get(f.name, f.value), values)
    ]
    return replace(
        op,
        inputs=tuple(i for item in op.inputs for i in _inputs(item, sizes)),
        nodes=tuple(work.graph.nodes),
        lets=(),
        outputs=tuple(e for elements in flat.values() for e in elements),
        stand_ins={f.name: f.value for f in counted},
        overrides=tuple(
            e for f in op.overrides for e in _overriding(op, f, values, sizes)
        ),
        nondifferentiable=frozenset(
            e.name for name in op.nondifferentiable for e in flat[name]
        ),
        samples={
            element(name, place): replace(sample, shape=None)
            for name, sample in op.samples.items()
            for place in places(op.input(name).labels, sizes)
        },
        module=None,
    )


def _elements(
    formula: Formula, value: int, values: Sequence[Elements]
) -> Iterator[Formula]:
    for place, number in values[value].items():
        yield Formula(element(formula.name, place), formula.text, number)


def _overriding(
    op: Op, given: Formula, values: Sequence[Elements], sizes: Mapping[str, int]
) -> Iterator[Formula]:
    """A gradient as given for each element; one that lacks an axis is the same."""
    labels, own = named(op.input(given.name).labels), named(op.nodes[given.value].axes)
    for place in places(labels, sizes):
        at = dict(zip(labels, place, strict=True))
        value = values[given.value][tuple(at[axis] for axis in own)]
        yield Formula(element(given.name, place), given.text, value)


def _inputs(item: Input, sizes: Mapping[str, int]) -> Iterator[Input]:
    for place in places(item.labels, sizes):
        yield replace(item, name=element(item.name, place), axes=None)
