"""Rung 8: kinks, bounds and NaN.

Catches another value than the formula's, another convention than torch's where
one-sided derivatives differ, another one in forward mode or in what is traced of a
surrogate, a NaN that leaks from a branch that is not taken, and a NaN that gets lost.
"""

from __future__ import annotations

import cmath
import itertools
import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from symgrad.op import Input, Op
from symgrad.program import Kind
from symgrad.verify import budget, edge_values, reference, sampling, traced
from symgrad.verify.bound import Bound
from symgrad.verify.elements import by_elements
from symgrad.verify.forward_mode import pushed
from symgrad.verify.kinks import watched
from symgrad.verify.noise import derivative, is_noise
from symgrad.verify.points import as_tensors, is_inside, special_numbers, tie
from symgrad.verify.policies import Convention, conventions
from symgrad.verify.sampling import Number, Point
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

MOST = 120
"""Combinations of edge values; several inputs have many more."""

COTANGENT = 1.75
"""Not 1, which would hide how often it is multiplied in."""

TANGENT = -0.625

STARTS = 7
"""Points besides the usual one from which ties are looked for: on many of them a tie
says nothing, for what is compared does not count there."""

FAR = 12.0
"""Beyond most thresholds; plain torch has lost too many digits there to say much."""

RTOL = 1e-9

_DOUBLE = {Kind.REAL: torch.float64, Kind.COMPLEX: torch.complex128}


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` where the gradient at an edge is not the declared one."""
    subject = by_elements(subject)
    op = subject.op
    as_torch = all(policy == "torch" for policy in op.edges.values())
    at = partial(shrinking, op, smooth=False)
    checked = 0
    for point in _points(op):
        checked += at(partial(_check_point, subject, as_torch), point)
    for point in _far(op):
        at(partial(_check_far, subject), point)
    kinks = at(partial(_check_conventions, subject), _usual(op))
    at(partial(_check_nan, subject), _usual(op))
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


def _usual(op: Op, purpose: str = "edges") -> Point:
    rng = sampling.generator(op, purpose)
    return sampling.point(op, lambda item: sampling.ordinary(op, item, rng))


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


def _points(op: Op) -> Iterator[Point]:
    """Combinations of edge values, and ties of what is compared, in the domain."""
    usual = _usual(op)
    found = itertools.chain(_combined(op, usual), _ties(op, usual))
    return (point for point in found if is_inside(op, point))


def _combined(op: Op, usual: Point) -> Iterator[Point]:
    """All combinations of edge values; a fixed choice of them if they are too many."""
    special = special_numbers(op)
    choices = [_choices(item, special, usual[item.name]) for item in op.inputs]
    count = math.prod(map(len, choices))
    rng = sampling.generator(op, "combinations")
    for number in _numbers(count, rng):
        point = {}
        for name, values in zip(usual, choices, strict=True):
            number, place = divmod(number, len(values))
            point[name] = values[place]
        yield point


def _numbers(count: int, rng: random.Random) -> Sequence[int]:
    """All numbers below a count, or a choice of them if they are too many."""
    if count <= MOST:
        return range(count)
    if count > sys.maxsize:
        return [rng.randrange(count) for _ in range(MOST)]
    return rng.sample(range(count), MOST)


def _far(op: Op) -> Iterator[Point]:
    """Points with one input beyond where inputs usually are."""
    for item in op.inputs:
        for value in (FAR, -FAR):
            point = {**_usual(op), item.name: value}
            if item.kind is Kind.REAL and is_inside(op, point):
                yield point


def _ties(op: Op, usual: Point) -> Iterator[Point]:
    """Points where the two sides of a comparison are equal."""
    if budget.is_large(op):
        return
    rng = sampling.generator(op, "ties")
    starts = [usual, *(_usual(op, f"edges/{k}") for k in range(STARTS))]
    nodes, pairs = watched(op.nodes)
    names = [item.name for item in op.inputs if item.kind is Kind.REAL]
    for pair in (p for p in pairs if not any(nodes[v].kind.is_complex for v in p)):
        for start in starts:
            tied = (tie(op, nodes, pair, start, name, rng) for name in names)
            yield from itertools.islice((p for p in tied if p is not None), 1)


def _choices(item: Input, special: list[float], usual: Number) -> list[Number]:
    """The edge values of an input, the usual one first."""
    if item.kind is Kind.MASK:
        return [False, True]
    more: list[Number] = []
    if item.kind.is_floating:
        more = [*special, *sampling.finite_ends(item), 1.0, -1.0]
    elif item.kind in (Kind.FLOAT, Kind.INT):
        more = [type(usual)(0), type(usual)(1)]
    return list(dict.fromkeys([usual, *more]))


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

    Beside an infinite one even an input that does not move gives NaN.
    """
    finite = all(bool(g.isfinite().all()) for g in gradients.values())
    if not (finite and has_forward_mode(subject)):
        return
    cotangents = _cotangents(subject.op)
    for name, gradient in gradients.items():
        along = {name: torch.full_like(gradient, TANGENT)}
        tangents = pushed(subject, as_tensors(subject.op, [point]), along)[1]
        got = sum(inner(c, tangents[n]).item() for n, c in cotangents.items())
        expected = inner(gradient, along[name]).item()
        if not math.isclose(got, expected, rel_tol=RTOL, abs_tol=1e-12):
            texts = _where(point), str(expected), str(got)
            raise Fault(f"the jvp along {name} at an edge", *texts)


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
    if cmath.isclose(got, plain, rel_tol=RTOL, abs_tol=1e-12):
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
