"""Hooks, the action, and what the page on configuration shows of them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import blocks
from generated_modules import ROOT

from symgrad import cli, configuration, starter
from symgrad.listing_commands import SHELLS

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
PAGE = ROOT / "docs" / "configuration.md"


def shown(source: str) -> list[str]:
    """The blocks of the page with this comment before them."""
    found = [block.text for block in blocks(PAGE) if block.source == source]
    assert found
    return found


def accepted(words: list[str]) -> bool:
    """Whether these are words that symgrad knows, given any specs."""
    name, *options = words
    command = cli.command.commands[name]
    with command.make_context(name, options) as context:
        return context.info_name == name


# pre-commit

KEYS = {
    *("id", "name", "description", "entry", "language", "files"),
    *("pass_filenames", "require_serial"),
}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_commands_that_there_are(hook: dict[str, Any]) -> None:
    assert hook.keys() == KEYS
    program, *words = shlex.split(hook["entry"])
    assert program == "symgrad"
    assert accepted(words)
    # The configuration says which specs there are, in one process.
    assert not hook["pass_filenames"]
    assert hook["require_serial"]


@pytest.mark.parametrize(
    ("path", "due"),
    [
        ("specs/swish.yaml", True),
        ("a.yml", True),
        ("generated/swish.py", True),
        ("generated/swish.lock.json", True),
        ("generated/swish_cpu.cpp", True),
        ("pyproject.toml", True),
        ("README.md", False),
        ("package.json", False),
    ],
)
def test_hooks_are_due_when_a_spec_or_its_code_changes(path: str, due: bool) -> None:
    for hook in HOOKS:
        assert bool(re.search(hook["files"], path)) == due


def test_the_check_writes_nothing_and_the_other_does() -> None:
    entries = {hook["id"]: hook["entry"] for hook in HOOKS}
    assert entries == {
        "symgrad-check": "symgrad gen --check",
        "symgrad-gen": "symgrad gen",
    }


# The action


def test_inputs_come_by_the_environment_alone() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    given = [value for step in STEPS for value in step["env"].values()]
    conditions = [step.get("if", "") for step in STEPS]
    for name in ACTION["inputs"]:
        used = f"${{{{ inputs.{name} }}}}" in given
        assert used or any(f"inputs.{name} " in text for text in conditions)


def test_no_code_of_others_is_run() -> None:
    assert not any("uses" in step for step in STEPS)


def test_every_input_is_described_and_checks_by_default() -> None:
    for said in ACTION["inputs"].values():
        assert said["description"].endswith(".")
        assert "default" in said
    assert ACTION["inputs"]["mode"]["default"] == "check"


RECORD = '#!/bin/sh\nfor word in "$@"; do printf "<%s>" "$word"; done > words\n'


def run_action(folder: Path, **inputs: str) -> tuple[int, str, str]:
    """The last step in a folder with a symgrad that notes down its words."""
    program = folder / "bin" / "symgrad"
    program.parent.mkdir()
    program.write_text(RECORD)
    program.chmod(0o755)
    given = {key: said["default"] for key, said in ACTION["inputs"].items()} | inputs
    step = STEPS[-1]
    environment = {
        name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, value in step["env"].items()
    }
    done = subprocess.run(
        ["bash", "-c", step["run"]],
        env={**environment, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    words = folder / "words"
    told = words.read_text() if words.exists() else ""
    return done.returncode, told, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, "<gen><--check><-->"),
        ({"mode": "diff"}, "<gen><--diff><-->"),
        ({"mode": "gen", "output": "src/my ops"}, "<gen><-o><src/my ops><-->"),
        (
            {"mode": "verify", "specs": "a.yaml\r\n\nb c.yml\n"},
            "<verify><--><a.yaml><b c.yml>",
        ),
        ({"specs": "$(touch owned).yaml"}, "<gen><--check><--><$(touch owned).yaml>"),
        ({"specs": "`touch owned`;*.yaml"}, "<gen><--check><--><`touch owned`;*.yaml>"),
        ({"specs": "--force=x.yaml"}, "<gen><--check><--><--force=x.yaml>"),
        ({"output": "a; touch owned"}, "<gen><--check><-o><a; touch owned><-->"),
    ],
)
def test_what_the_action_runs(inputs, words, tmp_path: Path) -> None:
    code, told, said = run_action(tmp_path, **inputs)
    assert (code, told) == (0, words), said
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "inputs",
    [
        {"mode": "all"},
        {"mode": ""},
        {"mode": "check\ngen"},
        {"mode": "gen; touch owned"},
        {"output": "-x"},
        {"output": "a\nb"},
        {"output": "a\rb"},
        {"specs": "--debug"},
        {"specs": "a.yaml\n::error::b"},
    ],
)
def test_what_the_action_refuses(inputs, tmp_path: Path) -> None:
    code, told, said = run_action(tmp_path, **inputs)
    assert (code, told) == (2, "")
    assert said.startswith("::error title=symgrad::the input '")
    assert said.count("::error") == 1
    assert not (tmp_path / "owned").exists()


# The page


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def test_the_configuration_that_is_shown(project) -> None:
    [text] = shown("configuration")
    for path in ("specs/swish.yaml", "losses/huber.yaml"):
        Path(path).parent.mkdir()
        Path(path).touch()
    Path("pyproject.toml").write_text(text)
    found = configuration.read()
    assert found.specs == ("specs/swish.yaml", "losses/huber.yaml")
    assert None not in vars(found).values()
    keys = set(configuration.Table.model_fields)
    assert keys == {line.partition(" ")[0] for line in text.splitlines()[1:]}
    assert keys == set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.M))


def test_the_message_that_is_shown(project, capsys) -> None:
    [text] = shown("told")
    Path("pyproject.toml").write_text('[tool.symgrad]\nspec = ["specs/*.yaml"]\n')
    assert cli.run(["gen"]) == 2
    assert capsys.readouterr().err == text


def test_the_modeline_that_is_shown(project) -> None:
    [text] = shown("modeline")
    Path("swish.yaml").write_text(text)
    assert cli.run(["gen", "swish.yaml", "--verify", "off", "--stdout"]) == 0
    assert cli.run(["new", "mine"]) == 0
    first = Path("mine.yaml").read_text().splitlines()[0]
    assert first == text.splitlines()[0]
    assert starter.SCHEMA in first


def test_the_shells_that_are_shown() -> None:
    [text] = shown("shells")
    assert re.findall(r"symgrad completion (\w+)", text) == list(SHELLS)


def test_the_hooks_that_are_shown() -> None:
    remote, local = (yaml.safe_load(text)["repos"][0] for text in shown("pre-commit"))
    ids = {hook["id"]: hook for hook in HOOKS}
    assert all(hook["id"] in ids for hook in remote["hooks"])
    [hook] = local["hooks"]
    same = ("id", "entry", "files", "pass_filenames")
    assert [hook[key] for key in same] == [ids[hook["id"]][key] for key in same]
    assert hook["language"] == "system"


def test_the_action_that_is_shown() -> None:
    [text] = shown("action")
    [job] = yaml.safe_load(text)["jobs"].values()
    [step] = [step for step in job["steps"] if "symgrad" in step["uses"]]
    assert set(step["with"]) <= set(ACTION["inputs"])
    for name in ACTION["inputs"]:
        assert name == "install" or f"`{name}`" in PAGE.read_text()
