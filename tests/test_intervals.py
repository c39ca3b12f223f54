"""What domains decide: checked on numbers of them, and in what is generated."""

from __future__ import annotations

import operator
from itertools import product
from math import inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from symgrad import intervals
from symgrad.generate import generate
from symgrad.intervals import Interval, decided, point, sign
from symgrad.program import COMPARISONS
from symgrad.spec import load_text

ENDS = st.sampled_from([-inf, -2.0, -1.0, 0.0, 0.5, 1.0, inf])
NUMBERS = (-inf, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0, inf)


@st.composite
def some(draw: st.DrawFn) -> Interval:
    low, high = sorted((draw(ENDS), draw(ENDS)))
    assume(low < high)
    return Interval(low, high, draw(st.booleans()), draw(st.booleans()))


def reached(interval: Interval) -> list[float]:
    """Numbers inside; infinity is reached by overflow even where it is excluded."""
    ends = [end for end in (interval.low, interval.high) if abs(end) == inf]
    return [x for x in NUMBERS if x in interval] + ends


@given(some(), some(), st.sampled_from(sorted(COMPARISONS)))
def test_what_is_decided_holds_for_all_numbers(
    a: Interval, b: Interval, op: str
) -> None:
    answers = {getattr(operator, op)(x, y) for x, y in product(reached(a), reached(b))}
    known = decided(op, a, b)
    assert known is None or answers == {known}


@given(some(), st.sampled_from([-1.0, 0.0, 0.5]))
def test_a_number_and_an_interval_are_compared_wherever_they_can_be(
    a: Interval, x: float
) -> None:
    """Nothing that all numbers agree upon is left open."""
    for op in COMPARISONS - {"eq", "ne"}:
        answers = {getattr(operator, op)(y, x) for y in reached(a)}
        assert (decided(op, a, point(x)) is None) == (len(answers) == 2)


@given(some())
def test_the_sign_is_that_of_all_numbers(a: Interval) -> None:
    signs = {(x > 0) - (x < 0) for x in reached(a)}
    assert sign(a) == (signs.pop() if len(signs) == 1 else None)
    assert sign(-a) == (None if sign(a) is None else -intervals.sign(a))


CASES = {  # by domain: what stands in the backward of a formula, and what does not
    "[-1, 1]": ("torch.sign(", ""),
    "(0, oo)": ("", "torch.sign("),
    "[1, 2]": ("", "torch.sign("),
    "(-oo, 0)": ("", "torch.sign("),
    "[0, oo)": ("torch.sign(", ""),
}


@pytest.mark.parametrize("domain", CASES)
def test_a_domain_is_an_assumption_of_derivatives(domain: str) -> None:
    """The forward stays as it was written; at 0 there is no kink to speak of."""
    spec = load_text(
        f"""
        symgrad: 1
        ops:
          f:
            inputs: {{x: 'real in {domain}'}}
            forward: {{y: abs(x)*exp(x)}}
        """,
        "<test>",
    )
    source = generate(spec).source
    there, absent = CASES[domain]
    assert there in source and not (absent and absent in source)
    assert ("At kinks" in source) == bool(there)
    assert "torch.abs(x)" in source
