"""The shortcuts of derivatives: each one fires, and none changes a value."""

from __future__ import annotations

import ast
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import formulas, precise
from symgrad.parse import parse
from symgrad.printer import Text, formula
from symgrad.program import Graph, Kind

SHORTCUTS = [
    ("x + 0", "x"),
    ("0 + x", "x"),
    ("x - 0", "x"),
    ("0 - x", "-x"),
    ("x + (-w)", "x - w"),
    ("(-x) + w", "w - x"),
    ("x - (-w)", "x + w"),
    ("-(-x)", "x"),
    ("-(x - w)", "w - x"),
    ("x*1", "x"),
    ("1*x", "x"),
    ("x*0", "0"),
    ("x*(-1)", "-x"),
    ("x*3", "3*x"),
    ("2*(3*x)", "6*x"),
    ("2*(x/2)", "x"),
    ("x*(1/w)", "x/w"),
    ("(-x)*w", "-(x*w)"),
    ("x*(-w)", "-(x*w)"),
    ("x/1", "x"),
    ("0/x", "0"),
    ("(-x)/w", "-(x/w)"),
    ("x/(-w)", "-(x/w)"),
    ("x/x", "1"),
    ("x*w/w", "x"),
    ("x*w/x", "w"),
    ("(x/w)/x", "1/w"),
    ("(x + w)/(w + x)", "1"),
    ("(-x)/x", "-1"),
    ("x**0", "1"),
    ("x**1", "x"),
    ("x**(-1)", "1/x"),
    ("where(1 < 2, x, w)", "x"),
    ("where(2 < 1, x, w)", "w"),
    ("where(E < pi, x, w)", "x"),
    ("where(sqrt(2)*sqrt(3) == sqrt(6), x, w)", "x"),
    ("where(x > 0 and log(2) == 0, x, w)", "w"),
    ("where(x > 0, w, w)", "w"),
    ("where(not x > 0, x, w)", "where(x > 0, w, x)"),
    ("where(x > 0 and 1 < 2, x, w)", "where(x > 0, x, w)"),
    ("where(x > 0 or 1 < 2, x, w)", "x"),
]


def built(text: str) -> tuple[Graph, int, dict[str, int]]:
    graph = Graph()
    names = {name: graph.input(name, Kind.REAL) for name in ("x", "w")}
    return graph, parse(text, graph, names), names


def shortened(text: str) -> tuple[Graph, int, dict[str, int]]:
    source, root, names = built(text)
    graph = Graph()
    bound = {name: graph.input(name, Kind.REAL) for name in names}
    return graph, int(formulas.substitute(graph, source.nodes, root, bound)), bound


def shown(graph: Graph, root: int) -> str:
    texts: list[Text] = []
    for node in graph.nodes[: root + 1]:
        texts.append(formula(node, [texts[arg] for arg in node.args]))
    return texts[root].text


@pytest.mark.parametrize(("text", "expected"), SHORTCUTS)
def test_shortcut(text: str, expected: str) -> None:
    assert shown(*shortened(text)[:2]) == expected


@pytest.mark.parametrize("text", [text for text, _ in SHORTCUTS])
def test_shortcuts_keep_the_value(text: str) -> None:
    for x, w in itertools.product((-2.5, 0.75, 3.0), repeat=2):
        found = []
        for graph, root, names in (built(text), shortened(text)):
            leaves = {names["x"]: x, names["w"]: w}
            found += precise.floats(graph.nodes, [root], leaves)
        assert found[0] == pytest.approx(found[1], rel=1e-15)


# -- the printer, which shows all this -------------------------------------------------

ATOMS = st.sampled_from(["x", "w", "2", "1/3", "0.5", "-3", "pi"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "**"])
    compare = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
        inner.map(lambda t: f"-({t})"),
        inner.map(lambda t: f"sigmoid({t})"),
        st.tuples(inner, compare, inner, inner).map(
            lambda t: f"where(({t[0]}) {t[1]} ({t[2]}) and not x < w, {t[3]}, x)"
        ),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(ATOMS, grown, max_leaves=8))
def test_what_is_printed_parses_to_the_same_value(text: str) -> None:
    from symgrad.grammar import FormulaError

    try:
        graph, root, names = built(text)
    except FormulaError:  # a constant that is not finite
        return
    again = parse(shown(graph, root), graph, names)
    assert again == root


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x - (w - x)", "x - (w - x)"),
        ("(x - w) - x", "x - w - x"),
        ("x/(w*x)", "x/(w*x)"),
        ("x/w*x", "x/w*x"),
        ("(-x)**2", "(-x)**2"),
        ("-x**2", "-x**2"),
        ("x**w**x", "x**w**x"),
        ("(x**w)**x", "(x**w)**x"),
        ("x*(w + 1)", "x*(w + 1)"),
    ],
)
def test_parentheses_where_they_are_needed(text: str, code: str) -> None:
    graph, root, _ = built(text)
    printed = shown(graph, root)
    assert printed == code
    assert ast.dump(ast.parse(printed)) == ast.dump(ast.parse(text))
