"""``[tool.symgrad]`` of a ``pyproject.toml``: what commands are told once for all."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from symgrad import toml_places
from symgrad.errors import Diagnostic, SpecError
from symgrad.model import Strict
from symgrad.places import Problems
from symgrad.yamlfile import Document

FILE = "pyproject.toml"
TABLE = ("tool", "symgrad")


class Table(Strict):
    """The keys; paths are those from the folder of the file."""

    specs: Annotated[list[str] | None, Field(min_length=1)] = None
    output: str | None = None
    backend: Literal["torch", "cpu"] | None = None
    verify: Literal["quick", "full", "off"] | None = None
    jobs: Annotated[int | None, Field(ge=1)] = None


@dataclass(frozen=True)
class Configuration:
    """What is said there; ``None``, or no specs, where nothing is."""

    specs: tuple[str, ...] = ()
    output: Path | None = None
    backend: str | None = None
    verify: Literal["quick", "full", "off"] | None = None
    jobs: int | None = None


def read(find_specs: bool = True) -> Configuration:
    """The configuration that holds in the current folder.

    It is that of the nearest ``pyproject.toml`` with such a table, upwards, no further
    than the top of a repository.  Its specs are not looked for unless ``find_specs``.

    Raises:
        SpecError: all that is wrong with it.
    """
    for folder in _upwards(Path().resolve()):
        document = _document(folder / FILE)
        if document is not None and _has_table(document.data):
            return _checked(document, folder, find_specs)
    return Configuration()


def _upwards(folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return


def _document(path: Path) -> Document | None:
    """What a file says, ``None`` where there is no such file."""
    shown = _from_here(path)
    if not path.is_file():
        return None
    try:
        return toml_places.read(path.read_bytes(), shown)
    except OSError as error:
        message = f"the configuration cannot be read: {error.strerror or error}"
        raise SpecError(Diagnostic("SG151", message, shown, None, ())) from None


def _has_table(data: Any) -> bool:
    return isinstance(data.get("tool"), dict) and "symgrad" in data["tool"]


def _checked(document: Document, folder: Path, find_specs: bool) -> Configuration:
    problems = Problems(document)
    given = problems.validate(Table, document.data["tool"]["symgrad"], TABLE)
    if given is None:
        raise problems.error()
    specs = _specs(given.specs or [], folder, problems) if find_specs else ()
    if "\0" in (given.output or ""):  # no system has such a path
        problems.add("SG123", "this cannot be a folder", (*TABLE, "output"))
    if problems:
        raise problems.error()
    output = None if given.output is None else Path(_from_here(folder / given.output))
    return Configuration(specs, output, given.backend, given.verify, given.jobs)


def _specs(
    patterns: Sequence[str], folder: Path, problems: Problems
) -> tuple[str, ...]:
    """The files that are meant, each once, those of a pattern in order of name."""
    found: dict[str, None] = {}
    for place, pattern in enumerate(patterns):
        paths = sorted(_matching(pattern, folder))
        if not paths:
            message, at = f"there is no file '{pattern}'", (*TABLE, "specs", place)
            problems.add("SG152", message, at, f"paths are those from {folder}")
        found |= dict.fromkeys(map(_from_here, paths))
    return tuple(found)


def _matching(pattern: str, folder: Path) -> list[Path]:
    """Files of a pattern; ``**`` goes through folders."""
    if (folder / pattern).is_file():  # a name may have brackets in it
        return [folder / pattern]
    names = glob.glob(pattern, root_dir=folder, recursive=True)
    return [folder / name for name in names if (folder / name).is_file()]


def _from_here(path: Path) -> str:
    """A path as somebody in the current folder writes it."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
