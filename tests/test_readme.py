"""The README shows what is there, and CI runs what the README says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

EXCERPTS = re.findall(r"<!-- from (\S+) -->\n```\w+\n(.*?)```", README, re.S)
COMMANDS = re.findall(r"```sh\n(.*?)\n```", README, re.S)


def test_there_is_something_to_check() -> None:
    assert [name for name, _ in EXCERPTS] == [
        "examples/swish.yaml",
        "generated/swish.py",
    ]
    assert len(COMMANDS) == 2
    assert len(README.splitlines()) < 120


@pytest.mark.parametrize(("name", "text"), EXCERPTS)
def test_what_is_shown_is_in_the_file(name: str, text: str) -> None:
    assert text in (ROOT / name).read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_line_that_sets_itself_up(command: str) -> None:
    assert "\n" not in command
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert "-c constraints.txt" in command


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert f"{COMMANDS[1]} || exit 1" in script


def test_contributors_run_what_ci_runs() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    told = re.findall(r"^\| [^|`]+ \| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(told) == 4
    assert f"{told[0]} && {told[2]}" == COMMANDS[1]
    assert (ROOT / told[1].split()[1]).exists() and (ROOT / told[3]).exists()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
