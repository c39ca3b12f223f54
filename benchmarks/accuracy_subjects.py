"""What is measured of accuracy, by which rivals, and what is true of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import accuracy_by_hand
import accuracy_sympy
import torch
from accuracy_examples import Pair
from accuracy_set import Case
from accuracy_tables import ORDERS
from torch import Tensor

from symgrad import precise
from symgrad.derive import differentiate, primal
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.measure.strata import Range
from symgrad.measure.truth import Exact
from symgrad.op import Op, Spec
from symgrad.spec import load_text
from symgrad.verify import reference

Run = Callable[[Mapping[str, Any]], Tensor]
"""A function of all inputs by name."""


@dataclass(frozen=True)
class Subject:
    """What is measured: the one output of an op, differentiated by one of its inputs.

    ``ranges`` are those of its tensors, ``fixed`` its plain numbers.
    """

    name: str
    op: Op
    wrt: str
    ranges: Mapping[str, Range]
    running: Mapping[str, Run]
    fixed: Mapping[str, float]
    orders: Sequence[str]


# What is measured


def declared(case: Case) -> Spec:
    """The spec of a case."""
    op = {"inputs": case.declarations, "forward": {"value": case.formula}}
    text = json.dumps({"symgrad": 1, "ops": {case.name: op}})
    return load_text(text, f"<{case.name}>")


def of_case(case: Case, with_compiled: bool = False) -> Subject:
    """An expression of a set."""
    spec = declared(case)
    [op] = spec.ops
    running = rivals(case, spec, with_compiled)
    return Subject(case.name, op, case.wrt, case.inputs, running, {}, ORDERS)


def of_pair(pair: Pair) -> Subject:
    """An output and an input of an example."""
    running: dict[str, Run] = {
        "symgrad": lambda values: pair.generated(**values),
        "autograd": lambda values: reference.outputs(pair.op, values)[0],
    }
    orders = ORDERS if pair.has_value else ORDERS[1:]
    return Subject(
        pair.name, pair.op, pair.wrt, pair.ranges, running, pair.fixed, orders
    )


def rivals(case: Case, spec: Spec, with_compiled: bool = False) -> dict[str, Run]:
    """The functions that are differentiated by torch, by name."""
    [op] = spec.ops
    ours = getattr(load_module(case.name, generate(spec).source), case.name)
    found: dict[str, Run] = {
        "symgrad": lambda values: ours(**values),
        "autograd": lambda values: reference.outputs(op, values)[0],
    }
    if case.fused is not None:
        fused = case.fused
        found["fused"] = lambda values: fused(*values.values())
    if with_compiled:
        compiled = torch.compile(ours, fullgraph=True)
        found["compiled"] = lambda values: compiled(**values)
    return found


def derivatives(
    run: Run, values: Mapping[str, Any], wrt: str, orders: Sequence[str] = ORDERS
) -> dict[str, Tensor]:
    """A function's value, and its first and second derivative by autograd."""
    leaf = values[wrt].clone().requires_grad_()
    result = run({**values, wrt: leaf})
    found = {ORDERS[0]: result.detach()}
    for order in orders[1:]:
        if result.requires_grad:
            [result] = torch.autograd.grad(
                result.sum(),
                leaf,
                create_graph=order != orders[-1],
                materialize_grads=True,
            )
        else:
            result = torch.zeros_like(leaf)
        # a copy: torch's own zeros may have no memory
        found[order] = result.detach().clone()
    return found


def computed(
    subject: Subject, values: Mapping[str, Any], orders: Sequence[str] = ORDERS
) -> dict[str, dict[str, Tensor]]:
    """What every rival makes of the same points, up to some order."""
    found = {
        rival: derivatives(run, values, subject.wrt, orders)
        for rival, run in subject.running.items()
    }
    op, wrt = subject.op, subject.wrt
    found["sympy"] = accuracy_sympy.derivatives(op, values, wrt, orders)
    found["by hand"] = accuracy_by_hand.derivatives(subject.name, values, orders)
    return found


def tensors(
    subject: Subject, places: Sequence[tuple[float, ...]], name: str
) -> dict[str, Any]:
    """The same by inputs, tensors and plain numbers."""
    columns = zip(subject.op.inputs, zip(*places, strict=True), strict=True)
    dtype = getattr(torch, name)
    return {
        item.name: torch.tensor(column, dtype=dtype)
        if item.name in subject.ranges
        else column[0]
        for item, column in columns
    }


# What is true


def exact_functions(op: Op, wrt: str) -> dict[str, Exact]:
    """An op's value and derivatives in balls, each by its order.

    The first derivative is the limit of differences of the value, by nothing that was
    derived; the second that of the first by the function table.
    """
    [output] = op.outputs
    program = differentiate(primal(op), op)
    leaves = {str(n.data): v for v, n in enumerate(op.nodes) if n.op == "input"}
    slopes = program.partials[wrt]
    second = partial(precise.derivative, program.nodes, *slopes, program.inputs[wrt])
    first = partial(precise.derivative, op.nodes, output.value, leaves[wrt])
    value = partial(precise.value, op.nodes, output.value)
    return {
        "value": _at(value, leaves, op),
        "gradient": _at(first, leaves, op),
        "second": _at(second, program.inputs, op),
    }


def _at(function: Callable[..., Any], leaves: Mapping[str, int], op: Op) -> Exact:
    places = [leaves[item.name] for item in op.inputs]
    return lambda point: function(dict(zip(places, point, strict=True)))
