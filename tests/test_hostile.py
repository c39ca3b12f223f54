"""Broken and hostile specs, a row each: how they are refused, where, and how fast."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from typing import Any

import fuzz_front_end
import fuzz_targets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import Span, SpecError, render
from symgrad.spec import load, load_text

LIMIT = 2.0
"""Seconds that any of these may take."""

Row = tuple[str, str, str, "str | None", str]
"""Name, text of the spec, code, line and column of the caret, a part of the message."""


def model(**changes: Any) -> str:
    """A spec as JSON, in which only what is said differs from a good one."""
    op = {"inputs": {"x": "real"}, "forward": {"y": "x*x"}} | changes
    return json.dumps({"symgrad": 1, "ops": {"op": op}}, ensure_ascii=False)


def named(name: str) -> str:
    """A spec whose op has this name."""
    op = {"inputs": {"x": "real"}, "forward": {"y": "x*x"}}
    return json.dumps({"symgrad": 1, "ops": {name: op}}, ensure_ascii=False)


def formula(text: str) -> str:
    """A spec with this formula; its first character stands at 6:11."""
    quoted = json.dumps(text, ensure_ascii=False)
    head = "symgrad: 1\nops:\n  op:\n    inputs: {x: real, y: real}\n    forward:\n"
    return f"{head}      z: {quoted}\n"


YAML: list[Row] = [
    ("Y02", "# hi\n", "SG115", None, "empty"),
    ("Y04", "hello\n", "SG122", "1:1", "a mapping with the keys"),
    ("Y06", "symgrad: 1\n ops: 3\n", "SG100", "2:5", "mapping values"),
    ("Y08", "symgrad: 1\nsymgrad: 1\n" + model()[15:], "SG113", "2:1", "on line 1"),
    ("Y10", "a: &a [*a]\n", "SG111", "1:4", "anchor '&a'"),
    ("Y12", "a: !!python/object/apply:os.system ['echo']\n", "SG112", "1:4", "tag"),
    ("Y14", "symgrad: !!binary aGk=\n", "SG112", "1:10", "tag"),
    ("Y16", "%TAG ! tag:x,2000:\n---\nsymgrad: 1\n", "SG110", "1:1", "directives"),
    ("Y20", "symgrad: 1\nops: '\x1b]0;pwn\x07'\n", "SG102", "2:7", "U+001B"),
    ("Y22", "sym\u200bgrad: 1\n", "SG102", "1:4", "U+200B"),
    ("Y24", "#" + "x" * 10_000_000, "SG101", None, "1,048,576 bytes"),
    ("Y26", f"ops: [{'1,' * 100_000}]\n", "SG101", "1:40001", "20,000 YAML nodes"),
    ("Y28", f"symgrad: {'1' * 10_000}\n", "SG103", "1:10", "10,000 digits"),
    ("bomb", "a: &a [x, x]\nb: &b [*a, *a]\n", "SG111", "1:4", "anchor"),
    ("deep", "[" * 100_000, "SG101", "1:17", "16 levels"),
]

MODEL: list[Row] = [
    ("M02", model().replace("1", "99", 1), "SG123", "1:13", "99 is not a version"),
    ("M04", '{"symgrad": 1, "ops": {}}', "SG124", "1:23", "too few"),
    (
        "M06",
        model(inputs={f"x{i}": "real" for i in range(1_000)}),
        "SG106",
        "1:41",
        "64 is the limit",
    ),
    ("M08", model(forward={"y": 3}), "SG122", "1:73", "text, not 3"),
    ("M10", model(inputs={"x": "raell"}), "SG123", "1:48", "'raell' is not a kind"),
    (
        "M12",
        model().replace('"x": "real"', '"x": "real", "x": "real"'),
        "SG113",
        "1:55",
        "'x' is there already",
    ),
    (
        "M14",
        model()[:-2] + ', "OP": ' + model()[28:-2] + "}}",
        "SG128",
        "1:82",
        "'op' and 'OP' differ only by case",
    ),
    ("M16", model(doc="x" * 100_000), "SG106", "1:88", "too long: 4000"),
    (
        "M18",
        "symgrad: 1\nops:\n  op:\n    inputs: [true]\n    forward: {y: x}\n",
        "SG122",
        "4:13",
        "a mapping, not a list",
    ),
]

NAMES: list[Row] = [
    ("I02", named("match"), "SG126", "1:24", "'match' is a reserved name"),
    ("I04", model(inputs={"torch": "real"}), "SG126", "1:42", "'torch' is a reserved"),
    ("I06", model(inputs={"x": "real", "grad_x": "real"}), "SG126", "1:55", "'grad_"),
    ("I08", named("_op"), "SG125", "1:24", "begins with a letter"),
    ("I10", named("Op(object): pass\nimport os"), "SG125", "1:24", "ASCII letters"),
    ("I12", model(inputs={"x": "real", "\uff58": "real"}), "SG125", "1:55", "ASCII"),
    ("I14", named("op\n"), "SG125", "1:24", "ASCII letters"),
    ("I16", named("a" * 300), "SG125", "1:24", "300 characters"),
    ("I18", model(inputs={"backward": "real"}), "SG126", "1:42", "'backward' is"),
]

OUTPUTS: Sequence[Row] = [
    (name, model(output=path), "SG120", "1:81", "unknown key 'output'")
    for name, path in {
        "P02": "/etc/x.py",
        "P06": "C:\\x.py",
        "P08": ".bashrc.py",
        "P10": "x.py\n",
        "parent": "../x.py",
    }.items()
] + [("P04", model(output="a\0.py"), "SG102", "1:91", "U+0000")]

CODE: list[Row] = [
    ("E02", formula("x.__class__.__mro__"), "SG204", "6:11", "attribute"),
    ("E04", formula("(lambda: x)()"), "SG203", "6:18", "':'"),
    ("E06", formula("[x for x in y]"), "SG204", "6:11", "list"),
    ("E08", formula("x[0]"), "SG230", "6:11", "has no named axes"),
    ("E10", formula("x; y"), "SG203", "6:12", "';'"),
    ("E12", formula("Max(*x)"), "SG204", "6:11", "by position"),
    ("E14", formula("x if y else 0"), "SG208", "6:16", "as a condition"),
    ("E16", formula("factorial(x)"), "SG210", "6:11", "unknown function 'factorial'"),
    ("E18", formula("await x"), "SG204", "6:11", "not allowed"),
    ("E20", formula("{{ 7*7 }}"), "SG203", "6:11", "'{'"),
    ("import", formula("__import__('os').system('x')"), "SG203", "6:22", "'"),
    ("call", formula("print(x)"), "SG210", "6:11", "unknown function 'print'"),
    ("walrus", formula("(x := 1)"), "SG203", "6:14", "':'"),
    ("string", formula('f"{x}"').replace('\\"', "'"), "SG203", "6:12", "'"),
]

BOMBS: list[Row] = [
    ("D02", formula("((9**9)**9999)**9999*x"), "SG206", "6:12", "too large"),
    ("D04", formula("x*factorial(10**9)"), "SG210", "6:13", "'factorial'"),
    ("D06", formula("x*loggamma(10**9)"), "SG206", "6:13", "too large"),
    ("D08", formula("-" * 4_000 + "x"), "SG202", "6:11", "parts"),
    ("D09", formula("-" * 500 + "x"), "SG202", "6:11", "signs in a row"),
    ("D10", formula("(" * 200 + "x" + ")" * 200), "SG202", "6:71", "deeper than 60"),
    ("D12", formula("+".join("x" * 50_001)), "SG202", "6:11", "100,001 characters"),
    ("D14", formula("*".join(["9" * 40] * 20) + "*x"), "SG205", "6:11", "overflows"),
    ("D16", formula("(((2**500)**2)**2)**2*x"), "SG205", "6:12", "overflows"),
    ("R06", formula("x**-x" + "**-x" * 40), "SG202", "6:11", "deeper than 60"),
    ("digits", formula("9" * 4_000 + "*x"), "SG205", "6:11", "bits"),
    ("tower", formula("x**9**9**9**9"), "SG206", "6:17", "too large"),
    ("exp", formula("x*exp(exp(exp(exp(9))))"), "SG207", "6:21", "finite"),
    ("nots", formula("not " * 500 + "x"), "SG202", "6:11", "in a row"),
]

MATHEMATICS: list[Row] = [
    ("S02", formula("x*bta"), "SG210", "6:13", "unknown name 'bta'"),
    ("S04", formula("x^2"), "SG203", "6:12", "'^' (U+005E)"),
    ("S06", formula("x(y+1)"), "SG210", "6:11", "'x' is not a function"),
    ("S08", formula("x/0"), "SG207", "6:13", "division by zero"),
    ("S10", formula("x*log(0)"), "SG207", "6:13", "finite"),
    ("S12", formula("x*2j"), "SG204", "6:13", "2j is not allowed"),
    ("S14", formula("x*(x<y)"), "SG208", "6:14", "condition cannot be used"),
    ("S16", formula("exp(x, y)"), "SG211", "6:11", "takes 1 argument, not 2"),
    ("S18", formula("x*1e-400"), "SG205", "6:13", "underflows"),
    ("S20", formula("x \u00d7 y"), "SG203", "6:13", "U+00D7"),
    ("S24", formula("x @ y"), "SG704", "6:11", "matrix"),
    ("S26", formula("x*True"), "SG204", "6:13", "True is not allowed"),
    ("R10", formula("sqrt(x < y)"), "SG208", "6:16", "condition"),
    ("root", formula("sqrt(-1)*x"), "SG207", "6:11", "finite real"),
    ("oo", formula("x + oo"), "SG207", "6:15", "not a finite"),
    ("literal", formula("1e400*x"), "SG205", "6:11", "overflows"),
    ("default", formula("Piecewise((x, x > 0))"), "SG213", "6:11", "no default"),
]

SELF = "symgrad: 1\nops:\n  op:\n    inputs: {x: real}\n    let: {%s}\n"
DEFINITIONS: list[Row] = [
    ("R16", SELF % "a: b + x, b: a" + "    forward: {y: b}\n", "SG210", "5:14", "'b'"),
    ("self", SELF % "a: a + x" + "    forward: {y: a}\n", "SG210", "5:14", "'a'"),
    ("T06", model(doc="\\").replace('"\\\\"', '"a\\x0c"'), "SG102", "1:88", "U+000C"),
    ("T10", model(doc="").replace('""', '"\\ud800"'), "SG102", "1:88", "U+D800"),
]

ROWS = [*YAML, *MODEL, *NAMES, *OUTPUTS, *CODE, *BOMBS, *MATHEMATICS, *DEFINITIONS]


@pytest.mark.parametrize(
    ("text", "code", "place", "part"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_refusal(text: str, code: str, place: str | None, part: str) -> None:
    start = time.perf_counter()
    with pytest.raises(SpecError) as caught:
        load_text(text, "op.yaml")
    assert time.perf_counter() - start < LIMIT
    first = caught.value.diagnostics[0]
    found = first.span and f"{first.span.line}:{first.span.column}"
    assert (first.code, found) == (code, place)
    assert part in first.message
    check_rendered(render(first))


def check_rendered(text: str) -> None:
    """Short printable lines in plain words."""
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 250
    for jargon in ("Traceback", "NoneType", "ValidationError", "ast.", "object at 0x"):
        assert jargon not in text


def test_bytes_that_are_no_text(tmp_path: Any) -> None:
    path = tmp_path / "op.yaml"
    path.write_bytes("symgrad: 1\n".encode("utf-16"))
    with pytest.raises(SpecError) as caught:
        load(path)
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.span) == ("SG102", Span(1, 1, 1, 2))


LEGAL = {
    "S22": formula("x % y"),
    "E14": formula("x if y > 0 else 0*x"),
    "R12": formula("floor(x) + y"),
    "R06": formula("y + x**-x" + "**-x" * 25),
    "R08": formula("(1e-3)**-13**-13**-13*x + y"),
    "R20": formula("2**70*x + y"),
    "T02": model(doc='ends in a backslash \\ and a "quote"'),
    "T12": model(doc="# noqa # fmt: off"),
    "keyword of YAML": model(inputs={"on": "real"}, forward={"y": "on"}),
}


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_what_is_legal(text: str) -> None:
    assert load_text(text, "op.yaml").ops


def test_one_bad_op_of_ten_is_found_and_the_others_too() -> None:
    good = {"inputs": {"x": "real"}, "forward": {"y": "x*x"}}
    bad = {"inputs": {"x": "real"}, "forward": {"y": "x*z"}}
    ops = {f"op{i}": bad if i in (3, 7) else good for i in range(10)}
    with pytest.raises(SpecError) as caught:
        load_text(json.dumps({"symgrad": 1, "ops": ops}), "op.yaml")
    assert [d.code for d in caught.value.diagnostics] == ["SG210", "SG210"]


def test_eighty_nested_calls_are_refused_but_work_as_lets() -> None:
    """Row R02 of the collection: what is too deep to read is fine in steps."""
    deep = "1/(1 + exp(-" * 80 + "x" + "))" * 80
    with pytest.raises(SpecError) as caught:
        load_text(formula(deep), "op.yaml")
    assert caught.value.diagnostics[0].code == "SG202"
    assert caught.value.diagnostics[0].help == "give parts of it a name under 'let'"
    lets = {f"l{i}": f"1/(1 + exp(-l{i - 1}))" for i in range(1, 80)}
    steps = model(let={"l0": "x", **lets}, forward={"y": "l79"})
    assert load_text(steps, "op.yaml").ops


@settings(max_examples=150, deadline=5_000)
@given(st.integers(0, 2**32))
def test_mutated_specs_are_specs_or_errors(seed: int) -> None:
    text = fuzz_front_end.mutated(random.Random(seed))
    assert fuzz_front_end.fault(text) is None, repr(text)


def test_fuzzing_finds_faults(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def faulty(text: str, file: str) -> None:
        raise IndexError(len(text))

    assert fuzz_front_end.main(["--seconds", "0.2"]) == 0
    monkeypatch.setattr(fuzz_targets, "load_text", faulty)
    assert fuzz_front_end.main(["--seconds", "5"]) == 1
    assert "IndexError" in capsys.readouterr().out
