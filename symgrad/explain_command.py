"""The command ``symgrad explain``: its words, and nothing that takes long to import."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
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
    form = "json" if as_json else form
    if _is_meant_for_a_code(subject) and subject.upper() not in CODES:
        near = " or ".join(_near(subject))
        error = click.UsageError(f"there is no code {subject}; did you mean {near}?")
        if form != "json":
            raise error
        return console.fail_usage(2, error, as_json=True)
    from symgrad import explain as explaining
    from symgrad.terminal import terminal

    try:
        text = explaining.explain(subject, backend, form, folder, terminal(sys.stdout))
    except SymgradError as error:
        if form != "json":
            raise
        return console.fail(2, str(error), error.diagnostics, as_json=True)
    sys.stdout.write(text)
    return 0


def _is_meant_for_a_code(subject: str) -> bool:
    """Whether it looks like a code, a letter for a digit perhaps, and is no file."""
    looks = re.fullmatch(r"SG-?[A-Z\d]*\d[A-Z\d]*", subject, re.IGNORECASE)
    return looks is not None and not Path(subject).exists()


def _near(subject: str) -> list[str]:
    """The codes that it may be a slip of, the likeliest first."""
    digits = subject.upper().translate(str.maketrans("OIL", "011"))
    return [digits] if digits in CODES else get_close_matches(digits, CODES, 3, 0)
