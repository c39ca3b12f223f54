"""The child process: a request on standard input, steps and a report on the output."""

from __future__ import annotations

import json
import math
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO, Any, Literal

from symgrad.audit.given import Given
from symgrad.limits import address_space
from symgrad.op import Spec
from symgrad.verify.report import Report
from symgrad.verify.target import Target
from symgrad.verify.watch import Step, Watch


@dataclass(frozen=True)
class Request:
    """What is to be verified: the text of a module, or a callable of the user's.

    Of that the spec has one op.  ``memory_limit`` is in bytes, ``None`` for no limit.
    """

    source: str | Target
    spec: Spec
    level: Literal["quick", "full"]
    only: Sequence[tuple[str, int]] | None
    memory_limit: int | None
    kernels: str = ""


@dataclass(frozen=True)
class AuditRequest:
    """A class to be audited, and what is known of its arguments by name."""

    target: Target
    given: Given
    declared: bool
    memory_limit: int | None


def main(seconds: float) -> None:
    """Answer one request, which should take no more than some seconds."""
    _limit_time(seconds)
    request = pickle.load(sys.stdin.buffer)
    # Whatever the op or torch prints must not get among the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    found = _audited if isinstance(request, AuditRequest) else _verified
    _say(answer, {"report": found(request, partial(_begin, answer)).as_json()})


def _begin(answer: IO[str], step: Step) -> None:
    _say(answer, asdict(step))


def _say(answer: IO[str], data: dict[str, Any]) -> None:
    """A line to the parent, at once: this process may not live to say more."""
    answer.write(f"{json.dumps(data)}\n")
    answer.flush()


def _verified(request: Request, watch: Watch) -> Report:
    import torch

    from symgrad.verify.ladder import climb, climb_to

    torch.set_num_threads(1)
    torch.manual_seed(0)
    _limit(request.memory_limit)
    source, level, only = request.source, request.level, request.only
    if isinstance(source, Target):
        [op] = request.spec.ops
        return climb_to(source, op, level, only, watch)
    return climb(source, request.spec, level, only, watch, request.kernels)


def _audited(request: AuditRequest, watch: Watch) -> Report:
    import torch

    from symgrad.audit.run import audit

    torch.set_num_threads(1)
    _limit(request.memory_limit)
    return audit(request.target, request.given, request.declared, watch)


def _limit_time(seconds: float) -> None:
    """End even if the parent is gone, which would have ended this process earlier."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = math.ceil(2 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def _limit(memory: int | None) -> None:
    """Bound the address space beyond what torch has taken by now, where that is known.

    Wheels with CUDA map many gigabytes when they are imported, so a bound on the
    whole would say little.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory is not None:
            whole = address_space() + memory
            resource.setrlimit(resource.RLIMIT_AS, (whole, whole))
