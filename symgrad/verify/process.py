"""A child interpreter with a time limit and a memory limit.

Emitted text is run only there.  The child gets its request as a pickle on standard
input, made here from our own values, and answers on standard output: a line of JSON for
each step that it begins, and one for the whole at the end.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any

from symgrad.verify.watch import Step, Watch, ignore

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
_KEPT = (
    *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH"),
    *("CXX", "TORCH_EXTENSIONS_DIR"),  # for kernels
)
_TAIL = 2000


@dataclass(frozen=True)
class Answer:
    """What the child said, or why it said nothing: one of the two is empty.

    ``step`` is the last that was begun, if one was.
    """

    data: dict[str, Any] | None
    problem: str
    step: Step | None = None


def ask(request: Any, time_limit: float, watch: Watch = ignore) -> Answer:
    """Run the worker on a request; it is killed after ``time_limit`` seconds.

    ``watch`` is told of each step as it is begun.
    """
    end = time.monotonic() + time_limit
    with tempfile.TemporaryFile() as errors:
        with _child(request, time_limit, errors) as child:
            data, step = _heard(child, watch)
        if data is not None:
            return Answer(data, "", step)
        if time.monotonic() >= end:
            return Answer(None, f"the time limit of {time_limit:g} s was reached", step)
        return Answer(None, _ending(child.returncode, errors), step)


@contextmanager
def _child(
    request: Any, time_limit: float, errors: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """The worker at its request; it ends with the block, or at the time limit."""
    package = str(Path(__file__).parents[2])
    command = [sys.executable, "-I", "-c", _BOOT, package, str(time_limit)]
    with tempfile.TemporaryFile() as asked:
        pickle.dump(request, asked)
        asked.seek(0)
        with subprocess.Popen(
            command,
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            start_new_session=os.name == "posix",
        ) as child:
            timer = Timer(time_limit, _kill, [child])
            timer.start()
            try:
                yield child
            finally:
                timer.cancel()
                _kill(child)


def _heard(
    child: subprocess.Popen[bytes], watch: Watch
) -> tuple[dict[str, Any] | None, Step | None]:
    """The report, if there is one, and the last step that was begun."""
    assert child.stdout is not None
    step = None
    for line in child.stdout:
        said = json.loads(line)
        if "report" in said:
            return said["report"], step
        step = Step(**said)
        watch(step)
    child.wait()  # its own end, which is not to be taken for ours
    return None, step


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


def _ending(status: int, errors: IO[bytes]) -> str:
    """How a child ended that gave no report, and the last that it said."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _TAIL))
    tail = errors.read().decode(errors="replace").strip()
    how = f"with status {status}" if status >= 0 else f"by signal {-status}"
    cause = "by a crash, or a call of os._exit"
    return f"the process ended {how}, {cause}\n{tail}".strip()
