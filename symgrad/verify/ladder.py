"""The rungs in order, and the climb.  Runs in the child process."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from symgrad.op import Op, Spec
from symgrad.verify import (
    accuracy,
    dtypes,
    edges,
    first_order,
    forward_mode,
    kernels,
    layouts,
    linearity,
    purity,
    second_order,
    shrink,
    transforms,
)
from symgrad.verify.loading import imported
from symgrad.verify.report import (
    FAILED,
    NOT_FOUND,
    STOPPED,
    Finding,
    Report,
    RungResult,
)
from symgrad.verify.subject import Fault, Outcome, Subject, subjects
from symgrad.verify.target import Target, find, fitted
from symgrad.verify.watch import Step, Watch, ignore

Level = Literal["quick", "full"]


@dataclass(frozen=True)
class Rung:
    """A check of one op: ``run`` raises ``Fault`` if the op is wrong."""

    number: int
    name: str
    quick: bool
    run: Callable[[Subject], Outcome]


RUNGS = (
    Rung(1, "accuracy", True, accuracy.run),
    Rung(2, "first order", True, first_order.run),
    Rung(3, "forward mode", True, forward_mode.run),
    Rung(4, "second order", True, second_order.run),
    Rung(5, "linearity", False, linearity.run),
    Rung(6, "layouts", True, layouts.run),
    Rung(7, "purity", True, purity.run),
    Rung(8, "edges", False, edges.run),
    Rung(9, "dtypes", False, dtypes.run),
    Rung(10, "transforms", False, transforms.run),
)
"""The rungs of every op; rung 0 reads the text alone."""

OF_KERNELS = Rung(11, "kernels", True, kernels.run)
"""One more for ops that have kernels."""


def climb(
    source: str,
    spec: Spec,
    level: Level,
    only: Sequence[tuple[str, int]] | None = None,
    watch: Watch = ignore,
    cpp: str = "",
) -> Report:
    """Run every op up the ladder, or only the given pairs of op and rung.

    ``cpp`` is the C++ that stands beside the module.
    """
    with ExitStack() as tests:
        try:
            module = tests.enter_context(imported(spec.stem, source, cpp))
            tested = subjects(module, spec)
        except Exception:
            failure = Finding(None, "", "the module cannot be imported", got=_trace())
            return Report((), (failure,), 0.0)
        return climb_with(tested, level, only, watch)


def climb_to(
    target: Target,
    op: Op,
    level: Level,
    only: Sequence[tuple[str, int]] | None = None,
    watch: Watch = ignore,
) -> Report:
    """The same for a callable of the user's, which is to be what an op describes."""
    try:
        function = find(target)
    except BaseException as error:
        said = f"{target} cannot be found: {type(error).__name__}: {error}"
        return Report((), (Finding(None, op.name, said, code=NOT_FOUND),), 0.0)
    if not callable(function):
        said = f"{target} is not callable"
        return Report((), (Finding(None, op.name, said, code=NOT_FOUND),), 0.0)
    try:
        function = fitted(function, [item.name for item in op.inputs])
    except TypeError as error:
        said = f"{target} does not take what {op.name} declares: {error}"
        return Report((), (Finding(None, op.name, said),), 0.0)
    return climb_with([Subject(op, function)], level, only, watch)


def climb_with(
    tested: Sequence[Subject],
    level: Level,
    only: Sequence[tuple[str, int]] | None = None,
    watch: Watch = ignore,
) -> Report:
    """Run subjects up the ladder, one after the other."""
    start = time.monotonic()
    results: list[RungResult] = []
    failures: list[Finding] = []
    for subject in tested:
        for rung in _rungs(subject):
            if _is_due(subject, rung, level, only):
                watch(Step(subject.op.name, rung.number, rung.name))
                result, found = _attempt(subject, rung)
                results.append(result)
                failures += found
    return Report(tuple(results), tuple(failures), time.monotonic() - start)


def _rungs(subject: Subject) -> tuple[Rung, ...]:
    return (*RUNGS, OF_KERNELS) if kernels.has_kernels(subject) else RUNGS


def _is_due(
    subject: Subject, rung: Rung, level: Level, only: Sequence[tuple[str, int]] | None
) -> bool:
    if only is not None:
        return (subject.op.name, rung.number) in only
    return rung.quick or level == "full"


def _attempt(subject: Subject, rung: Rung) -> tuple[RungResult, list[Finding]]:
    """One rung; whatever the emitted code raises fails it."""
    name = subject.op.name
    try:
        outcome = rung.run(subject)
    except Fault as fault:
        texts = fault.message, fault.inputs, fault.expected, fault.got
        finding = Finding(rung.number, name, *texts, code=fault.code)
    except SystemExit as error:
        finding = Finding(rung.number, name, f"calls sys.exit({error.code})")
    except MemoryError:
        finding = Finding(
            rung.number, name, "the memory limit was reached", code=STOPPED
        )
    except Exception as error:
        message = f"raises {type(error).__name__}: {error}"
        code = STOPPED if "allocate memory" in str(error) else FAILED
        texts = message, shrink.place(error), "", _trace()
        finding = Finding(rung.number, name, *texts, code=code)
    else:
        passed = outcome.worst, outcome.worst_input, outcome.note
        return RungResult(name, rung.number, True, *passed), []
    return RungResult(name, rung.number, False), [finding]


def _trace() -> str:
    """The innermost lines of the traceback being handled."""
    return "".join(traceback.format_exc(limit=-3)).rstrip()
