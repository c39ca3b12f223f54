"""Rung 2: backward against finite differences, and torch's own gradcheck.

Catches wrong gradients under broadcasting, in 0-dim and empty tensors, for parameters
off their defaults, for cotangents that are not 1, and for every subset of inputs
that asks for a gradient; outputs wrongly marked as not differentiable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations, islice

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from symgrad import precise
from symgrad.functions import TABLE
from symgrad.op import Op
from symgrad.program import Kind, Node, is_complex, is_constant
from symgrad.verify import budget, reference, sampling
from symgrad.verify.shapes import broadcasts, shapes_taken
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Shape,
    Subject,
    Values,
    backward,
    call,
    leaves,
    random_cotangents,
    show,
    smooth_values,
)
from symgrad.verify.units import in_units, size

RTOL = 1e-6
ATOL = 2e-9
"""Of the cotangent-weighted sum of outputs: the rounding of a difference."""


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` for the first gradient that is wrong."""
    op = subject.op
    rng = sampling.generator(op, "first order")
    worst, where = 0.0, None
    choices = islice(shapes_taken(subject), 2 if budget.is_large(op) else None)
    for number, shapes in enumerate(choices):
        values = smooth_values(op, shapes, rng)
        shrinking(op, partial(_check_marks, subject), values)
        cotangents = random_cotangents(op, reference.named_outputs(op, values), rng)
        subsets = _subsets(op) if number == 0 else [None]
        compare = partial(_compare, subject, subsets)
        off = shrinking(op, compare, values, {"grad": cotangents})
        if off > worst:
            worst, where = off, f"shapes {_listed(shapes)}"
        if number < 2 and is_exact(op):
            shrinking(op, partial(_gradcheck, subject), values)
    refused = None if broadcasts(subject) else "refuses batches of different shapes"
    note = budget.note(op) if is_exact(op) else "without torch's gradcheck"
    return Outcome(worst, where, refused or note)


def is_exact(op: Op) -> bool:
    """Whether the gradient is the derivative of what forward computes."""
    frozen = any(node.op == "stop_gradient" for node in op.nodes)
    return not (op.has_surrogate_derivative or op.overrides or frozen)


def _subsets(op: Op) -> list[Sequence[str] | None]:
    """Which inputs ask for a gradient: all choices of up to three, else the telling."""
    names = reference.differentiable(op)
    sizes = {len(names), 1, len(names) - 1} if len(names) > 3 else set(range(1, 4))
    return [c for size in sorted(sizes) for c in combinations(names, size)]


def _compare(
    subject: Subject,
    subsets: Sequence[Sequence[str] | None],
    values: Values,
    cotangents: Mapping[str, Tensor],
) -> float:
    """The greatest relative deviation.  Raises ``Fault`` where it is too great."""
    op = subject.op
    _check_outputs(subject, values)
    _check_reduced(subject, values, cotangents)
    expected = reference.gradients(op, values, cotangents)
    total = sum((c * r).abs().sum() for c, r in _weighted(op, values, cotangents))
    weight = sampling.scale(op) + float(total)
    worst = 0.0
    for subset in subsets:
        for name, got in backward(subject, values, cotangents, subset).items():
            steep = weight / sampling.unit(op, name)
            worst = max(worst, agreement(name, got, expected[name], values, steep))
    return worst


def _weighted(
    op: Op, values: Values, cotangents: Mapping[str, Tensor]
) -> list[tuple[Tensor, Tensor]]:
    return [(cotangents[n], reference.named_outputs(op, values)[n]) for n in cotangents]


def agreement(
    name: str, got: Tensor, expected: Tensor, values: Values, size: float
) -> float:
    """The relative deviation of a gradient.  Raises ``Fault`` where it is too great."""
    if got.shape != expected.shape:
        shapes = str(tuple(expected.shape)), str(tuple(got.shape))
        raise Fault(f"the gradient of {name} has a wrong shape", show(values), *shapes)
    error = (got - expected).abs()
    bound = ATOL * size + RTOL * expected.abs()
    if not bool((error <= bound).all()):
        found = str(expected.tolist()), str(got.tolist())
        raise Fault(f"the gradient of {name} is wrong", show(values), *found)
    return float((error / (expected.abs() + size)).max()) if error.numel() else 0.0


_DOUBLE = (torch.float64, torch.complex128)
_NARROW = (torch.float32, torch.float16, torch.bfloat16, torch.complex64)


