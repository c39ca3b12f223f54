"""``symgrad gen --watch``: what changes is generated again, and errors end nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from generated_modules import ROOT

from symgrad import cli, watching

SPEC = """
symgrad: 1
ops:
  op:
    inputs: {x: real}
    forward: {y: x*sigmoid(x)}
    accuracy: fast
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("specs").mkdir()
    for name in ("one", "two", "specs/three"):
        Path(f"{name}.yaml").write_text(SPEC)


def edit(name: str, text: str = SPEC) -> Callable[[], None]:
    """A change that cannot be overlooked, however coarse the clock of the disk is."""

    def change() -> None:
        path = Path(f"{name}.yaml")
        later = path.stat().st_mtime_ns + 10**9 if path.exists() else None
        path.write_text(text)
        if later:
            os.utime(path, ns=(later, later))

    return change


Wakes = Sequence[Callable[[], object]]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Wakes], list[Any]]:
    """Let watchfiles wake us after each of these changes, and then Ctrl-C come."""

    def prepare(changes: Wakes) -> list[Any]:
        folders: list[Any] = []

        def watch(*paths: str, **_: Any) -> Iterator[set[object]]:
            folders.extend(paths)
            for change in changes:
                change()
                yield set()
            raise KeyboardInterrupt

        monkeypatch.setitem(sys.modules, "watchfiles", SimpleNamespace(watch=watch))
        return folders

    return prepare


WRONG = SPEC.replace("sigmoid", "sigmiod")

ROUNDS: list[tuple[str, Wakes, list[str]]] = [
    ("nothing", [], ["one two"]),
    ("woken for nothing", [lambda: None, lambda: None], ["one two"]),
    ("a change", [edit("one")], ["one two", "one"]),
    ("two changes", [edit("two"), edit("one")], ["one two", "two", "one"]),
    (
        "a mistake and its correction",
        [edit("two", WRONG), edit("one"), edit("two")],
        ["one two", "two", "one two", "one two"],
    ),
    (
        "gone and back",
        [lambda: Path("one.yaml").unlink(), edit("one")],
        ["one two", "one", "one"],
    ),
]


@pytest.mark.parametrize(("changes", "rounds"), [row[1:] for row in ROUNDS])
def test_what_is_due_is_done(changes, rounds, woken, capsys) -> None:
    woken(changes)
    done = []

    def work(paths: Sequence[str]) -> int:
        done.append(" ".join(path.removesuffix(".yaml") for path in paths))
        return int(any("sigmiod" in Path(p).read_text() for p in paths if exists(p)))

    exists = os.path.exists
    with pytest.raises(KeyboardInterrupt):
        watching.watch(["one.yaml", "two.yaml"], work)
    assert done == rounds
    assert capsys.readouterr().err.count("watching") == len(rounds)


def test_errors_are_shown_and_it_goes_on(woken, capsys) -> None:
    folders = woken([edit("one", WRONG), edit("one", SPEC.replace("x*s", "2*x*s"))])
    words = ["one.yaml", "specs/three.yaml", "--verify", "off", "--watch"]
    assert cli.run(["gen", *words]) == 130
    assert folders == [".", "specs"]
    err = capsys.readouterr().err
    assert err.index("wrote generated/one.py") < err.index("error[SG210]")
    assert err.index("--> one.yaml:") < err.rindex("wrote generated/one.py")
    assert err.endswith("watching; Ctrl-C ends it\ninterrupted\n")
    assert err.count("generated/three.py") == 1
    assert "2*x*sigmoid(x)" in Path("generated/one.py").read_text()


@pytest.mark.parametrize("other", ["--check", "--diff", "--stdout", "--json", "-"])
def test_what_it_does_not_go_with(other, capsys) -> None:
    assert cli.run(["gen", "one.yaml", "--watch", other]) == 2
    assert "--watch does not go with" in capsys.readouterr().err


def test_without_watchfiles(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert cli.run(["gen", "one.yaml", "--watch"]) == 2
    err = capsys.readouterr().err
    assert "error[SG610]" in err
    assert "help: pip install 'symgrad[watch]'" in err
    assert not Path("generated").exists()


INTERRUPTIBLE = """
import signal, sys
from symgrad import cli
# A runner in the background passes on that interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(cli.run(sys.argv[1:]))
"""


def test_with_watchfiles_and_control_c() -> None:
    pytest.importorskip("watchfiles")
    words = ["gen", "one.yaml", "--verify", "off", "--watch"]
    path = os.pathsep.join([str(ROOT), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *words],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert "wrote generated/one.py\n" in _until_watching(process)
            edit("one", SPEC.replace("x*s", "2*x*s"))()
            assert "wrote generated/one.py\n" in _until_watching(process)
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, rest) == (130, "interrupted\n")


def _until_watching(process: subprocess.Popen[str]) -> list[str]:
    """What is said until changes are waited for, or the process ends."""
    assert process.stderr
    said = []
    for line in process.stderr:
        if line.startswith("watching"):
            break
        said.append(line)
    return said
