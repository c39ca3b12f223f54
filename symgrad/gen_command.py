"""The command ``symgrad gen``: its words, and nothing that takes long to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from symgrad import command_options, console
from symgrad.command_options import Chosen, refusal


@dataclass(frozen=True)
class _Manner:
    """How specs are worked on, whichever they are."""

    check: bool
    diff: bool
    stdout: bool
    force: tuple[Path, ...]
    reselect: bool
    jobs: int
    backend: str | None
    level: Any
    as_json: bool


@click.command()
@command_options.on_specs
@click.option("--check", is_flag=True, help="Write nothing; exit 1 on any difference.")
@click.option("--diff", is_flag=True, help="Like --check, and show what differs.")
@click.option("--stdout", is_flag=True, help="Write nothing; print the module.")
@click.option("--watch", is_flag=True, help="Go on, and write again what changes.")
@command_options.force
@click.option(
    "--reselect",
    is_flag=True,
    help="Search for stable forms again, whatever the lock says.",
)
@click.option(
    "--jobs",
    "-j",
    metavar="N",
    type=click.IntRange(1),
    help="Specs that are worked on at one time (1); with -, one.",
)
@click.option(
    "--backend",
    type=click.Choice(["torch", "cpu", "triton"]),
    help="Which code to emit, whatever the specs choose (torch).",
)
@click.option(
    "--verify",
    "level",
    type=click.Choice(["quick", "full", "off"]),
    help="How much is checked before writing (quick).",
)
def gen(
    specs: tuple[str, ...],
    folder: Path | None,
    watch: bool,
    jobs: int | None,
    backend: str | None,
    level: str | None,
    **more: Any,
) -> int:
    """Derive, verify, and write; - reads a spec from standard input."""
    found = command_options.chosen(specs, folder)
    backend = backend or found.said.backend
    level = level or found.said.verify or "quick"
    jobs = jobs or found.said.jobs or 1
    manner = _Manner(jobs=jobs, backend=backend, level=level, **more)
    _check(manner, watch, found)
    if watch:
        from symgrad import watching

        watching.watch(found.specs, partial(_work, found.folder, manner))
    return _work(found.folder, manner, found.specs)


def _check(manner: _Manner, watch: bool, found: Chosen) -> None:
    """Options that do not go together, and what is not built yet."""
    if manner.stdout and (manner.check or manner.diff):
        raise click.UsageError("--stdout does not go with --check and --diff")
    told = manner.check or manner.diff or manner.stdout or manner.as_json
    if watch and (told or "-" in found.specs):
        raise click.UsageError(
            "--watch does not go with --check, --diff, --stdout, --json and -"
        )
    if manner.backend == "triton":
        message = f"the backend '{manner.backend}' is not built yet"
        raise refusal("SG707", message, "use 'torch' or 'cpu'")


def _work(folder: Path, manner: _Manner, specs: Sequence[str]) -> int:
    """Generate once; returns the exit code."""
    from symgrad import gen
    from symgrad.progress import progress

    as_json = manner.as_json
    how = manner.reselect, manner.jobs, manner.backend
    made = gen.make(specs, folder, *how, progress(as_json, "deriving"))
    if manner.check or manner.diff:
        return console.show(gen.check(made, manner.diff), as_json, console.dyed)
    shown = progress(as_json)
    if manner.stdout:
        return console.show(gen.show(made, manner.level, shown), as_json)
    published = gen.publish(made, manner.level, manner.force, shown)
    return console.show(published, as_json)
