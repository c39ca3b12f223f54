"""Text of a spec never becomes code: not in Python, in C++ or in a lock."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import write
from symgrad.generate import Module, generate
from symgrad.spec import load_text
from symgrad.verify import lint

PLAIN = "One op."


def text(doc: str, **changes: Any) -> str:
    """A spec with this text as the ops' docs; none of C++, which has no docs."""
    first = {
        "doc": doc,
        "inputs": {"x": "real", "w": "real", "mode": "float = 0.5"},
        "let": {"u": "sin(w)*mode"},
        "forward": {"y": "x*u + abs(x)"},
        "module": {"name": "Layer", "parameters": {"w": "ones"}},
        "accuracy": "fast",
        **changes,
    }
    given = {
        "doc": doc,
        "inputs": {"x": "real"},
        "forward": {"y": "x*x"},
        "surrogate": {"y": "sin(x)"},
    }
    ops = {"first": first, "given": given}
    return json.dumps({"symgrad": 1, "ops": ops}, ensure_ascii=False)


def made(doc: str, **changes: Any) -> Module:
    return generate(load_text(text(doc, **changes), "hostile.yaml"))


class _WithoutDocs(ast.NodeTransformer):
    """What is left of a module when docstrings are emptied."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
        return node


def statements(source: str) -> str:
    """All that Python does with a text, but for what its docstrings say."""
    return ast.dump(_WithoutDocs().visit(ast.parse(_DIGEST.sub("", source))))


_DIGEST = re.compile(r"(?<=hostile_)[0-9a-f]{16}")
"""Of the whole text of the kernels, comments included."""


def tokens(cpp: str) -> str:
    """All that a C++ compiler sees of a text: lines joined, comments gone."""
    joined = _DIGEST.sub("", cpp).replace("\\\n", "")
    pattern = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(
        pattern, lambda m: m[0] if m[0][0] == '"' else " ", joined, flags=re.S
    )


@cache
def plain() -> Module:
    return made(PLAIN)


def rows(formula: str) -> Module:
    """With every template of C++, and a lock."""
    ops = {
        "first": {
            "inputs": {"x": "real[..., n]", "w": "real[n]"},
            "forward": {"y[i]": formula},
            "backend": "cpu",
        },
        "second": {
            "inputs": {"x": "real"},
            "forward": {"y": "x*sigmoid(x)"},
            "backend": "cpu",
        },
    }
    given = json.dumps({"symgrad": 1, "ops": ops})
    return generate(load_text(given, "hostile.yaml"))


FORMULA = "w[i]*x[i] - mean(x[j], j)"


@cache
def plain_rows() -> Module:
    return rows(FORMULA)


def check_same_code(module: Module, like: Module) -> None:
    assert statements(module.source) == statements(like.source)
    assert statements(module.tests) == statements(like.tests)
    assert tokens(module.kernels) == tokens(like.kernels)
    assert module.choices.keys() == like.choices.keys()


HOSTILE = {
    "T02 backslash at the end": "ends in \\",
    "T02 quote at the end": 'ends in a "quote"',
    "quote at the begin": '"begins',
    "three quotes": 'x"""\nimport os\nos.abort()\n"""',
    "four quotes": 'a """" b """"" c',
    "escaped quotes": '\\"""\nimport os\n\\\\"""',
    "other quotes": "'''\nimport os\n'''",
    "T04 lines": "one\nimport os\n\nos.abort()\n\n\n    os.abort()",
    "escapes": "\\N{bad} \\x \\u12 \\777 \\",
    "T12 pragmas": "# noqa # fmt: off # type: ignore # ruff: noqa # pragma: no cover",
    "coding": "# -*- coding: rot13 -*-",
    "templates": "{{ 7*7 }} {% include 'x' %} {# #} {{ self.__class__ }}",
    "formats": "{x} {0.__class__} %s %(x)s $x ${x}",
    "C++ comments": "*/ abort(); /* // \\",
    "C++ text": '#include "x"\n#define x ??/\n R"(x)" ??/',
    "separators": "a\u00a0b\u3000c\u2007d",
    "other scripts": "\uff58 = 1 \N{GREEK SMALL LETTER ALPHA} é \U0001f600",
    "long": "x" * 3_000,
    "long words": " ".join(["\\" * 90, '"' * 90, "'" * 90]),
    "doctest": ">>> import os\n>>> os.abort()\n",
}


@pytest.mark.parametrize("doc", HOSTILE.values(), ids=HOSTILE)
def test_a_doc_is_nothing_but_a_doc(doc: str) -> None:
    spec = load_text(text(doc), "hostile.yaml")
    module = generate(spec)
    check_same_code(module, plain())
    assert lint(module.source, spec) == ()
    said = ast.get_docstring(_function(module.source, "first")) or ""
    assert "".join(doc.split()) in "".join(said.split())


def _function(source: str, name: str) -> ast.FunctionDef:
    [found] = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return found


PIECES = st.sampled_from([*"\\\"'#{}%*/()xnuN0 \n", '"""', "\n\n", "é", "\u2007"])


