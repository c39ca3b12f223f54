"""How far a verification is, for whoever wants to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """An op on a rung, or a class under a check of an audit, as it is begun."""

    op: str
    rung: int
    name: str


Watch = Callable[[Step], None]
Progress = Callable[[int], AbstractContextManager[Watch]]
"""Given how many steps there will be; the watch that it opens may have several
threads."""


def ignore(step: Step) -> None:
    """Nobody is told."""


@contextmanager
def unseen(steps: int) -> Iterator[Watch]:
    """Progress that is not shown."""
    yield ignore
