"""Inputs of any size for an op: within domains, as large as axes allow."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symgrad import unroll
from symgrad.axes import BATCH, size_of
from symgrad.contract import contract
from symgrad.elementwise import length
from symgrad.op import Input, Op
from symgrad.program import Node, Program
from symgrad.verify import reference, sampling
from symgrad.verify.subject import dtype_of

POOL = 2048
"""Numbers that are drawn for an input; its elements are taken from them."""

Draw = Callable[[Op, Input, random.Random], sampling.Number]


@dataclass(frozen=True)
class Place:
    """Where tensors are: of which floating dtype, and on which device."""

    dtype: torch.dtype = torch.float32
    device: str = "cpu"


def contracted(op: Op) -> Op:
    """The op with sums of products as contractions, as one writes them in torch."""
    return reference.guarded(op, (contract,)) if op.has_axes else op


def lengths(op: Op, elements: int) -> dict[str, int]:
    """How long the batch and every axis are, so that no value has more elements.

    The shortest is doubled as long as that is so: for 4,096 elements of
    ``x[..., n]`` both are 64.  An axis whose places are named in a formula stays as
    short as it may be.
    """
    nodes = _live(contracted(op))
    found = {BATCH: 1, **unroll.sizes_of(op, (1,))}
    growing = sorted(_axes(nodes) - _selected(nodes))

    def fits(axis: str) -> bool:
        return _largest(nodes, {**found, axis: 2 * found[axis]}) <= elements

    while able := [axis for axis in growing if fits(axis)]:
        found[min(able, key=lambda axis: found[axis])] *= 2
    return found


def _live(op: Op) -> tuple[Node, ...]:
    """The nodes that outputs need, without what became part of a contraction."""
    needed = Program(op.nodes, {}, {}).reachable([f.value for f in op.outputs])
    return tuple(op.nodes[value] for value in needed)


def _axes(nodes: tuple[Node, ...]) -> set[str]:
    labels = {axis for node in nodes for axis in node.axes}
    return {axis if axis == BATCH else size_of(axis) for axis in labels}


def _selected(nodes: tuple[Node, ...]) -> set[str]:
    """The axes that a formula selects single places of, as components of vectors."""
    picked = [str(n.data).partition("|")[0] for n in nodes if n.op == "select"]
    return {size_of(axis) for axis in picked}


def _largest(nodes: tuple[Node, ...], sizes: Mapping[str, int]) -> int:
    """How many elements the largest value has, be it in between."""
    return max(math.prod(_shape(node.axes, sizes)) for node in nodes)


def _shape(axes: tuple[str, ...], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sizes[a] if a == BATCH else length(a, sizes) for a in axes)


def shapes(op: Op, elements: int) -> dict[str, tuple[int, ...]]:
    """A shape for every tensor input.

    Without named axes that is ``elements``, or what ``samples`` declares, and in front
    of that, for the other inputs, as many as make up the elements.
    """
    tensors = [item for item in op.inputs if item.kind.is_tensor]
    if op.has_axes:
        sizes = lengths(op, elements)
        return {item.name: _shape(item.labels, sizes) for item in tensors}
    declared = {n: s.shape for n, s in op.samples.items() if s.shape is not None}
    inner = torch.broadcast_shapes(*declared.values())  # type: ignore[no-untyped-call]
    whole = (max(1, elements // max(1, math.prod(inner))), *inner)
    return {item.name: declared.get(item.name, whole) for item in tensors}


def made(
    op: Op, elements: int, place: Place, draw: Draw = sampling.ordinary
) -> list[Any]:
    """The inputs in their order: leaves where they get a gradient, defaults, numbers.

    The same in every run.
    """
    sized, looked = shapes(op, elements), _looked_into(op, elements)
    return [
        _tensor(op, item, sized[item.name], place, draw, looked.get(item.name))
        if item.kind.is_tensor
        else _number(op, item)
        for item in op.inputs
    ]


def _number(op: Op, item: Input) -> Any:
    if item.has_default:
        return item.default
    return sampling.ordinary(op, item, sampling.generator(op, item.name))


def _tensor(
    op: Op,
    item: Input,
    shape: tuple[int, ...],
    place: Place,
    draw: Draw,
    limit: int | None,
) -> Tensor:
    rng = sampling.generator(op, f"bench/{item.name}")
    chance = torch.Generator().manual_seed(rng.randrange(2**31))
    if limit is not None:
        return torch.randint(limit, shape, generator=chance).to(place.device)
    numbers = [draw(op, item, rng) for _ in range(min(POOL, math.prod(shape)) or 1)]
    pool = torch.tensor(numbers, dtype=dtype_of(item, place.dtype))
    chosen = torch.randint(len(numbers), shape, generator=chance)
    return pool[chosen].to(place.device).requires_grad_(item.differentiable)


def _looked_into(op: Op, elements: int) -> dict[str, int]:
    """How long the shortest axis is that an index looks into, all over which it is."""
    if not op.has_axes:
        return {}
    sizes = lengths(op, elements)
    found: dict[str, int] = {}
    for node in op.nodes:
        name = _index(op.nodes, node.args[1]) if node.op == "gather" else None
        if name is not None:
            longest = sizes[size_of(str(node.data))]
            found[name] = min(longest, found.get(name, longest))
    return found


def _index(nodes: tuple[Node, ...], value: int) -> str | None:
    """The input that an index is, under whatever labels; None if it is computed."""
    behind = Program(nodes, {}, {}).reachable([value])
    names = [str(nodes[v].data) for v in behind if nodes[v].op == "input"]
    plain = all(nodes[v].op in ("input", "access", "ordered") for v in behind)
    return names[0] if plain and len(names) == 1 else None


def cotangents(op: Op, outputs: tuple[Tensor, ...]) -> list[Tensor | None]:
    """A random cotangent for every output that backward gets one for."""
    wanted = {f.name for f in op.differentiable_outputs}
    torch_rng = torch.Generator().manual_seed(len(op.name))
    return [
        _like(result, torch_rng)
        if formula.name in wanted and result.requires_grad
        else None
        for formula, result in zip(op.outputs, outputs, strict=True)
    ]


def _like(result: Tensor, chance: torch.Generator) -> Tensor:
    """Normal numbers of the shape, dtype and device of an output."""
    wide = torch.complex64 if result.is_complex() else torch.float32
    drawn = torch.randn(result.shape, generator=chance, dtype=wide)
    return drawn.to(result.device, result.dtype)
