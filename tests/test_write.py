"""Files: headers, what is refused, and that a failure leaves everything as it was."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from symgrad import disk, provenance, write
from symgrad.disk import File
from symgrad.errors import OutputError
from symgrad.generate import Module
from symgrad.op import Spec

BODY = "def one():\n    return 1\n"


def spec(path: str, canonical: str = "meaning") -> Spec:
    return Spec(path=path, stem=Path(path).stem, ops=(), canonical=canonical)


def pair(folder: Path, stem: str = "one", body: str = BODY) -> tuple[File, File]:
    module = Module(stem=stem, source=body, tests=f"# tests of\n{body}")
    source = folder.parent / "specs" / f"{stem}.yaml"
    return write.files(module, spec(str(source)), folder)


def listing(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below ``root``: mode, time of change, content."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        when = status.st_mtime_ns if path.is_file() else 0
        found[str(path.relative_to(root))] = (status.st_mode, when, content)
    return found


def states(files: tuple[File, ...]) -> list[str]:
    return [change.state for change in disk.compare(files)]


def codes(error: pytest.ExceptionInfo[OutputError]) -> list[str]:
    return [diagnostic.code for diagnostic in error.value.diagnostics]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "project" / "generated"


# The header


def test_the_header_reads_back(out: Path) -> None:
    header, body = provenance.split(pair(out)[0].text) or pytest.fail("no header")
    assert body == BODY
    assert header.source == "../specs/one.yaml"
    assert header.command == "symgrad gen ../specs/one.yaml -o ."
    assert header.spec == provenance.digest("meaning")
    assert header.body == provenance.digest(BODY)


@pytest.mark.parametrize(
    ("path", "source", "command"),
    [
        ("<stdin>", "<stdin>", "symgrad gen - -o ."),
        ("<python>", "<python>", 'symgrad.Op(...).write(".")'),
        ("{root}/a/s.yaml", "../s.yaml", "symgrad gen ../s.yaml -o ."),
        ("{root}/a/out/s.yaml", "s.yaml", "symgrad gen s.yaml -o ."),
        ("{root}/a/my specs/s.yaml", "../my specs/s.yaml", "'../my specs/s.yaml'"),
        ("{root}/a/x\nimport os/s.yaml", "../x?import os/s.yaml", "x?import"),
        ("{root}/a/\u202e\r/s.yaml", "../??/s.yaml", "??"),
        ("/elsewhere/s.yaml", "s.yaml", "symgrad gen s.yaml -o ."),
    ],
)
def test_source_and_command(
    path: str, source: str, command: str, tmp_path: Path
) -> None:
    out = tmp_path / "a" / "out"
    text = provenance.stamped(BODY, spec(path.format(root=tmp_path)), out)
    header, body = provenance.split(text) or pytest.fail("no header")
    assert (header.source, body) == (source, BODY)
    assert command in header.command
    assert str(tmp_path) not in text
    assert len(text.splitlines()) == 3 + len(BODY.splitlines())


def test_the_header_is_the_same_from_any_folder(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = out.parent / "specs"
    specs.mkdir(parents=True)
    monkeypatch.chdir(out.parent)
    there = provenance.stamped(BODY, spec("specs/s.yaml"), Path("generated"))
    monkeypatch.chdir(specs)
    here = provenance.stamped(BODY, spec("s.yaml"), Path("../generated"))
    assert here == there


def test_the_version_is_not_compared_but_all_else_is(out: Path) -> None:
    files = pair(out)
    write.publish(files)
    path, text = files[0].path, files[0].text
    made_by = text.splitlines()[0]
    path.write_text(text.replace(made_by, made_by.replace("0.", "7.")))
    assert states(files) == ["unchanged", "unchanged"]
    for place in range(text.index("\n"), len(text)):
        other = "0" if text[place] != "0" else "1"
        path.write_text(text[:place] + other + text[place + 1 :])
        assert states(files)[0] != "unchanged", f"changed {text[place]!r} at {place}"


def test_other_line_ends_are_not_an_edit(out: Path) -> None:
    files = pair(out)
    write.publish(files)
    for file in files:
        file.path.write_bytes(file.text.replace("\n", "\r\n").encode())
    assert states(files) == ["unchanged", "unchanged"]


# What is written


def test_only_what_differs_is_written(out: Path) -> None:
    assert [c.state for c in write.publish(pair(out))] == ["missing", "missing"]
    before = listing(out)
    assert [c.state for c in write.publish(pair(out))] == ["unchanged", "unchanged"]
    assert listing(out) == before
    changed = write.publish(pair(out, body=BODY + "\n"))
    assert [c.state for c in changed] == ["stale", "stale"]
    assert states(pair(out, body=BODY + "\n")) == ["unchanged", "unchanged"]


def test_modes_are_those_of_other_new_files_and_are_kept(out: Path) -> None:
    files = pair(out)
    write.publish(files)
    (out / "plain").touch()
    assert files[0].path.stat().st_mode == (out / "plain").stat().st_mode
    files[0].path.chmod(0o640)
    write.publish(pair(out, body="other = 1\n"))
    assert stat.S_IMODE(files[0].path.stat().st_mode) == 0o640


# What is refused


def _link(path: Path) -> None:
    (path.parent / "victim").write_text("keep")
    path.symlink_to("victim")


def _edit(path: Path) -> None:
    path.write_text(pair(path.parent)[0].text + "# mine\n")


OBSTACLES = [
    ("SG501", _link, True),
    ("SG501", lambda path: path.symlink_to("nowhere"), True),
    ("SG502", lambda path: path.write_text("mine = 1\n"), True),
    ("SG502", lambda path: path.write_bytes(b"\xff\xfe\x00"), True),
    ("SG502", lambda path: path.touch(), True),
    ("SG503", _edit, True),
    ("SG504", lambda path: path.mkdir(), False),
    ("SG504", lambda path: os.mkfifo(path), False),
]


@pytest.mark.parametrize(("code", "obstruct", "can_force"), OBSTACLES)
def test_what_is_in_the_way_stays(out: Path, code, obstruct, can_force) -> None:
    files = pair(out)
    out.mkdir(parents=True)
    obstruct(files[0].path)
    before = listing(out)
    with pytest.raises(OutputError) as refused:
        write.publish(files)
    assert codes(refused) == [code]
    assert all(problem.help for problem in refused.value.diagnostics)
    assert listing(out) == before
    if not can_force:
        with pytest.raises(OutputError):
            write.publish(files, force=[files[0].path])
        assert listing(out) == before


@pytest.mark.parametrize(("code", "obstruct", "can_force"), OBSTACLES)
def test_force_replaces_the_file_it_names(out, code, obstruct, can_force) -> None:
    if not can_force:
        pytest.skip("nothing replaces a folder or a device")
    files = pair(out)
    out.mkdir(parents=True)
    obstruct(files[0].path)
    with pytest.raises(OutputError):  # it is the other file that is named
        write.publish(files, force=[files[1].path])
    write.publish(files, force=[files[0].path])
    assert states(files) == ["unchanged", "unchanged"]
    assert not files[0].path.is_symlink()
    if (out / "victim").exists():
        assert (out / "victim").read_text() == "keep"


def test_force_must_name_a_file_that_is_written(out: Path) -> None:
    with pytest.raises(OutputError) as refused:
        write.publish(pair(out), force=[out / "other.py"])
    assert codes(refused) == ["SG508"]
    assert "did you mean" in str(refused.value)


@pytest.mark.parametrize("other", ["one", "ONE", "test_one", "Test_One"])
def test_two_specs_must_not_share_a_file(out: Path, other: str) -> None:
    with pytest.raises(OutputError) as refused:
        write.check_names([*pair(out), *pair(out, other)])
    assert set(codes(refused)) == {"SG506"}
    for problem in refused.value.diagnostics:
        assert "one.yaml and " in problem.message and f"{other}.yaml" in problem.message
    assert all(problem.help for problem in refused.value.diagnostics)


def test_all_obstacles_come_at_once(out: Path) -> None:
    out.mkdir(parents=True)
    for file in pair(out):
        file.path.write_text("mine")
    with pytest.raises(OutputError) as refused:
        write.publish(pair(out))
    assert codes(refused) == ["SG502", "SG502"]


# Failures half way


class Stop(BaseException):
    """Stands for an interrupt."""


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), Stop()])
@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("good_calls", [0, 1, 2, 3])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_leaves_everything_as_it_was(
    out: Path, monkeypatch, failure, call, good_calls, exists
) -> None:
    out.parent.mkdir()
    if exists:
        write.publish((*pair(out, "a"), *pair(out, "b")))
    before = listing(out.parent)
    real, calls = getattr(os, call), []

    def fails(*args, **options):
        calls.append(args)
        if len(calls) == good_calls + 1:
            raise failure
        return real(*args, **options)

    monkeypatch.setattr(os, call, fails)
    new = "other = 1\n"
    with pytest.raises((OutputError, Stop)) as failed:
        write.publish((*pair(out, "a", new), *pair(out, "b", new)))
    assert isinstance(failed.value, Stop if isinstance(failure, Stop) else OutputError)
    assert len(calls) > good_calls
    assert listing(out.parent) == before


def test_a_folder_that_cannot_be_made_is_an_error_with_a_code(out: Path) -> None:
    out.parent.mkdir()
    out.write_text("a file where the folder should be")
    before = listing(out.parent)
    with pytest.raises(OutputError) as refused:
        write.publish(pair(out))
    assert codes(refused) == ["SG505"]
    assert listing(out.parent) == before


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.ENOENT])
def test_what_the_system_refuses_comes_with_help(number: int) -> None:
    with pytest.raises(OutputError) as refused, disk.os_errors("cannot write"):
        raise OSError(number, os.strerror(number))
    [found] = refused.value.diagnostics
    assert found.message == f"cannot write: {os.strerror(number)}"
    assert found.help


# Orphans and differences


def test_a_file_whose_spec_is_gone_is_an_orphan(out: Path) -> None:
    files = pair(out)
    write.publish(files)
    found = [(d.code, d.severity) for d in disk.orphans(out, ())]
    assert found == [("SG507", "warning")] * 2
    assert disk.orphans(out, files) == ()
    (out.parent / "specs").mkdir()
    (out.parent / "specs" / "one.yaml").touch()
    assert disk.orphans(out, ()) == ()


def test_a_diff_is_empty_only_if_nothing_would_change(out: Path) -> None:
    files = pair(out)
    (missing, _) = disk.compare(files)
    assert disk.diff(missing).startswith("--- /dev/null\n")
    write.publish(files)
    assert [disk.diff(change) for change in disk.compare(files)] == ["", ""]
    _edit(files[0].path)
    (edited, _) = disk.compare(files)
    assert "-# mine\n" in disk.diff(edited)


@pytest.mark.parametrize(("code", "obstruct", "can_force"), OBSTACLES)
def test_a_diff_reads_only_files(out: Path, code, obstruct, can_force) -> None:
    files = pair(out)
    out.mkdir(parents=True)
    obstruct(files[0].path)
    (change, _) = disk.compare(files)
    assert disk.obstacle(change).code == code
    assert f"+++ {files[0].path}" in disk.diff(change)
    assert "keep" not in disk.diff(change)
