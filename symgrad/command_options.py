"""Options that several commands have, and what they are where nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from symgrad.errors import Diagnostic, SymgradError

if TYPE_CHECKING:
    from symgrad.configuration import Configuration

_Command = Callable[..., Any]

_QUICK_START = """nothing to do: name a spec, such as

  symgrad gen examples/swish.yaml            writes generated/swish.py
  symgrad gen examples/swish.yaml --stdout   prints it

or say under [tool.symgrad] in pyproject.toml which there are"""


def spec_files(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The specs whose path begins so, here and in folders one level below."""
    start = Path(begun).parent if not begun.endswith("/") else Path(begun)
    paths = (p for level in ("*", "*/*") for p in start.glob(f"{level}.y*ml"))
    found = sorted({str(path) for path in paths if str(path).startswith(begun)})
    return [CompletionItem(p) for p in found] or [CompletionItem(begun, type="file")]


def subjects(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """What can be explained: codes of messages, and specs."""
    from symgrad.codes import CODES

    codes = [CompletionItem(code) for code in CODES if code.startswith(begun.upper())]
    return codes if begun and codes else spec_files(context, parameter, begun)


debug = click.option("--debug", is_flag=True, expose_value=False, help="Trace faults.")
as_json = click.option("--json", "as_json", is_flag=True, help="Report for machines.")
force = click.option(
    "--force",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Replace this file though it was edited or is not symgrad's.",
)
output = click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the generated files (generated).",
)
specs = click.argument(
    "specs", nargs=-1, metavar="[SPEC]...", shell_complete=spec_files
)


def on_specs(function: _Command) -> _Command:
    """The options of a command on specs."""
    for decorate in (debug, as_json, output, specs):
        function = decorate(function)
    return function


@dataclass(frozen=True)
class Chosen:
    """Specs and folder, as the words of a command and the configuration have them.

    ``said`` is the configuration, for what a command has besides.
    """

    specs: tuple[str, ...]
    folder: Path
    said: Configuration


def chosen(specs: tuple[str, ...], folder: Path | None) -> Chosen:
    """What is to be worked on, words before configuration.

    Raises ``click.UsageError`` where neither names a spec.
    """
    from symgrad import configuration

    said = configuration.read(find_specs=not specs)
    if not (specs or said.specs):
        raise click.UsageError(_QUICK_START)
    folder = folder or said.output or Path("generated")
    return Chosen(specs or said.specs, folder, said)


def refusal(code: str, message: str, help: str | None = None) -> SymgradError:
    """An error that is about no file."""
    return SymgradError(Diagnostic(code, message, "", None, (), help))
