"""The command line: words in, words and an exit code out, nothing decided here.

Whatever takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import click

from symgrad import console
from symgrad._version import __version__
from symgrad.bench_command import bench
from symgrad.errors import Diagnostic, SymgradError, VerificationError
from symgrad.report_command import report

FINE, FOUND, REFUSED, FAULT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141

_QUICK_START = """nothing to do: name a spec, such as

  symgrad gen examples/swish.yaml            writes generated/swish.py
  symgrad gen examples/swish.yaml --stdout   prints it"""

_NOT_BUILT = {
    "new": "Write a starter spec.",
    "schema": "Print the JSON Schema of a spec.",
}

_Command = Callable[..., Any]


def main() -> NoReturn:
    """Run ``symgrad`` on the words of the command line, and exit."""
    for stream in (sys.stdin, sys.stdout):
        # Specs and code are UTF-8 whatever the terminal thinks.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run ``symgrad`` on ``words``; the exit code is returned, whatever happens."""
    as_json = "--json" in words
    try:
        code = _invoke(list(words))
        sys.stdout.flush()
        return code
    except SymgradError as error:
        code = FOUND if isinstance(error, VerificationError) else REFUSED
        return console.fail(code, str(error), error.diagnostics, as_json)
    except click.ClickException as error:
        return _fail_usage(error, as_json)
    except (KeyboardInterrupt, click.Abort):
        return console.fail(INTERRUPTED, "interrupted", as_json=as_json)
    except BrokenPipeError:
        console.drop_stdout()
        return PIPE_CLOSED
    except Exception as error:
        if "--debug" in words:
            traceback.print_exc()
        return console.fail(FAULT, _fault(error), as_json=as_json)


def _invoke(words: list[str]) -> int:
    # Not Command.main(): that turns an interrupt and a closed pipe into exit 1.
    try:
        with command.make_context("symgrad", words) as context:
            return command.invoke(context) or FINE
    except click.exceptions.Exit as done:
        return done.exit_code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="symgrad %(version)s")
def command() -> None:
    """Derive the backward of a formula, and write it as PyTorch code.

    \b
    symgrad gen examples/swish.yaml            writes generated/swish.py
    symgrad gen examples/swish.yaml --stdout   prints it
    """


def _common(function: _Command) -> _Command:
    """The options that every command on specs has."""
    for decorate in (
        click.option("--debug", is_flag=True, expose_value=False, help="Trace faults."),
        click.option("--json", "as_json", is_flag=True, help="Report for machines."),
        click.option(
            "-o",
            "--output",
            "folder",
            metavar="DIR",
            type=click.Path(path_type=Path),
            default=Path("generated"),
            help="Folder of the generated files (generated).",
        ),
        click.argument("specs", nargs=-1, metavar="SPEC..."),
    ):
        function = decorate(function)
    return function


@command.command()
@_common
@click.option("--check", is_flag=True, help="Write nothing; exit 1 on any difference.")
@click.option("--diff", is_flag=True, help="Like --check, and show what differs.")
@click.option("--stdout", is_flag=True, help="Write nothing; print the module.")
@click.option(
    "--force",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Replace this file though it was edited or is not symgrad's.",
)
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
    default=1,
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
    default="quick",
    help="How much is checked before writing (quick).",
)
def gen(
    specs: tuple[str, ...],
    folder: Path,
    check: bool,
    diff: bool,
    stdout: bool,
    force: tuple[Path, ...],
    reselect: bool,
    jobs: int,
    backend: str | None,
    level: Any,
    as_json: bool,
) -> int:
    """Derive, verify, and write; - reads a spec from standard input."""
    _require_specs(specs)
    if stdout and (check or diff):
        raise click.UsageError("--stdout does not go with --check and --diff")
    if backend == "triton":
        message = f"the backend '{backend}' is not built yet"
        raise _refusal("SG707", message, "use 'torch' or 'cpu'")
    from symgrad import gen
    from symgrad.progress import progress

    made = gen.make(specs, folder, reselect, jobs, backend)
    if check or diff:
        return console.show(gen.check(made, diff), as_json)
    if stdout:
        return console.show(gen.show(made, level, progress(as_json)), as_json)
    return console.show(gen.publish(made, level, force, progress(as_json)), as_json)


