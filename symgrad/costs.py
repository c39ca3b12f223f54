"""What values weigh, and what it takes to compute them, before any size is known.

Every axis, the batch included, counts as ``SIZE`` places.  Only the order of costs
matters: a row weighs nothing beside a tensor, a product of matrices more than a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from symgrad.kinds import Kind
from symgrad.program import LEAVES, VIEWS, Node

SIZE = 1024

BYTES = {Kind.COMPLEX: 8, Kind.INDEX: 8, Kind.MASK: 1}
"""Bytes of an element, where it has not four."""


def elements(axes: Iterable[str]) -> int:
    """How many elements a value with these axes has."""
    return prod(SIZE for _ in axes)


def weight(node: Node) -> int:
    """The bytes of a value; those of a Python number do not count."""
    tensor = node.kind.is_tensor
    return elements(node.axes) * BYTES.get(node.kind, 4) if tensor else 0


def traffic(nodes: Sequence[Node], value: int) -> int:
    """Elements read and written to compute a value from its arguments.

    A contraction multiplies at every place of all its axes; a gather reads of a table
    what it takes.
    """
    node = nodes[value]
    if node.op in LEAVES or node.op in VIEWS or not node.kind.is_tensor:
        return 0
    parts = [nodes[arg].axes for arg in dict.fromkeys(node.args)]
    if node.op == "gather":
        parts[0] = node.axes
    if node.op == "einsum":
        return elements({axis for axes in (*parts, node.axes) for axis in axes})
    return elements(node.axes) + sum(map(elements, parts))
