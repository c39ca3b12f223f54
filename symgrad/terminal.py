"""What the terminal that somebody looks at can do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

WIDTH = 88
"""Columns of what is written to no terminal."""

NARROWEST = 40
"""Columns that text is laid out in at least, however narrow a terminal is."""


@dataclass(frozen=True)
class Terminal:
    """How wide lines may be, and whether they may have colours and signs of maths."""

    width: int = WIDTH
    colour: bool = False
    unicode: bool = False


NO_TERMINAL = Terminal()
"""What a file or a pipe is."""


def terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Terminal:
    """What ``stream`` can do: a file or a pipe has neither width nor signs."""
    colour = coloured(stream, environ)
    if not stream.isatty():
        return Terminal(colour=colour)
    width = max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST)
    has_signs = capable(stream, environ) and _speaks_unicode(environ)
    return Terminal(width, colour, has_signs)


def coloured(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are wanted there.

    ``NO_COLOR``, if it is set and not empty, means none (https://no-color.org), and
    ``FORCE_COLOR`` some; else a terminal has them.
    """
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or capable(stream, environ)


def capable(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether it is a terminal that can do more than print one line after another."""
    return stream.isatty() and environ.get("TERM") != "dumb"


def _speaks_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the locale is one of UTF-8; the stream's own encoding always is ours.

    A terminal of Windows has no locale, and does speak it.
    """
    names = (environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next(filter(None, names), "UTF-8" if os.name == "nt" else "")
    return locale.lower().replace("-", "").partition("@")[0].endswith("utf8")
