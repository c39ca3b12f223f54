"""Rung 8: kinks, bounds and NaN.

Catches another value than the formula's, another convention than torch's where
one-sided derivatives differ, another one in forward mode or in what is traced of a
surrogate, a NaN that leaks from a branch that is not taken, and a NaN that gets lost.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.program import Kind
from symgrad.verify import edge_values, reference, sampling, traced
from symgrad.verify.bound import Bound
from symgrad.verify.edge_points import edge_points, far_points, usual_point
from symgrad.verify.elements import by_elements
from symgrad.verify.noise import derivative, is_noise
from symgrad.verify.points import as_tensors
from symgrad.verify.policies import Convention, conventions
from symgrad.verify.sampling import Point
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import (
    Fault,
    Outcome,
    Subject,
    Tensors,
    Values,
    backward,
    call,
    has_forward_mode,
    inner,
)
from symgrad.verify.tangents import pushed

COTANGENT = 1.75
"""Not 1, which would hide how often it is multiplied in."""

TANGENT = -0.625

RTOL, ATOL = 1e-9, 1e-12

_DOUBLE = {Kind.REAL: torch.float64, Kind.COMPLEX: torch.complex128}


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where the gradient at an edge is not the declared one."""
    subject = by_elements(subject)
    op = subject.op
    as_torch = all(policy == "torch" for policy in op.edges.values())
    at = partial(shrinking, op, smooth=False)
    checked = 0
    for point in edge_points(subject):
        checked += at(partial(_check_point, subject, as_torch), point)
    for point in far_points(op):
        at(partial(_check_far, subject), point)
    kinks = at(partial(_check_conventions, subject), usual_point(op))
    at(partial(_check_nan, subject), usual_point(op))
    return Outcome(note=f"points: {checked}, kinks: {kinks}")


def _check_far(subject: Subject, point: Point) -> None:
    op = subject.op
    gradients = backward(subject, as_tensors(op, [point]), _cotangents(op))
    _check_forward(subject, point, gradients)


def _check_conventions(subject: Subject, usual: Point) -> int:
    """How many kinks there are, each with what is declared there."""
    found = list(conventions(subject.op, usual))
    for convention in found:
        _check_convention(subject, convention)
    return len(found)


def _check_convention(subject: Subject, convention: Convention) -> None:
    op, point = subject.op, convention.point
    gradients = backward(subject, as_tensors(op, [point]), _cotangents(op))
    _check_forward(subject, point, gradients)
    got = gradients[convention.name]
    expected = torch.full_like(got, COTANGENT * convention.expected)
    if not torch.allclose(got, expected, 1e-8, 1e-8, equal_nan=True):
        name = convention.name
        found = str(float(expected)), str(float(got))
        raise Fault(f"the gradient of {name} at a kink", _where(point), *found)


def _where(point: Point) -> str:
    return f"{sampling.describe(point)}, cotangents {COTANGENT}"


def _cotangents(op: Op) -> dict[str, Tensor]:
    return {
        f.name: torch.full((1,), COTANGENT, dtype=_DOUBLE[op.nodes[f.value].kind])
        for f in op.differentiable_outputs
    }


def _check_point(subject: Subject, compare: bool, point: Point) -> bool:
    """Whether the forward is finite there, so that there was something to check."""
    op = subject.op
    values = as_tensors(op, [point])
    try:
        results = call(subject, values)
        plain = reference.outputs(op, values)
    except (ArithmeticError, ValueError):  # of the Python numbers among the inputs
        return False
    if not all(bool(r.isfinite().all()) for r in (*results.values(), *plain)):
        return False
    edge_values.check(op, point, results)
    cotangents = _cotangents(op)
    if compare and op.has_surrogate_derivative:
        traced.check(Bound(subject, values, cotangents))
    got = backward(subject, values, cotangents)
    expected = _native(subject, values, cotangents)
    given = {f.name for f in op.overrides}
    for name in (n for n in got if n not in given):
        plain_gradient = expected[name].item() if compare else math.nan
        if _is_wrong(op, name, point, got[name].item(), plain_gradient):
            told = cmath.isfinite(plain_gradient)
            right = str(plain_gradient) if told else "a number: there is a derivative"
            texts = _where(point), right, str(got[name].item())
            raise Fault(f"the gradient of {name} at an edge", *texts)
    _check_forward(subject, point, got)
    return True


def _check_forward(
    subject: Subject, point: Point, gradients: Mapping[str, Tensor]
) -> None:
    """Forward mode has backward's derivatives there, where those are finite.

    Beside an infinite one even an input that does not move gives NaN.  Elements of
    tensors, which are many, move together.
    """
    finite = all(bool(g.isfinite().all()) for g in gradients.values())
    if not (finite and has_forward_mode(subject)):
        return
    together = [list(gradients)] if subject.whole else [[name] for name in gradients]
    for names in together:
        along = {
            name: torch.full_like(gradients[name], TANGENT * (place + 1))
            for place, name in enumerate(names)
        }
        _check_along(subject, point, gradients, along)


def _check_along(
    subject: Subject,
    point: Point,
    gradients: Mapping[str, Tensor],
    along: Mapping[str, Tensor],
) -> None:
    """Raise ``Fault`` unless outputs move as backward's gradients say."""
    tangents = pushed(subject, as_tensors(subject.op, [point]), along)[1]
    cotangents = _cotangents(subject.op)
    got = math.fsum(inner(c, tangents[n]).item() for n, c in cotangents.items())
    parts = [inner(gradients[name], t).item() for name, t in along.items()]
    sizes = [t.abs().sum() for t in along.values()]
    noise = [
        RTOL * abs(part) + ATOL * float(t) for part, t in zip(parts, sizes, strict=True)
    ]
    if not abs(got - math.fsum(parts)) <= math.fsum(noise):
        texts = _where(point), str(math.fsum(parts)), str(got)
        raise Fault(f"the jvp along {', '.join(along)} at an edge", *texts)


def _native(subject: Subject, values: Values, cotangents: Tensors) -> Tensors:
    """Plain torch's own gradients.

    Of an op with named axes those of its reductions: where three elements tie, the
    formula for one element after the other has another share for the last.
    """
    if subject.plain is None:
        return reference.native(subject.op, values, cotangents)
    return backward(
        Subject(subject.op, subject.plain), values, cotangents, materialize=True
    )


def _is_wrong(op: Op, name: str, point: Point, got: complex, plain: complex) -> bool:
    """Other than plain torch's, or NaN where plain torch says nothing but should.

    Where both have lost digits, as in a difference that is 0, they may differ.
    """
    if not cmath.isfinite(plain):
        return cmath.isnan(got) and derivative(op, name, point, COTANGENT) is not None
    if cmath.isclose(got, plain, rel_tol=RTOL, abs_tol=ATOL):
        return False
    return not is_noise(op, name, point, COTANGENT, got)


def _check_nan(subject: Subject, point: Point) -> None:
    """A NaN among the inputs shows wherever it shows in the formula."""
    op = subject.op
    for item in op.inputs:
        if not item.kind.is_floating:
            continue
        values = as_tensors(op, [{**point, item.name: math.nan}])
        expected = [_has_nan(r) for r in reference.outputs(op, values)]
        got = [_has_nan(r) for r in call(subject, values).values()]
        if got != expected:
            where = sampling.describe({**point, item.name: math.nan})
            raise Fault("a NaN gets lost or comes up", where, str(expected), str(got))


def _has_nan(result: Tensor) -> bool:
    return bool(result.isnan().any())
