"""The command line: words in, words and an exit code out, nothing decided here.

Whatever takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from symgrad import console
from symgrad._version import __version__
from symgrad.bench_command import bench
from symgrad.errors import Diagnostic, SymgradError, VerificationError
from symgrad.explain_command import explain
from symgrad.gen_command import gen
from symgrad.listing_commands import COMPLETING, completion, functions, new, schema
from symgrad.report_command import report
from symgrad.verify_command import audit, build, verify

FINE, FOUND, REFUSED, FAULT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141

_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Why a disk takes no more."""


def main() -> NoReturn:
    """Run ``symgrad`` on the words of the command line, and exit."""
    for stream in (sys.stdin, sys.stdout):
        # Specs and code are UTF-8 whatever the terminal thinks.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    asked = os.environ.get(COMPLETING)
    if asked:  # a shell wants to know what may come next
        sys.exit(shell_complete(command, {}, "symgrad", COMPLETING, asked))
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
        return console.fail_usage(REFUSED, error, as_json)
    except (KeyboardInterrupt, click.Abort):
        return console.fail(INTERRUPTED, "interrupted", as_json=as_json)
    except BrokenPipeError:
        console.drop_stdout()
        return PIPE_CLOSED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            return _fail_full(error)
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


for _command in (
    *(gen, verify, build, audit, bench, explain, report),
    *(functions, schema, new, completion),
):
    command.add_command(_command)


def _fail_full(error: OSError) -> int:
    console.drop_stdout()
    said = f"what is printed cannot be written: {error.strerror}"
    return console.fail(REFUSED, said, [Diagnostic("SG511", said, "", None, ())])


def _fault(error: Exception) -> str:
    return (
        f"this is a fault in symgrad, please report it: {type(error).__name__}: "
        f"{error}\n(--debug shows where)"
    )
