"""``symgrad gen --watch``: generate again what changes, until somebody ends it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from symgrad import console
from symgrad.errors import Diagnostic, SymgradError

_WAIT = 1_000
"""Milliseconds after which files are looked at though nobody said that they changed.

A change while code is generated is found by that, and one on a disk of the network.
"""


def watch(paths: Sequence[str], work: Callable[[Sequence[str]], int]) -> NoReturn:
    """``work`` on all paths, then on those that change.

    Errors are shown, and it goes on; what was not done for one is done again with the
    next change.  Ends with ``KeyboardInterrupt`` only.  Raises ``SymgradError`` (SG610)
    without watchfiles.
    """
    library = _library()
    folders = sorted({str(Path(path).parent) for path in paths})
    stamps = {path: _stamp(path) for path in paths}
    left = _tried(work, paths)
    for _ in library.watch(
        *(folder for folder in folders if Path(folder).is_dir()),
        watch_filter=None,
        recursive=False,
        rust_timeout=_WAIT,
        yield_on_timeout=True,
    ):
        now = {path: _stamp(path) for path in paths}
        changed = [path for path in paths if now[path] != stamps[path]]
        stamps = now
        if changed:
            left = _tried(work, [p for p in paths if p in changed or p in left])
    raise KeyboardInterrupt


def _tried(work: Callable[[Sequence[str]], int], due: Sequence[str]) -> Sequence[str]:
    """What is left of it to do."""
    try:
        code = work(due)
    except SymgradError as error:
        code = console.fail(2, str(error), error.diagnostics)
    console.say("watching; Ctrl-C ends it")
    return due if code else ()


def _stamp(path: str) -> tuple[int, int] | None:
    """What is another one after a change; ``None`` where there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _library() -> Any:
    try:
        import watchfiles
    except ImportError:
        help = "pip install 'symgrad[watch]'"
        said = "--watch needs watchfiles, which is not installed"
        raise SymgradError(Diagnostic("SG610", said, "", None, (), help)) from None
    return watchfiles
