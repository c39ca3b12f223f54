"""Writing to a folder alone: no other symgrad at it, and no signal half way."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

TEMPORARY = ".symgrad.tmp"
"""How the names of files end that are not there for long; they begin with a dot."""

PATIENCE = 5.0
"""Seconds to wait for another that writes to the folder."""

_HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back that would end the process; they arrive when the block ends."""
    if current_thread() is not main_thread():  # where no signal arrives
        yield
        return
    came: list[int] = []

    def note(number: int, _: Any) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in _HELD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for late in came[:1]:
            signal.raise_signal(late)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder against other processes, and clear away what dead ones left.

    Where the system has no locks for folders nothing is held and nothing cleared.
    Raises ``OSError`` if another does not let go of it.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        if _held(handle):
            for path in folder.glob(f".*{TEMPORARY}"):
                with suppress(OSError):
                    path.unlink()
        yield
        with suppress(OSError):  # the new names, too, are safely on the disk
            os.fsync(handle)
    finally:
        os.close(handle)


if sys.platform != "win32":
    import fcntl

    def _held(handle: int) -> bool:
        """Whether the lock is had; it goes with the handle, and with the process."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() > end:
                    said = "another symgrad has been writing there for some time"
                    raise OSError(errno.EAGAIN, said) from None
                time.sleep(0.02)
            except OSError:  # some file systems have none
                return False
