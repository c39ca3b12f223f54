"""Rung 10: what PyTorch makes of an op.

Catches code that is right when it is called and differentiated, and not when it is
traced, transformed, recomputed or run without gradients.  The checks are modules of
their own; each says what it catches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from symgrad.verify import budget, compiled, functional, retained, traced
from symgrad.verify.absent import is_absent
from symgrad.verify.bound import Bound, bind
from symgrad.verify.shrink import shrinking
from symgrad.verify.subject import Outcome, Subject, Values

CHECKS = (retained.check, traced.check, functional.check, compiled.check)


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` for the first composition that says something else."""
    bound = bind(subject, "transforms")
    large = budget.is_large(subject.op)
    missing = [_shrunk(check, bound) for check in CHECKS[: 2 if large else None]]
    said = "; ".join(text for text in missing if text)
    return Outcome(note=said or budget.note(subject.op))


def _shrunk(check: Callable[[Bound], str | None], bound: Bound) -> str | None:
    subject = bound.subject

    def again(values: Values, cotangents: Mapping[str, Tensor]) -> str | None:
        return _missing(check, Bound(subject, values, cotangents))

    return shrinking(subject.op, again, bound.values, {"grad": bound.cotangents})


def _missing(check: Callable[[Bound], str | None], bound: Bound) -> str | None:
    """What torch lacks; of a callable that is not ours, what it was not made for."""
    if bound.subject.cls is not None:
        return check(bound)
    try:
        return check(bound)
    except RuntimeError as error:
        if not is_absent(error):
            raise
        return f"not supported: {str(error).splitlines()[0]}"
