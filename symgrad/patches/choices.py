"""What searches for patches came to, each by what was searched: read again, or new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from symgrad.intervals import Interval
from symgrad.patches.choose import Patch
from symgrad.patches.kernels import Kernel
from symgrad.patches.place import Aim
from symgrad.patches.tails import Tail

Centres = frozenset[float] | None
"""Where a kernel is looked at; ``None``: everywhere."""


@dataclass(frozen=True)
class Question:
    """What is asked of a kernel whose leaf is in a domain."""

    kernel: Kernel
    domain: Interval
    with_slope: bool
    aim: Aim
    only: Centres

    @property
    def key(self) -> str:
        """16 hex digits that no other question has."""
        nodes = [(n.op, n.args, str(n.data)) for n in self.kernel.nodes]
        only = self.only if self.only is None else sorted(self.only)
        return hashed(nodes, str(self.domain), self.with_slope, str(self.aim), only)


def hashed(*asked: object) -> str:
    """16 hex digits that nothing else which is asked has."""
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Choice:
    """The patches of a kernel, and where it is bad without one."""

    patches: tuple[Patch | Tail, ...] = ()
    bad: frozenset[float] = frozenset()


@dataclass(frozen=True)
class Loss:
    """What becomes of a product where a factor vanishes: NaN, or a 0 that is wrong."""

    is_infinite: bool = False
    is_small: bool = False


Answer = Choice | Loss

_T = TypeVar("_T", Choice, Loss)


@dataclass(frozen=True)
class Choices:
    """Answers that are known, by the keys of questions, and those that were asked for.

    Not all of them are in a program: to see whether factors are better set apart, it is
    searched with them and without.
    """

    known: Mapping[str, Answer] = field(default_factory=dict)
    used: dict[str, Answer] = field(default_factory=dict)

    def of(self, question: Question, search: Callable[[Question], Choice]) -> Choice:
        """The choice that is known, else what a search comes to."""
        return self._answer(question.key, Choice, lambda: search(question))

    def loss(self, key: str, look: Callable[[], Loss]) -> Loss:
        """The loss that is known, else what is seen."""
        return self._answer(key, Loss, look)

    def _answer(self, key: str, kind: type[_T], look: Callable[[], _T]) -> _T:
        answer = self.used.get(key, self.known.get(key))
        found = answer if isinstance(answer, kind) else look()
        self.used[key] = found
        return found
