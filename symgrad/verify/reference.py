"""The formula itself, run naively in torch: what emitted code is compared with.

Nothing of what was derived is used here.  Gradients come from finite differences of
the formula, or from an override's formula; ``native`` gives torch's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from symgrad.axes import named
from symgrad.derive import primal
from symgrad.guards import guard
from symgrad.op import Formula, Op
from symgrad.passes import Pass
from symgrad.verify import dimensions, sampling
from symgrad.verify.evaluation import Value as Value
from symgrad.verify.evaluation import Values as Values
from symgrad.verify.evaluation import evaluate as evaluate
from symgrad.verify.evaluation import gaps as gaps
from symgrad.verify.evaluation import joined as joined

STEP = 1e-6
"""Of central differences, as gradcheck's, for inputs of size 1."""


def outputs(op: Op, values: Values) -> list[Tensor]:
    """The op's outputs by its formulas."""
    results = evaluate(op.nodes, [f.value for f in op.outputs], values)
    return [torch.as_tensor(result) for result in results]


def named_outputs(op: Op, values: Values) -> dict[str, Tensor]:
    """The same by their names."""
    names = [f.name for f in op.outputs]
    return dict(zip(names, outputs(op, values), strict=True))


def smoothed_outputs(op: Op, values: Values) -> dict[str, Tensor]:
    """The same, with the derivatives of their surrogates."""
    found = named_outputs(op, values)
    smooth = [
        f.name for f in op.outputs if op.stand_ins.get(f.name, f.value) != f.value
    ]
    counted = evaluate(op.nodes, [op.stand_ins[name] for name in smooth], values)
    for name, value in zip(smooth, counted, strict=True):
        if value.requires_grad:
            found[name] = value + (found[name] - value).detach()
    return found


def frozen_values(op: Op, values: Values) -> dict[int, Value]:
    """What the ``stop_gradient`` nodes of an op are worth."""
    stops = [v for v, node in enumerate(op.nodes) if node.op == "stop_gradient"]
    return dict(zip(stops, evaluate(op.nodes, stops, values), strict=True))


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
    found = given(op, values, cotangents)
    for name in differentiable(op):
        if name not in found:
            found[name] = _difference(op, values, name, cotangents, frozen)
    return found


def directions(op: Op) -> list[tuple[str, complex]]:
    """How the differentiable inputs can move: a complex one also along ``1j``."""
    turns = {item.name: (1, 1j)[: 1 + item.kind.is_complex] for item in op.inputs}
    return [(name, turn) for name in differentiable(op) for turn in turns[name]]


def differentiable(op: Op) -> list[str]:
    """The inputs that get a gradient, in order."""
    return [item.name for item in op.inputs if item.differentiable]


def given(
    op: Op, values: Values, cotangents: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The gradients that overrides say, summed to the shapes of their inputs."""
    roots = [f.value for f in op.overrides]
    results = evaluate(op.nodes, roots, values, cotangents)
    return {
        f.name: _reduced(op, f, torch.as_tensor(result), values, cotangents)
        for f, result in zip(op.overrides, results, strict=True)
    }


def _reduced(
    op: Op,
    override: Formula,
    result: Tensor,
    values: Values,
    cotangents: Mapping[str, Tensor],
) -> Tensor:
    """What one override says, for each element of the batch, summed up."""
    like = torch.as_tensor(values[override.name])
    target = named(op.input(override.name).labels)
    result = dimensions.with_axes(result, op.nodes[override.value].axes, target)
    behind = {f.name: len(named(op.nodes[f.value].axes)) for f in op.outputs}
    batch = joined(c.shape[: c.dim() - behind[n]] for n, c in cotangents.items())
    sizes = like.shape[like.dim() - len(target) :]
    return result.expand((*batch, *sizes)).sum_to_size(like.shape)


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


def guarded(op: Op, passes: Sequence[Pass] = (guard,)) -> Op:
    """The op with harmless values in the branches that are not taken.

    Native autograd of that is NaN only where the chosen branch makes it so.  Other
    passes give other forms of the op.
    """
    program = primal(op)
    for step in passes:
        program = step(program)
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
    found = native(op, values, cotangents) | given(op, values, cotangents)
    return {name: gradient.detach() for name, gradient in found.items()}
