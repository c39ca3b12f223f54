"""What a row of the function table says of one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kink:
    """A place where one-sided partials differ, or where they have no common limit.

    ``when`` is a condition in the row's arguments.  ``left`` and ``right`` are the
    partials by each argument as that argument comes from below and from above, and
    ``torch`` what torch 2.13 returns there.  ``min_norm`` is the shortest
    subgradient; where it is not given it is the value nearest to zero between
    ``left`` and ``right``, which are then decimal numbers.  ``alone`` is that by each
    argument where the others are constants, ``min_norm`` if it is not given.  All are
    expressions like the partials of the row.
    """

    when: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    torch: tuple[str, ...]
    min_norm: tuple[str, ...] | None = None
    alone: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Function:
    """One elementwise function.

    ``partials`` are the derivatives by each argument, written in the language of
    specs, in the names of ``args`` and in ``y``, the value of the function; they
    follow torch 2.13's convention at every kink.  ``stem`` is what emitted code
    calls a value of the function.  ``sample`` is a range for each argument, inside
    ``domain`` (a condition in the arguments; everywhere if it is not given) and away
    from singular points.

    ``safe`` is, for each argument, a value at which the function and its derivatives
    are finite, or ``None`` where every finite argument is safe: it stands in for the
    argument in a branch that is not taken.  ``definition`` says the same function in
    others of this table that a backend can spell, for one that has no good spelling
    of its own.  ``precise`` evaluates it in ball arithmetic (``flint.arb``).
    ``defaults`` are values of trailing arguments that may be left out.
    """

    name: str
    partials: tuple[str, ...]
    stem: str
    sample: tuple[tuple[float, float], ...]
    precise: Callable[..., Any]
    args: tuple[str, ...] = ("x",)
    safe: tuple[str | None, ...] = (None,)
    kinks: tuple[Kink, ...] = ()
    definition: str | None = None
    aliases: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    domain: str | None = None
