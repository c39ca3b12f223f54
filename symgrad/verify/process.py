"""A child interpreter with a time limit and a memory limit.

Emitted text is run only there.  The child gets its request as a pickle on standard
input, made here from our own values, and answers with JSON on standard output.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The package's own folder is searched only while symgrad is imported: what else lies
# there (a checkout, the current directory) must not stand in for torch.
_BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
import symgrad
del sys.path[0]
from symgrad.verify.worker import main
main(float(sys.argv[2]))
"""
_KEPT = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_TAIL = 2000


@dataclass(frozen=True)
class Answer:
    """What the child said, or why it said nothing: one of the two is empty."""

    data: dict[str, Any] | None
    problem: str


def ask(request: Any, time_limit: float) -> Answer:
    """Run the worker on a request; it is killed after ``time_limit`` seconds."""
    package = str(Path(__file__).parents[2])
    command = [sys.executable, "-I", "-c", _BOOT, package, str(time_limit)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=os.name == "posix",
    ) as child:
        try:
            out, err = child.communicate(pickle.dumps(request), timeout=time_limit)
        except subprocess.TimeoutExpired:
            return Answer(None, f"the time limit of {time_limit:g} s was reached")
        finally:
            _kill(child)
    return _answer(child.returncode, out, err)


def _environment() -> dict[str, str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **threads, "CUDA_VISIBLE_DEVICES": ""}


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child, and with it what it started, if it has not ended by itself."""
    if child.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


def _answer(status: int, out: bytes, err: bytes) -> Answer:
    try:
        return Answer(json.loads(out), "")
    except ValueError:
        tail = err.decode(errors="replace")[-_TAIL:].strip()
        return Answer(None, f"the process ended with status {status}\n{tail}".strip())
