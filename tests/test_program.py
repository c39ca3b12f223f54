"""The intermediate representation: sharing, kinds, axes, and what is legal."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symgrad.program import BATCH, Graph, Kind, Node, Program


def test_equal_work_is_one_value() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    first = graph.node("mul", x, graph.const(2))
    assert graph.node("mul", x, graph.const(2)) == first
    assert graph.node("mul", graph.const(2), x) == first
    assert graph.node("div", graph.const(2), x) != graph.node("div", x, graph.const(2))


KINDS = [
    ("add", [Kind.REAL, Kind.FLOAT], Kind.REAL),
    ("add", [Kind.INT, Kind.FLOAT], Kind.FLOAT),
    ("add", [Kind.INDEX, Kind.INT], Kind.INDEX),
    ("div", [Kind.INDEX, Kind.INT], Kind.REAL),
    ("div", [Kind.INT, Kind.INT], Kind.FLOAT),
    ("mul", [Kind.INDEX, Kind.FLOAT], Kind.REAL),
    ("mul", [Kind.COMPLEX, Kind.REAL], Kind.COMPLEX),
    ("lt", [Kind.REAL, Kind.INT], Kind.MASK),
    ("lt", [Kind.FLOAT, Kind.INT], Kind.BOOL),
    ("and", [Kind.MASK, Kind.BOOL], Kind.MASK),
    ("where", [Kind.MASK, Kind.INT, Kind.INT], Kind.REAL),
    ("where", [Kind.BOOL, Kind.INT, Kind.FLOAT], Kind.FLOAT),
    ("where", [Kind.BOOL, Kind.REAL, Kind.FLOAT], Kind.REAL),
]


@pytest.mark.parametrize(("op", "kinds", "expected"), KINDS)
def test_kinds_are_joined(op: str, kinds: list[Kind], expected: Kind) -> None:
    graph = Graph()
    args = [graph.input(f"x{i}", kind) for i, kind in enumerate(kinds)]
    assert graph[graph.node(op, *args)].kind is expected


def test_axes_are_joined_batch_in_front() -> None:
    graph = Graph()
    a = graph.input("a", Kind.REAL, ("n",))
    b = graph.input("b", Kind.REAL, (BATCH, "m"))
    c = graph.input("c", Kind.FLOAT)
    assert graph[graph.node("mul", a, b)].axes == (BATCH, "n", "m")
    assert graph[graph.node("mul", a, c)].axes == ("n",)


def real(op: str, *args: int, data: Fraction | str | None = None) -> Node:
    return Node(op, args, data, Kind.REAL, (BATCH,))


X = real("input", data="x")
MASK = Node("input", (), "m", Kind.MASK, (BATCH,))

ILLEGAL = {
    "an argument before it is there": (X, real("neg", 1)),
    "too few arguments": (X, real("add", 0)),
    "a condition as a number": (MASK, real("neg", 0)),
    "a number as a condition": (X, real("where", 0, 0, 0)),
}


@pytest.mark.parametrize("nodes", ILLEGAL.values(), ids=ILLEGAL)
def test_illegal_programs_are_refused(nodes: tuple[Node, ...]) -> None:
    with pytest.raises(AssertionError):
        Program(nodes, {}, {}).check()


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="dangling"):
        Program((X,), {"x": 0}, {"y": 3}).check()


def test_an_unknown_primitive_is_refused() -> None:
    with pytest.raises(KeyError):
        Program((X, real("twist", 0)), {}, {}).check()


def test_operations_are_counted_without_leaves_and_constants() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    half = graph.call("sqrt", graph.const(2))
    y = graph.node("mul", graph.call("exp", x), half)
    program = Program(tuple(graph.nodes), {"x": x}, {"y": y})
    assert program.count_ops([y]) == 2
    assert program.count_ops([y], frozenset({graph.call("exp", x)})) == 1
    assert program.reachable([half]) == [graph.const(2), half]


def test_a_program_prints_an_assignment_a_line() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    y = graph.call("exp", x)
    text = str(Program(tuple(graph.nodes), {"x": x}, {"y": y}))
    assert text == "v0 = input[x]\nv1 = call[exp](v0)"
