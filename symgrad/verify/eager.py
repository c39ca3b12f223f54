"""What autograd keeps of a formula written in torch, one operator for each node."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import BATCH, size_of
from symgrad.ledger import Bytes, Product
from symgrad.op import Input, Op
from symgrad.verify import sampling
from symgrad.verify.evaluation import evaluate
from symgrad.verify.subject import dtype_of


def eager_bytes(op: Op) -> Bytes:
    """What is kept, measured: a storage once, whoever else holds it.

    Every size is a prime of its own, so the bytes of a storage tell its axes.
    """
    lengths = dict(zip(sizes_of(op), _primes(), strict=False))
    values = {item.name: value_of(op, item, lengths) for item in op.inputs}
    total: Counter[Product] = Counter()
    for tensor in _saved(op, values):
        count, product = tensor.untyped_storage().nbytes(), []
        for size, length in lengths.items():
            while count % length == 0 and count:
                count //= length
                product.append(size)
        total[tuple(sorted(product))] += count
    return Bytes(total)


def _saved(op: Op, values: Mapping[str, Any]) -> list[Tensor]:
    """One tensor for each storage that autograd holds after forward."""
    held: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        held.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        results = evaluate(op.nodes, [f.value for f in op.outputs], values)
    del results
    return list(held.values())


def sizes_of(op: Op) -> list[str]:
    """The sizes of an op, the batch first."""
    axes = dict.fromkeys(axis for item in op.inputs for axis in item.labels)
    named = dict.fromkeys(size_of(axis) for axis in axes if axis != BATCH)
    return ["B", *named]


def _primes() -> Iterator[int]:
    """Primes that no dtype has for its bytes, nor a formula for its constant."""
    candidate = 11
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
