"""The command ``symgrad report``: its words, and nothing that takes long to import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symgrad import console
from symgrad.command_options import as_json, chosen, debug, specs
from symgrad.command_options import force as force_option


@click.command()
@specs
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    help="The page (report.html).",
)
@click.option(
    "--locks",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the generated files, whose locks are read (generated).",
)
@force_option
@click.option(
    "--verify",
    "level",
    type=click.Choice(["quick", "full", "off"]),
    default="quick",
    help="How much of the ladder is climbed (quick).",
)
@debug
@as_json
def report(
    specs: tuple[str, ...],
    output: Path,
    folder: Path | None,
    force: tuple[Path, ...],
    level: Any,
    as_json: bool,
) -> int:
    """Write a page: formulas, plots of values and errors, the ladder, the code."""
    from symgrad import report as reporting
    from symgrad.progress import progress

    due = chosen(specs, folder)
    shown = progress(as_json, "reporting")
    found = reporting.run(due.specs, output, due.folder, level, force, shown)
    return console.show(found, as_json)
