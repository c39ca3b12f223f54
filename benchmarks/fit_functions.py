"""Polynomials for functions of float, and how far they are from these.

    python benchmarks/fit_functions.py [--update]

Lawson's iteration finds the polynomial of a degree whose greatest relative error is
least (C. L. Lawson, 1961), at Chebyshev's points and 60 digits.  With --update the
coefficients go to symgrad/backends/cpu_constants.py.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp
import numpy as np

TABLE = Path(__file__).parent.parent / "symgrad" / "backends" / "cpu_constants.py"
POINTS, ROUNDS = 400, 200


@dataclass(frozen=True)
class Fit:
    """A function on an interval, and the degree of its polynomial."""

    name: str
    function: Callable[[mp.mpf], mp.mpf]
    low: mp.mpf
    high: mp.mpf
    degree: int


def _of_root(
    function: Callable[[mp.mpf], mp.mpf], limit: mp.mpf
) -> Callable[..., mp.mpf]:
    """A function of the root of its argument, with its limit at 0."""
    return lambda z: function(mp.sqrt(z)) if z > 0 else limit


def _erfcx(v: mp.mpf) -> mp.mpf:
    u = v + mp.mpf(6) / 10
    x = 3 / u - 3
    return mp.exp(x * x) * mp.erfc(x) / u


def fits() -> list[Fit]:
    """What is fitted."""
    mp.mp.dps = 60
    shift, far = mp.mpf(6) / 10, mp.mpf(102) / 10
    half = mp.log(2) / 2
    return [
        Fit("exp", lambda x: (mp.exp(x) - 1 - x) / x**2, -half, half, 5),
        Fit("expm1", lambda x: (mp.expm1(x) - x) / x**2, mp.mpf(-1), mp.mpf(1), 7),
        Fit(
            "atanh",
            _of_root(lambda s: 2 * (mp.atanh(s) - s) / s**3, mp.mpf(2) / 3),
            mp.mpf(0),
            mp.mpf(1) / 9,
            3,
        ),
        Fit(
            "erf",
            _of_root(lambda x: mp.erf(x) / x, 2 / mp.sqrt(mp.pi)),
            mp.mpf(0),
            mp.mpf(9) / 16,
            5,
        ),
        Fit("erfcx", _erfcx, 3 / (3 + far) - shift, 1 - shift, 9),
    ]


def fitted(fit: Fit) -> tuple[list[float], float]:
    """The coefficients, lowest first, and the greatest relative error."""
    angles = [mp.pi * (2 * k + 1) / (2 * POINTS) for k in range(POINTS)]
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    points = [middle + half * mp.cos(angle) for angle in angles]
    values = np.array([float(fit.function(x)) for x in points])
    units = np.array([float((x - middle) / half) for x in points])
    basis = np.polynomial.chebyshev.chebvander(units, fit.degree)
    weights = np.ones(POINTS) / POINTS
    for _ in range(ROUNDS):
        scale = np.sqrt(weights) / np.abs(values)
        found, *_ = np.linalg.lstsq(basis * scale[:, None], values * scale, rcond=None)
        errors = np.abs((basis @ found - values) / values)
        weights = weights * errors
        weights /= weights.sum()
    interval = [float(fit.low), float(fit.high)]
    series = np.polynomial.chebyshev.Chebyshev(found, interval)
    whole = series.convert(kind=np.polynomial.Polynomial).coef
    return [float(c) for c in whole], float(errors.max())


def main() -> None:
    """Print each polynomial, and write it to the table if that was asked for."""
    text = TABLE.read_text(encoding="utf-8")
    for fit in fits():
        numbers, error = fitted(fit)
        rows = "".join(f"        {number!r},\n" for number in numbers)
        print(f"{fit.name}: relative error {error:.1e}\n{rows}")
        entry = rf'("{fit.name}": \[\n)[^]]*(    \],)'
        text = re.sub(entry, lambda m, rows=rows: f"{m[1]}{rows}{m[2]}", text)
    if "--update" in sys.argv:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
