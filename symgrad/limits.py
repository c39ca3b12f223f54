"""Derivation within limits of time and memory, for specs that come from anywhere.

Every pass takes a time that is bounded by the size of an op, which the front end
bounds; but a search for stable forms may take a minute for the largest, and a file has
many.  Where the system knows no such limits there are none, nor for what is declared in
Python, which may be of any size.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from typing import Any, NoReturn

from symgrad.errors import Diagnostic, SpecError

SECONDS = 300.0
"""Processor time that the derivation of all ops of a spec may take."""

MEMORY = 4 << 30
"""Bytes that it may take besides what the process has by then."""

PYTHON = "<python>"
"""What stands for the path of an op that was declared in Python."""

_HELP = "write several files, or 'accuracy: fast', with which no forms are searched"


class _TooLong(BaseException):
    """No ``Exception``, which a search might take for a number that it cannot have."""


@contextmanager
def limited(path: str) -> Iterator[None]:
    """Limit the block, which works on a spec.

    Raises ``SpecError`` (SG303) that says which limit was hit.
    """
    if path == PYTHON:
        yield
        return
    try:
        with _memory(MEMORY), _time(SECONDS):  # an alarm would interrupt the lifting
            yield
    except _TooLong:
        raise _stopped(path, f"{SECONDS:g} s of processor time") from None
    except MemoryError:
        raise _stopped(path, f"{MEMORY / 2**30:g} GiB of memory") from None


def _stopped(path: str, limit: str) -> SpecError:
    message = f"the derivation was stopped at its limit of {limit}"
    return SpecError(Diagnostic("SG303", message, path, None, (), _HELP))


@contextmanager
def _time(seconds: float) -> Iterator[None]:
    is_known = hasattr(signal, "setitimer") and current_thread() is main_thread()
    if not is_known or signal.getitimer(signal.ITIMER_VIRTUAL) != (0.0, 0.0):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _end)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # again if lost
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:  # again, as the alarm may have come just before the timer was stopped
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)


def _end(_: int, __: Any) -> NoReturn:
    raise _TooLong


@contextmanager
def _memory(more: int) -> Iterator[None]:
    size = address_space()
    if sys.platform == "win32" or not size:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    if before[0] != resource.RLIM_INFINITY:  # perhaps another thread's, which lifts it
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (size + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def address_space() -> int:
    """The size of this process in bytes; 0 where the system does not say."""
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0
