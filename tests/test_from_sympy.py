"""SymPy expressions and spec texts say the same; what cannot be built says why."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.fold import OF_REALS
from symgrad.from_sympy import from_sympy, symbols_of
from symgrad.functions import TABLE
from symgrad.parse import FormulaError, parse
from symgrad.precise import value
from symgrad.printer import Text, formula
from symgrad.program import Graph, Kind, Node
from symgrad.symbols import SYMBOLS, TableFunction
from symgrad.sympy_forms import as_sympy
from symgrad.user_functions import check_derivatives

x, y, beta = sympy.symbols("x y beta", real=True)
mask, z = sympy.Symbol("mask"), symgrad.complexes("z")

POINTS = [(0.75, 0.5, 1.25), (0.3, 2.5, 0.8), (0.9, 0.1, 3.5)]


def scope() -> tuple[Graph, dict[sympy.Symbol, int]]:
    graph = Graph()
    names = {symbol: graph.input(symbol.name, Kind.REAL) for symbol in (x, y, beta)}
    return graph, names | {mask: graph.input("mask", Kind.MASK)}


def is_ours(symbol: Any) -> bool:
    return isinstance(symbol, type) and issubclass(symbol, TableFunction)


def text_of(nodes: list[Node], root: int) -> str:
    texts: list[Text] = []
    for node in nodes:
        texts.append(formula(node, [texts[arg] for arg in node.args]))
    return texts[root].text


def written(expr: Any) -> str:
    graph, names = scope()
    return text_of(graph.nodes, from_sympy(expr, graph, names))


AS_PEOPLE_WRITE_IT = [
    (x * symgrad.sigmoid(beta * x), "x*sigmoid(beta*x)"),
    (x / 2, "x/2"),
    (-x / 2, "-x/2"),
    (3 * x / (2 * y), "3*x/(2*y)"),
    (x / (y * beta), "x/(beta*y)"),
    (x - 1, "x - 1"),
    (1 - x**2, "1 - x**2"),
    (-2 * x - 2 * y, "-2*x - 2*y"),
    (x**-2, "1/x**2"),
    (1 / sympy.sqrt(x), "1/sqrt(x)"),
    (sympy.sqrt(x) / y, "sqrt(x)/y"),
    (x ** sympy.Rational(3, 2), "x**1.5"),
    (x**beta, "x**beta"),
    (0.044715 * x**3, "0.044715*x**3"),
    (sympy.Float(0.1), "0.1"),
    (sympy.Rational(1, 3) + x, "1/3 + x"),
    (sympy.Pow(sympy.E, x, evaluate=False), "exp(x)"),
    (sympy.pi * x, "pi*x"),
    (sympy.Piecewise((x, x > 0), (-x, True)), "where(x > 0, x, -x)"),
    (sympy.Piecewise((x, mask & (x > 0)), (0, True)), "where(mask and x > 0, x, 0)"),
    (symgrad.where(sympy.Not(mask), x, y), "where(not mask, x, y)"),
    (symgrad.stop_gradient(x) * y, "y*stop_gradient(x)"),
    (sympy.besseli(0, x), "i0(x)"),
    (sympy.digamma(x), "digamma(x)"),
    (x, "x"),
    (3, "3"),
]


@pytest.mark.parametrize(("expr", "expected"), AS_PEOPLE_WRITE_IT, ids=str)
def test_is_built_as_people_write_it(expr: Any, expected: str) -> None:
    assert written(expr) == expected


NESTED = sympy.Piecewise((x, x < y), (y, x < 2 * y), (1, True))
EITHER = sympy.Piecewise((1, sympy.ITE(x < 1, y < 1, y > 3)), (2, True))
UNEQUAL = sympy.Piecewise((1, sympy.Eq(x, y) | sympy.Ne(y, 0.5)), (2, True))

SAME_VALUE = [
    (sympy.Max(x, y, 1), "Max(1, x, y)"),
    (sympy.Min(x, y, beta), "Min(x, y, beta)"),
    (sympy.Abs(x - y), "abs(x - y)"),
    (sympy.sign(x - 1), "sign(x - 1)"),
    (sympy.floor(3 * x) + sympy.ceiling(y), "floor(3*x) + ceiling(y)"),
    (sympy.Heaviside(x - y), "Heaviside(x - y)"),
    (sympy.Heaviside(0 * x, beta), "beta"),
    (sympy.Mod(y, x), "y % x"),
    (sympy.frac(3 * x), "frac(3*x)"),
    (sympy.sinc(x), "sinc(x)"),
    (sympy.erf(x) + sympy.erfc(y), "erf(x) + erfc(y)"),
    (sympy.erfinv(x), "erfinv(x)"),
    (sympy.erf2(x, y), "erf(y) - erf(x)"),
    (sympy.loggamma(x), "loggamma(x)"),
    (sympy.gamma(x), "gamma(x)"),
    (sympy.beta(x, y), "gamma(x)*gamma(y)/gamma(x + y)"),
    (sympy.besseli(1, x), "i1(x)"),
    (sympy.besselj(0, x) + sympy.besselj(1, y), "j0(x) + j1(y)"),
    (sympy.bessely(0, x**2) + sympy.bessely(1, x**2), "y0(x**2) + y1(x**2)"),
    (sympy.besselk(0, x**2) + sympy.besselk(1, x**2), "k0(x**2) + k1(x**2)"),
    (sympy.atan2(x, y), "atan2(x, y)"),
    (sympy.log(x) / sympy.log(2), "log2(x)"),
    (sympy.tan(x) + sympy.asinh(y), "tan(x) + asinh(y)"),
    (sympy.acosh(1 + x), "acosh(1 + x)"),
    (sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi), "exp(-x**2/2)/sqrt(2*pi)"),
    (sympy.GoldenRatio * x, "x*(1 + sqrt(5))/2"),
    (sympy.Float("0.1", 40) * x, "0.1*x"),
    (NESTED, "x if x < y else y if x < 2*y else 1"),
    (EITHER, "where((x < 1 and y < 1) or (x >= 1 and y > 3), 1, 2)"),
    (UNEQUAL, "where(x == y or y != 0.5, 1, 2)"),
    (symgrad.softplus(x) - symgrad.logsigmoid(-y), "softplus(x) - logsigmoid(-y)"),
    (sympy.zeta(3) * x, "zeta(3)*x"),
    (sympy.zeta(sympy.Rational(5, 2), y), "zeta(5/2, y)"),
    (sympy.rad(x) + sympy.deg(y), "deg2rad(x) + rad2deg(y)"),
    (symgrad.hypot(x, y), "hypot(x, y)"),
    (symgrad.clamp(y, 0, 1), "clamp(y, 0, 1)"),
]


@pytest.mark.parametrize(("expr", "text"), SAME_VALUE, ids=str)
def test_has_the_value_of_the_spec_text(expr: Any, text: str) -> None:
    graph, names = scope()
    ours = from_sympy(expr, graph, names)
    theirs = parse(text, graph, {s.name: number for s, number in names.items()})
    for point in POINTS:
        at = dict(zip((names[x], names[y], names[beta]), point, strict=True))
        a, b = (value(graph.nodes, root, at) for root in (ours, theirs))
        assert abs(float(a) - float(b)) <= 1e-15 * max(1.0, abs(float(b)))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_row_has_a_symbol(name: str) -> None:
    graph, names = scope()
    names[z] = graph.input("z", Kind.COMPLEX)
    first = z if name in OF_REALS else x
    args: list[Any] = [first, y, beta][: len(TABLE[name].args)]
    if TABLE[name].partials[0] == "nan":  # written out
        args[0] = sympy.Integer(2)
    values = [names[arg] if arg in names else graph.const(2) for arg in args]
    expr = SYMBOLS[name](*args)
    assert from_sympy(expr, graph, names) == graph.call(name, *values)


OF_SYMPY = [name for name in sorted(TABLE) if not is_ours(SYMBOLS[name])]


@pytest.mark.parametrize("name", OF_SYMPY)
def test_a_function_of_sympy_is_the_row_of_its_name(name: str) -> None:
    """SymPy's own evaluation is the independent truth."""
    row = TABLE[name]
    at = [sympy.Rational(0.375 * low + 0.625 * high) for low, high in row.sample]
    graph = Graph()
    root = graph.call(name, *(graph.const(Fraction(a.p, a.q)) for a in at))
    truth = float(SYMBOLS[name](*at).evalf(30))
    assert float(value(graph.nodes, root, {})) == pytest.approx(truth, rel=1e-14)


