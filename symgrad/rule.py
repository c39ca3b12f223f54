"""A row of the rewrite table: what is written one way and computed better another.

Patterns are in the language of specs; ``a``, ``b`` and ``c`` stand for any value.
Sums and products match in either order.  A rule keeps the domain of what it
replaces: where the pattern is NaN by its mathematics, so is the replacement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WILDCARDS = ("a", "b", "c", "d", "e")


@dataclass(frozen=True)
class Rule:
    """One rewrite, and why it is worth having.

    ``where`` is what must be known of wildcards: ``"b > 0"`` by the domains of inputs,
    ``"b varies"`` where it is neither whole nor made of numbers,
    ``"b is fixed"`` where it is that, ``"b beyond c"`` where both are exact
    numbers, of one sign, and b the farther from 0.
    ``numbers`` are an example of wildcards that stand for numbers alone.
    """

    pattern: str
    replacement: str
    why: str
    where: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict, hash=False)
