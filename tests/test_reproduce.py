"""What fails is told in full: where, expected, got, a command that shows it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from symgrad import cli, gen
from symgrad.again import of_disk, of_generation
from symgrad.generate import Module
from symgrad.op import Spec
from symgrad.verify.ladder import climb
from symgrad.verify.report import Finding, Report

SPEC = """
symgrad: 1
ops:
  one: {inputs: {x: real, w: real}, forward: {y: x*sigmoid(w*x)}}
"""
RIGHT, WRONG = "(v * w).add_(s)", "(v * w).sub_(s)"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec; verification climbs in this process, which has a torch already."""

    def verify(
        source: str, spec: Spec, level: Any, only: Any, kernels: str, watch: Any
    ) -> Report:
        first = [pair for pair in only if pair[1] == 1]
        return climb(source, spec, level, first)

    monkeypatch.setattr(gen.verify, "verify", verify)
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(SPEC)


def told(words: Sequence[str], capsys: Any) -> list[str]:
    """The lines about the failure on rung 1."""
    assert cli.run(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("one: rung 1:"))
    return lines[at : at + 5]


def check(lines: list[str]) -> list[str]:
    """All four are there; returns the words of the command."""
    title, inputs, expected, got, command = lines
    assert title == "one: rung 1: the gradient of x is wrong [SG600]"
    assert re.fullmatch(r"  inputs:    x=-?[\d.]+, w=-?[\d.]+", inputs)
    assert re.fullmatch(r"  expected:  -?[\d.]+", expected)
    assert re.fullmatch(r"  got:       -?[\d.]+", got)
    name, *words = shlex.split(command.partition("reproduce: ")[2])
    assert name == "symgrad"
    return words


def test_a_fault_on_the_disk_is_shown_and_the_command_shows_it_again(
    capsys: Any,
) -> None:
    assert cli.run(["gen", "one.yaml", "-o", "my code", "--verify", "off"]) == 0
    module = Path("my code/one.py")
    text = module.read_text()
    assert RIGHT in text
    module.write_text(text.replace(RIGHT, WRONG))
    capsys.readouterr()
    first = told(["verify", "one.yaml", "-o", "my code"], capsys)
    words = check(first)
    assert words == ["verify", "one.yaml", "-o", "my code", "--rung", "1"]
    assert told(words, capsys) == first


@pytest.mark.parametrize("words", [[], ["--stdout"]])
def test_a_fault_of_the_generator_is_shown_again(
    words: list[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gen.generate

    def wrong(spec: Spec, known: Any) -> Module:
        module = real(spec, known)
        source = module.source.replace(RIGHT, WRONG)
        return Module(module.stem, source, module.tests, module.choices)

    monkeypatch.setattr(gen, "generate", wrong)
    first = told(["gen", "one.yaml", "-o", "out", *words], capsys)
    again = check(first)
    assert told(again, capsys) == first
    assert not Path("out").exists()


FOUND = Finding(7, "one", "it fails")
A = Spec("a b.yaml", "a", (), "")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (of_disk(A, Path("o"), "full"), "verify 'a b.yaml' -o o --rung 7"),
        (of_disk(A, Path("o"), "quick"), "verify 'a b.yaml' -o o --quick --rung 7"),
        (
            of_generation(Spec("<stdin>", "a", (), ""), Path("o"), "quick", False),
            "gen - -o o --stdout",
        ),
        (
            of_generation(
                Spec("a.yaml", "a", (), "", backend="cpu"), Path("o"), "full", True
            ),
            "gen a.yaml -o o --stdout --backend cpu --reselect --verify full",
        ),
    ],
)
def test_the_command(command: Any, expected: str) -> None:
    assert command(FOUND) == f"symgrad {expected}"