class Cube(sympy.Function):  # type: ignore[misc]
    """A user's own function, with a definition to rewrite it by."""

    def _eval_rewrite_as_Pow(self, arg: Any, **_: Any) -> Any:
        return arg**3


class Opaque(sympy.Function):  # type: ignore[misc]
    """A user's own function, with a derivative but without a definition."""

    def fdiff(self, argindex: int = 1) -> Any:
        return sympy.cos(self.args[0])


class Bump(sympy.Function):  # type: ignore[misc]
    """A user's own function of itself, with its derivative in terms of itself."""

    def fdiff(self, argindex: int = 1) -> Any:
        return {1: self * self.args[1], 2: self * self.args[0]}[argindex]

    def doit(self, **_: Any) -> Any:
        return sympy.exp(self.args[0] * self.args[1])


class Slanted(Cube):
    """A function whose derivative is not that of its definition, for odd reasons."""

    def fdiff(self, argindex: int = 1) -> Any:
        return self.args[0] ** 2


class Outer(sympy.Function):  # type: ignore[misc]
    """A function that is defined by another one of the user's."""

    def doit(self, **_: Any) -> Any:
        return Slanted(self.args[0]) + 1


class Vague(Cube):
    """A function whose derivative cannot be read, or is not there."""

    def fdiff(self, argindex: int = 1) -> Any:
        if argindex > 1:
            raise sympy.core.function.ArgumentIndexError(self, argindex)
        return sympy.fresnels(self.args[0])


