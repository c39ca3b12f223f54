"""How far a long command is: a bar on a terminal, and nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock

import click

from symgrad.terminal import capable
from symgrad.verify.watch import Progress, Step, Watch, unseen

WIDTH = 20


def progress(as_json: bool, label: str = "verifying") -> Progress:
    """What shows progress on standard error; nothing where a machine reads it."""
    seen = capable(sys.stderr)

    def bar(steps: int) -> AbstractContextManager[Watch]:
        return _bar(steps, label)

    return bar if seen and not as_json else unseen


@contextmanager
def _bar(steps: int, label: str) -> Iterator[Watch]:
    """A bar of what has ended, with the step that was begun last beside it.

    It has no colours, so that there are none for ``NO_COLOR`` to take away.
    """
    lock = Lock()
    with click.progressbar(
        length=steps,
        label=label,
        width=WIDTH,
        item_show_func=_named,
        update_min_steps=0,  # the first step is shown before anything has ended
        file=sys.stderr,
    ) as bar:
        begun = 0

        def watch(step: Step) -> None:
            nonlocal begun
            with lock:
                bar.update(min(begun, 1), step)
                begun += 1

        yield watch
        bar.finish()
        bar.render_progress()


def _named(step: Step | None) -> str | None:
    """The step in so many letters that the bar stays on one line."""
    return None if step is None else f"{step.op[:24]}: {step.rung} {step.name}"
