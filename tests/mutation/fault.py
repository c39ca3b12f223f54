"""A planted fault: what is wrong, which rung claims it, and in which ops."""

from __future__ import annotations

from dataclasses import dataclass

from .code import Code, code
from .edits import Edit


@dataclass(frozen=True)
class Fault:
    """``ops`` are real generated ops, each made wrong by ``edit``.

    ``says`` is a part of what the rung says of it, where that is not plain from the
    rung: it stands in for the check that no slip of the edit itself was found.
    """

    rung: int
    name: str
    what: str
    ops: tuple[str, ...]
    edit: Edit
    says: str = ""

    def planted(self, place: str) -> Code:
        """An op with the fault in it."""
        made = code(place)
        self.edit(made)
        return made