@pytest.mark.parametrize("expr", [Cube(x), Bump(x, y), Bump(2, x + y), Vague(x), x])
def test_a_derivative_of_the_definition_is_accepted(expr: Any) -> None:
    check_derivatives(expr)


@pytest.mark.parametrize("expr", [Slanted(x), x + sympy.exp(Outer(x * y))])
def test_another_derivative_than_that_of_the_definition_is_refused(expr: Any) -> None:
    with pytest.raises(FormulaError, match=r"Slanted.fdiff\(1\)") as caught:
        check_derivatives(expr)
    assert "surrogate" in str(caught.value.help)


def test_a_function_without_a_value_is_told_what_it_lacks() -> None:
    graph, names = scope()
    with pytest.raises(FormulaError, match="it has a derivative, but") as caught:
        from_sympy(Opaque(x), graph, names)
    assert "doit(self, **hints)" in str(caught.value.help)


def test_a_user_function_is_replaced_by_its_definition() -> None:
    assert written(Slanted(x)) == "x**3"  # its class inherits what it is
    assert written(Cube(x) + 1) in ("x**3 + 1", "1 + x**3")


i = sympy.Symbol("i", integer=True)

REFUSED = [
    (sympy.Symbol("bta", real=True), "undeclared symbol 'bta'"),
    (sympy.Symbol("x"), "two different symbols are called 'x'"),
    (sympy.Symbol('__import__("os").system("x")'), "undeclared symbol"),
    (sympy.erf(sympy.I * x), "complex"),
    (sympy.zoo * x, "infinite"),
    (sympy.nan, "nan"),
    (sympy.oo, "finite"),
    (sympy.Float("1e400"), "beyond float64"),
    (sympy.Float("1e-400"), "beyond float64"),
    (sympy.Derivative(sympy.sign(x), x), "Derivative"),
    (sympy.Integral(sympy.exp(-(x**2)), (x, 0, y)), "Integral is not built yet"),
    (sympy.Sum(i * x, (i, 0, y)), "Sum needs inputs with named axes"),
    (sympy.IndexedBase("v")[i], "nothing has indices"),
    (sympy.Matrix([x, y]), "not built yet"),
    (sympy.Function("f")(x), "unknown function 'f'"),
    (sympy.Function("sigmoid")(x), "undefined function"),
    (sympy.fresnels(x), "unknown function 'fresnels'"),
    (Opaque(x), "unknown function 'Opaque'"),
    (sympy.Piecewise((x, x > 0)), "without a default branch"),
    (x * mask, "a condition cannot be used as a number"),
    (sympy.Xor(x > 0, y > 0), "Xor"),
    (sympy.polygamma(x, y), "whole number"),
    (sympy.zeta(x, y), "a number above 1"),
    ("x + 1", "str is not an expression"),
]


