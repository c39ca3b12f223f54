"""Specs to ops: what is accepted and what it means, and every message for the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from specs import op

from symgrad.calls import NOT_BUILT, SPECIAL
from symgrad.codes import CODES
from symgrad.errors import SpecError, as_json, render
from symgrad.functions import NAMES
from symgrad.intervals import Interval
from symgrad.names import FIXED_FUNCTIONS, RESERVED, RESERVED_PREFIXES, objection
from symgrad.op import Input, Op, Sample
from symgrad.program import Graph, Kind
from symgrad.reducing import FORMS, LIMITED
from symgrad.spec import load, load_text, load_with_warnings

ROOT = Path(__file__).parents[1]
ERRORS = Path(__file__).parent / "cases" / "errors"
CASES = sorted(ERRORS.glob("*.yaml"))

SWISH = """
symgrad: 1
ops:
  swish:
    inputs: {x: real, beta: real}
    forward: {y: x*sigmoid(beta*x)}
"""


def one(body: str, inputs: str = "x: real", forward: str = "y: x*x") -> Op:
    """The op of a spec in which only what matters is written."""
    text = (
        f"symgrad: 1\nops:\n  op:\n    inputs: {{{inputs}}}\n"
        f"    forward: {{{forward}}}\n{body}\n"
    )
    [op] = load_text(text, "op.yaml").ops
    return op


def codes(text: str, file: str = "op.yaml") -> list[str]:
    """The codes of the errors of a spec, none if it is fine."""
    try:
        load_text(text, file)
    except SpecError as error:
        return [d.code for d in error.diagnostics]
    return []


# Messages


def message(path: Path) -> str:
    """Everything that is said of a file, errors or else warnings."""
    try:
        _, found = load_with_warnings(path)
    except SpecError as error:
        found = error.diagnostics
    return "\n\n".join(map(render, found)).replace(str(path), path.name) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_messages(path: Path, update: bool) -> None:
    expected = path.with_suffix(".txt")
    if update:
        expected.write_text(message(path), encoding="utf-8")
    assert message(path) == expected.read_text(encoding="utf-8")


ELSEWHERE = {
    *("SG104", "SG105", "SG222"),
    *("SG150", "SG151", "SG152", "SG153"),  # of configurations, and of words
}
"""Codes of specs that are no matter of a file's content; they have tests elsewhere."""


def test_every_code_of_specs_has_a_case() -> None:
    wanted = {code for code in CODES if code[2] in "127"} - ELSEWHERE
    shown = {path.stem[:5] for path in CASES if path.stem.startswith("SG")}
    assert wanted <= shown


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_shows_its_code(path: Path) -> None:
    if path.stem.startswith("SG"):
        assert f"[{path.stem[:5]}]" in path.with_suffix(".txt").read_text("utf-8")


def test_errors_come_in_order_and_as_json() -> None:
    with pytest.raises(SpecError) as caught:
        load(ERRORS / "all_at_once.yaml")
    found = [as_json(d) for d in caught.value.diagnostics]
    lines = [d["span"]["line"] for d in found]
    assert lines == sorted(lines) and len(found) >= 5
    assert found[0] == {
        "code": "SG210",
        "severity": "error",
        "message": "unknown function 'sigmod'",
        "file": str(ERRORS / "all_at_once.yaml"),
        "span": {"line": 3, "column": 35, "end_line": 3, "end_column": 41},
        "help": "did you mean 'sigmoid'?",
    }


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("nowhere/at_all.yaml", "SG104"),
        (".", "SG104"),
        ("a\0b.yaml", "SG104"),
    ],
)
def test_files_that_cannot_be_read(file: str, expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(file)
    assert [d.code for d in caught.value.diagnostics] == [expected]


def test_a_file_that_is_not_there_may_be_another(tmp_path: Path) -> None:
    (tmp_path / "swish.yaml").touch()
    asked = {"swsh.yaml": f"did you mean '{tmp_path / 'swish.yaml'}'?", "": "*.yaml"}
    for name, help in asked.items():
        with pytest.raises(SpecError) as caught:
            load(tmp_path / name)
        [found] = caught.value.diagnostics
        assert found.help is not None and found.help.endswith(help)


# File names


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("swish.yaml", "swish"),
        ("a/b/gated-units.v2.yaml", "gated_units_v2"),
        ("/somewhere/Op.yml", "Op"),
        ("plain", "plain"),
        ("<stdin>", "stdin"),
    ],
)
def test_stems(file: str, stem: str) -> None:
    spec = load_text(SWISH, file)
    assert (spec.path, spec.stem) == (file, stem)


