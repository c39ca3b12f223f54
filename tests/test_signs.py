"""What is known of signs is so wherever a value is a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import precise
from symgrad.intervals import Interval
from symgrad.parse import parse
from symgrad.program import Graph, Kind
from symgrad.signs import Sign, sign

DOMAINS = {
    "p": Interval(0.0, math.inf, True, True),
    "q": Interval(0.0, math.inf, False, True),
    "u": Interval(0.5, 2.0, False, False),
}
NAMES = ("x", *DOMAINS)

KNOWN = {
    "1/2": Sign.POSITIVE,
    "pi": Sign.POSITIVE,
    "-1": Sign.ANY,
    "0": Sign.NONNEGATIVE,
    "x": Sign.ANY,
    "p": Sign.POSITIVE,
    "q": Sign.NONNEGATIVE,
    "-p": Sign.ANY,
    "p + q": Sign.POSITIVE,
    "q + q": Sign.NONNEGATIVE,
    "p + x": Sign.ANY,
    "p - q": Sign.ANY,
    "2 - u": Sign.NONNEGATIVE,
    "5/2 - u": Sign.POSITIVE,
    "u - 1/4": Sign.POSITIVE,
    "u - 1": Sign.ANY,
    "1 - p": Sign.ANY,
    "p*u": Sign.NONNEGATIVE,
    "2*p": Sign.POSITIVE,
    "p/3": Sign.POSITIVE,
    "cosh(x)": Sign.POSITIVE,
    "p*q": Sign.NONNEGATIVE,
    "p*x": Sign.ANY,
    "p/u": Sign.NONNEGATIVE,
    "x*x": Sign.NONNEGATIVE,
    "x**2": Sign.NONNEGATIVE,
    "x**3": Sign.ANY,
    "x**(3/2)": Sign.ANY,
    "q**(3/2)": Sign.NONNEGATIVE,
    "p**x": Sign.NONNEGATIVE,
    "exp(x)": Sign.NONNEGATIVE,
    "exp(x) + x**2": Sign.NONNEGATIVE,
    "abs(x)": Sign.NONNEGATIVE,
    "1 + x**2": Sign.POSITIVE,
    "sin(x)": Sign.ANY,
    "where(x > 0, 1, 2)": Sign.ANY,
}


def built(text: str) -> tuple[Graph, int, dict[str, int]]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in NAMES}
    return graph, parse(text, graph, names), names


@pytest.mark.parametrize("text", KNOWN)
def test_what_is_known(text: str) -> None:
    graph, value, _ = built(text)
    assert sign(graph, value, DOMAINS) is KNOWN[text]


@pytest.mark.parametrize("text", [t for t, known in KNOWN.items() if known])
@settings(deadline=None, max_examples=30)
@given(x=st.floats(-50, 50), p=st.floats(1e-3, 50), q=st.floats(0, 50))
def test_it_is_so(text: str, x: float, p: float, q: float) -> None:
    graph, value, names = built(text)
    point = {"x": x, "p": p, "q": q, "u": min(max(p, 0.5), 2.0)}
    leaves = {names[name]: number for name, number in point.items()}
    [found] = precise.floats(graph.nodes, [value], leaves)
    assert math.isnan(found) or found >= 0
