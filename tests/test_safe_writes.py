"""Files when something goes wrong: killed, interrupted, full, two at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from write_trials import listing, wanted

from symgrad import alone, write
from symgrad.errors import OutputError

TRIALS = Path(__file__).parent / "write_trials.py"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="no fork, no such limits")


def results(*words: str, before: Sequence[str] = ()) -> dict[tuple[str, bool], dict]:
    """What the steps of a trial came to, where files exist and where not."""
    line = [*before, sys.executable, str(TRIALS), *words]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = map(json.loads, done.stdout.splitlines())
    return {(name, exists): seen for name, exists, seen in rows}


@pytest.fixture(scope="module")
def troubles(tmp_path_factory: pytest.TempPathFactory) -> dict:
    place = tmp_path_factory.mktemp("out")
    return results("killed", "interrupted", "full", "together", "--at", str(place))


@pytest.mark.parametrize("exists", [True, False])
def test_a_killed_process_tears_no_file(troubles: dict, exists: bool) -> None:
    """Each is old or new, at whichever step; what is left beside them goes later."""
    seen = dict(troubles["killed", exists])
    mended = seen.pop("mended")
    assert mended == sum(seen.values()) > 20
    assert not any("torn" in outcome for outcome in seen)
    assert {"old", "old and leftovers", "new and old and leftovers", "new"} <= set(seen)


@pytest.mark.parametrize("exists", [True, False])
def test_an_interrupt_leaves_all_old_or_all_new(troubles: dict, exists: bool) -> None:
    seen = troubles["interrupted", exists]
    assert set(seen) <= {"told: old", "told: new"}
    assert sum(seen.values()) > 20


@pytest.mark.parametrize("exists", [True, False])
def test_a_call_that_is_refused_leaves_all_as_it_was(
    troubles: dict, exists: bool
) -> None:
    """But where only the tidying is refused, which the next call does again."""
    seen = troubles["full", exists]
    assert set(seen) <= {"told: old", "done: new", "done: new and leftovers"}
    assert seen["told: old"] > 10


def test_two_at_once_write_the_files_of_one_of_them(troubles: dict) -> None:
    for exists in (True, False):
        seen = dict(troubles["together", exists])
        assert seen.pop("status 0") == 2
        assert list(seen) in (["old"], ["new"])


def test_a_file_may_be_no_larger_than_the_process_may_write(tmp_path: Path) -> None:
    found = results("small", "--largest", "2000", "--at", str(tmp_path))
    assert list(found.values()) == [{"same: SG505": 1}] * 2


def test_a_disk_without_room_is_as_before(tmp_path: Path) -> None:
    namespace = [shutil.which("unshare") or "unshare", "-rm", "sh", "-ec"]
    mount = f"mount -t tmpfs -o size=12k none '{tmp_path}'"
    try:
        subprocess.run([*namespace, mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    before = [*namespace, f'{mount}; exec "$@"', "sh"]
    found = results("small", "--at", str(tmp_path), before=before)
    assert list(found.values()) == [{"same: SG505": 1}] * 2


def test_what_is_edited_at_the_last_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first look at the disk, and before anything is replaced."""
    write.publish(wanted(tmp_path, "old = 1"))
    before = listing(tmp_path)

    @contextmanager
    def edited(folder: Path) -> Iterator[None]:
        with open(folder / "two.py", "a") as stream:
            stream.write("# mine\n")
        yield

    monkeypatch.setattr(write, "alone", edited)
    with pytest.raises(OutputError, match="SG503"):
        write.publish(wanted(tmp_path, "new = 2"))
    before["two.py"] += b"# mine\n"
    assert listing(tmp_path) == before


def test_what_another_wrote_before_the_lock_was_had_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or some files would be those of one call, and some of the other."""
    write.publish(wanted(tmp_path, "new = 2"))
    new = listing(tmp_path)

    def late(folder: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(write, "alone", alone.alone)
        write.publish(wanted(tmp_path, "old = 1"))
        return alone.alone(folder)

    monkeypatch.setattr(write, "alone", late)
    changes = write.publish(wanted(tmp_path, "new = 2"))
    assert {change.state for change in changes} == {"stale"}
    assert listing(tmp_path) == new


def test_another_that_does_not_let_go_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "PATIENCE", 0.05)
    with (
        alone.alone(tmp_path),
        pytest.raises(OutputError, match=r"another symgrad has been writing there"),
    ):
        write.publish(wanted(tmp_path, "new = 2"))
    assert list(tmp_path.iterdir()) == []


def test_only_our_own_leftovers_are_removed(tmp_path: Path) -> None:
    names = [".x.py.0123456789ab.tmp", "x.symgrad.tmp", ".x.symgrad.tmp.py"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".dir.symgrad.tmp").mkdir()
    (tmp_path / ".x.py.0123456789ab.symgrad.tmp").touch()
    (tmp_path / ".y.py.0123456789ab.symgrad.tmp").symlink_to("nowhere")
    write.publish(wanted(tmp_path, "new = 2"))
    left = {path.name for path in tmp_path.iterdir()}
    made = {file.path.name for file in wanted(tmp_path, "")}
    assert left - made == {*names, ".dir.symgrad.tmp"}
