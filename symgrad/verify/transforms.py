"""Rung 10: what PyTorch makes of an op.

Catches code that is right when it is called and differentiated, and not when it is
traced, transformed, recomputed or run without gradients.  The checks are modules of
their own; each says what it catches.
"""

from __future__ import annotations

from symgrad.verify import budget, compiled, functional, retained, traced
from symgrad.verify.bound import bind
from symgrad.verify.subject import Outcome, Subject

CHECKS = (retained.check, traced.check, functional.check, compiled.check)


def run(subject: Subject) -> Outcome:
    """Raise ``Fault`` for the first composition that says something else."""
    bound = bind(subject, "transforms")
    large = budget.is_large(subject.op)
    for check in CHECKS[: 2 if large else None]:
        check(bound)
    return Outcome(note=budget.note(subject.op))
