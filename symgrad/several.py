"""Work on several specs, in one process or in as many, all mistakes being told."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import TypeVar

from symgrad.errors import Diagnostic, SpecError, SymgradError
from symgrad.verify.watch import Progress, Step, Watch, unseen

_T = TypeVar("_T")


def each(
    paths: Sequence[str],
    work: Callable[[str], _T],
    jobs: int = 1,
    progress: Progress = unseen,
) -> tuple[_T, ...]:
    """``work`` on every path; what is wrong with any of them is raised together."""
    shown = progress if len(paths) > 1 else unseen  # else there is nothing to count
    with shown(len(paths)) as watch:
        outcomes = _mapped(partial(_tried, work), paths, min(jobs, len(paths)), watch)
    problems = [problem for _, found in outcomes for problem in found]
    if problems:
        raise SpecError(*problems)
    return tuple(result for results, _ in outcomes for result in results)


def _tried(
    work: Callable[[str], _T], path: str
) -> tuple[tuple[_T, ...], tuple[Diagnostic, ...]]:
    """The one result for a path, or what is wrong with it."""
    try:
        return (work(path),), ()
    except SymgradError as error:
        return (), error.diagnostics


def _mapped(
    work: Callable[[str], _T], paths: Sequence[str], jobs: int, watch: Watch
) -> list[_T]:
    """``work`` on every path, in this process or in several."""
    if jobs < 2:
        return list(_awaited(map(work, paths), paths, watch))
    # an interrupt ends them, and is for this process to report
    quiet = signal.SIGINT, signal.SIG_DFL
    with ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=quiet) as pool:
        try:
            return list(_awaited(pool.map(work, paths), paths, watch))
        except BrokenProcessPool:
            help = "if it was for want of memory, fewer --jobs take less"
            said = "a process that worked on a spec was ended from outside"
            raise SymgradError(Diagnostic("SG607", said, "", None, (), help)) from None
        except KeyboardInterrupt:
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _awaited(results: Iterator[_T], paths: Sequence[str], watch: Watch) -> Iterator[_T]:
    """Results in order; it is said before each which path's it is."""
    for place, path in enumerate(paths, 1):
        watch(Step(Path(path).name, place, f"of {len(paths)}"))
        yield next(results)