@pytest.mark.parametrize(
    "file",
    [
        *("torch.yaml", "json.yaml", "1st.yaml", "a b.yaml", ".hidden.yaml"),
        *("lambda.yaml", "", "ä.yaml", "_x.yaml", f"{'a' * 65}.yaml"),
    ],
)
def test_file_names_that_are_no_modules(file: str) -> None:
    assert codes(SWISH, file) == ["SG105"]


# Meaning


def test_an_op() -> None:
    spec = load_text(SWISH, "swish.yaml")
    [op] = spec.ops
    graph = Graph()
    x, beta = graph.input("x", Kind.REAL), graph.input("beta", Kind.REAL)
    inner = graph.call("sigmoid", graph.node("mul", beta, x))
    value = graph.node("mul", x, inner)
    assert op.nodes == tuple(graph.nodes)
    assert [(f.name, f.text, f.value) for f in op.outputs] == [
        ("y", "x*sigmoid(beta*x)", value)
    ]
    assert op.stand_ins == {"y": value}
    assert op.inputs == (Input("x", Kind.REAL), Input("beta", Kind.REAL))
    assert (op.edges, op.save, op.accuracy, op.backend) == (
        {},
        "auto",
        "stable",
        "torch",
    )


INF = float("inf")

DECLARATIONS = [
    ("real", Input("x", Kind.REAL)),
    (" real  in (0,oo)", Input("x", Kind.REAL, None, Interval(0.0, INF, True, True))),
    ("real in [-1, 1)", Input("x", Kind.REAL, None, Interval(-1.0, 1.0, False, True))),
    (
        "real in (-oo, pi/2]",
        Input("x", Kind.REAL, None, Interval(-INF, 1.5707963267948966, True, False)),
    ),
    (
        "real in [-sqrt(2), Max(1, 2)]",
        Input("x", Kind.REAL, None, Interval(-(2**0.5), 2.0, False, False)),
    ),
    ("{kind: real, grad: false}", Input("x", Kind.REAL, grad=False)),
    (
        "{kind: real, domain: '(0, 1)'}",
        Input("x", Kind.REAL, None, Interval(0.0, 1.0, True, True)),
    ),
    ("index", Input("x", Kind.INDEX)),
    ("mask", Input("x", Kind.MASK)),
    ("float", Input("x", Kind.FLOAT)),
    ("float = 1", Input("x", Kind.FLOAT, None, None, 1.0, True)),
    ("float=-.5e-3", Input("x", Kind.FLOAT, None, None, -0.0005, True)),
    (
        "float in (0, 1) = 0.5",
        Input("x", Kind.FLOAT, None, Interval(0.0, 1.0, True, True), 0.5, True),
    ),
    ("{kind: float, default: 2}", Input("x", Kind.FLOAT, None, None, 2.0, True)),
    ("int = -3", Input("x", Kind.INT, None, None, -3, True)),
    ("bool = False", Input("x", Kind.BOOL, None, None, False, True)),
    ("{kind: bool, default: true}", Input("x", Kind.BOOL, None, None, True, True)),
]


@pytest.mark.parametrize(("text", "expected"), DECLARATIONS)
def test_declarations(text: str, expected: Input) -> None:
    value = text if text.startswith("{") else f"'{text}'"
    used = "where(x, t, 1)" if expected.kind.is_condition else "x*t"
    op = one("", inputs=f"t: real, x: {value}", forward=f"'y': '{used}'")
    assert op.inputs[1] == expected
    assert type(op.inputs[1].default) is type(expected.default)


def test_lets_outputs_and_text() -> None:
    op = one(
        "    let:\n      u: >-\n        x  +\n        1\n      v: u*u",
        forward="y: v*u, z: 'y + v'",
    )
    assert [(f.name, f.text) for f in op.lets] == [("u", "x + 1"), ("v", "u*u")]
    graph = Graph(op.nodes)
    u, v = (f.value for f in op.lets)
    y, z = (f.value for f in op.outputs)
    assert graph.node("mul", v, u) == y
    assert graph.node("add", y, v) == z


