"""The commands ``symgrad functions``, ``schema``, ``new`` and ``completion``."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from symgrad import command_options, console
from symgrad.outcome import Outcome
from symgrad.starter_kinds import KINDS

WIDTH = 100
"""Columns of a table where there is no terminal."""

SHELLS = "bash", "zsh", "fish"
COMPLETING = "_SYMGRAD_COMPLETE"
"""The variable by which a shell asks for what may come next."""


def _names(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Functions whose name begins so."""
    from symgrad.functions import NAMES

    return [CompletionItem(name) for name in sorted(NAMES) if name.startswith(begun)]


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...", shell_complete=_names)
@command_options.debug
@command_options.as_json
def functions(words: tuple[str, ...], as_json: bool) -> int:
    """List functions: arguments, derivatives, kinks and domain.

    With words, those that have one of them in their name, and nothing is cut.
    """
    from symgrad import listing

    found = listing.chosen(words)
    if as_json:
        return console.show(Outcome(reports=found), True)
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    text = listing.table(found, width, None if words else listing.MOST)
    return console.show(Outcome(text=text), False)


@click.command()
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it there, for an editor to find.",
)
@command_options.debug
def schema(file: Path | None) -> int:
    """Print the JSON Schema of a spec, by which editors check and complete.

    \b
    symgrad schema -o symgrad.schema.json
    """
    from symgrad import schema as describing

    if file is None:
        return console.show(Outcome(text=describing.text()), False)
    return console.show(describing.publish(file), False)


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="elementwise",
    help="What to begin with (elementwise).",
)
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder of the spec (the current one).",
)
@command_options.debug
@command_options.as_json
def new(name: str, kind: str, folder: Path, as_json: bool) -> int:
    """Write a spec to begin with, NAME.yaml with the op NAME."""
    from symgrad import starter

    return console.show(starter.write(name, kind, folder), as_json)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what lets a shell complete commands, options, specs and functions.

    \b
    eval "$(symgrad completion bash)"           in ~/.bashrc
    eval "$(symgrad completion zsh)"            in ~/.zshrc
    symgrad completion fish | source            in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = click.get_current_context().find_root().command
    click.echo(kind(root, {}, "symgrad", COMPLETING).source())
