"""Progress is on a terminal, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from symgrad import gen
from symgrad.verify.watch import Watch

ROOT = Path(__file__).parents[1]
HAND = Path(__file__).parent / "hand_written.py"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no pseudo-terminal here")

COMMANDS = {
    "gen": ["gen", "examples/first_op.yaml", "--stdout"],
    "verify": ["verify", "--quick", "--rung", "7", "examples/first_op.yaml"],
    "callable": [
        *("verify", f"{HAND}:swish", "--spec", "examples/swish.yaml:swish"),
        *("--rung", "7"),
    ],
    "audit": ["audit", f"{HAND}:Modern"],
}
SHOWN = {
    "gen": ["product: 1 accuracy", "product: 7 purity"],
    "verify": ["product: 7 purity"],
    "callable": ["swish: 7 purity"],
    "audit": ["Modern: 1 arity", "Modern: 12 compile"],
}


def on_terminal(words: list[str], **more: str) -> tuple[str, str]:
    """What a command writes to its output, and to the terminal that it has for errors.

    The terminal takes what is written only as long as somebody reads.
    """
    theirs, ours = os.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **more}
    line = [sys.executable, "-m", "symgrad", *words]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=ours, env=environment, cwd=ROOT
    ) as process:
        os.close(ours)
        shown = b"".join(_read(theirs))
        assert process.stdout is not None
        written = process.stdout.read()
    os.close(theirs)
    assert process.returncode == 0, shown
    return written.decode(), shown.decode()


def _read(terminal: int) -> list[bytes]:
    """All that comes until the other end is closed, which Linux calls an error."""
    parts: list[bytes] = []
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError:
        pass
    return parts


@pytest.mark.parametrize("name", COMMANDS)
def test_a_terminal_shows_each_step_and_its_end(name: str) -> None:
    _, shown = on_terminal(COMMANDS[name])
    assert [step for step in SHOWN[name] if step not in shown] == []
    assert " 0%" in shown
    assert "100%" in shown


@pytest.mark.parametrize("jobs", [1, 2])
def test_specs_are_counted_as_they_are_derived(jobs: int, tmp_path: Path) -> None:
    told: list[object] = []

    @contextmanager
    def progress(steps: int) -> Iterator[Watch]:
        told.append(steps)
        yield lambda step: told.append((step.op, step.rung, step.name))

    for name in ("one", "two"):
        spec = "{symgrad: 1, ops: {op: {inputs: {x: real}, forward: {y: x*x}}}}"
        (tmp_path / f"{name}.yaml").write_text(spec)
    paths = [str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")]
    gen.make(paths, tmp_path, jobs=jobs, progress=progress)
    assert told == [2, ("one.yaml", 1, "of 2"), ("two.yaml", 2, "of 2")]
    gen.make(paths[:1], tmp_path, progress=progress)
    assert len(told) == 3  # one alone is not counted


def test_json_has_nothing_beside_it() -> None:
    written, shown = on_terminal([*COMMANDS["verify"], "--json"])
    assert shown == ""
    assert written.startswith("{")


@pytest.mark.parametrize("name", ["verify", "audit"])
def test_a_pipe_has_the_report_only(name: str) -> None:
    line = [sys.executable, "-m", "symgrad", *COMMANDS[name]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        line, capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    assert done.stdout == ""
    assert done.stderr.startswith("op ")


def test_a_terminal_that_cannot_overwrite_is_left_alone() -> None:
    assert "%" not in on_terminal(COMMANDS["verify"], TERM="dumb")[1]


def test_there_is_no_colour_to_begin_with() -> None:
    _, shown = on_terminal(COMMANDS["verify"], NO_COLOR="1")
    colours = [
        part for part in shown.split("\x1b[")[1:] if part.split("m")[0].isdigit()
    ]
    assert colours == []