def test_a_surrogate_stands_for_its_output_in_later_ones() -> None:
    op = one("    surrogate: {s: sigmoid(x)}", forward="s: x + 1, y: s*x, z: x")
    graph = Graph(op.nodes)
    x = graph.input("x", Kind.REAL)
    smooth = graph.call("sigmoid", x)
    values = {f.name: f.value for f in op.outputs}
    assert values["y"] == graph.node("mul", values["s"], x)
    assert op.stand_ins == {"s": smooth, "y": graph.node("mul", smooth, x), "z": x}
    assert op.surrogates[0].value == smooth
    assert op.has_surrogate_derivative


def test_overrides_see_outputs_and_cotangents() -> None:
    op = one("    backward: {x: 'clamp(grad_y, -1, 1)*y'}")
    graph = Graph(op.nodes)
    [override] = op.overrides
    clamped = graph.call("clamp", graph.cotangent("y"), graph.const(-1), graph.const(1))
    assert override.value == graph.node("mul", clamped, op.outputs[0].value)
    assert len(graph.nodes) == len(op.nodes)


def test_a_let_may_be_a_condition() -> None:
    op = one(
        "    let: {pos: 'x > 0', both: 'pos and x < 1'}",
        "x: real",
        "y: 'x if both else 0'",
    )
    assert [op.nodes[f.value].kind for f in op.lets] == [Kind.MASK, Kind.MASK]
    [y] = op.outputs
    assert op.nodes[y.value].args[0] == op.lets[1].value


CONDITIONS = """
symgrad: 1
functions:
  inside: {inputs: [a], value: 0 < a < 1}
  bent: {inputs: [a], value: "where(inside(a) and not inside(2*a), a, 1)"}
ops:
  f:
    inputs: {x: real}
    forward: {y: "bent(x) + where(inside(x), x, 2)"}
"""


def test_a_function_may_be_a_condition() -> None:
    plain = "where(0 < x < 1 and not 0 < 2*x < 1, x, 1) + where(0 < x < 1, x, 2)"
    [op] = load_text(CONDITIONS, "op.yaml").ops
    assert op.nodes == one("", forward=f"y: '{plain}'").nodes


def test_options() -> None:
    op = one(
        "    nondifferentiable: [z]\n    edges: {Abs: half, relu: left}\n"
        "    save: [x]\n    samples: {x: {range: [0, 1], shape: [2, 3]}}\n"
        "    backend: torch\n    accuracy: fast",
        forward="y: abs(x) + relu(x), z: x",
    )
    assert op.nondifferentiable == {"z"}
    assert op.edges == {"abs": "half", "relu": "left"}
    assert op.save == ("x",)
    assert op.samples == {"x": Sample(range=(0.0, 1.0), shape=(2, 3))}
    assert one("    edges: nan").edges == {"*": "nan"}


def test_functions_are_expanded_where_they_are_called() -> None:
    head = "symgrad: 1\nfunctions:\n  gate: {inputs: [a, b], value: a*half(b)}\n"
    head += "  half: {inputs: [a], value: a/2}\n"
    ops = (
        "ops:\n  op:\n    inputs: {x: real, a: real}\n    forward: {y: 'gate(a, x)'}\n"
    )
    [op] = load_text(head + ops, "op.yaml").ops
    graph = Graph(op.nodes)
    half = graph.node("div", graph.input("x", Kind.REAL), graph.const(2))
    assert op.outputs[0].value == graph.node("mul", graph.input("a", Kind.REAL), half)
    assert op.outputs[0].text == "gate(a, x)"


YOUNG = ("threshold", "beta", "rad", "deg", "zeta", "celu", "fmod", "j0", "betaln")


@pytest.mark.parametrize("name", YOUNG)
def test_functions_of_a_file_stand_before_younger_rows_of_the_table(name: str) -> None:
    assert name in NAMES
    head = f"symgrad: 1\nfunctions:\n  {name}: {{inputs: [a, b], value: a*b}}\n"
    ops = f"ops:\n  op:\n    inputs: {{x: real}}\n    forward: {{y: '{name}(x, 3)'}}\n"
    [op] = load_text(head + ops, "op.yaml").ops
    assert op.nodes == one("", forward="y: x*3").nodes


def test_functions_that_mean_the_same_in_every_spec() -> None:
    """The list is done: to make it longer is to break specs."""
    assert len(FIXED_FUNCTIONS) == 133
    assert FIXED_FUNCTIONS.issubset({*NAMES, *SPECIAL, *NOT_BUILT, *FORMS, *LIMITED})


@pytest.mark.parametrize("name", ["pi", "E", "I", "oo", "beta", "gamma", "sin", "s"])
def test_names_that_an_input_may_have(name: str) -> None:
    op = one("", inputs=f"{name}: real", forward=f"y: gamma({name})*{name}")
    assert {n.data for n in op.nodes if n.op == "input"} == {name}
    assert any(n.op == "call" and n.data == "gamma" for n in op.nodes)


