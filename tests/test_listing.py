"""``symgrad functions``: a table that fits the terminal, words to choose by, JSON."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from symgrad import cli
from symgrad.functions import TABLE
from symgrad.listing import GAP, HEADS, MOST, NARROWEST, chosen, table


def columns(text: str) -> list[list[str]]:
    """The lines of a table, cut where its rule is."""
    lines = text.splitlines()
    sizes = [len(dashes) for dashes in lines[1].split(GAP)]
    ends = [sum(sizes[:n]) + len(GAP) * n for n in range(len(sizes) + 1)]
    spans = [slice(start, end) for start, end in pairwise(ends)]
    return [[line[span].strip() for span in spans] for line in lines]


@pytest.mark.parametrize("width", [20, NARROWEST, 80, 100, 200])
def test_all_functions_are_there_at_any_width(width: int) -> None:
    text = table(chosen([]), width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= max(width, NARROWEST)
    rows = columns(text)
    assert rows[0] == list(HEADS)
    firsts = [first for first, *_ in rows]
    assert [n for n in TABLE if not any(f.startswith(f"{n}(") for f in firsts)] == []


def test_a_row_has_all_that_is_known() -> None:
    rows = columns(table(chosen(["polygamma"]), 120))
    assert rows[2] == ["polygamma(n, x)", "d/dn = nan", "", "n >= 0 and x > 0"]
    assert rows[3] == ["", "d/dx = polygamma(n + 1, x)", "", ""]
    [row] = [r for r in columns(table(chosen(["clamp"]), 120)) if "clamp" in r[0]]
    assert row[2] == "x == lo"
    [row] = [r for r in columns(table(chosen(["abs"]), 120)) if r[0] == "abs(x)"]
    assert row[1:3] == ["d/dx = sign(x)", "x == 0"]


def test_long_derivatives_are_cut_unless_somebody_asks_for_them() -> None:
    longest = max(TABLE.values(), key=lambda row: max(map(len, row.partials)))
    short = table(chosen([longest.name]), 80, MOST)
    whole = table(chosen([longest.name]), 80, None)
    assert " ..." in short
    assert " ..." not in whole
    joined = "".join("".join(row[1].split()) for row in columns(whole))
    assert all("".join(p.split()) in joined for p in longest.partials)


@pytest.mark.parametrize(
    ("words", "has", "has_not"),
    [
        (["sigm"], {"sigmoid", "logsigmoid", "hardsigmoid"}, {"exp"}),
        (["expit"], {"sigmoid"}, {"exp"}),
        (["SINH", "tanh"], {"sinh", "asinh", "tanh"}, {"sin"}),
        ([], set(TABLE), set()),
    ],
)
def test_words_choose(words, has, has_not) -> None:
    names = {function.row.name for function in chosen(words)}
    assert has <= names
    assert not has_not & names


def test_no_such_function(capsys) -> None:
    assert cli.run(["functions", "sigmiod"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "SG153" in err
    assert "did you mean 'sigmoid'?" in err


def test_the_width_of_the_terminal_is_used(monkeypatch, capsys) -> None:
    widths = []
    for columns_of_terminal in ("80", "130"):
        monkeypatch.setenv("COLUMNS", columns_of_terminal)
        assert cli.run(["functions"]) == 0
        widths.append(max(map(len, capsys.readouterr().out.splitlines())))
    assert 70 < widths[0] <= 80 < 100 < widths[1] <= 130


def test_machines_are_told_the_same(capsys) -> None:
    assert cli.run(["functions", "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert [report["name"] for report in reports] == list(TABLE)
    [relu] = [report for report in reports if report["name"] == "relu"]
    assert relu["derivatives"].keys() == {"x"}
    assert relu["kinks"] == ["x == 0"]
