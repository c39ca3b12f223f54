"""Rung 1: values and gradients against ball arithmetic.

Catches wrong formulas, gradients that are too small for finite differences to see,
cancellation and overflow.  The truth is the forward formula differentiated
numerically at high precision, over the float range and near kinks.  A point where
plain torch is right and the emitted code is not refuses the op; inaccuracy elsewhere
is reported.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symgrad import precise
from symgrad.measure.formats import FORMATS
from symgrad.objective import objective
from symgrad.op import Op
from symgrad.program import Node
from symgrad.verify import budget, reference, sampling
from symgrad.verify.elements import by_elements
from symgrad.verify.points import Batch, as_tensors, batches
from symgrad.verify.report import TOO_FEW_POINTS
from symgrad.verify.sampling import Number, Point
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import Fault, Outcome, Subject, backward, call

FEWEST = 8
"""Fewer points inside the domain than this say nothing."""

WRONG = 1e-9
RIGHT = 1e-12
"""Relative errors: of what is wrong, and of plain torch where that is right."""

DTYPES = (torch.float64, torch.float32)


@dataclass(frozen=True)
class Measured:
    """One number that was computed, beside the truth (NaN: there is none)."""

    dtype: torch.dtype
    what: str
    point: Point
    cotangents: Point
    got: complex
    plain: complex
    truth: complex
    expected_finite: bool

    def ulp(self, computed: complex) -> float:
        """The error of a number in units in the last place of the truth."""
        fmt = FORMATS[str(self.dtype).removeprefix("torch.")]
        return abs(computed - self.truth) / fmt.ulp(abs(self.truth))

    @property
    def comparable(self) -> bool:
        """Whether there is a truth and it is within the dtype's range."""
        return abs(self.truth) <= torch.finfo(self.dtype).max

    @property
    def wrong(self) -> bool:
        """Whether this refuses the op."""
        if self.dtype != torch.float64 or not self.comparable:
            return False
        if not cmath.isfinite(self.got):
            return self.expected_finite and cmath.isfinite(self.plain)
        plain_is_right = _off(self.plain, self.truth) <= RIGHT
        return plain_is_right and _off(self.got, self.truth) > WRONG

    @property
    def fault(self) -> Fault:
        """What is said if it is wrong."""
        texts = f"{self.truth:.17g}", f"{self.got:.17g}"
        return Fault(f"{self.what} is wrong", sampling.describe(self.point), *texts)


def _off(got: complex, truth: complex) -> float:
    """Relative error; what is too small for a normal double counts as nothing."""
    error = abs(got - truth)
    return error / abs(truth) if error > 1e-300 and truth else float(error > 1e-300)


def run(given: Subject) -> Outcome:
    """Raise ``Fault`` for a wrong value or gradient; report the accuracy."""
    subject = by_elements(given)
    measured = [
        m
        for dtype in DTYPES[: 1 if budget.is_large(subject.op) else None]
        for b in batches(subject.op, dtype)
        for m in _measure(subject, b)
    ]
    wrong = next((m for m in measured if m.wrong), None)
    if wrong is not None:
        _refuse(subject, wrong)
    return _summary(subject.op, measured, _admitted(given))


_ADMITTED = re.compile(r"Inaccurate (?:near|for some) .+?: .+?\.(?= |$)")


def _admitted(subject: Subject) -> list[str]:
    """Where the op says in its docstring that it has few digits."""
    said = " ".join((subject.function.__doc__ or "").split())
    return [text.rstrip(".").lower() for text in _ADMITTED.findall(said)]


def _refuse(subject: Subject, first: Measured) -> None:
    """Raise ``Fault`` for the simplest point at which the same is wrong."""

    def check(point: Point, cotangents: Point) -> None:
        usual = (first.expected_finite,)
        for m in _measure(subject, Batch(first.dtype, (point,), (cotangents,), usual)):
            if m.wrong and m.what == first.what:
                raise m.fault

    shrinking(subject.op, check, first.point, {"grad": first.cotangents}, False)
    raise first.fault  # which is wrong among others only


def _summary(op: Op, measured: Sequence[Measured], admitted: Sequence[str]) -> Outcome:
    comparable = [m for m in measured if m.comparable]
    finite = [m for m in comparable if cmath.isfinite(m.got)]
    if len({tuple(m.point.items()) for m in finite}) < FEWEST:
        raise Fault(
            f"too few points inside the domain; {sampling.remedy(op)}",
            expected=f"{FEWEST} points",
            got=f"{len(finite)} finite values",
            code=TOO_FEW_POINTS,
        )
    double = [m for m in finite if m.dtype == torch.float64]
    worst = max(double or finite, key=lambda m: m.ulp(m.got))
    figures = [_accuracy(dtype, finite) for dtype in DTYPES]
    figures.append(f"{len(comparable) - len(finite)} NaN or inf")
    figures.append(f"{len(measured) - len(comparable)} outside")
    figures += admitted
    place = sampling.describe(worst.point)
    return Outcome(worst.ulp(worst.got), place, f"ULP: {'; '.join(figures)}")


