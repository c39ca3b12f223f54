"""The command ``symgrad report``: its words, and nothing that takes long to import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symgrad import console


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
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
    default=Path("generated"),
    help="Folder of the generated files, whose locks are read (generated).",
)
@click.option(
    "--force",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Replace this file though it was edited or is not symgrad's.",
)
@click.option(
    "--verify",
    "level",
    type=click.Choice(["quick", "full", "off"]),
    default="quick",
    help="How much of the ladder is climbed (quick).",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Trace faults.")
@click.option("--json", "as_json", is_flag=True, help="Report for machines.")
def report(
    specs: tuple[str, ...],
    output: Path,
    folder: Path,
    force: tuple[Path, ...],
    level: Any,
    as_json: bool,
) -> int:
    """Write a page: formulas, plots of values and errors, the ladder, the code."""
    from symgrad import report as reporting
    from symgrad.progress import progress

    shown = progress(as_json, "reporting")
    return console.show(
        reporting.run(specs, output, folder, level, force, shown), as_json
    )
