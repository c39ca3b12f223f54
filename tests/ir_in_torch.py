"""Runs values of the IR in torch, each primitive by its own operator."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import torch

from symgrad import precise
from symgrad.backends.torch_names import scalars, spelling
from symgrad.functions import TABLE
from symgrad.partials import formula
from symgrad.program import Node

_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "lt": torch.lt,
    "le": torch.le,
    "gt": torch.gt,
    "ge": torch.ge,
    "eq": torch.eq,
    "ne": torch.ne,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "where": torch.where,
    "guard": torch.where,
    "stop_gradient": torch.detach,
}


def operator_of(spelled: str) -> Callable[..., Any]:
    """``torch.special.erfcx`` as a function."""
    root = {"torch": torch, "F": torch.nn.functional}
    first, *rest = spelled.split(".")
    return reduce(getattr, rest, root[first])


def run(
    nodes: Sequence[Node], root: int, leaves: Mapping[int, torch.Tensor]
) -> torch.Tensor:
    """The value ``root``, constants being tensors of the leaves' dtype."""
    like = next(iter(leaves.values()))
    known = dict(leaves)
    needed = {root}
    for value in range(root, -1, -1):
        if value in needed and value not in leaves:
            needed.update(nodes[value].args)
    for value in sorted(needed - set(leaves)):
        node = nodes[value]
        args = [known[arg] for arg in node.args]
        if node.op == "const":
            known[value] = like.new_tensor(_number(nodes, value))
        elif node.op == "call":
            known[value] = call(str(node.data), args)
        else:
            known[value] = _OPERATORS[node.op](*args)
    return known[root]


def call(name: str, args: Sequence[torch.Tensor]) -> torch.Tensor:
    """A row of the table, by torch's operator or by its definition."""
    row, spelled = TABLE[name], spelling(name)
    if spelled is None:
        assert row.definition is not None, name
        nodes, root = formula(row.definition, row.args)
        names = dict(zip(row.args, args, strict=True))
        leaves = {v: names[str(n.data)] for v, n in enumerate(nodes) if n.op == "input"}
        return run(nodes, root, leaves)
    assert len(scalars(name)) == len(args)
    if row.partials[0] == "nan":
        number = args[0].item()
        first = int(number) if number == int(number) else number
        return operator_of(spelled)(first, *args[1:])
    return operator_of(spelled)(*args)


def _number(nodes: Sequence[Node], value: int) -> float:
    data = nodes[value].data
    if isinstance(data, Fraction):
        return float(data)
    return precise.floats(nodes, [value], {})[0]
