"""What ``verify MODULE:FUNCTION`` and ``audit`` do, apart from reading and printing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os.path import exists
from typing import Literal

from symgrad import spec
from symgrad import verify as verify_module
from symgrad.audit import CHECKS, given
from symgrad.audit.given import Shaped
from symgrad.errors import Diagnostic, SymgradError
from symgrad.names import nearest
from symgrad.op import Op, Spec
from symgrad.outcome import Outcome
from symgrad.verify.rungs import climbed
from symgrad.verify.target import Target, parse
from symgrad.verify.watch import Progress, unseen


def verify(
    targets: Sequence[str],
    against: str,
    level: Literal["quick", "full"],
    rungs: Sequence[int],
    progress: Progress = unseen,
) -> Outcome:
    """Climb the ladder with callables that are to be an op of a spec.

    Raises ``SpecError`` for the spec, ``SymgradError`` for what is no target and for
    an op that the spec has not.
    """
    if 0 in rungs:
        raise _usage("rung 0 reads what is generated, and no callable", "1 to 10")
    op, due = op_of(against), climbed(level, rungs, kernels=False)
    found = [target_of(text) for text in targets]
    with progress(len(due) * len(found)) as watch:
        reports = tuple(
            verify_module.verify_callable(
                target, op, against, level, only=due, watch=watch
            )
            for target in found
        )
    failed = any(not report.passed for report in reports)
    return Outcome(int(failed), reports=reports, notes=tuple(map(str, reports)))


def refuse(specs: Sequence[str]) -> None:
    """Raise ``SymgradError`` for what is a callable, where specs were asked for."""
    for text in specs:
        if parse(text) is not None and not exists(text):
            help = (
                f"write 'symgrad verify {text} --spec SPEC:OP', or, for a Function"
                f" without a spec, 'symgrad audit {text}'"
            )
            raise _usage(f"{text} is a callable, and it is not said which op", help)


def audit(
    targets: Sequence[str],
    inputs: Sequence[str],
    declared: bool,
    progress: Progress = unseen,
) -> Outcome:
    """Look at hand-written Functions alone.

    Raises ``SymgradError`` for what is no target and no ``NAME=SHAPE`` or
    ``NAME=NUMBER``.
    """
    said = dict(map(_given, inputs))
    found = [target_of(text) for text in targets]
    with progress(len(CHECKS) * len(found)) as watch:
        reports = tuple(
            verify_module.audit(target, said, declared, watch=watch) for target in found
        )
    failed = any(not report.passed for report in reports)
    return Outcome(int(failed), reports=reports, notes=tuple(map(str, reports)))


def _given(text: str) -> tuple[str, Shaped | float]:
    try:
        return given.parse(text)
    except ValueError:
        help = "such as x=2x3, i=4x:int or m=2x3:bool for tensors, p=0.5 for a number"
        raise _usage(f"{text!r} is no NAME=SHAPE and no NAME=NUMBER", help) from None


def target_of(text: str) -> Target:
    """The target that ``MODULE:NAME`` means; ``SymgradError`` if it means none."""
    target = parse(text)
    if target is None:
        help = "such as package.module:function, or file.py:function"
        raise _usage(f"{text!r} is no MODULE:NAME", help)
    return target


def op_of(against: str) -> Op:
    """The op that ``SPEC:OP`` names; ``SPEC`` alone will do where it has but one.

    Raises ``SpecError`` for the spec, ``SymgradError`` where it has no such op.
    """
    [op] = in_spec(against).ops
    return op


def in_spec(against: str) -> Spec:
    """The same as a spec that has no other op."""
    path, colon, name = against.rpartition(":")
    if not colon or "/" in name or "\\" in name:
        path, name = against, ""
    found = spec.load(path)
    ops = {op.name: op for op in found.ops}
    if not name and len(ops) == 1:
        return found
    if name not in ops:
        said = f"{path} has no op {name!r}" if name else f"{path} has several ops"
        raise _usage(said, nearest(name, ops, "ops") or f"write '{path}:OP'")
    return replace(found, ops=(ops[name],))


def _usage(message: str, help: str | None) -> SymgradError:
    return SymgradError(Diagnostic("SG603", message, "", None, (), help))
