"""The page of commands is that of click; every command reports to machines."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from generated_modules import ROOT

from symgrad import cli

PAGE = ROOT / "docs" / "command-line.md"
HEAD = """\
# The command line

`symgrad COMMAND --help` prints what stands here.
`pytest tests/test_command_line.py --update` writes this page from the commands.
What a project always says stands in [its configuration](configuration.md).
"""

COMMANDS = dict(sorted(cli.command.commands.items()))


def page() -> str:
    """The page that the commands give."""
    table = ["| command | does |", "|---|---|", *map(_row, COMMANDS)]
    parts = [HEAD, "\n".join(table) + "\n"]
    parts += [f"## symgrad {name}\n\n{_section(name)}" for name in COMMANDS]
    return "\n".join(parts)


def _row(name: str) -> str:
    short = COMMANDS[name].get_short_help_str(limit=200)
    return f"| [`symgrad {name}`](#symgrad-{name}) | {_cell(short)} |"


def _section(name: str) -> str:
    command = COMMANDS[name]
    with click.Context(command, info_name=f"symgrad {name}") as context:
        usage = " ".join(command.collect_usage_pieces(context))
        options = [p for p in command.params if isinstance(p, click.Option)]
        records = [option.get_help_record(context) for option in options]
    lines = [f"    symgrad {name} {usage}", *_prose(command), ""]
    if records:
        lines += ["| option | does |", "|---|---|"]
        lines += [f"| `{_cell(option)}` | {_cell(help)} |" for option, help in records]
    return "\n".join(lines).rstrip() + "\n"


def _prose(command: click.Command) -> Iterator[str]:
    """The help of a command; a paragraph after ``\\b`` is printed as it stands."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        verbatim = paragraph.startswith("\b\n")
        lines = paragraph.removeprefix("\b\n").splitlines()
        yield from ("", *((f"    {line}" if verbatim else line) for line in lines))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def test_the_page_is_that_of_the_commands(update: bool) -> None:
    if update:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_command_and_option_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, command in COMMANDS.items():
        section = text.split(f"\n## symgrad {name}\n")[1].split("\n## ")[0]
        flags = [flag for p in command.params for flag in p.opts if "-" in flag]
        assert [flag for flag in flags if flag not in section] == []


# Reports for machines

KEYS = {"symgrad", "exit_code", "diagnostics", "notes", "files", "reports", "text"}

SILENT = {
    "schema": "its output is JSON",
    "completion": "its output is a script",
}
"""Commands without ``--json``, and why."""

TOLD = {
    "audit": ("m", 2),
    "bench": ("--size 0 one.yaml", 2),
    "build": ("absent.yaml", 2),
    "explain": ("absent.yaml", 2),
    "functions": ("sigm", 0),
    "gen": ("one.yaml --check", 1),
    "new": ("two", 0),
    "report": ("absent.yaml", 2),
    "verify": ("one.yaml", 2),
}
"""A short run of every command with ``--json``, and its exit code."""

SPEC = """
symgrad: 1
ops:
  one: {inputs: {x: real}, forward: {y: x*sigmoid(x)}}
"""


def has_json(command: click.Command) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


def test_every_command_is_in_one_of_the_tables() -> None:
    told = {name for name, command in COMMANDS.items() if has_json(command)}
    assert told == set(TOLD)
    assert set(COMMANDS) - told == set(SILENT)


@pytest.mark.parametrize("name", [name for name in TOLD if has_json(COMMANDS[name])])
def test_json_is_one_document(name, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(SPEC)
    words, code = TOLD[name]
    assert cli.run([name, *words.split(), "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document.keys() == KEYS
    assert document["exit_code"] == code
    found = [document[key] for key in ("diagnostics", "notes", "files", "reports")]
    assert any(found)


# Colours

WRONG = SPEC.replace("sigmoid", "sigmiod")
TERMINAL = {"TERM": "xterm", "NO_COLOR": "", "FORCE_COLOR": ""}


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
@pytest.mark.parametrize("words", ["wrong.yaml", "--chekc one.yaml", "--diff one.yaml"])
def test_colours(
    words, terminal, environment, coloured, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(SPEC)
    Path("wrong.yaml").write_text(WRONG)
    for name, value in {**TERMINAL, **environment}.items():
        monkeypatch.setitem(os.environ, name, value)
    for stream in (cli.sys.stdout, cli.sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: terminal)
    cli.run(["gen", *words.split()])
    out, err = capsys.readouterr()
    assert ("\x1b[" in out + err) == coloured
    assert "\x1b[" not in click.unstyle(out + err)


def test_what_is_coloured(tmp_path, monkeypatch, capsys) -> None:
    Path(tmp_path / "wrong.yaml").write_text(WRONG)
    texts = []
    for name in ("NO_COLOR", "FORCE_COLOR"):
        with monkeypatch.context() as context:
            context.setenv(name, "1")
            cli.run(["gen", str(tmp_path / "wrong.yaml")])
        texts.append(capsys.readouterr().err)
    plain, painted = texts
    assert click.unstyle(painted) == plain
    assert click.style("^^^^^^^", fg="red", bold=True) in painted
    assert click.style("error[SG210]:", fg="red", bold=True) in painted
