"""The command ``symgrad explain``: its words, and nothing that takes long to import."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from symgrad import console
from symgrad.codes import CODES
from symgrad.command_options import subjects
from symgrad.errors import SymgradError


@click.command()
@click.argument("subject", metavar="SPEC[:OP]|SGnnn", shell_complete=subjects)
@click.option(
    "--backend", type=click.Choice(["torch", "cpu"]), help="With cpu: its loops, too."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "markdown", "json"]),
    default="text",
    help="For whom (text).",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("generated"),
    help="Folder of the generated files, whose lock is read (generated).",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Trace faults.")
def explain(
    subject: str, backend: str | None, form: str, as_json: bool, folder: Path
) -> int:
    """Show how a backward comes about and what is kept, or what a code means.

    \b
    symgrad explain examples/swish.yaml:swish
    symgrad explain examples/swish.yaml --format markdown
    symgrad explain SG210
    """
    is_code = subject[:2].upper() == "SG" and subject[2:].isdigit()
    if is_code and subject.upper() not in CODES and not Path(subject).exists():
        raise click.UsageError(f"there is no code {subject}")
    from symgrad import explain as explaining
    from symgrad.terminal import terminal

    shown, form = terminal(sys.stdout), "json" if as_json else form
    try:
        text = explaining.explain(subject, backend, form, folder, shown)
    except SymgradError as error:
        if form != "json":
            raise
        return console.fail(2, str(error), error.diagnostics, as_json=True)
    sys.stdout.write(text)
    return 0