def _check_outputs(subject: Subject, values: Values) -> None:
    """The emitted outputs have the formula's shapes and, broadcast, its values.

    Floating ones are double, as the inputs are.
    """
    formula = reference.named_outputs(subject.op, values)
    for name, got in call(subject, values).items():
        if got.shape != formula[name].shape:
            shapes = str(tuple(formula[name].shape)), str(tuple(got.shape))
            raise Fault(f"{name} has a wrong shape", show(values), *shapes)
        if got.dtype in _NARROW and _are_double(values):
            found = str(_wide(got).dtype), str(got.dtype)
            raise Fault(f"{name} has a wrong dtype", show(values), *found)
        if not torch.allclose(_wide(got), _wide(formula[name]), 1e-7, 1e-12):
            found = str(formula[name].tolist()), str(got.tolist())
            raise Fault(f"{name} is wrong", show(values), *found)


def _check_reduced(
    subject: Subject, values: Values, cotangents: Mapping[str, Tensor]
) -> None:
    """Backward itself sums to the shapes of the inputs.

    Autograd would do that for it, but whoever calls it otherwise does not.
    """
    op = subject.op
    results = call(subject, leaves(op, values))
    contexts = [r.grad_fn for r in results.values() if r.grad_fn is not None]
    if not contexts or subject.cls is None:
        return
    sent = [cotangents.get(f.name) for f in op.outputs]
    with torch.no_grad():
        found = subject.cls.backward(contexts[0], *sent)
    gradients = found if isinstance(found, tuple) else (found,)
    for item, gradient in zip(op.inputs, gradients, strict=True):
        if isinstance(gradient, Tensor):
            shapes = torch.as_tensor(values[item.name]).shape, gradient.shape
            if shapes[0] != shapes[1]:
                texts = [str(tuple(shape)) for shape in shapes]
                message = f"backward's gradient of {item.name} has a wrong shape"
                raise Fault(message, show(values), *texts)


def _are_double(values: Values) -> bool:
    return any(torch.as_tensor(v).dtype in _DOUBLE for v in values.values())


def _wide(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float64))


def _check_marks(subject: Subject, values: Values) -> None:
    """An output requires grad exactly if it is differentiable and depends on inputs."""
    op = subject.op
    results = call(subject, leaves(op, values))
    given = {f.name for f in op.overrides}
    for f in op.outputs:
        reached = given or depends(op, op.stand_ins.get(f.name, f.value))
        floating = op.nodes[f.value].kind is not Kind.INDEX
        marked = f not in op.differentiable_outputs
        expected = bool(reached) and floating and not marked
        if results[f.name].requires_grad < expected or (
            marked and results[f.name].requires_grad
        ):
            got = str(results[f.name].requires_grad)
            raise Fault(f"{f.name}.requires_grad", show(values), str(expected), got)


def depends(op: Op, value: int) -> set[str]:
    """The inputs by which the derivative of a value can be other than zero."""
    found: set[str] = set()
    seen, todo = set(), [value]
    while todo:
        node = op.nodes[number := todo.pop()]
        blocked = node.op == "stop_gradient" or node.kind.is_condition
        if number in seen or blocked:
            continue
        seen.add(number)
        if node.op == "input":
            found.add(str(node.data))
        todo.extend(_moving(op.nodes, node))
    return found & set(reference.differentiable(op))


def _moving(nodes: Sequence[Node], node: Node) -> tuple[int, ...]:
    """The arguments by which the derivative of a node can be other than zero."""
    if node.op == "where" and is_constant(nodes, node.args[0]):
        return (node.args[1 if precise.holds(nodes, node.args[0]) else 2],)
    if node.op != "call" or is_complex(nodes, node):
        return node.args
    partials = TABLE[str(node.data)].partials
    return tuple(a for a, p in zip(node.args, partials, strict=True) if p != "0")


def _gradcheck(subject: Subject, values: Values) -> None:
    """torch's own check, slow and fast."""
    op = subject.op

    def outputs(inputs: Values) -> tuple[Tensor, ...]:
        return tuple(r for r in call(subject, inputs).values() if r.requires_grad)

    function, tensors = in_units(op, values, outputs)
    for fast in (True,) if budget.is_large(op) else (False, True):
        try:
            torch.autograd.gradcheck(
                function,
                tensors,
                atol=10 * ATOL * size(subject, values),
                rtol=RTOL,
                eps=reference.STEP,
                fast_mode=fast,
            )
        except GradcheckError as error:
            mode = "fast" if fast else "slow"
            raise Fault(
                f"gradcheck ({mode}) fails", show(values), got=str(error)
            ) from error


def _listed(shapes: Mapping[str, Shape]) -> str:
    return ", ".join(str(shape) for shape in shapes.values())
