"""What a command did: all that is printed of it, as text or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # some commands touch no file
    from symgrad.disk import Change
    from symgrad.errors import Diagnostic


class Reported(Protocol):
    """What a command found out, such as a verification's report."""

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    ``exit_code`` is 0, or 1 for drift and failed verification.  ``text`` is code or
    a diff for standard output; ``notes`` are lines for people.
    """

    exit_code: int = 0
    changes: tuple[Change, ...] = ()
    reports: tuple[Reported, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    text: str = ""
