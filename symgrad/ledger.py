"""The ledger of an op: bytes that forward keeps for backward, operations of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from symgrad.axes import BATCH, size_of
from symgrad.costs import SIZE, weight
from symgrad.program import Node, Program

Role = Literal["input", "output", "statistic"]

Product = tuple[str, ...]
"""Sizes that are multiplied, sorted: ``("B", "n")``."""


@dataclass(frozen=True)
class Bytes:
    """Bytes as a polynomial in sizes: how many for each product of them.

    Tensors without named axes count as equally large.
    """

    terms: Mapping[Product, int]

    def __str__(self) -> str:
        """The products of most sizes first: ``4*B*n + 4*B``."""
        ordered = sorted(self.terms.items(), key=lambda term: (-len(term[0]), term[0]))
        parts = ["*".join([str(count), *sizes]) for sizes, count in ordered if count]
        return " + ".join(parts) or "0"

    @property
    def typical(self) -> int:
        """The bytes where every size is 1,024."""
        return sum(c * SIZE ** len(sizes) for sizes, c in self.terms.items())


@dataclass(frozen=True)
class Kept:
    """A tensor that is kept."""

    name: str
    role: Role
    node: Node


def kept(program: Program, names: Mapping[int, str]) -> list[Kept]:
    """The tensors that forward keeps; Python numbers weigh nothing."""
    inputs, statistics = set(program.inputs.values()), set(program.statistics)
    found: list[Kept] = []
    for value in program.residuals:
        role: Role = "statistic" if value in statistics else "output"
        role = "input" if value in inputs else role
        if program.nodes[value].kind.is_tensor:
            found.append(Kept(names[value], role, program.nodes[value]))
    return found


def bytes_of(tensors: Iterable[Kept]) -> Bytes:
    """What tensors weigh together, in float32."""
    total: Counter[Product] = Counter()
    for tensor in tensors:
        node = tensor.node
        total[sizes(node)] += weight(node) // SIZE ** len(node.axes)
    return Bytes(total)


def sizes(node: Node) -> Product:
    """The sizes of a tensor, sorted; ``B`` elements are in the batch."""
    return tuple(sorted("B" if axis == BATCH else size_of(axis) for axis in node.axes))


def operations(program: Program) -> tuple[int, int]:
    """How many there are of forward, and of all gradients together."""
    terms = [v for values in program.gradients.values() for v in values]
    return (
        program.count_ops(program.outputs.values()),
        program.count_ops(terms, frozenset(program.residuals)),
    )
