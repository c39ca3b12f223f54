"""The child process: limits, crashes, noise, and files that pose as modules."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from planted import FIXTURES

from symgrad.verify import process, verify
from symgrad.verify.process import ask
from symgrad.verify.rungs import RUNGS
from symgrad.verify.watch import Step
from symgrad.verify.worker import Request

SWISH = FIXTURES["swish"]
FORWARD = "        return x * torch.sigmoid(beta * x)\n"
ROOT = Path(__file__).parents[1]
MIB = 2**20


def request(body: str, memory_limit: int | None = None) -> Request:
    """The swish module, with ``body`` run in its forward, one rung; not linted."""
    source = SWISH.source.replace(FORWARD, f"        {body}\n{FORWARD}")
    assert source != SWISH.source
    source = source.replace("import torch\n", "import os\nimport torch\n", 1)
    return Request(source, SWISH.spec, "quick", [("swish", 7)], memory_limit)


def test_an_endless_loop_ends_at_the_time_limit() -> None:
    answer = ask(request("while True: pass"), time_limit=6.0)
    assert answer.data is None
    assert "time limit of 6 s" in answer.problem


class Endless:
    """What takes for ever to be unpickled."""

    def __reduce__(self) -> Any:
        return max, (itertools.repeat(1),)


@pytest.mark.skipif(os.name != "posix", reason="no limit of time for one process here")
def test_a_child_ends_although_its_parent_does_not_end_it() -> None:
    command = [sys.executable, "-I", "-c", process._BOOT, str(ROOT), "0.5"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(pickle.dumps(Endless()))
        child.stdin.close()
        assert child.wait(30) == -signal.SIGKILL


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="no memory limit here"
)
def test_a_hog_ends_at_the_memory_limit() -> None:
    answer = ask(request("torch.zeros(2**28)", 512 * MIB), time_limit=60.0)
    assert answer.data is not None, answer.problem
    assert [f["code"] for f in answer.data["failures"]] == ["SG602"]


def test_a_crash_is_told() -> None:
    answer = ask(request("os.write(2, b'goodbye'); os._exit(3)"), time_limit=60.0)
    assert answer.data is None
    assert "status 3" in answer.problem
    assert "goodbye" in answer.problem
    assert answer.step == Step("swish", 7, "purity")


SLEEPS = """
import json, os, sys, time
print(json.dumps({"op": str(os.getpid()), "rung": 1, "name": "here"}), flush=True)
time.sleep(60)
"""


def test_an_interrupt_ends_the_child_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(step: Step) -> None:
        begun.append(int(step.op))
        raise KeyboardInterrupt

    begun: list[int] = []
    monkeypatch.setattr(process, "_BOOT", SLEEPS)
    with pytest.raises(KeyboardInterrupt):
        ask(None, time_limit=60.0, watch=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(begun[0], 0)


def test_each_step_is_told_when_it_is_begun() -> None:
    told: list[Step] = []
    report = verify(SWISH.source, SWISH.spec, watch=told.append)
    assert report.passed
    assert [(s.op, s.rung) for s in told] == [
        (r.op, r.rung) for r in report.results if r.rung
    ]
    assert all(RUNGS[step.rung] == step.name for step in told)


def test_what_an_op_prints_is_not_the_answer() -> None:
    answer = ask(request("print('{}'); os.write(1, b'[]')"), time_limit=60.0)
    assert answer.data is not None, answer.problem
    assert answer.data["passed"]


def test_files_in_the_way_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch", "random", "json", "symgrad"):
        posing = f"open({str(tmp_path / 'imported')!r}, 'w'); raise SystemExit(7)\n"
        (tmp_path / f"{name}.py").write_text(posing)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    report = verify(SWISH.source, SWISH.spec, only=[("swish", 7)])
    assert report.passed, str(report)
    assert not (tmp_path / "imported").exists()


def test_a_limit_is_a_failure_of_the_report() -> None:
    report = verify(SWISH.source, SWISH.spec, time_limit=0.01)
    assert [f.code for f in report.failures] == ["SG602"]
    assert report.failures[0].reproduce
