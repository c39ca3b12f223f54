"""Bringing files to the disk: all of them, or none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from symgrad import lock, provenance
from symgrad.alone import TEMPORARY, alone, undisturbed
from symgrad.disk import OBSTACLES, Change, File, compare, obstacle, os_errors, problem
from symgrad.errors import Diagnostic, OutputError
from symgrad.names import nearest
from symgrad.op import Spec

if TYPE_CHECKING:  # it loads SymPy, and the disk has no need of that
    from symgrad.generate import Module


def files(module: Module, spec: Spec, folder: Path) -> tuple[File, ...]:
    """The files of a spec: its module and tests, kernels and a lock if it has any."""
    stem = module.stem
    named = [(f"{stem}.py", module.source), (f"test_{stem}.py", module.tests)]
    if module.kernels:
        named.append((f"{stem}_cpu.cpp", module.kernels))
    if module.choices:
        named.append((lock_name(stem), lock.text(module.choices)))
    return tuple(
        File(
            folder / name,
            provenance.stamped(body, spec, folder, Path(name).suffix),
            spec.path,
        )
        for name, body in named
    )


def lock_name(stem: str) -> str:
    """The name of the lock beside a module."""
    return f"{stem}.lock.json"


_APART = "name each spec once; rename one, or write it to another folder with -o"


def check_names(wanted: Sequence[File]) -> None:
    """Raise ``OutputError`` (SG506) where two files would share one name.

    Case is ignored: on some disks ``Swish.py`` is ``swish.py``.
    """
    seen: dict[str, File] = {}
    clashes = []
    for file in wanted:
        first = seen.setdefault(str(file.path).casefold(), file)
        if first is not file:
            message = f"{first.spec} and {file.spec} would both write {file.path}"
            clashes.append(problem("SG506", message, help=_APART))
    _raise_any(clashes)


def plan(wanted: Sequence[File], force: Collection[Path] = ()) -> tuple[Change, ...]:
    """The changes that ``publish`` would make.

    Raises ``OutputError`` with every obstacle: a link, a file that is not symgrad's
    or was edited since, unless ``force`` names it; a folder or device in any case.
    """
    check_names(wanted)
    forced = {_absolute(path): path for path in force}
    _check_forced(wanted, forced)
    changes = compare(wanted)
    _raise_any(
        obstacle(change)
        for change in changes
        if change.state in OBSTACLES
        and (change.state == "special" or _absolute(change.file.path) not in forced)
    )
    return changes


def publish(wanted: Sequence[File], force: Collection[Path] = ()) -> tuple[Change, ...]:
    """Bring the disk to ``wanted``: all files or, on any failure, none.

    Returns each file with the state it was in.  Raises ``OutputError``, the disk being
    as before; an interrupt that comes meanwhile is raised when all is written.  Where
    the process is killed each file is the old or the new one, and the next call removes
    what was left beside them.
    """
    folders = tuple(dict.fromkeys(file.path.parent for file in wanted))
    place = ", ".join(map(str, folders))
    with undisturbed(), os_errors(f"cannot write to {place}"), ExitStack() as stack:
        for folder in folders:
            stack.enter_context(_made(folder))
            stack.enter_context(alone(folder))
        changes = plan(wanted, force)
        due = [change.file for change in changes if change.state != "unchanged"]
        staged = [stack.enter_context(_staged(file)) for file in due]
        plan(wanted, force)  # an editor, which heeds no lock, may have been at it
        for temporary, file in zip(staged, due, strict=True):
            stack.enter_context(_kept(file.path))
            os.replace(temporary, file.path)
    return changes


def one(file: File, replace: bool = False) -> None:
    """Write a file that is the user's own from then on, whole or not at all.

    Raises ``OSError``, the disk being as before: ``FileExistsError`` where something
    is there that is not to be replaced.
    """
    with undisturbed(), ExitStack() as stack:
        if not replace:
            file.path.touch(exist_ok=False)  # the name is taken
            stack.enter_context(_unmade(file.path))
        os.replace(stack.enter_context(_staged(file)), file.path)


@contextmanager
def _unmade(path: Path) -> Iterator[None]:
    """Remove a file again if the block fails."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the folder; unmake it, and the parents it lacked, if the block fails."""
    lacking = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in lacking:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A free name beside ``path``; what stands under it is removed at the end."""
    place = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        yield place
    finally:
        with suppress(OSError):  # the next call tries again
            place.unlink(missing_ok=True)


@contextmanager
def _staged(file: File) -> Iterator[Path]:
    """The text, safely on the disk under a temporary name beside its place."""
    with _beside(file.path) as temporary:
        with open(temporary, "xb") as stream:
            stream.write(file.text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        if file.path.is_file() and not file.path.is_symlink():
            shutil.copymode(file.path, temporary)
        yield temporary


@contextmanager
def _kept(path: Path) -> Iterator[None]:
    """Put back what stands at ``path`` now if anything fails from here on."""
    with _beside(path) as backup:
        existed = os.path.lexists(path)
        if existed:
            shutil.copy2(path, backup, follow_symlinks=False)
        try:
            yield
        except BaseException:
            os.replace(backup, path) if existed else path.unlink(missing_ok=True)
            raise


def _check_forced(wanted: Iterable[File], forced: Mapping[Path, Path]) -> None:
    targets = {_absolute(file.path): str(file.path) for file in wanted}
    _raise_any(
        problem(
            "SG508",
            f"'--force {name}' names a file that is not written here",
            help=nearest(str(name), targets.values(), "written here"),
        )
        for path, name in forced.items()
        if path not in targets
    )


def _absolute(path: Path) -> Path:
    # Not resolve(): --force on a link means the link, not what it points to.
    return Path(os.path.abspath(path))


def _raise_any(problems: Iterable[Diagnostic]) -> None:
    if found := tuple(problems):
        raise OutputError(*found)
