"""What notebooks show of a program and of a report; all of it is text."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from specs import op

import symgrad
from symgrad import api
from symgrad.backends.torch import joint_program
from symgrad.html_table import html_table
from symgrad.program import Graph, Kind, Note, Program
from symgrad.verify import Finding, Report, RungResult

HOSTILE = "<script>alert('1')</script>&\""


def cells(table: str) -> list[list[str]]:
    """The rows of the body, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[unescape(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", r)] for r in rows]


def test_all_that_stands_in_a_table_is_text() -> None:
    table = html_table(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE)
    assert "<script" not in table and table.count("&lt;script&gt;") == 4
    assert cells(table)[1:] == [[HOSTILE]]


def test_a_program_has_a_row_for_each_value() -> None:
    program = joint_program(op("x beta", "beta*x", accuracy="fast"))
    rows = cells(program._repr_html_())[1:]
    assert [row[0] for row in rows] == [f"v{k}" for k in range(len(program.nodes))]
    said = {row[1]: row[4] for row in rows}
    assert said["input[x]"] == "kept"
    assert said["mul(v1, v0)"] == "output y"
    assert [row[4] for row in rows].count("gradient of x") == 1


def test_names_and_notes_of_values_are_shown() -> None:
    made = joint_program(op("x", {"y": "u*u"}, let={"u": "exp(x)"}, accuracy="fast"))
    [let] = (v for v, name in made.names.items() if name == "u")
    noted = replace(made, notes={let: Note("near", HOSTILE)})
    table = noted._repr_html_()
    assert cells(table)[1:][let][4].endswith(f"u, {HOSTILE}")
    assert "<script" not in table


def test_of_very_many_values_the_first_are_shown() -> None:
    graph = Graph()
    x = graph.input("x", Kind.REAL)
    for k in range(600):
        x = graph.node("add", x, graph.const(k + 1))
    table = Program(tuple(graph.nodes), {}, {})._repr_html_()
    assert len(cells(table)) == 1 + 500
    assert f"and {len(graph.nodes) - 500} more" in table


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ((), "Verification: passed"),
        ((Finding(2, "f", HOSTILE, "x=0"),), "Verification: FAILED, 1 failures"),
    ],
)
def test_a_report_has_its_rungs_and_its_failures(
    failures: tuple[Finding, ...], said: str
) -> None:
    results = (RungResult("f", 2, not failures, 1.5e-7, "x=0", HOSTILE),)
    table = Report(results, failures, 0.1)._repr_html_()
    assert said in table and "<script" not in table
    state = "FAILED" if failures else "ok"
    assert cells(table)[1:] == [["f", "2", state, "1.5e-07", "x=0", HOSTILE]]
    assert ("inputs:" in table) == bool(failures)


def test_an_op_has_a_program_and_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def verify(source: str, *rest: object, kernels: str) -> Report:
        asked.append((source, rest[1], kernels))
        return Report((), (), 0.0)

    monkeypatch.setattr(api.ladder, "verify", verify)
    x = symgrad.reals("x")
    square = symgrad.Op("square", [x], x**2)
    assert list(square.program.gradients) == ["x"]
    assert square.verify("full").passed
    [(source, level, kernels)] = asked
    assert square.source().endswith(source) and level == "full" and not kernels
