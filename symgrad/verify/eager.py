"""What autograd keeps of a formula written in torch, one operator for each node."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from symgrad import unroll
from symgrad.axes import BATCH, size_of
from symgrad.ledger import Bytes, Product
from symgrad.op import Input, Op
from symgrad.parts import part_of
from symgrad.verify import sampling
from symgrad.verify.evaluation import evaluate
from symgrad.verify.subject import dtype_of


def eager_bytes(op: Op) -> Bytes:
    """What is kept, measured: a storage once, whoever else holds it.

    Every size is a prime of its own, so the elements of a storage tell its axes.  A
    part of an axis that ends with it counts as the whole.
    """
    lengths = dict(zip(sizes_of(op), _primes(_least(op)), strict=False))
    values = {item.name: value_of(op, item, lengths) for item in op.inputs}
    factors = [*lengths.items(), *_parts(op, lengths)]
    total: Counter[Product] = Counter()
    roots = [formula.value for formula in op.outputs]
    for tensor in held_after(lambda: evaluate(op.nodes, roots, values)):
        size = tensor.element_size()
        count = tensor.untyped_storage().nbytes() // size
        product, rest = _factored(count, factors)
        total[product] += rest * size
    return Bytes(total)


def _factored(count: int, factors: Sequence[tuple[str, int]]) -> tuple[Product, int]:
    """The sizes that a number of elements is a product of, and what is left of it."""
    product = []
    for size, length in factors:
        while count and count % length == 0:
            count //= length
            product.append(size)
    return tuple(sorted(product)), count


def _parts(op: Op, lengths: Mapping[str, int]) -> list[tuple[str, int]]:
    """The lengths of parts of axes that grow with their axes, largest first."""
    found = set[tuple[str, int]]()
    for axis in {axis for node in op.nodes for axis in node.axes}:
        part = part_of(axis)
        if part is not None and part.length is None:
            size = size_of(axis)
            found.add((size, len(part.within(lengths[size]))))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def held_after(forward: Callable[[], object]) -> list[Tensor]:
    """One tensor for each storage that autograd holds after a forward."""
    held: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        held.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        results = forward()
    del results
    return list(held.values())


def sizes_of(op: Op) -> list[str]:
    """The sizes of an op, the batch first."""
    axes = dict.fromkeys(axis for item in op.inputs for axis in item.labels)
    named = dict.fromkeys(size_of(axis) for axis in axes if axis != BATCH)
    return ["B", *named]


def _least(op: Op) -> int:
    """A size that has every place that is looked up, and more than two beside it."""
    return max((8, *unroll.sizes_of(op, (1,)).values())) + 3


def _primes(least: int) -> Iterator[int]:
    """Odd primes from a number on, which no formula has for a constant."""
    candidate = least | 1
    while True:
        if all(candidate % k for k in range(2, candidate)):
            yield candidate
        candidate += 2


def value_of(
    op: Op,
    item: Input,
    lengths: Mapping[str, int],
    dtype: torch.dtype = torch.float32,
) -> Any:
    """An input of these sizes, every element the same, but an index in its table."""
    number = sampling.ordinary(op, item, random.Random(0))
    if not item.kind.is_tensor:
        return number
    sizes = ["B" if axis == BATCH else size_of(axis) for axis in item.labels]
    shape = [lengths[size] for size in sizes]
    tensor = torch.full(shape, number, dtype=dtype_of(item, dtype))
    return tensor.requires_grad_(item.differentiable)
