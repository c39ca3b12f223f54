"""The function table: one row is one function, and the whole of what is known of it.

A new function is a new row in the module of its family.
"""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.function_row import Function, Kink
from symgrad.rows_activation import ROWS as _ACTIVATION
from symgrad.rows_airy import ROWS as _AIRY
from symgrad.rows_angle import ROWS as _ANGLE
from symgrad.rows_bessel import ROWS as _BESSEL
from symgrad.rows_complex import ROWS as _COMPLEX
from symgrad.rows_composite import ROWS as _COMPOSITE
from symgrad.rows_entropy import ROWS as _ENTROPY
from symgrad.rows_gamma import ROWS as _GAMMA
from symgrad.rows_piecewise import ROWS as _PIECEWISE
from symgrad.rows_power import ROWS as _POWER
from symgrad.rows_special import ROWS as _SPECIAL
from symgrad.rows_threshold import ROWS as _THRESHOLD

__all__ = ["NAMES", "TABLE", "Function", "Kink"]

_ROWS: tuple[Function, ...] = (
    *_POWER,
    *_ANGLE,
    *_ACTIVATION,
    *_SPECIAL,
    *_GAMMA,
    *_BESSEL,
    *_AIRY,
    *_PIECEWISE,
    *_THRESHOLD,
    *_COMPLEX,
    *_COMPOSITE,
    *_ENTROPY,
)

TABLE: Mapping[str, Function] = {row.name: row for row in _ROWS}
"""Canonical name to row."""

NAMES: Mapping[str, Function] = {
    n: row for row in _ROWS for n in (row.name, *row.aliases)
}
"""Every name that a formula may use, aliases included, to its row."""
