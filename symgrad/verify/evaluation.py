"""A formula run naively in torch: one operator for each node."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import dim, size_of
from symgrad.backends.torch_names import spelling
from symgrad.functions import TABLE
from symgrad.partials import formula
from symgrad.program import Graph, Kind, Node, Program
from symgrad.rows_gamma import REFLECTED
from symgrad.verify import dimensions

Value = Tensor | complex | bool
Values = Mapping[str, Value]
"""Inputs by name."""

_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}
_CONSTANTS = {"pi": math.pi, "E": math.e, "oo": math.inf, "nan": math.nan, "I": 1j}


def evaluate(
    nodes: Sequence[Node],
    roots: Sequence[int],
    values: Values,
    cotangents: Mapping[str, Tensor] | None = None,
    frozen: Mapping[int, Value] | None = None,
) -> list[Any]:
    """Values of nodes, one torch operator or Python operator for each node.

    ``frozen`` holds values of ``stop_gradient`` nodes that are not to move with the
    inputs.  Raises ``ArithmeticError`` or ``ValueError`` where Python's numbers do.
    """
    known: dict[int, Any] = dict(frozen or {})
    for number in Program(tuple(nodes), {}, {}).reachable(roots, frozenset(known)):
        if number not in known:
            node = nodes[number]
            source = values if node.op == "input" else cotangents or {}
            args = [known[arg] for arg in node.args]
            parts = [nodes[arg] for arg in node.args]
            if node.op == "size":
                known[number] = _size(nodes, str(node.data), values)
            elif node.op in dimensions.PRIMITIVES:
                known[number] = dimensions.apply(node, parts, args)
            else:
                args = dimensions.side_by_side(node, parts, args)
                known[number] = _apply(node, args, source)
    return [known[root] for root in roots]


def gaps(
    nodes: Sequence[Node], pairs: Sequence[tuple[int, int]], values: Values
) -> list[Any]:
    """The differences of pairs of values, side by side."""
    graph = Graph(nodes)
    differences = [graph.node("sub", *pair) for pair in pairs]
    return evaluate(graph.nodes, differences, values)


def _size(nodes: Sequence[Node], axis: str, values: Values) -> int:
    """The size of an axis, from an input that has it."""
    inputs = [node for node in nodes if node.op == "input"]
    held = [(node, a) for node in inputs for a in node.axes if size_of(a) == axis]
    node, label = held[0]
    return int(torch.as_tensor(values[str(node.data)]).shape[dim(label, node.axes)])


def joined(shapes: Iterable[torch.Size]) -> torch.Size:
    """The shape that shapes broadcast to."""
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def _apply(node: Node, args: Sequence[Any], leaves: Mapping[str, Any]) -> Any:
    if node.op in ("input", "cotangent"):
        return leaves[str(node.data)]
    if node.op == "const":
        return _constant(node.data)
    if node.op in _OPERATORS:
        floating = node.kind.is_floating
        return _OPERATORS[node.op](*(map(_in_double, args) if floating else args))
    if node.op in ("and", "or", "not"):
        return _connect(node, args)
    if node.op in ("where", "guard"):
        return _choose(*args)
    if node.op == "stop_gradient":
        return args[0].detach() if isinstance(args[0], Tensor) else args[0]
    return _call(str(node.data), args)


def _in_double(arg: Any) -> Any:
    """An integer tensor as float64: beside a number torch would make it float32."""
    whole = isinstance(arg, Tensor) and not (
        arg.is_floating_point() or arg.is_complex()
    )
    return arg.double() if whole else arg


def _constant(data: Fraction | str | None) -> complex:
    if isinstance(data, Fraction):
        whole = data.denominator == 1 and abs(data) < 2**53  # torch takes 64 bits
        return int(data) if whole else float(data)
    return _CONSTANTS[str(data)]


def _connect(node: Node, args: Sequence[Any]) -> Any:
    if node.kind is Kind.BOOL:
        return (
            not args[0] if node.op == "not" else getattr(operator, f"{node.op}_")(*args)
        )
    function = getattr(torch, f"logical_{node.op}")
    return function(*(torch.as_tensor(arg) for arg in args))


def _choose(condition: Any, a: Any, b: Any) -> Any:
    """A choice; its shape and kind are those of both branches, whichever is taken."""
    if isinstance(condition, bool) and not _has_tensor(a, b):
        return a if condition else b
    branches = _alike(_lifted([a, b]))
    if not isinstance(condition, bool):
        return torch.where(condition, *branches)
    return branches[not condition].expand(joined([b.shape for b in branches]))


def _has_tensor(*args: Any) -> bool:
    return any(isinstance(arg, Tensor) for arg in args)


def _alike(branches: Sequence[Tensor]) -> list[Tensor]:
    """All of them complex if one is: torch cannot differentiate a mixed choice."""
    if not any(branch.is_complex() for branch in branches):
        return list(branches)
    return [b if b.is_complex() else b + 0j for b in branches]


_DOUBLE = {complex: torch.complex128}


def _lifted(args: Sequence[Any]) -> list[Tensor]:
    """Numbers and integer tensors as floating tensors."""
    return [
        arg
        if isinstance(arg, Tensor) and (arg.is_floating_point() or arg.is_complex())
        else torch.as_tensor(arg, dtype=_DOUBLE.get(type(arg), torch.float64))
        for arg in args
    ]


def _call(name: str, args: Sequence[Any]) -> Any:
    result = _called(name, args)
    return result if _has_tensor(*args) else result.item()


def _called(name: str, args: Sequence[Any]) -> Tensor:
    row = TABLE[name]
    written = args[: row.partials[0] == "nan"]  # torch wants a number as such
    lifted: list[Any] = [*written, *_lifted(args[len(written) :])]
    plane = any(arg.is_complex() for arg in lifted[len(written) :])
    function = _torch_function(name, plane)
    if name == "pow" and not plane and isinstance(args[1], (int, float)):
        lifted[1] = args[1]  # of x**2 torch keeps no more than x
    if not plane and all(partial == "0" for partial in row.partials):
        lifted = [arg.detach() for arg in lifted]  # torch refuses some of these
    if function is not None and not _is_slow(name, lifted):
        return torch.as_tensor(function(*lifted))
    assert row.definition is not None, name
    kind = Kind.COMPLEX if plane else Kind.REAL
    nodes, root = formula(row.definition, row.args, kind)
    [result] = evaluate(nodes, [root], dict(zip(row.args, lifted, strict=True)))
    return torch.as_tensor(result)


def _is_slow(name: str, args: Sequence[Any]) -> bool:
    """Whether torch's own function may not return: it sums up from below 0."""
    return name == "polygamma" and args[0] in REFLECTED and bool((args[1] < 0).any())


@cache
def _torch_function(name: str, plane: bool) -> Callable[..., Any] | None:
    """The torch function that spells a row of the table."""
    spelled = spelling(name, plane)
    if spelled is None:
        return None
    first, *rest = spelled.split(".")
    found: Any = {"torch": torch, "F": torch.nn.functional}[first]
    for part in rest:
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]
