"""What a shell is told may come next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from generated_modules import ROOT

from symgrad import cli
from symgrad.listing_commands import COMPLETING, SHELLS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("one.yaml", "only.yml", "odd.txt", "specs/two.yaml", "specs/a/b.yaml"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()


def offered(*words: str) -> list[str]:
    *before, begun = words
    completing = ShellComplete(cli.command, {}, "symgrad", COMPLETING)
    return [item.value for item in completing.get_completions(before, begun)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["g"], ["gen"]),
        (["gen", "--che"], ["--check"]),
        (["gen", "--verify", "f"], ["full"]),
        (["new", "x", "--kind", "str"], ["straight-through"]),
        (["gen", "o"], ["one.yaml", "only.yml"]),
        (["gen", "one.yaml", "specs/"], ["specs/a/b.yaml", "specs/two.yaml"]),
        (["verify", "s"], ["specs/two.yaml"]),
        (["functions", "sigm"], ["sigmoid"]),
        (["explain", "sg15"], ["SG150", "SG151", "SG152", "SG153"]),
        (["explain", "on"], ["one.yaml", "only.yml"]),
        (["completion", "z"], ["zsh"]),
        (["gen", "odd"], ["odd"]),  # no spec: the shell's own names of files
    ],
)
def test_what_is_offered(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_every_command_is_offered() -> None:
    assert offered("") == sorted(cli.command.commands)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_symgrad(shell: str, capsys) -> None:
    assert cli.run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{COMPLETING}={shell}_complete" in script
    assert "symgrad" in script
    assert click.unstyle(script) == script


ASK = """
import sys
from symgrad import cli
try:
    cli.main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_shell_is_answered_at_once() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        COMPLETING: "bash_complete",
        "COMP_WORDS": "symgrad gen on",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "plain,one.yaml\nplain,only.yml\n"
    loaded = set(done.stderr.split())
    assert "symgrad.cli" in loaded
    assert not loaded & {"torch", "sympy", "flint", "pydantic", "yaml"}
