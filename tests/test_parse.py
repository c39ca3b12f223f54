"""Formula texts to the IR: what they mean, and what is no formula."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import fold, grammar
from symgrad.calls import NOT_BUILT
from symgrad.functions import NAMES, TABLE, Function
from symgrad.parse import RULES, FormulaError, Template, parse
from symgrad.program import Graph, Kind, Node

KINDS = {
    "x": Kind.REAL,
    "y": Kind.REAL,
    "beta": Kind.REAL,
    "a": Kind.FLOAT,
    "n": Kind.INDEX,
    "m": Kind.MASK,
    "b": Kind.BOOL,
}

OWN = {
    "gate": Template(("u", "v"), "u*sigmoid(v)"),
    "twice": Template(("u",), "gate(u, u) + x_free(u)"),
    "x_free": Template(("u",), "2*u"),
    "inverse": Template(("u",), "1/u"),
    "broken": Template((), "0", broken=True),
}


def built(text: str, names: Mapping[str, Kind] = KINDS) -> tuple[Graph, int]:
    """A formula in a graph of its own, and its value."""
    graph = Graph()
    bound = {name: graph.input(name, kind) for name, kind in names.items()}
    return graph, parse(text, graph, bound, functions=OWN)


def shown(nodes: list[Node], value: int) -> str:
    """A value as nested calls of primitives, names and constants as they are."""
    node = nodes[value]
    if node.op in ("input", "const"):
        return str(node.data)
    args = ", ".join(shown(nodes, arg) for arg in node.args)
    return f"{node.data if node.op == 'call' else node.op}({args})"


MEANINGS = [
    # order and grouping
    ("x*sigmoid(beta*x)", "mul(x, sigmoid(mul(beta, x)))"),
    ("x + y - beta", "sub(add(x, y), beta)"),
    ("x - (y - beta)", "sub(x, sub(y, beta))"),
    ("x/y/beta", "div(div(x, y), beta)"),
    ("x*y/beta*x", "mul(div(mul(x, y), beta), x)"),
    ("-x**2", "neg(pow(x, 2))"),
    ("x**-2", "pow(x, -2)"),
    ("x**y**2", "pow(x, pow(y, 2))"),
    ("--x", "neg(neg(x))"),
    ("+x", "x"),
    ("x % y", "Mod(x, y)"),
    ("x // y", "floor_divide(x, y)"),
    ("5 % 3 * x", "mul(Mod(5, 3), x)"),
    # white space
    ("  x\n + \ty ", "add(x, y)"),
    ("sin (x)", "sin(x)"),
    # constants are exact, and only they fold
    ("1/2", "1/2"),
    ("0.1*x", "mul(1/10, x)"),
    (".5 + 1.", "3/2"),
    ("1e-3", "1/1000"),
    ("1_000 + 0x10 + 0b11", "1019"),
    ("-3*x", "mul(-3, x)"),
    ("2**10", "1024"),
    ("2**-2", "1/4"),
    ("(-2)**3", "-8"),
    ("0**0 + (-1)**99999999999 + 1**(-5)", "1"),
    ("2 - 3*4", "-10"),
    ("0e-999", "0"),
    ("sqrt(2)", "sqrt(2)"),
    ("2**0.5", "pow(2, 1/2)"),
    ("x + 1 + 2", "add(add(x, 1), 2)"),
    ("0*x + x**1", "add(mul(0, x), pow(x, 1))"),
    ("pi*E*x", "mul(mul(pi, E), x)"),
    ("7//2", "floor(7/2)"),
    # functions, aliases, defaults
    ("Abs(x) + abs(y)", "add(abs(x), abs(y))"),
    ("ln(x)", "log(x)"),
    ("pow(x, 2)", "pow(x, 2)"),
    ("Heaviside(x)", "Heaviside(x, 1/2)"),
    ("heaviside(x, 1)", "Heaviside(x, 1)"),
    ("Max(x, y, 1, a)", "Max(Max(Max(x, y), 1), a)"),
    ("minimum(x, y)", "Min(x, y)"),
    ("polygamma(1, x)", "polygamma(1, x)"),
    ("zeta(5/2, x)", "zeta(5/2, x)"),
    ("zeta(3)", "zeta(3, 1)"),
    ("deg2rad(x)", "rad(x)"),
    ("stop_gradient(x)*y", "mul(stop_gradient(x), y)"),
    ("beta*beta", "mul(beta, beta)"),
    # conditions and choices
    ("where(x > 0, x, 0)", "where(gt(x, 0), x, 0)"),
    ("x if x >= 0 else -x", "where(ge(x, 0), x, neg(x))"),
    ("where(0 < x < 1, 1, x)", "where(and(lt(0, x), lt(x, 1)), 1, x)"),
    ("where(m, x, y)", "where(m, x, y)"),
    ("where(not m, x, y)", "where(not(m), x, y)"),
    ("where(~b & m | (x != y), x, y)", "where(or(and(not(b), m), ne(x, y)), x, y)"),
    (
        "where(x == 1 and y <= 2 or m, 1, 2)",
        "where(or(and(eq(x, 1), le(y, 2)), m), 1, 2)",
    ),
    (
        "Piecewise((1, x < 0), (2, x < 1), (3, True))",
        "where(lt(x, 0), 1, where(lt(x, 1), 2, 3))",
    ),
    ("Piecewise((x, True))", "x"),
    # functions of the spec
    ("gate(x, y + 1)", "mul(x, sigmoid(add(y, 1)))"),
    ("twice(y)", "add(mul(y, sigmoid(y)), mul(2, y))"),
    ("gate(gate(x, y), y)", "mul(mul(x, sigmoid(y)), sigmoid(y))"),
]


@pytest.mark.parametrize(("text", "expected"), MEANINGS)
def test_meaning(text: str, expected: str) -> None:
    graph, value = built(text)
    assert shown(graph.nodes, value) == expected


def test_equal_work_is_one_value() -> None:
    graph, value = built("sin(x + y)*sin(x + y) + gate(x, y) + gate(x, y)")
    assert sum(node.data == "sin" for node in graph.nodes) == 1
    assert sum(node.data == "sigmoid" for node in graph.nodes) == 1
    assert value == len(graph.nodes) - 1


@pytest.mark.parametrize("name", ["pi", "E", "I", "oo", "sin", "where", "gate"])
def test_a_name_before_a_parenthesis_is_a_function(name: str) -> None:
    graph, value = built(f"sin({name})", {name: Kind.REAL})
    assert shown(graph.nodes, value) == f"sin({name})"


@pytest.mark.parametrize("text", ["re(x)", "conjugate(x)"])
def test_the_parts_of_a_real_number_are_plain(text: str) -> None:
    graph, value = built(text)
    assert shown(graph.nodes, value) == "x"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_function_of_the_table_can_be_called(name: str) -> None:
    row = NAMES[name]
    first = "2" if row.partials[0] == "nan" else "x"
    args = [first, *["y"] * (len(row.args) - 1)]
    kinds = {**KINDS, "x": Kind.COMPLEX} if row.name in fold.OF_REALS else KINDS
    graph, value = built(f"{name}({', '.join(args)})", kinds)
    assert graph[value].data == row.name
    with pytest.raises(FormulaError) as caught:
        built(f"{name}()")
    assert caught.value.code == "SG211"


def test_the_table_hides_nothing_that_is_not_built() -> None:
    assert not set(NOT_BUILT) & set(NAMES)


MISTAKES = [
    # code, place of the caret (from 0, end exclusive), text
    ("SG200", 0, 1, "2x"),
    ("SG200", 2, 5, "x+1.5y"),
    ("SG200", 4, 5, "(x)+((x)"),
    ("SG200", 3, 4, "(x))"),
    ("SG200", 5, 6, "sin(x]"),
    ("SG200", 3, 4, "sin(x"),
    ("SG200", 4, 5, " x ** "),
    ("SG200", 2, 3, "x y"),
    ("SG201", 0, 2, "  "),
    ("SG202", 60, 61, "(" * 61 + "x" + ")" * 61),
    ("SG202", 0, 61, "-" * 61 + "x"),
    ("SG202", 0, 1999, "+".join(["x"] * 1000)),
    ("SG202", 0, 4097, "x" * 4097),
    ("SG202", 0, 733, "1 if m else " * 61 + "x"),
    ("SG203", 1, 2, "x^2"),
    ("SG203", 2, 3, "x ≤ y"),
    ("SG204", 0, 6, "(x, y) + 1"),
    ("SG204", 0, 4, "x<<1"),
    ("SG204", 2, 6, "x*True"),
    ("SG204", 0, 7, "exp(*x)"),
    ("SG204", 0, 7, "x.shape"),
    ("SG204", 0, 6, "x in y"),
    ("SG205", 2, 8, "x*1e-400"),
    ("SG205", 2, 7, "x*1e309"),
    ("SG205", 0, 13, "1e-300*1e-300*x"),
    ("SG206", 0, 7, "9**9**9*x"),
    ("SG206", 2, 14, "x*gamma(10**7)"),
    ("SG207", 2, 3, "x/0"),
    ("SG207", 3, 4, "x//0"),
    ("SG207", 2, 8, "x/sin(0)"),
    ("SG207", 0, 9, "Mod(x, 0)"),
    ("SG207", 2, 8, "x*log(0)"),
    ("SG207", 0, 11, "(-8)**(1/3)"),
    ("SG207", 0, 7, "acos(2)*x"),
    ("SG207", 2, 4, "x+oo"),
    ("SG207", 0, 10, "inverse(0)"),
    ("SG208", 2, 3, "x+m"),
    ("SG208", 0, 1, "b"),
    ("SG208", 6, 7, "where(x, 1, 2)"),
    ("SG208", 4, 9, "sin(x < 1)"),
    ("SG208", 5, 6, "gate(m, x)"),
    ("SG210", 2, 5, "x*bta"),
    ("SG210", 0, 3, "epx(x)"),
    ("SG210", 0, 1, "x(y)"),
    ("SG211", 0, 7, "beta(x)"),
    ("SG211", 0, 9, "sin(x, y)"),
    ("SG211", 0, 7, "gate(x)"),
    ("SG212", 0, 15, "Piecewise(x, y)"),
    ("SG213", 0, 17, "Piecewise((x, m))"),
    ("SG214", 10, 11, "polygamma(x, y)"),
    ("SG214", 5, 6, "zeta(1, y)"),
    ("SG214", 5, 6, "zeta(x)"),
    ("SG230", 0, 1, "x[i]"),
    ("SG204", 2, 4, "x*2j"),
    ("SG215", 0, 12, "erf(x + I*y)"),
    ("SG215", 0, 7, "I*x > y"),
    ("SG215", 0, 11, "Max(x, I*y)"),
    ("SG704", 0, 5, "x @ y"),
    ("SG211", 0, 6, "sum(x)"),
]


@pytest.mark.parametrize(("code", "start", "end", "text"), MISTAKES)
def test_mistakes(code: str, start: int, end: int, text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        built(text)
    [mistake] = caught.value.mistakes
    assert (mistake.code, mistake.start, mistake.end) == (code, start, end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sgn2(x) + u*v", [("SG210", 0), ("SG210", 10), ("SG210", 12)]),
        ("exp(x, y) + log(0)", [("SG211", 0), ("SG207", 12)]),
        ("where(x, m, y)", [("SG208", 6), ("SG208", 9)]),
        ("foo(bar)", [("SG210", 0)]),
        ("x and 1", [("SG208", 0), ("SG208", 6)]),
        ("broken(q, x)*r", [("SG210", 7), ("SG210", 13)]),
    ],
)
def test_independent_mistakes_come_together(
    text: str, expected: list[tuple[str, int]]
) -> None:
    with pytest.raises(FormulaError) as caught:
        built(text)
    assert [(m.code, m.start) for m in caught.value.mistakes] == expected


HELP = [
    ("sigmod(x)", "did you mean 'sigmoid'?"),
    ("bet*x", "did you mean 'beta'?"),
    ("x^2", "use '**' for powers"),
    ("2x", "write '2*'"),
    ("x(y)", "write 'x*(...)'"),
    ("beta(x)", "write 'beta*(...)'"),
    ("zzzz", "known here: x, y, beta, a, n, m, b"),
    ("zzzz(x)", "'symgrad functions' lists them"),
]


@pytest.mark.parametrize(("text", "help"), HELP)
def test_help(text: str, help: str) -> None:
    with pytest.raises(FormulaError) as caught:
        built(text)
    assert caught.value.help == help


def test_python_numbers_and_constants_alone_are_numbers() -> None:
    graph, value = built("exp(a)/2")
    assert graph[value].kind is Kind.FLOAT
    graph, value = built("n + 1")
    assert graph[value].kind is Kind.INDEX


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_texts_of_the_table_are_formulas(row: Function) -> None:
    kinks = [text for kink in row.kinks for text in (*kink.left, *kink.torch)]
    for text in (*row.partials, *row.defaults, *kinks):
        graph = Graph()
        names = (*row.args, "y", "nan")
        bound = {name: graph.input(name, Kind.REAL) for name in names}
        parse(text, graph, bound, in_table=True)


# Limits


def test_limits_are_generous_for_people() -> None:
    built("+".join(["x"] * 500))
    built("sin(" * 55 + "x" + ")" * 55)
    built("*".join(["(x + 1)"] * 120))
    built("2**512*x + 1e308*x + 5e-324*x + 1e-300*x*1e-300")


def test_every_rule_is_for_an_expression() -> None:
    assert all(issubclass(kind, ast.expr) for kind in RULES)


def test_the_depth_that_is_allowed_can_be_walked() -> None:
    """From deep inside of somebody's program, with the interpreter's own limit."""

    def nested(levels: int, text: str) -> int:
        return nested(levels - 1, text) if levels else built(text)[1]

    assert nested(150, "gate(1 + (" * 29 + "x" + "), y)" * 29)


def test_constants_are_computed_once_and_only_so_many() -> None:
    graph = Graph()
    for _ in range(fold.MAX_COMPUTED + 1):
        parse("sin(2)", graph, {})
    with pytest.raises(FormulaError, match="constants to compute"):
        for number in range(3, fold.MAX_COMPUTED + 3):
            parse(f"sin({number})", graph, {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Fraction(2) ** 1023, True), (Fraction(2) ** 1024, False)],
)
def test_the_range_of_doubles(value: Fraction, expected: bool) -> None:
    graph = Graph()
    try:
        fold.check(graph, graph.const(value))
    except fold.Unfit:
        assert not expected
    else:
        assert expected


# Any text at all

_WORDS = """
** // <= == oo True pi 1e e- lambda 10**9 1e300 (-1) /0 2**
sin( log( gamma( where( Piecewise(( Max( gate( sum(
"""
TOKENS = st.sampled_from(
    [
        *"xyabmn0123456789.+-*/%()<>=!&|~,[]:;^@ eEjI_é\n'\\#",
        *_WORDS.split(),
        *(" and ", " or ", "not ", " if ", " else "),
    ]
)


@settings(max_examples=300, deadline=5_000)
@given(st.lists(TOKENS, max_size=40).map("".join) | st.text(max_size=40))
def test_any_text_is_a_formula_or_a_mistake(text: str) -> None:
    check_any(text)


def check_any(text: str) -> bool:
    """Whether a text is a formula; if not, its mistakes must lie inside of it."""
    try:
        graph, value = built(text)
    except FormulaError as error:
        for mistake in error.mistakes:
            assert 0 <= mistake.start < mistake.end <= len(text) + 1
            assert mistake.code[:3] in ("SG2", "SG7")
        return False
    assert not graph[value].kind.is_condition
    grammar.tree(text)
    return True
