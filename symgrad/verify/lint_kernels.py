"""Rung 0, modules with kernels: what brings these in is one text for all of them."""

from __future__ import annotations

import re

from symgrad.backends import cpu

NAMES = frozenset({"_as", "_context", "_fits", "_kernels"})
"""What the rest of a module may call of it."""

_IMPORT = "import threading as _threading\n"
_START = re.compile(
    r'^_KERNELS = "(?P<stem>\w+)_cpu"\n_NAMESPACE = "(?P<name>\w+)"\n', re.M
)


def without_loader(source: str) -> tuple[str, frozenset[str]]:
    """The text with empty lines in the place of the loader, and the names from there.

    Nothing is taken out that differs in a letter from what symgrad writes.
    """
    start = _START.search(source)
    if start is None:
        return source, frozenset()
    loader = cpu.loader(start["stem"], start["name"])
    if not source.startswith(loader, start.start()):
        return source, frozenset()
    rest = source.replace(loader, "\n" * loader.count("\n"), 1)
    return rest.replace(_IMPORT, "\n", 1), NAMES
