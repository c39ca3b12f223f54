"""Writing two modules while something goes wrong, at every step in turn.

    python tests/write_trials.py killed interrupted full together --lines --at FOLDER

Run as a process of its own, which loads neither torch nor SymPy and so can be forked.
A step is a call that reaches the file system, and with --lines each line, too, of
symgrad's own code that makes them.  Prints, as JSON, what the steps came to.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from symgrad import alone, write  # noqa: E402
from symgrad.disk import File  # noqa: E402
from symgrad.errors import OutputError  # noqa: E402
from symgrad.generate import Module  # noqa: E402
from symgrad.op import Spec  # noqa: E402

CALLS = {
    *("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"),
    *("os.utime", "os.setxattr", "fsync", "flock", "fcntl.flock"),
}
"""What Python's audit tells of calls that reach the file system; two are our own."""

LINES = {write.__file__, alone.__file__}
MOST = 1_000

Step = Callable[[], None]


def wanted(folder: Path, body: str) -> tuple[File, ...]:
    """Two modules with their tests, which have one text in common."""
    made = []
    for stem in ("one", "two"):
        module = Module(stem=stem, source=f"{body}\n" * 50, tests=f"# {body}\n")
        spec = Spec(path=str(folder / f"{stem}.yaml"), stem=stem, ops=(), canonical="")
        made += write.files(module, spec, folder)
    return tuple(made)


class _Steps:
    """Counts steps inside of a folder, and takes what is due at one of them."""

    def __init__(self) -> None:
        self.due, self.seen, self.with_lines = 0, 0, False
        self.take: Step | None = None

    def watch(self) -> None:
        """See all that this process does from now on; there is no way back."""
        sys.addaudithook(self._audited)
        self._sync = os.fsync
        os.fsync = self._synced

    @contextmanager
    def at(self, number: int, take: Step) -> Iterator[None]:
        self.due, self.seen, self.take = number, 0, take
        if self.with_lines:
            sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(None)
            self.take = None

    def step(self) -> None:
        self.seen += 1
        if self.take is not None and self.seen == self.due:
            self.take()

    def _audited(self, event: str, _: Any) -> None:
        if self.take is not None and event in CALLS:
            self.step()

    def _synced(self, handle: int) -> None:
        self.step()
        self._sync(handle)

    def _called(self, frame: FrameType, *_: Any) -> Any:
        return self._line if frame.f_code.co_filename in LINES else None

    def _line(self, _: FrameType, event: str, __: Any) -> Any:
        if event == "line":
            self.step()
        return self._line


STEPS = _Steps()


def listing(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but the specs."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def _texts(folder: Path, body: str) -> dict[str, bytes]:
    return {f.path.name: f.text.encode() for f in wanted(folder, body)}


def _begin(folder: Path, exists: bool) -> None:
    for path in folder.iterdir():
        path.unlink()
    if exists:
        write.publish(wanted(folder, "old = 1"))


def _outcome(folder: Path, exists: bool) -> str:
    """What became of the files: old, new, some of each, or torn."""
    old, new = _texts(folder, "old = 1"), _texts(folder, "new = 2")
    found = listing(folder)
    kinds = set()
    for name in new:
        text = found.pop(name, None)
        before = old[name] if exists else None
        kinds.add("new" if text == new[name] else "old" if text == before else "torn")
    left = " and leftovers" if found else ""
    return ("torn" if "torn" in kinds else " and ".join(sorted(kinds))) + left


def killed(folder: Path, exists: bool) -> Counter[str]:
    """A process that is killed at each step; then another that writes the same."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    seen: Counter[str] = Counter()
    for number in range(1, MOST):
        _begin(folder, exists)
        child = os.fork()
        if child == 0:
            with STEPS.at(number, die):
                write.publish(wanted(folder, "new = 2"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return seen
        seen[_outcome(folder, exists)] += 1
        write.publish(wanted(folder, "new = 2"))
        after = _outcome(folder, exists)
        seen["mended" if after == "new" else f"not mended: {after}"] += 1
    return seen


def interrupted(folder: Path, exists: bool) -> Counter[str]:
    """Ctrl-C at each step."""

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    return _raised(folder, exists, interrupt, KeyboardInterrupt)


def full(folder: Path, exists: bool) -> Counter[str]:
    """Each call refused once, for want of space."""

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    return _raised(folder, exists, refuse, OutputError)


def _raised(
    folder: Path, exists: bool, take: Step, kind: type[BaseException]
) -> Counter[str]:
    seen: Counter[str] = Counter()
    for number in range(1, MOST):
        _begin(folder, exists)
        try:
            with STEPS.at(number, take):
                write.publish(wanted(folder, "new = 2"))
            how = "done"
        except kind:
            how = "told"
        if STEPS.seen < number:
            return seen
        seen[f"{how}: {_outcome(folder, exists)}"] += 1
    return seen


def small(folder: Path, exists: bool) -> Counter[str]:
    """A disk, or a limit of the process, with room for little."""
    _begin(folder, False)
    (folder / "one.py").write_text(wanted(folder, "old = 1")[0].text)
    before = listing(folder)
    try:
        write.publish(wanted(folder, "new = 2" * 2_000))
    except OutputError as error:
        [problem] = error.diagnostics
        same = "same" if listing(folder) == before else "changed"
        return Counter({f"{same}: {problem.code}": 1})
    return Counter(written=1)


def together(folder: Path, exists: bool) -> Counter[str]:
    """Two processes that write different texts, again and again."""
    seen: Counter[str] = Counter()
    _begin(folder, exists)
    children = []
    for body in ("old = 1", "new = 2"):
        if (child := os.fork()) == 0:
            for _ in range(30):
                write.publish(wanted(folder, body))
            os._exit(0)
        children.append(child)
    for child in children:
        seen[f"status {os.waitpid(child, 0)[1]}"] += 1
    seen[_outcome(folder, True)] += 1
    return seen


TRIALS = {f.__name__: f for f in (killed, interrupted, full, small, together)}


def main() -> None:
    """Some kinds of trouble in a folder, where files exist and where not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="+", choices=TRIALS)
    parser.add_argument("--at", type=Path, required=True, help="an empty folder")
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--largest", type=int, help="bytes of a file")
    given = parser.parse_args()
    if given.largest is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (given.largest, given.largest))
    # What a shell runs in the background ignores interrupts, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    STEPS.watch()
    for name in given.trials:
        # an error of the system stands in no line of ours, and lines are many
        STEPS.with_lines = given.lines and name != "full"
        for exists in (True, False):
            seen = TRIALS[name](given.at, exists)
            print(json.dumps([name, exists, seen]))


if __name__ == "__main__":
    main()