def test_reserved_names() -> None:
    import builtins
    import keyword

    import torch

    members = {n for n in dir(torch.autograd.Function) if not n.startswith("_")}
    assert members | set(keyword.kwlist) | {"torch", "ctx", "F"} <= RESERVED
    assert {n for n in dir(builtins) if not n.startswith("_")} - {"input"} <= RESERVED
    assert "input" not in RESERVED
    assert all(objection(f"{prefix}x") for prefix in RESERVED_PREFIXES)
    assert objection("x") is None


# Canonical text


SAME = [
    SWISH,
    SWISH.replace("{x: real, beta: real}", "\n      x: 'real'\n      beta: real  # b"),
    SWISH.replace("y: x*sig", "y:   x*sig"),
    "# a comment\n" + SWISH,
    SWISH.replace("  swish:\n", "  swish:\n    edges: torch\n    save: auto\n"),
]
OTHER = [
    SWISH.replace("beta*x", "x*beta"),
    SWISH.replace("swish", "swash"),
    SWISH.replace("beta: real", "beta: float"),
    SWISH.replace("beta: real", "beta: 'real in (0, 1)'"),
    SWISH.replace("x: real, beta: real", "beta: real, x: real"),
    SWISH + "    save: inputs\n",
    SWISH + "    doc: another\n",
    SWISH + "    edges: nan\n",
    SWISH + "    samples: {x: {range: [0, 1]}}\n",
    SWISH + "    nondifferentiable: []\n    backward: {x: grad_y}\n",
    SWISH + "    surrogate: {y: x*beta}\n",
]


@pytest.mark.parametrize("text", SAME)
def test_layout_does_not_change_the_meaning(text: str) -> None:
    assert load_text(text, "a.yaml").canonical == load_text(SWISH, "b.yaml").canonical


@pytest.mark.parametrize("text", OTHER)
def test_what_changes_the_meaning(text: str) -> None:
    assert load_text(text, "a.yaml").canonical != load_text(SWISH, "b.yaml").canonical


# Size


def chain(count: int) -> str:
    """A spec of so many lets, each using the one before."""
    lets = "".join(
        f"      l{i}: l{i - 1}*2 + tanh(l{i - 1})*x\n" for i in range(1, count)
    )
    head = "symgrad: 1\nops:\n  op:\n    inputs: {x: real}\n    let:\n      l0: x\n"
    return f"{head}{lets}    forward: {{y: l{count - 1}}}\n"


def test_thousands_of_lets_load() -> None:
    [op] = load_text(chain(3_000), "op.yaml").ops
    assert len(op.lets) == 3_000


def functions(count: int, body: str) -> str:
    """A spec of so many functions, each calling the one before."""
    rows = "".join(
        f"  f{i}: {{inputs: [a], value: {body.replace('f', f'f{i - 1}')}}}\n"
        for i in range(1, count)
    )
    head = f"symgrad: 1\nfunctions:\n  f0: {{inputs: [a], value: a}}\n{rows}"
    call = f"forward: {{y: f{count - 1}(x)}}"
    return f"{head}ops: {{op: {{inputs: {{x: real}}, {call}}}}}\n"


BOMBS = {
    "functions that double": functions(40, "f(2*a) + f(3*a)"),
    "functions in a row": functions(1_000, "2*f(a)"),
    "constants in a row": chain(900).replace("*x", "").replace("l0: x", "l0: sqrt(2)"),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_bombs_of_functions_and_constants(text: str) -> None:
    assert set(codes(text)) <= {"SG202", "SG206", "SG133", "SG142"}
    assert codes(text)


def test_loading_needs_neither_torch_nor_sympy() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import symgrad.spec; "
        "print([m for m in ('torch', 'sympy') if m in sys.modules])"
    )
    words = [sys.executable, "-c", code, str(ROOT)]
    assert subprocess.check_output(words, text=True).strip() == "[]"


@pytest.mark.parametrize(
    "domain", ["(0.1, 1.9)", "[-1e-09, 0]", "(0, oo)", "(-oo, 1e+300)", "[3, 5.5]"]
)
def test_a_domain_is_shown_as_it_was_written(domain: str) -> None:
    [item] = op({"x": f"real in {domain}"}, "x*x").inputs
    assert str(item.domain) == domain
