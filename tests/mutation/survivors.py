"""Mutants that no rung rejects, each with the reason why it is not wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .mutants import Mutant


@dataclass(frozen=True)
class Survivor:
    """Mutants whose text a pattern matches from its start to its end."""

    pattern: str
    why: str


SURVIVORS: tuple[Survivor, ...] = ()


def why(mutant: Mutant) -> str | None:
    """Why a mutant may survive; ``None`` if nobody has said so yet."""
    found = (s.why for s in SURVIVORS if re.fullmatch(s.pattern, str(mutant)))
    return next(found, None)
