"""Hostile specs that are accepted: what is derived of them, and at what price."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sympy
import torch
from specs import module, spec

import symgrad
from symgrad import cli, gen
from symgrad.errors import SpecError
from symgrad.generate import Module, generate
from symgrad.spec import load_with_warnings

SECONDS = 10.0
"""Of processor time, where each takes less than one as a rule."""

MOST = 300_000
"""Characters of a module."""

SPEC = "symgrad: 1\nops:\n  one: {inputs: {x: real}, forward: {y: x*x}}\n"

x = sympy.Symbol("x", real=True)


def nested(depth: int) -> Any:
    """A function in a function and so on, as no formula can be written."""
    found = x
    for _ in range(depth):
        found = sympy.sin(found, evaluate=False)
    return found


def doubled(times: int) -> Any:
    """Of 2**times factors, if it were written out."""
    found = x
    for _ in range(times):
        found = sympy.Mul(found, found, evaluate=False)
    return found


ACCEPTED = {
    "R04": "*".join(f"where(x > {i}, sin({i}*x), x**{i + 2})" for i in range(12)),
    "R06": "x**-x" + "**-x" * 25,
    "R08": "(1e-3)**-13**-13**-13*x",
    "R12": "floor(x)*x",
    "R20": "2**70*x",
}


@pytest.mark.parametrize("formula", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted_is_derived_in_time(formula: str) -> None:
    start = time.process_time()
    source = generate(spec("f", "x", formula, accuracy="fast")).source
    assert time.process_time() - start < SECONDS
    assert len(source) < MOST
    assert "Derivative" not in source


@pytest.mark.parametrize("expr", [nested(600), doubled(60)], ids=["nested", "doubled"])
def test_a_huge_expression_of_python(expr: Any) -> None:
    """Row A06: no recursion, and what is shared stays so."""
    start = time.process_time()
    assert symgrad.Op("f", [x], expr, accuracy="fast").source().count("\n") < 20_000
    assert time.process_time() - start < SECONDS


def test_a_power_of_powers_of_python_is_refused() -> None:
    power = sympy.Pow(9, sympy.Pow(9, 9, evaluate=False), evaluate=False)
    with pytest.raises(SpecError, match="SG207"):
        symgrad.Op("f", [x], sympy.Pow(x, power, evaluate=False))


def test_a_gradient_that_is_zero_everywhere_is_returned() -> None:
    """Rows R12 and R14."""
    f = module("x w", "floor(x) + w", accuracy="fast").f
    x, w = (torch.tensor([1.5], requires_grad=True) for _ in range(2))
    f(x, w).backward()
    assert (x.grad, w.grad) == (torch.tensor([0.0]), torch.tensor([1.0]))


def test_a_whole_number_beyond_64_bits_is_exact() -> None:
    """Row R20: a double that has it, where torch has no such integer."""
    f = module("x", "2**70*x", accuracy="fast").f
    x = torch.tensor([1.0], dtype=torch.float64)
    assert f(x).item() == 2.0**70


def test_an_unused_let_is_a_warning(tmp_path: Path) -> None:
    """Row R18."""
    path = tmp_path / "op.yaml"
    path.write_text(SPEC.replace("forward", "let: {u: 2*x}, forward"))
    _, warnings = load_with_warnings(path)
    assert [(w.code, w.severity) for w in warnings] == [("SG312", "warning")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(SPEC)
    return tmp_path


def test_no_templates_but_our_own(project: Path, capsys: Any) -> None:
    """Row T14: a template is code, and there is no way to name another."""
    assert cli.run(["gen", "--templates", ".", "one.yaml"]) == 2
    assert "--templates" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source", ["def f(:\n", "import os\n", "x = __import__('os')\n", "\0"]
)
def test_what_no_template_should_emit_is_never_written(
    source: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row T16: the lint reads every module before it is written, or shown."""
    monkeypatch.setattr(gen, "generate", lambda *_: Module("one", source, ""))
    for words in ([], ["--stdout"]):
        assert cli.run(["gen", "--verify", "off", *words, "one.yaml"]) == 1
    assert [path.name for path in project.iterdir()] == ["one.yaml"]


@pytest.mark.parametrize(
    "words", ["", "--verify off", "--check", "--check -o {folder}"]
)
def test_a_path_reaches_no_terminal_as_control_characters(
    words: str, project: Path, capsys: Any
) -> None:
    folder = Path("a\x1b[31m\u202e")
    folder.mkdir()
    (folder / "one.yaml").write_text(SPEC if words else SPEC.replace("x*x", "x*w"))
    options = [word.format(folder=folder) for word in words.split()]
    cli.run(["gen", str(folder / "one.yaml"), *options])
    err = capsys.readouterr().err
    assert "one" in err
    assert all(line.isprintable() for line in err.splitlines())


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_difference_is_harmless_on_a_terminal_and_exact_in_a_pipe(
    on_terminal: bool, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Whatever lies in the folder of output may be anybody's."""
    Path("generated").mkdir()
    Path("generated/one.py").write_text("mine\x1b[2J\t\u202e\n", "utf-8")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    assert cli.run(["gen", "--diff", "one.yaml"]) == 1
    out = capsys.readouterr().out
    assert ("-mine\\x1b[2J\t\\u202e\n" in out) == on_terminal
    assert ("-mine\x1b[2J\t\u202e\n" in out) != on_terminal
