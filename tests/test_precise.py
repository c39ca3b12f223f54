"""Ball arithmetic: values and derivatives that owe nothing to the function table."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from fractions import Fraction
from itertools import product

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import balls, precise
from symgrad.functions import TABLE
from symgrad.partials import formula
from symgrad.program import Graph, Kind, Node

Nodes = tuple[Node, ...]

XY = ("x", "z")


def at(text: str, **numbers: object) -> tuple[Nodes, int, dict[int, object]]:
    nodes, root = formula(text, XY)
    leaves = {
        v: numbers[str(node.data)]
        for v, node in enumerate(nodes)
        if node.op == "input" and node.data in numbers
    }
    return nodes, root, leaves


def value(text: str, **numbers: object) -> float:
    nodes, root, leaves = at(text, **numbers)
    return precise.floats(nodes, [root], leaves)[0]


def slope(text: str, x: float, **others: object) -> float | None:
    nodes, root, leaves = at(text, x=x, **others)
    [wrt] = [v for v, node in enumerate(nodes) if node.data == "x"]
    return precise.slope(nodes, root, wrt, leaves)


# Constants


def constant(text: str, x: int) -> float:
    """The formula with an exact number in the place of ``x``."""
    nodes, root = formula(text, XY)
    number = Node("const", (), Fraction(x), Kind.INT, ())
    exact = [number if node.op == "input" else node for node in nodes]
    return precise.constant(exact, root)


@pytest.mark.parametrize(
    "text, x, want",
    [
        ("1/3", 0, 1 / 3),
        ("pi", 0, math.pi),
        ("E", 0, math.e),
        ("sqrt(2/pi)", 0, 0.7978845608028654),
        ("1/log(x)", 2, 1.4426950408889634),
        ("exp(-x)*exp(x)", 10000, 1.0),
        ("x + 1/2 - x", 10**20, 0.5),
        ("sin(x)", 10**22, -0.8522008497671888),
        ("where(x < 3, 1, log(x - 2))", 2, 1.0),
        ("sin(x*pi)", 1, 0.0),
    ],
)
def test_constants_are_the_nearest_doubles(text: str, x: int, want: float) -> None:
    assert constant(text, x) == want


@pytest.mark.parametrize(
    "text, x",
    [
        ("log(x)", 0),
        ("sqrt(x)", -1),
        ("1/sin(x)", 0),
        ("exp(x)", 1000),
        ("exp(exp(exp(exp(x))))", 9),
        ("gamma(x)", -1),
        ("asin(x)", 2),
        ("x**(-1)", 0),
        ("2**exp(x)", 999),
    ],
)
def test_constants_must_be_finite_and_real(text: str, x: int) -> None:
    with pytest.raises(ValueError, match="finite"):
        constant(text, x)


@pytest.mark.parametrize("name", ["oo", "nan"])
def test_named_constants_that_are_not_finite(name: str) -> None:
    graph = Graph()
    named = graph.const(name)
    for root in (named, graph.node("sub", named, named)):
        with pytest.raises(ValueError, match="finite"):
            precise.constant(graph.nodes, root)


@given(st.fractions(), st.fractions())
@settings(max_examples=60, deadline=None)
def test_rational_arithmetic_rounds_once(a: Fraction, b: Fraction) -> None:
    graph = Graph()
    x, y = graph.const(a), graph.const(b)
    root = graph.node("sub", graph.node("mul", x, y), graph.node("add", x, y))
    assert precise.constant(graph.nodes, root) == float(a * b - (a + b))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_leaves_are_exact(x: float) -> None:
    assert value("x", x=x) == x


# Values


@pytest.mark.parametrize(
    "text, numbers, want",
    [
        # cancellation is followed as far as it goes
        ("(1 + x) - 1", {"x": 1e-300}, 1e-300),
        ("(x**2 + 1) - x**2", {"x": 1e200}, 1.0),
        ("x - x", {"x": 0.1}, 0.0),
        # only the branch that is taken counts
        ("where(x > 0, log(x), x)", {"x": -2.0}, -2.0),
        ("where(x > 0, x, where(sqrt(x) < 1, 1, 2))", {"x": 3.0}, 3.0),
        # equal numbers are found equal, exact or not
        ("where(x == 1/2, 7, 8)", {"x": 0.5}, 7.0),
        ("where(x*(1/10) == 1, 7, 8)", {"x": 10.0}, 7.0),
        ("where(x*(1/10) < 1, 7, 8)", {"x": 10.0}, 8.0),
        ("where(x*(1/10) >= 1, 7, 8)", {"x": 10.0}, 7.0),
        ("where(x*(1/10) != 1, 7, 8)", {"x": 10.0}, 8.0),
        # a tenth of a double is not a tenth
        ("where(x == 1/10, 7, 8)", {"x": 0.1}, 8.0),
        # NaN is not equal, below or above
        ("where(sqrt(x) == 1, 7, 8)", {"x": -1.0}, 8.0),
        ("where(sqrt(x) != 1, 7, 8)", {"x": -1.0}, 7.0),
        ("where(sqrt(x) < 1 or x < 0, 7, 8)", {"x": -1.0}, 7.0),
        ("where(x > 0 and not x > 1, 7, 8)", {"x": 0.5}, 7.0),
        ("round(x)", {"x": 2.5}, 2.0),
        ("round(x)", {"x": -0.5}, 0.0),
        ("trunc(x)", {"x": -1.5}, -1.0),
        ("Mod(x, 3)", {"x": -1.0}, 2.0),
        ("erfcx(x)", {"x": 1e10}, 5.641895835477563e-11),
        ("log_ndtr(x)", {"x": -1e10}, -5e19),
        ("sigmoid(x)", {"x": -1e6}, 0.0),
        ("softplus(x)", {"x": 1e300}, 1e300),
        ("exp(x)", {"x": 1e4}, math.inf),
        ("stop_gradient(x)", {"x": 0.25}, 0.25),
    ],
)
def test_values(text: str, numbers: dict[str, float], want: float) -> None:
    assert value(text, **numbers) == want


@pytest.mark.parametrize("text", ["sqrt(x)", "log(x)", "x/(x - x)"])
def test_what_has_no_value_is_nan(text: str) -> None:
    assert math.isnan(value(text, x=-1.0))


def test_conditions_are_values_too() -> None:
    graph = Graph()
    mask, flag = graph.input("m", Kind.MASK), graph.input("b", Kind.BOOL)
    x = graph.input("x", Kind.REAL)
    both = graph.node("and", mask, graph.node("not", flag))
    root = graph.node("where", both, x, graph.const(0))
    kept = graph.node("guard", flag, x, graph.const(1))
    point = {mask: True, flag: False, x: 0.25}
    assert precise.values(graph.nodes, [root, kept, both], point)[2] is True
    assert precise.floats(graph.nodes, [root, kept], point) == [0.25, 1.0]


def test_any_value_may_be_given() -> None:
    nodes, root, leaves = at("exp(x)*z", z=3.0)
    [inner] = [v for v, node in enumerate(nodes) if node.data == "exp"]
    assert precise.floats(nodes, [root], {**leaves, inner: 2.0}) == [6.0]


def test_one_precision_may_not_decide() -> None:
    nodes, root, leaves = at("where(x*(1/10) == 1, 7, 8)", x=10.0)
    with pytest.raises(precise.Undecided):
        precise.evaluate(nodes, [root], leaves, 128)


def test_values_are_as_accurate_as_asked() -> None:
    nodes, root, leaves = at("exp(x) - 1", x=1e-40)
    ball = precise.value(nodes, root, leaves, digits=60)
    assert ball.rel_accuracy_bits() >= 199
    with flint.ctx.workprec(512):
        assert ball.overlaps(flint.arb(1e-40).expm1())


@pytest.mark.parametrize(("exponent", "bound"), [(1, 0.5), (2, 0.25), (3, 0.125)])
def test_powers_of_a_ball_around_zero(exponent: int, bound: float) -> None:
    found = TABLE["pow"].precise(flint.arb(0, 0.5), flint.arb(exponent))
    assert found.contains(0)
    assert bound <= float(found.rad()) < bound * 1.01


def test_long_programs_need_no_deep_stack() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    root, half = x, graph.const(Fraction(1, 2))
    for _ in range(5000):
        root = graph.node("mul", graph.node("add", root, x), half)
    assert precise.floats(graph.nodes, [root], {x: 3.0}) == [3.0]


# Derivatives


@pytest.mark.parametrize(
    "text, x, want",
    [
        ("x**3", 2.0, 12.0),
        ("x**2", 0.0, 0.0),
        ("3*x - x/3", 0.1, 8 / 3),
        ("exp(x)", 700.0, math.exp(700)),
        ("log(x)", 1e-300, 1e300),
        ("cos(x)", 0.0, 0.0),
        ("sin(x)", 1e22, 0.5232147853951389),
        ("1/(1 + exp(-x))", 800.0, 0.0),
        ("exp(-x)", 700.0, -math.exp(-700)),
        ("tanh(x)", 20.0, 1.6993417021166355e-17),
        ("where(x > 0, x, 3*x)", 1e-9, 1.0),
        ("where(x > 0, x, 3*x)", -1e-9, 3.0),
        ("where(x > 0, x**2, -x**2)", 0.0, 0.0),
        ("relu(x)", -0.1, 0.0),
        ("floor(x)", 0.5, 0.0),
        ("sin(x)/x", 6.830423321753271e279, -1.2783387925947818e-280),
        ("where(x == 3, 5, x**2)", 2.0, 4.0),
        ("log(x)", 1e300, 1e-300),
        ("stop_gradient(x)*x", 3.0, 3.0),
        ("stop_gradient(x**2)*x + sin(stop_gradient(x))", 3.0, 9.0),
    ],
)
def test_derivatives(text: str, x: float, want: float) -> None:
    got = slope(text, x)
    assert got is not None
    assert got == pytest.approx(want, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "text, x",
    [
        ("abs(x)", 0.0),
        ("relu(x - 1)", 1.0),
        ("Max(x, 2*x)", 0.0),
        ("where(x*(1/10) > 1, x, 2*x)", 10.0),
        ("floor(x)", 2.0),
        ("floor(x)", 1e97),
        ("Heaviside(x)", 0.0),
        ("sqrt(x)", 0.0),
        ("log(x)", -1.0),
        ("1/x", 0.0),
        ("sqrt(abs(x))", 0.0),
        ("where(x == 3, 5, x**2)", 3.0),
    ],
)
def test_no_derivative(text: str, x: float) -> None:
    assert slope(text, x) is None


def test_derivatives_are_as_accurate_as_asked() -> None:
    nodes, root, leaves = at("log(x)*exp(z)", x=3.0, z=0.0)
    [x] = [v for v, node in enumerate(nodes) if node.data == "x"]
    ball = precise.derivative(nodes, root, x, leaves, digits=60)
    assert ball.rel_accuracy_bits() >= 199
    with flint.ctx.workprec(512):
        assert ball.overlaps(flint.arb(1) / 3)


@given(st.floats(-30, 30), st.floats(0.1, 30))
@settings(max_examples=40, deadline=None)
def test_derivatives_by_either_input(x: float, z: float) -> None:
    nodes, root, leaves = at("sin(x)*log(z) + x/z", x=x, z=z)
    by = {str(n.data): v for v, n in enumerate(nodes) if n.op == "input"}
    want = {"x": "cos(x)*log(z) + 1/z", "z": "sin(x)/z - x/z**2"}
    for name, text in want.items():
        got = precise.slope(nodes, root, by[name], leaves)
        assert got == value(text, x=x, z=z)


WIDE = ("[1e10 +/- 1e9]", "[1e300 +/- 1e299]", "[-1e5 +/- 1e4]", "[0 +/- 1e5]")
MIDDLE = ("30", "456.5", "700", "-700")
"""Where a series for small arguments hands over to one for large ones."""


@pytest.mark.parametrize("name", TABLE)
def test_no_ball_takes_long(name: str) -> None:
    graph = Graph()
    values = [graph.input(f"x{k}", Kind.REAL) for k in range(len(TABLE[name].args))]
    root = graph.call(name, *values)
    started = time.process_time()
    for text, prec in product((*WIDE, *MIDDLE), (2048, 8192)):
        leaves = dict.fromkeys(values, flint.arb(text))
        with suppress(balls.Undecided, ValueError, ZeroDivisionError):
            balls.evaluate(graph.nodes, [root], leaves, prec)
    assert time.process_time() - started < 10
