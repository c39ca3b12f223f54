"""Hostile words, streams and configurations: what the command line does with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from generated_modules import ROOT

from symgrad import cli

SPEC = """
symgrad: 1
ops:
  op:
    doc: {doc}
    inputs: {{x: real}}
    forward: {{y: {formula}}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good spec and two wrong ones; nothing above is looked at."""
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    Path("good.yaml").write_text(SPEC.format(doc="A", formula="x*x"))
    Path("bad.yaml").write_text(SPEC.format(doc="B", formula="x*z"))
    Path("odd.yaml").write_text(SPEC.format(doc="Señor 数", formula="é"), "utf-8")
    return tmp_path


class Terminal:
    """Standard input that nobody types anything into."""

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"stdin.{name} is used")


REFUSED: list[tuple[str, list[str], str]] = [
    ("a slip of an option", ["gen", "--chekc"], "did you mean one of: '--check'"),
    ("a slip of a command", ["verfy", "good.yaml"], "Did you mean 'verify'?"),
    ("no command", [], "symgrad gen examples/swish.yaml"),
    ("no spec", ["gen"], "symgrad gen examples/swish.yaml --stdout"),
    ("no spec to verify", ["verify"], "[tool.symgrad] in pyproject.toml"),
    ("no spec to build", ["build"], "[tool.symgrad] in pyproject.toml"),
    ("no target", ["verify", "--spec", "good.yaml:op"], "MODULE:FUNCTION"),
    ("no such file", ["gen", "absent.yaml"], "--> absent.yaml"),
    ("a folder", ["gen", ".git"], "SG104"),
    ("an empty name", ["gen", ""], "SG104"),
    ("a zero byte", ["gen", "a\0.yaml"], "SG104"),
    ("a long name", ["gen", "a" * 5000], "SG104"),
    ("an option's value missing", ["gen", "good.yaml", "-o"], "requires an argument"),
    ("a wrong choice", ["gen", "good.yaml", "--verify", "fulll"], "full"),
    ("no number", ["gen", "good.yaml", "-j", "0"], "0"),
    ("an output that is a file", ["gen", "good.yaml", "-o", "bad.yaml"], "SG50"),
    ("a spec twice", ["gen", "good.yaml", "./good.yaml"], "SG506"),
]


@pytest.mark.parametrize(("words", "says"), [row[1:] for row in REFUSED])
def test_what_is_refused(words, says, project, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    before = sorted(project.rglob("*"))
    more = ["--verify", "off"] if "gen" in words else []
    assert cli.run([*words[:1], *more, *words[1:]]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says.lower() in err.lower()
    assert "Traceback" not in err
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_bad_spec_of_three_stops_all(place, project, capsys) -> None:
    Path("more.yaml").write_text(Path("good.yaml").read_text())
    specs = ["good.yaml", "more.yaml"]
    specs.insert(["first", "middle", "last"].index(place), "bad.yaml")
    assert cli.run(["gen", "--verify", "off", *specs, "odd.yaml"]) == 2
    err = capsys.readouterr().err
    assert "--> bad.yaml:" in err
    assert "--> odd.yaml:" in err
    assert not Path("generated").exists()


# Streams, in processes of their own


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    line = [sys.executable, "-m", "symgrad", *words]
    return subprocess.run(line, env=environment, stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("words", [["functions"], ["explain", "SG511"]])
def test_a_full_disk_is_no_fault(words) -> None:
    with open("/dev/full", "wb") as full:
        done = command(*words, stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error[SG511]")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_any_console_will_do(encoding) -> None:
    environment = {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    done = command("gen", "odd.yaml", env=environment, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"error[SG203]" in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
