"""What ``symgrad verify MODULE:FUNCTION`` does, apart from reading and printing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from symgrad import spec
from symgrad.errors import Diagnostic, SymgradError
from symgrad.gen import Outcome
from symgrad.names import nearest
from symgrad.op import Op
from symgrad.verify import verify_callable
from symgrad.verify.target import Target, parse


def verify(
    targets: Sequence[str],
    against: str,
    level: Literal["quick", "full"],
    rungs: Sequence[int],
) -> Outcome:
    """Climb the ladder with callables that are to be an op of a spec.

    Raises ``SpecError`` for the spec, ``SymgradError`` for what is no target and for
    an op that the spec has not.
    """
    op = _op(against)
    only = rungs or None
    reports = tuple(
        verify_callable(_target(text), op, against, level, only=only)
        for text in targets
    )
    failed = any(not report.passed for report in reports)
    return Outcome(int(failed), reports=reports, notes=tuple(map(str, reports)))


def _target(text: str) -> Target:
    target = parse(text)
    if target is None:
        help = "such as package.module:function, or file.py:function"
        raise _usage(f"{text!r} is no MODULE:NAME", help)
    return target


def _op(against: str) -> Op:
    """The op that ``SPEC:OP`` names; ``SPEC`` alone will do where it has but one."""
    path, colon, name = against.rpartition(":")
    if not colon or "/" in name or "\\" in name:
        path, name = against, ""
    ops = {op.name: op for op in spec.load(path).ops}
    if not name and len(ops) == 1:
        return next(iter(ops.values()))
    if name not in ops:
        said = f"{path} has no op {name!r}" if name else f"{path} has several ops"
        raise _usage(said, nearest(name, ops, "ops") or f"write '{path}:OP'")
    return ops[name]


def _usage(message: str, help: str | None) -> SymgradError:
    return SymgradError(Diagnostic("SG603", message, "", None, (), help))