@command.command()
@_common
@click.option("--quick", is_flag=True, help="Only the rungs that gen runs.")
@click.option(
    "--spec",
    "against",
    metavar="SPEC:OP",
    help="What a MODULE:FUNCTION is to be, given in place of the specs.",
)
@click.option(
    "--rung",
    "rungs",
    type=click.IntRange(0, 11),
    multiple=True,
    metavar="N",
    help="Only this rung; may be given again.",
)
def verify(
    specs: tuple[str, ...],
    folder: Path,
    quick: bool,
    against: str | None,
    rungs: tuple[int, ...],
    as_json: bool,
) -> int:
    """Run the whole ladder against what is on the disk, or on any callable.

    \b
    symgrad verify examples/swish.yaml
    symgrad verify package.module:function --spec examples/swish.yaml:swish
    """
    _require_specs(specs)
    from symgrad import callables, gen
    from symgrad.progress import progress

    level: Any = "quick" if quick else "full"
    how = level, rungs, progress(as_json)
    if against is not None:
        return console.show(callables.verify(specs, against, *how), as_json)
    callables.refuse(specs)
    return console.show(gen.verify_disk(specs, folder, *how), as_json)


@command.command()
@_common
@click.option(
    "--jobs",
    "-j",
    metavar="N",
    type=click.IntRange(1),
    default=2,
    help="Compilers that run at one time (2).",
)
def build(specs: tuple[str, ...], folder: Path, jobs: int, as_json: bool) -> int:
    """Compile kernels ahead of time, for every instruction set of this processor."""
    _require_specs(specs)
    from symgrad import kernel_library
    from symgrad.progress import progress

    shown = progress(as_json, "compiling")
    return console.show(kernel_library.build(specs, folder, jobs, shown), as_json)


@command.command()
@click.argument("classes", nargs=-1, required=True, metavar="MODULE:CLASS...")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=SHAPE",
    help="x=2x3, i=4x:int, m=2x3:bool or p=0.5; what is not said is guessed.",
)
@click.option(
    "--declared", is_flag=True, help="Its backward is not meant to be forward's own."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Trace faults.")
@click.option("--json", "as_json", is_flag=True, help="Report for machines.")
def audit(
    classes: tuple[str, ...], inputs: tuple[str, ...], declared: bool, as_json: bool
) -> int:
    """Examine a hand-written autograd.Function, without a spec."""
    from symgrad import callables
    from symgrad.progress import progress

    found = callables.audit(classes, inputs, declared, progress(as_json))
    return console.show(found, as_json)


@command.command()
@click.argument("subject", metavar="SPEC[:OP]|SGnnn")
@click.option(
    "--backend", type=click.Choice(["torch", "cpu"]), help="With cpu: its loops, too."
)
def explain(subject: str, backend: str | None) -> None:
    """Show how a backward comes about and what is kept, or what a code means."""
    from symgrad.codes import CODES

    row = CODES.get(subject.upper())
    if row is None and subject[:2].upper() == "SG" and subject[2:].isdigit():
        raise click.UsageError(f"there is no code {subject}")
    if row is None:
        from symgrad import explain as explaining

        click.echo(explaining.explain(subject, backend), nl=False)
    else:
        click.echo(f"{row.code}: {row.title}\n\n{row.explanation}")


@command.command()
def functions() -> None:
    """List the function table: names, derivatives, kinks."""
    from symgrad.functions import TABLE
    from symgrad.listing import lines

    for row in TABLE.values():
        click.echo("\n".join(lines(row)))


command.add_command(bench)
command.add_command(report)


def _add_not_built(name: str, help: str) -> None:
    @command.command(
        name,
        help=f"{help} (Not built yet.)",
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def refuse(words: tuple[str, ...]) -> None:
        raise _refusal("SG790", f"symgrad {name} is not built yet")


for _name, _help in _NOT_BUILT.items():
    _add_not_built(_name, _help)


def _require_specs(specs: tuple[str, ...]) -> None:
    if not specs:
        raise click.UsageError(_QUICK_START)


def _refusal(code: str, message: str, help: str | None = None) -> SymgradError:
    return SymgradError(Diagnostic(code, message, "", None, (), help))


def _fail_usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        return console.fail(REFUSED, error.format_message(), as_json=True)
    error.show()
    return REFUSED


def _fault(error: Exception) -> str:
    return (
        f"this is a fault in symgrad, please report it: {type(error).__name__}: "
        f"{error}\n(--debug shows where)"
    )