@pytest.mark.parametrize(("expr", "fragment"), REFUSED, ids=str)
def test_is_refused_by_name(expr: Any, fragment: str) -> None:
    graph, names = scope()
    with pytest.raises(FormulaError, match=fragment):
        from_sympy(expr, graph, names)


def test_an_undeclared_symbol_gets_the_nearest_name() -> None:
    graph, names = scope()
    with pytest.raises(FormulaError) as caught:
        from_sympy(sympy.Symbol("bta"), graph, names)
    assert caught.value.help == "did you mean 'beta'?"


def test_deep_and_shared_expressions_take_linear_time() -> None:
    expr = x
    for _ in range(10_000):  # 2**10,000 nodes if sharing were lost
        expr = sympy.Add(sympy.Mul(expr, expr, evaluate=False), 1, evaluate=False)
    for _ in range(10_000):
        expr = sympy.tanh(expr, evaluate=False)
    graph, names = scope()
    start = time.perf_counter()
    from_sympy(expr, graph, names)
    assert symbols_of(expr) == [x]
    assert time.perf_counter() - start < 5
    assert len(graph.nodes) < 31_000


def test_no_lookalike_class_passes_for_a_row() -> None:
    exp = type("exp", (sympy.Function,), {"__module__": "someone.elses"})
    graph, names = scope()
    with pytest.raises(FormulaError, match="unknown function 'exp'"):
        from_sympy(exp(x), graph, names)


def expressions() -> st.SearchStrategy[Any]:
    leaves = st.sampled_from([x, y, beta, sympy.Integer(2), sympy.Rational(1, 3)])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
            st.tuples(inner, inner).map(lambda pair: pair[0] - pair[1]),
            st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
            st.tuples(inner, inner).map(lambda pair: pair[0] / (1 + pair[1] ** 2)),
            inner.map(sympy.tanh),
            inner.map(symgrad.sigmoid),
        ),
        max_leaves=12,
    )


@settings(max_examples=40, deadline=None)
@given(expressions())
def test_any_expression_has_the_value_that_sympy_gives(expr: Any) -> None:
    graph, names = scope()
    root = from_sympy(expr, graph, names)
    point = dict(zip((x, y, beta), POINTS[0], strict=True))
    ours = float(value(graph.nodes, root, {names[s]: v for s, v in point.items()}))
    exact = {s: sympy.Rational(v) for s, v in point.items()}
    truth = float(sympy.sympify(expr).subs(exact).evalf(30))
    assert ours == pytest.approx(truth, rel=1e-14, abs=1e-300)


SMOOTH = ["sigmoid", "softplus", "silu", "log1p", "expm1", "erfcx", "ndtr"]


@pytest.mark.parametrize("name", SMOOTH)
def test_symbols_differentiate_and_evaluate_by_the_table(name: str) -> None:
    expr = SYMBOLS[name](x)
    assert isinstance(expr, TableFunction)
    at, step = sympy.Rational(3, 10), sympy.Rational(1, 10**20)
    slope = expr.diff(x).subs(x, at).evalf(30)
    ahead, behind = (expr.subs(x, at + s).evalf(60) for s in (step, -step))
    assert abs(slope - (ahead - behind) / (2 * step)) < 1e-25


def test_symbols_stay_symbolic_where_they_have_no_value() -> None:
    assert symgrad.sigmoid(sympy.Integer(0)).args == (0,)
    assert symgrad.log1p(sympy.Float(-2)) is sympy.nan


@pytest.mark.parametrize("given", ["x + 1", b"x", [1], {"x": 1}, None, object])
def test_nothing_but_expressions_and_numbers_is_taken(given) -> None:
    """Above all no text: SymPy would evaluate it."""
    with pytest.raises(FormulaError, match="not an expression that symgrad knows"):
        as_sympy(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(3, "3"), (True, "True"), (Fraction(1, 3), "1/3"), (0.5, "0.500000000000000")],
)
def test_numbers_of_python_become_those_of_sympy(given, expected: str) -> None:
    assert str(as_sympy(given)) == expected
