"""Polynomials near a point that are as good as a function of floats can be.

A function is known in balls, at any precision.  Its Chebyshev series about a point is
cut where what is left is beyond the digits of a double; the polynomial is then near the
best of its degree (Trefethen, Approximation Theory and Approximation Practice, 2013,
chapters 3, 4 and 16).  Evenness is made use of, and roots at the point are divided out,
so that no digit is lost near them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import flint

from symgrad.balls import Ball
from symgrad.measure.formats import Format
from symgrad.patches.ideal import horner, quotient

Function = Callable[[Ball], Ball | None]
"""What is to be met, of the distance from the point; ``None``: it has no value."""

NODES = 48
"""Values from which a series is made: one that has not ended by then is given up."""

LONGEST = 30
"""Terms of a polynomial, at most."""

MOST = 1e30
"""Coefficients are less: a float32 has to hold them."""

BITS = 400
"""The precision of coefficients before they are rounded."""


@dataclass(frozen=True)
class Series:
    """``t**valuation * (c0 + c1*s + c2*s**2 + ...)`` with s = t, or t*t if ``even``.

    ``coefficients`` are the doubles c0, c1, c2, ...; a pole has a negative valuation.
    In float32 ``single`` of them do, or all if that is 0.
    """

    valuation: int
    even: bool
    coefficients: tuple[float, ...]
    single: int = 0

    @property
    def in_single(self) -> int:
        """The number of terms in float32: two at least, unless there is but one."""
        most = len(self.coefficients)
        return min(max(self.single or most, 2), most)

    def shortened(self, terms: int) -> Series:
        """The first terms, as far as they are not zero."""
        kept = self.coefficients[:terms]
        while len(kept) > 1 and not kept[-1]:
            kept = kept[:-1]
        return replace(self, coefficients=kept)

    def value(self, t: float, inverse: float | None, fmt: Format) -> float:
        """Its value at a distance, every operation rounded to a format.

        ``inverse`` is 1/t, if that is what is known.
        """
        s = fmt.nearest(t * t) if self.even else t
        terms = self.in_single if fmt.name == "float32" else len(self.coefficients)
        found = horner(s, self.coefficients[:terms], fmt)
        for _ in range(abs(self.valuation)):
            if self.valuation > 0:
                found = fmt.nearest(found * t)
            elif inverse is None:
                found = fmt.nearest(quotient(found, t))
            else:
                found = fmt.nearest(found * inverse)
        return found


def candidates(
    f: Function, low: float, high: float, valuation: int, is_asymptotic: bool
) -> Iterator[Series]:
    """Series of a function between two distances, the shortest first.

    None of them where the function is not smooth there.  One that is asymptotic may
    have even terms alone, though it is another on the other side.
    """
    with flint.ctx.workprec(BITS):
        end, side = max(-low, high), 1 if high > 0 else -1
        plain = even = None
        if is_asymptotic or _is_even(f, end):
            even = _chebyshev(f, (0.0, end * end), valuation, True, side)
        if is_asymptotic or even is None:
            plain = _chebyshev(f, (low, high), valuation, False)
        is_even = even is not None and (plain is None or _fewest(even) < _fewest(plain))
        terms, ends = (even, (0.0, end * end)) if is_even else (plain, (low, high))
        if terms is None:
            return
        for count in range(_fewest(terms), _most(terms) + 1):
            found = [float(c.mid()) for c in _monomials(terms[:count], ends)]
            if max(map(abs, found)) > MOST:
                return
            yield Series(valuation, is_even, _cleared(found, max(map(abs, ends))))


def _is_even(f: Function, end: float) -> bool:
    """Whether a function is the same on both sides, but for its sign.

    It may be where only one of them is asked for.
    """
    t = flint.arb(0.31 * end)
    right, left = f(t), f(-t)
    if right is None or left is None:
        return False
    return bool(abs(abs(right) - abs(left)) < abs(right) * flint.arb(2) ** -90)


def polynomial(f: Function, low: float, high: float, degree: int) -> Series | None:
    """The polynomial that a function is between two numbers, if it is one."""
    with flint.ctx.workprec(BITS):
        terms = _chebyshev(f, (low, high), 0, even=False)
        if terms is None or _counting(terms, 2.0**-90) > degree + 1:
            return None
        found = [float(c.mid()) for c in _monomials(terms[: degree + 1], (low, high))]
    kept = _cleared(found, max(abs(low), abs(high)))
    order = next(k for k, c in enumerate(kept) if c)
    return Series(order, False, kept[order:])


def _chebyshev(
    f: Function, ends: tuple[float, float], valuation: int, even: bool, side: int = 1
) -> list[Ball] | None:
    """The coefficients of the series by Chebyshev polynomials, of values at nodes.

    Those of an ``even`` one are on one ``side``.
    """
    middle, half = _halves(ends)
    values = []
    for node in _cosines()[1]:
        s = middle + half * node
        t = side * s.sqrt() if even else s
        value = f(t)
        if value is None:
            return None
        values.append(value / t**valuation)
    terms = [
        sum(v * c for v, c in zip(values, cosines, strict=True))
        * (flint.arb(2 if k else 1) / NODES)
        for k, cosines in enumerate(_cosines())
    ]
    return terms if _ends(terms) else None


@cache
def _cosines() -> list[list[Ball]]:
    """The Chebyshev polynomials at the nodes, degree by degree."""
    with flint.ctx.workprec(BITS):
        angles = [flint.arb.pi() * (2 * j + 1) / (2 * NODES) for j in range(NODES)]
        return [[(angle * k).cos() for angle in angles] for k in range(NODES)]


def _ends(terms: Sequence[Ball]) -> bool:
    """Whether the last terms are nothing beside the first."""
    most = max(float(abs(c).mid()) for c in terms)
    return all(float(abs(c).mid()) < most * 2.0**-54 for c in terms[LONGEST:])


def _fewest(terms: Sequence[Ball]) -> int:
    """The number of terms beyond which a double could hardly tell."""
    return _counting(terms, 2.0**-50)


def _most(terms: Sequence[Ball]) -> int:
    """The number of terms beyond which there is nothing."""
    return min(_counting(terms, 2.0**-80) + 1, LONGEST)


def _counting(terms: Sequence[Ball], least: float) -> int:
    sizes = [float(abs(c).mid()) for c in terms]
    return 1 + max(k for k, size in enumerate(sizes) if size >= max(sizes) * least)


def _cleared(coefficients: Sequence[float], end: float) -> tuple[float, ...]:
    """The coefficients, zero where they are what was left of rounding."""
    sizes = [abs(c) * end**k for k, c in enumerate(coefficients)]
    least = max(sizes) * 2.0**-100
    kept = [c if n > least else 0.0 for c, n in zip(coefficients, sizes, strict=True)]
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _halves(ends: tuple[float, float]) -> tuple[Ball, Ball]:
    low, high = map(flint.arb, ends)
    return (low + high) / 2, (high - low) / 2


def _monomials(terms: Sequence[Ball], ends: tuple[float, float]) -> list[Ball]:
    """The same polynomial by powers, by Clenshaw's recurrence on polynomials."""
    middle, half = _halves(ends)
    z = flint.arb_poly([-middle / half, 1 / half])
    last, found = flint.arb_poly([0]), flint.arb_poly([0])
    for c in reversed(terms[1:]):
        last, found = found, flint.arb_poly([c]) + 2 * z * found - last
    whole = flint.arb_poly([terms[0]]) + z * found - last
    return list(whole.coeffs())