def _accuracy(dtype: torch.dtype, finite: Iterable[Measured]) -> str:
    """Worst and 99.9 % of the errors of one dtype, and the worst of plain torch."""
    name = str(dtype).removeprefix("torch.")
    mine = [m for m in finite if m.dtype == dtype]
    if not mine:
        return f"{name}: none"
    errors = sorted(m.ulp(m.got) for m in mine)
    high = errors[math.ceil(0.999 * len(errors)) - 1]
    plain = max((m.ulp(m.plain) for m in mine if cmath.isfinite(m.plain)), default=0)
    figures = f"{errors[-1]:.3g} (99.9 %: {high:.3g}, plain torch: {plain:.3g})"
    return f"{name}: {figures} of {len(errors)}"


# -- what is computed and what is true -------------------------------------------------


def _measure(subject: Subject, batch: Batch) -> Iterator[Measured]:
    """Every output and gradient at every point of a batch."""
    op = subject.op
    values = as_tensors(op, batch.points, batch.dtype)
    cotangents = _columns(batch.cotangents, batch.dtype)
    results = call(subject, values)
    got = {**results, **_by_gradient(backward(subject, values, cotangents))}
    plain = _plain(subject, values, cotangents)
    size = (len(batch.points),)
    for k, point in enumerate(batch.points):
        finite = all(bool(r.expand(size)[k].isfinite()) for r in results.values())
        for what, truth in _truth(op, point, batch.cotangents[k]).items():
            yield Measured(
                dtype=batch.dtype,
                what=what,
                point=point,
                cotangents=batch.cotangents[k],
                got=got[what].expand(size)[k].item(),
                plain=plain[what].expand(size)[k].item(),
                truth=truth,
                expected_finite=finite and batch.ordinary[k],
            )


def _plain(
    subject: Subject, values: reference.Values, cotangents: dict[str, Tensor]
) -> dict[str, Tensor]:
    """What plain torch makes of the op, guarded."""
    if subject.plain is not None:
        formula = Subject(subject.op, subject.plain)
        found = backward(formula, values, cotangents, materialize=True)
        found |= reference.given(subject.op, values, cotangents)
        return {**call(formula, values), **_by_gradient(found)}
    guarded = reference.guarded(subject.op)
    return {
        **reference.named_outputs(guarded, values),
        **_by_gradient(reference.plain(guarded, values, cotangents)),
    }


def _columns(points: Sequence[Point], dtype: torch.dtype) -> dict[str, Tensor]:
    columns = {n: [p[n] for p in points] for n in points[0]}
    plane = dtype.to_complex()
    return {
        n: torch.tensor(column, dtype=plane if type(column[0]) is complex else dtype)
        for n, column in columns.items()
    }


def _by_gradient(found: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"the gradient of {name}": tensor for name, tensor in found.items()}


def _truth(op: Op, point: Point, cotangents: Point) -> dict[str, complex]:
    """Outputs and gradients at one point; NaN where there is none."""
    nodes, root = objective(op)
    leaves = {
        v: (point if node.op == "input" else cotangents)[str(node.data)]
        for v, node in enumerate(nodes)
        if node.op in ("input", "cotangent")
    }
    roots = [f.value for f in op.outputs]
    outputs = precise.floats(nodes, roots, leaves)
    found = dict(zip((f.name for f in op.outputs), outputs, strict=True))
    given = {f.name: f.value for f in op.overrides}
    numbers = {str(n.data): v for v, n in enumerate(nodes) if n.op == "input"}
    defined = all(map(cmath.isfinite, outputs))
    for name in reference.differentiable(op):
        slope: complex | None = math.nan
        if name in given and defined:
            [slope] = precise.floats(nodes, [given[name]], leaves)
        elif defined:
            slope = _slope(nodes, root, numbers.get(name), leaves)
        found[f"the gradient of {name}"] = math.nan if slope is None else slope
    return found


def _slope(
    nodes: Sequence[Node], root: int, wrt: int | None, leaves: dict[int, Number]
) -> complex | None:
    """The derivative; zero by an input that no formula uses."""
    return 0.0 if wrt is None else precise.slope(nodes, root, wrt, leaves)
