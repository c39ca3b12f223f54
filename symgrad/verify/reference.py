"""The formula itself, run naively in torch: what emitted code is compared with.

Nothing of what was derived is used here.  Gradients come from finite differences of
the formula, or from an override's formula; ``native`` gives torch's own.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import torch
from torch import Tensor

from symgrad.backends.torch_names import spelling
from symgrad.derive import primal
from symgrad.functions import TABLE
from symgrad.op import Op
from symgrad.partials import formula
from symgrad.passes import guard
from symgrad.program import Kind, Node, Program
from symgrad.verify import sampling

Value = Tensor | complex | bool
Values = Mapping[str, Value]
"""Inputs by name."""

STEP = 1e-6
"""Of central differences, as gradcheck's, for inputs of size 1."""

_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}
_CONSTANTS = {"pi": math.pi, "E": math.e, "oo": math.inf, "nan": math.nan, "I": 1j}


def outputs(op: Op, values: Values) -> list[Tensor]:
    """The op's outputs by its formulas."""
    results = evaluate(op.nodes, [f.value for f in op.outputs], values)
    return [torch.as_tensor(result) for result in results]


def named_outputs(op: Op, values: Values) -> dict[str, Tensor]:
    """The same by their names."""
    names = [f.name for f in op.outputs]
    return dict(zip(names, outputs(op, values), strict=True))


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
            known[number] = _apply(node, args, source)
    return [known[root] for root in roots]


def frozen_values(op: Op, values: Values) -> dict[int, Value]:
    """What the ``stop_gradient`` nodes of an op are worth."""
    stops = [v for v, node in enumerate(op.nodes) if node.op == "stop_gradient"]
    return dict(zip(stops, evaluate(op.nodes, stops, values), strict=True))


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
    if not plane and all(partial == "0" for partial in row.partials):
        lifted = [arg.detach() for arg in lifted]  # torch refuses some of these
    if function is not None:
        return torch.as_tensor(function(*lifted))
    assert row.definition is not None, name
    kind = Kind.COMPLEX if plane else Kind.REAL
    nodes, root = formula(row.definition, row.args, kind)
    [result] = evaluate(nodes, [root], dict(zip(row.args, lifted, strict=True)))
    return torch.as_tensor(result)


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


# -- gradients -------------------------------------------------------------------------


def objective(
    op: Op,
    values: Values,
    cotangents: Mapping[str, Tensor],
    frozen: Mapping[int, Value],
) -> Tensor:
    """The number whose derivative backward gives: cotangents times what counts."""
    names = list(cotangents)
    roots = [op.stand_ins.get(n, _output(op, n)) for n in names]
    results = evaluate(op.nodes, roots, values, frozen=frozen)
    terms = [_paired(cotangents[n], r) for n, r in zip(names, results, strict=True)]
    return torch.stack(terms).sum()


def _paired(cotangent: Tensor, result: Any) -> Tensor:
    """The inner product of a cotangent and an output."""
    product: Tensor = cotangent.conj() * result
    return (product.real if product.is_complex() else product).sum()


def _output(op: Op, name: str) -> int:
    return next(f.value for f in op.outputs if f.name == name)


def gradients(
    op: Op, values: Values, cotangents: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Gradients of the differentiable inputs, without any derivation of ours."""
    frozen = frozen_values(op, values)
    given = {f.name: f.value for f in op.overrides}
    found: dict[str, Tensor] = {}
    for name in differentiable(op):
        if name in given:
            [result] = evaluate(op.nodes, [given[name]], values, cotangents)
            found[name] = _reduced(result, values[name], cotangents)
        else:
            found[name] = _difference(op, values, name, cotangents, frozen)
    return found


def directions(op: Op) -> list[tuple[str, complex]]:
    """How the differentiable inputs can move: a complex one also along ``1j``."""
    turns = {item.name: (1, 1j)[: 1 + item.kind.is_complex] for item in op.inputs}
    return [(name, turn) for name in differentiable(op) for turn in turns[name]]


def differentiable(op: Op) -> list[str]:
    """The inputs that get a gradient, in order."""
    return [item.name for item in op.inputs if item.differentiable]


def joined(shapes: Iterable[torch.Size]) -> torch.Size:
    """The shape that shapes broadcast to."""
    return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def _reduced(result: Any, like: Any, cotangents: Mapping[str, Tensor]) -> Tensor:
    """What an override says, summed to the shape of its input."""
    full = joined(c.shape for c in cotangents.values())
    return torch.as_tensor(result).expand(full).sum_to_size(like.shape)


def _difference(
    op: Op,
    values: Values,
    name: str,
    cotangents: Mapping[str, Tensor],
    frozen: Mapping[int, Value],
) -> Tensor:
    """Central differences, one element of one input at a time."""
    base = torch.as_tensor(values[name])
    step = STEP * sampling.unit(op, name)
    found = torch.zeros_like(base)
    for index, turn in itertools.product(range(base.numel()), _turns(op, name)):
        ends = []
        for move in (step, -step):
            moved = base.clone()
            moved.view(-1)[index] += move * turn
            ends.append(objective(op, {**values, name: moved}, cotangents, frozen))
        found.view(-1)[index] += turn * (ends[0] - ends[1]) / (2 * step)
    return found


def _turns(op: Op, name: str) -> list[complex]:
    return [turn for other, turn in directions(op) if other == name]


def native(
    op: Op, values: Values, cotangents: Mapping[str, Tensor], create_graph: bool = False
) -> dict[str, Tensor]:
    """torch's own gradients of the naive formula, zeros where it sees no path."""
    names = differentiable(op)
    given = [torch.as_tensor(values[n]) for n in names]
    leaves = [t if t.requires_grad else t.detach().requires_grad_() for t in given]
    inputs = {**values, **dict(zip(names, leaves, strict=True))}
    total = objective(op, inputs, cotangents, {})
    if not total.requires_grad:
        return {
            n: torch.zeros_like(leaf) for n, leaf in zip(names, leaves, strict=True)
        }
    found = torch.autograd.grad(
        total,
        leaves,
        allow_unused=True,
        create_graph=create_graph,
        materialize_grads=True,
    )
    return dict(zip(names, found, strict=True))


def guarded(op: Op) -> Op:
    """The op with harmless values in the branches that are not taken.

    Native autograd of that is NaN only where the chosen branch makes it so.
    """
    program = guard(primal(op))
    return replace(
        op,
        nodes=program.nodes,
        lets=(),
        outputs=tuple(replace(f, value=program.outputs[f.name]) for f in op.outputs),
        stand_ins=program.stand_ins,
        surrogates=tuple(
            replace(f, value=program.stand_ins[f.name]) for f in op.surrogates
        ),
        overrides=tuple(
            replace(f, value=program.gradients[f.name][0]) for f in op.overrides
        ),
    )


def plain(
    op: Op, values: Values, cotangents: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What plain torch makes of an op: native gradients, overrides by their formula."""
    found = native(op, values, cotangents)
    for f in op.overrides:
        [result] = evaluate(op.nodes, [f.value], values, cotangents)
        found[f.name] = _reduced(result, values[f.name], cotangents)
    return {name: gradient.detach() for name, gradient in found.items()}
