"""Rules find their terms wherever they stand in a sum, and factors in a product."""

from __future__ import annotations

import pytest
from specs import spec

from symgrad import precise, regroup
from symgrad.families import PRODUCTS, SUMS, Part
from symgrad.generate import generate
from symgrad.intervals import Interval
from symgrad.parse import parse
from symgrad.program import Graph, Kind
from symgrad.verify.ladder import climb

NAMES = ("x", "w", "z")
POSITIVE = dict.fromkeys(NAMES, Interval(0.0, float("inf"), True, True))

APPLIED = {
    "cos(x) - 1": "1 - cos(a)",
    "x*log(x/w) - x + w": "a*log(a/b) - (a - b)",
    "w - x + x*log(x/w)": "a*log(a/b) - (a - b)",
    "z - x*log(x/w) + x - w": "a*log(a/b) - (a - b)",
    "x/w - 1 - log(x/w)": "a/b - log(a/b) - 1",
    "w*exp(x)*z/expm1(x)**2": "exp(a)/expm1(a)**2",
    "exp(x**2/2)*z*erfc(x/sqrt(2))": "exp(a**2/2)*erfc(a/sqrt(2))",
    "w*x/z/hypot(x, w)": "a/hypot(a, b)",
}
"""Sums and products, and the patterns that some of their parts are."""

LEFT_ALONE = [
    *("x + w + z", "x*w*z", "x - w + 1", "x*exp(w)*z", "sin(x) + w - 1"),
    *("1 - w - sigmoid(-x)", "cos(x) + w - 1", "x*exp(w)*z/w"),
]


def built(text: str) -> tuple[Graph, int, dict[str, int]]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in NAMES}
    return graph, parse(text, graph, names), names


@pytest.mark.parametrize("text", APPLIED)
def test_parts_are_found(text: str) -> None:
    graph, root, names = built(text)
    found = regroup.apply(graph, root, POSITIVE)
    assert found is not None
    value, rule = found
    assert rule.pattern == APPLIED[text]
    point = dict(zip(names.values(), (0.7, 1.3, 2.1), strict=True))
    a, b = precise.values(graph.nodes, [root, value], point)
    assert abs(a - b) <= abs(a) * 1e-40


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_instance(text: str) -> None:
    graph, root, _ = built(text)
    assert regroup.apply(graph, root, POSITIVE) is None


def test_a_rule_asks_for_signs_here_too() -> None:
    graph, root, _ = built("w - x + x*log(x/w)")
    assert regroup.apply(graph, root) is None


FAMILIES = {"x - (w - z) - 2": SUMS, "x/(w/z)/2": PRODUCTS}


@pytest.mark.parametrize("text", FAMILIES)
def test_parts_make_the_whole(text: str) -> None:
    graph, root, names = built(text)
    parts = FAMILIES[text].parts(graph, root)
    x, w, z = names.values()
    assert parts == [Part(x), Part(w, True), Part(z), Part(graph.const(2), True)]
    whole = FAMILIES[text].whole(graph, parts)
    point = dict(zip(names.values(), (0.7, 1.3, 2.1), strict=True))
    a, b = precise.floats(graph.nodes, [root, whole], point)
    assert a == pytest.approx(b)


@pytest.mark.parametrize("text", list(APPLIED)[:5])
def test_what_is_generated_is_right(text: str) -> None:
    made = spec("f", {n: "real in (0, oo)" for n in NAMES if n in text}, text)
    report = climb(generate(made).source, made, "full", [("f", 1), ("f", 2)])
    assert report.passed, report
