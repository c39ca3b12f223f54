"""The subset of YAML: data, places, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import Diagnostic, Span, SpecError, render
from symgrad.yamlfile import MAX_BYTES, MAX_NODES, Path, read


def data(text: str) -> Any:
    """What a text says."""
    document = read(text.encode(), "a.yaml")
    assert not document.problems
    return document.data


VALUES = [
    ("a: 1", {"a": 1}),
    ("a: -7", {"a": -7}),
    ("a: 1e-5", {"a": 1e-5}),
    ("a: .5", {"a": 0.5}),
    ("a: 1.", {"a": 1.0}),
    ("a: true", {"a": True}),
    ("a: False", {"a": False}),
    ("a: null", {"a": None}),
    ("a:", {"a": None}),
    # what YAML 1.1 takes for something else
    ("a: on", {"a": "on"}),
    ("a: no", {"a": "no"}),
    ("y: x", {"y": "x"}),
    ("no: 1", {"no": 1}),
    ("a: 012", {"a": "012"}),
    ("a: 1:30", {"a": "1:30"}),
    ("a: 0x10", {"a": "0x10"}),
    ("a: 2024-01-01", {"a": "2024-01-01"}),
    ("a: =", {"a": "="}),
    # quotes and blocks
    ("a: '1'", {"a": "1"}),
    ('a: "x\\ty"', {"a": "x\ty"}),
    ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
    ("a: >-\n  x\n  y\n", {"a": "x y"}),
    ("a: x\n  y", {"a": "x y"}),
    ("1: 2", {"1": 2}),
    ("{a: [1, x, [2]], b: {}}", {"a": [1, "x", [2]], "b": {}}),
    ("# c\na: 1 # d\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ("\ufeffa: 1", {"a": 1}),
    ("---\na: 1\n...\n", {"a": 1}),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values(text: str, expected: Any) -> None:
    found = data(text)
    assert found == expected
    assert repr(found) == repr(expected)


def test_places() -> None:
    document = read(b"a: {b: 'x y',\n    c: [1, zz]}\n", "a.yaml")
    spans: dict[Path, Span] = {path: v.span for path, v in document.values.items()}
    assert document.keys[("a", "c")] == Span(2, 5, 2, 6)
    assert spans[("a", "b")] == Span(1, 8, 1, 13)
    assert spans[("a", "c", 1)] == Span(2, 12, 2, 14)
    assert document.place(("a", "c", 7)) == spans[("a", "c")]


def test_columns_are_characters() -> None:
    document = read("{é: é, z: zz}".encode(), "a.yaml")
    assert document.keys[("z",)] == Span(1, 8, 1, 9)


def test_a_repeated_key_keeps_the_first_value_and_its_place() -> None:
    document = read(b"a: {b: 1}\na: {b: 2, c: 3}\na: 4\n", "a.yaml")
    assert document.data == {"a": {"b": 1}}
    assert [d.code for d in document.problems] == ["SG113", "SG113"]
    assert document.values[("a", "b")].span == Span(1, 8, 1, 9)


REFUSED = [
    (b"", "SG115", None),
    (b"# only a comment\n", "SG115", None),
    (b"a: 1\n b: 2\n", "SG100", (2, 3)),
    (b"a: [1\n", "SG100", (2, 1)),
    (b"a: 1\n\tb: 2\n", "SG100", (2, 1)),
    (b"a: 'x", "SG100", (1, 6)),
    (b"#" * (MAX_BYTES + 1), "SG101", None),
    (b"[" + b"1," * MAX_NODES + b"]", "SG101", (1, 2 * MAX_NODES)),
    (b"[" * 100_000, "SG101", (1, 17)),
    (b"- " * 50, "SG101", (1, 33)),
    (b"a: \xff\n", "SG102", (1, 4)),
    (b"\xff\xfea\x00", "SG102", (1, 1)),
    (b"a: \x1b[0m\n", "SG102", (1, 4)),
    ("a: x\u202ey\n".encode(), "SG102", (1, 5)),
    (b"a: 1\rb: 2\n", "SG102", (1, 5)),
    (b'a: "\\0"\n', "SG102", (1, 4)),
    (b'a: "\\u2028"\n', "SG102", (1, 4)),
    (b'"\\x85": 1\n', "SG102", (1, 1)),
    (b"a: " + b"9" * 41, "SG103", (1, 4)),
    (b"a: 1\n---\nb: 2\n", "SG110", (2, 1)),
    (b"%YAML 1.1\n---\na: 1\n", "SG110", (1, 1)),
    (b"a: &x 1\n", "SG111", (1, 4)),
    (b"a: *x\n", "SG111", (1, 4)),
    (b"<<: {a: 1}\n", "SG111", (1, 1)),
    (b"a: !!int 1\n", "SG112", (1, 4)),
    (b"a: ! x\n", "SG112", (1, 4)),
    (b"[a]: 1\n", "SG114", (1, 1)),
    (b"? {a: 1}\n: 1\n", "SG114", (1, 3)),
]


@pytest.mark.parametrize(("raw", "code", "place"), REFUSED, ids=range(len(REFUSED)))
def test_refused(raw: bytes, code: str, place: tuple[int, int] | None) -> None:
    with pytest.raises(SpecError) as caught:
        read(raw, "a.yaml")
    [problem] = caught.value.diagnostics
    assert problem.code == code
    found = problem.span and (problem.span.line, problem.span.column)
    assert found == place


# How a message looks


def rendered(line: str, start: int, end: int, **given: Any) -> list[str]:
    """The lines of a message about a piece of a line."""
    span = Span(7, start, 7, end)
    problem = Diagnostic("SG200", "it is wrong", "a.yaml", span, (line,), **given)
    return render(problem).splitlines()


def test_a_message() -> None:
    assert rendered("  y: epx(x)", 6, 9, help="no") == [
        "error[SG200]: it is wrong",
        "  --> a.yaml:7:6",
        "  |",
        "7 |   y: epx(x)",
        "  |      ^^^",
        "  = help: no",
    ]


def test_control_characters_are_shown_and_not_sent() -> None:
    lines = rendered("a\x1b[31mb\u202ec\td", 8, 9)
    assert lines[3:] == ["7 | a\\x1b[31mb\\u202ec\\td", "  |           ^^^^^^"]
    problem = Diagnostic("SG1", "a\x07b\nc", "\x1b.yaml", None, ())
    assert render(problem) == "error[SG1]: a\\x07b\\nc\n  --> \\x1b.yaml"


@pytest.mark.parametrize("start", [1, 80, 500, 995])
def test_a_long_line_is_cut_round_the_caret(start: int) -> None:
    line = "".join(chr(97 + i % 26) for i in range(1000))
    *_, shown, carets = rendered(line, start, start + 3)
    shown, carets = shown[4:], carets[4:]
    assert len(shown) <= 160
    at = carets.index("^")
    assert shown[at : at + 3] == line[start - 1 : start + 2]
    assert carets.strip() == "^^^"


# Any bytes at all

PIECES = st.sampled_from(
    [
        *"ab:'\"[]{},|>&*!%#?~1é\n\t",
        *(": ", "- ", "  ", " #", "\\x00", "---\n", "\r\n"),
    ]
)


@settings(max_examples=300, deadline=2_000)
@given(st.lists(PIECES, max_size=40).map(lambda p: "".join(p).encode()) | st.binary())
def test_any_bytes_are_a_document_or_an_error(raw: bytes) -> None:
    check_any(raw)


def check_any(raw: bytes) -> None:
    """Either there is a document, or all errors lie inside of the file."""
    lines = raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    try:
        document = read(raw, "a.yaml")
    except SpecError as error:
        problems = error.diagnostics
    else:
        problems = tuple(document.problems)
        assert all(path[:-1] in document.values for path in document.keys)
    for problem in problems:
        assert render(problem).isprintable() or "\n" in render(problem)
        if problem.span is not None:
            assert 1 <= problem.span.line <= len(lines) + 1
            assert problem.span.column >= 1
