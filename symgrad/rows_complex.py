"""Rows of the function table: the parts of a complex number.

Of a real argument three of them are plain, and a formula never gets to call them; how
they move with a complex one is said in :mod:`symgrad.wirtinger`.
"""

from __future__ import annotations

from typing import Any

from symgrad.function_row import Function

_X = (-3.0, 3.0)

Ball = Any
"""A ``flint.arb`` or ``flint.acb``."""


def _argument(x: Ball) -> Ball:
    import flint

    return x.arg() if isinstance(x, flint.acb) else flint.acb(x).arg()


def _conjugate(x: Ball) -> Ball:
    import flint

    return x.conjugate() if isinstance(x, flint.acb) else x


ROWS: tuple[Function, ...] = (
    Function("re", ("1",), "real", (_X,), lambda x: x.real, definition="x"),
    Function("im", ("0",), "imag", (_X,), lambda x: x.imag, definition="0*x"),
    Function("conjugate", ("1",), "conj", (_X,), _conjugate, definition="x"),
    # torch's own forgets channels_last
    Function(
        "arg", ("0",), "angle", (_X,), _argument, definition="atan2(im(x), re(x))"
    ),
)