@settings(max_examples=10, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_doc_is_nothing_but_a_doc(doc: str) -> None:
    check_same_code(made(doc), plain())


LAYOUTS = {
    "lines": "w[i]*x[i]\n-\n\n  mean(x[j],\nj)\n",
    "blanks": "  w[i]  *x[i]   - mean( x[ j ], j )  ",
    "tabs and returns": "w[i]*x[i]\t-\r\n mean(x[j], j)",
}


@pytest.mark.parametrize("formula", LAYOUTS.values(), ids=LAYOUTS)
def test_the_layout_of_a_formula_breaks_out_of_no_comment(formula: str) -> None:
    check_same_code(rows(formula), plain_rows())


@pytest.mark.parametrize(
    "path",
    [
        *("x\nimport os/s.yaml", "x\rimport os/s.yaml", "a\\/s.yaml", 'a\'"""/s.yaml'),
        *("*//s.yaml", "\u2028import os/s.yaml", "-o x/s.yaml", "%s{0}/s.yaml"),
    ],
)
def test_a_path_stays_in_the_header(path: str, tmp_path: Path) -> None:
    spec = load_text(text(PLAIN), str(tmp_path / path))
    files = write.files(plain_rows(), spec, tmp_path / "out")
    bodies = {
        ".py": (plain_rows().source, plain_rows().tests),
        ".cpp": (plain_rows().kernels,),
    }
    for file in files:
        if file.path.suffix == ".json":
            told: Mapping[str, Any] = json.loads(file.text)
            assert told.keys() == {*("by", "from", "spec", "body", "remake", "choices")}
            continue
        lines = file.text.splitlines(keepends=True)
        mark = "//" if file.path.suffix == ".cpp" else "#"
        assert all(line.startswith(f"{mark} ") for line in lines[:3])
        assert "".join(lines[3:]) in bodies[file.path.suffix]
        assert str(tmp_path) not in file.text


@pytest.mark.parametrize("doc", ["\x0b", "\x0c", "\x85", "\u2028", "\u202e", "\ud800"])
def test_what_ends_lines_unseen_is_in_no_doc(doc: str) -> None:
    from symgrad.errors import SpecError

    with pytest.raises(SpecError, match="SG102"):
        load_text(text(f"a{doc}b"), "hostile.yaml")
    escaped = text("a@b").replace("@", f"\\u{ord(doc):04x}")
    with pytest.raises(SpecError, match="SG102"):
        load_text(escaped, "hostile.yaml")


def test_every_template_has_had_a_part_in_it() -> None:
    assert "class Layer(" in plain().source
    for module in (plain(), plain_rows()):
        assert "def test_" in module.tests
    kernels = plain_rows().kernels
    assert plain_rows().choices and "TORCH_LIBRARY" in kernels
    assert "mean(x[j], j)" in kernels and "x*sigmoid(x)" in kernels
