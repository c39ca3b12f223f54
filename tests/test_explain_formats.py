"""The formats of ``symgrad explain``: what is text in a spec is text in each."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from io import StringIO
from typing import Any

import click
import pytest
from generated_modules import EXAMPLES, ROOT
from latex_fragments import problems
from specs import op

from symgrad._version import __version__
from symgrad.codes import CODES
from symgrad.display import Equation
from symgrad.explain import FORMATS, as_json, derivations, latex, markdown, tree
from symgrad.explain.build import derivation
from symgrad.explain.tree import Derivation
from symgrad.maths import latex_name, unicode_name
from symgrad.terminal import NO_TERMINAL, WIDTH, Terminal, terminal

PAGE = (ROOT / "docs" / "explain.md").read_text("utf-8")


def written(form: str, derivation: Derivation, on: Terminal = NO_TERMINAL) -> str:
    return FORMATS[form].ops([derivation], on)


@pytest.fixture(scope="module")
def hinge() -> Derivation:
    place = f"{EXAMPLES / 'edges.yaml'}:hinge_margin"
    return derivations(place, folder=ROOT / "generated")[0]


# The terminal


class Screen(StringIO):
    def isatty(self) -> bool:
        return True


UTF_8 = {"LANG": "en_US.UTF-8", "TERM": "xterm"}


@pytest.mark.parametrize(
    ("environ", "colour", "unicode"),
    [
        (UTF_8, True, True),
        ({**UTF_8, "NO_COLOR": "1"}, False, True),
        ({**UTF_8, "NO_COLOR": ""}, True, True),
        ({**UTF_8, "LC_ALL": "C"}, True, False),
        ({**UTF_8, "LC_CTYPE": "de_DE.utf8@euro", "LANG": "C"}, True, True),
        ({**UTF_8, "TERM": "dumb"}, False, False),
    ],
)
def test_what_a_terminal_can_do(
    environ: dict[str, str],
    colour: bool,
    unicode: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "71")
    assert terminal(Screen(), environ) == Terminal(71, colour, unicode)


def test_a_file_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "71")
    assert terminal(StringIO(), UTF_8) == Terminal(WIDTH, False, False)


def test_colours_are_all_that_they_add(hinge: Derivation) -> None:
    coloured = written("text", hinge, Terminal(WIDTH, True))
    assert coloured != (plain := written("text", hinge))
    assert click.unstyle(coloured) == plain and click.unstyle(plain) == plain


@pytest.mark.parametrize("width", [40, 60, WIDTH, 200])
def test_prose_and_formulas_are_as_wide_as_the_terminal(
    width: int, hinge: Derivation
) -> None:
    text, _, code = written("text", hinge, Terminal(width, False, True)).partition(
        "Backward, as it is written:"
    )
    assert code and max(map(len, text.splitlines())) <= width


def test_signs_of_maths_are_for_terminals_that_have_them(hinge: Derivation) -> None:
    drawn = written("text", hinge, Terminal(WIDTH, False, True))
    assert "∂loss/∂score = -⎜⎨⎧0  for margin - score ≤ 0" in drawn
    plain = written("text", hinge)
    assert plain.isascii() and "  dloss/dweight = where(weight == 0, " in plain


def test_nothing_of_a_doc_commands_the_terminal() -> None:
    hostile = op("x", "x", doc="a doc")
    shown = written("text", replace(told(hostile), doc="\x1b[31m\x07red"))
    assert "\\x1b[31m\\x07red" in shown


def told(spec: Any) -> Derivation:
    return derivation(replace(spec, accuracy="fast"), {}, "")


# LaTeX

NAMES = [
    ("x", "x", "x"),
    ("beta", r"\beta", "β"),
    ("alpha_p", r"\alpha_{p}", "\N{GREEK SMALL LETTER ALPHA}_p"),
    ("scale", r"\mathrm{scale}", "scale"),
    ("that", r"\mathrm{that}", "that"),
    ("x1", "x_{1}", "x1"),
    ("log1p", r"\mathrm{log1p}", "log1p"),
    ("grad_y", r"\bar{y}", "grad_y"),
    ("x_", r"\mathrm{x\_}", "x_"),
]


@pytest.mark.parametrize(("name", "as_latex", "as_unicode"), NAMES)
def test_names_are_those_of_the_spec(name: str, as_latex: str, as_unicode: str) -> None:
    assert latex_name(name) == as_latex
    assert unicode_name(name) == as_unicode


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        ("-x**2/2", r"- \frac{x^{2}}{2}"),
        ("1/(x + 1)", r"\frac{1}{x + 1}"),
        ("log1p(x)", r"\operatorname{log1p}{\left(x \right)}"),
    ],
)
def test_formulas_are_written_as_people_do(formula: str, right: str) -> None:
    assert told(op("x", formula)).forward[0].latex == ("y", right)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50 % of $x_1$ & #2^~", None),
        ("a < b > c | d", r"a \textless{} b \textgreater{} c \textbar{} d"),
        ("Müller's β and Σ", r"Müller's \ensuremath{\beta} and \ensuremath{\Sigma}"),
        ("wave \u2013 dash … “quoted”", r"wave -- dash \dots{} ``quoted''"),
        ("中 \u202e", r"\texttt{U+4E2D} \texttt{U+202E}"),
        ("λ \u03bf \u0391", r"\ensuremath{\lambda} \texttt{U+03BF} \texttt{U+0391}"),
    ],
)
def test_prose_in_latex_is_prose(text: str, escaped: str | None) -> None:
    found = latex.escaped(text)
    assert problems(found) == []
    assert escaped is None or found == escaped


HOSTILE = r"\end{itemize} [a](b) <b> `c` $d$ **e** @f http://g www.h #1 ~i~ | {j %"


def test_a_hostile_doc_in_latex() -> None:
    shown = written("latex", replace(told(op("x", "x")), doc=HOSTILE))
    assert problems(shown) == []
    broken = replace(told(op("x", "x")), backward=(r"\end{verbatim}\input{a}",))
    assert r"\input{a}" not in re.sub(
        r"\\begin{verbatim}.*?\\end{verbatim}", "", written("latex", broken), flags=re.S
    )


@pytest.mark.parametrize(
    "fragment",
    [
        r"\write18{rm}",
        r"{\begin{itemize}",
        r"\left( x",
        r"\begin{itemize}\end{tabular}",
        r"\begin{itemize}",
        "{x",
        "x}",
        "$x",
        "50 # of it",
        "中",
    ],
)
def test_the_test_of_latex_finds_what_is_wrong(fragment: str) -> None:
    assert problems(fragment) != []


# Markdown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>", r"\<script\>"),
        ("[a](javascript:b)", r"\[a\](javascript:b)"),
        ("`a` *b* _c_ $d$ ~e~ |", r"\`a\` \*b\* \_c\_ \$d\$ \~e\~ \|"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("=====", r"\====="),
        ("see https://a.b and www.c.d", r"see https\://a.b and www\.c.d"),
        ("@somebody &amp; #12", r"\@somebody \&amp; \#12"),
        ("a - b = 1.5: no", "a - b = 1.5: no"),
    ],
)
def test_prose_in_markdown_is_prose(text: str, escaped: str) -> None:
    assert markdown.escaped(text) == escaped


def test_code_in_markdown_ends_where_it_should() -> None:
    style = markdown.STYLE
    assert style.code("x") == "`x`"
    assert style.code("`x``") == "``` `x`` ```"
    assert style.block(["```", "x"], "python") == "````python\n```\nx\n````"


def test_markdown_of_an_op(hinge: Derivation) -> None:
    shown = written("markdown", hinge)
    assert shown.startswith("## hinge\\_margin\n")
    assert "- `relu(x)` where `x == 0`: `d/dx = 1` (`right`)\n" in shown
    assert "| `differentiate` |" in shown


# JSON


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_json_is_versioned_and_described(hinge: Derivation) -> None:
    document = json.loads(written("json", hinge))
    head = {k: document[k] for k in ("symgrad", "explain", "exit_code", "diagnostics")}
    assert head == {
        "symgrad": __version__,
        "explain": as_json.VERSION,
        "exit_code": 0,
        "diagnostics": [],
    }
    code = json.loads(FORMATS["json"].of_code(CODES["SG210"], NO_TERMINAL))
    described = set(re.findall(r"`(\w+)`", PAGE.partition("## JSON")[2]))
    assert keys(document) | keys(code) <= described


def test_json_is_the_tree_itself(hinge: Derivation) -> None:
    [found] = json.loads(written("json", hinge))["ops"]
    assert list(found) == [field.name for field in fields(Derivation)]
    assert [tree.Kink(**kink) for kink in found["kinks"]] == list(hinge.kinks)
    first = Equation(**found["forward"][0])
    assert first.text == hinge.forward[0].text
