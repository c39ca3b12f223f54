"""The commands ``symgrad verify``, ``audit`` and ``build``: their words alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symgrad import command_options, console


@click.command()
@command_options.on_specs
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
    folder: Path | None,
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
    from symgrad.progress import progress

    level: Any = "quick" if quick else "full"
    how = level, rungs, progress(as_json)
    if against is not None:
        return _verify_callables(specs, against, how, as_json)
    found = command_options.chosen(specs, folder)
    from symgrad import callables, gen

    callables.refuse(found.specs)
    return console.show(gen.verify_disk(found.specs, found.folder, *how), as_json)


def _verify_callables(
    targets: tuple[str, ...], against: str, how: Any, as_json: bool
) -> int:
    if not targets:
        raise click.UsageError("--spec says what a MODULE:FUNCTION is to be: name one")
    from symgrad import callables

    return console.show(callables.verify(targets, against, *how), as_json)


@click.command()
@command_options.on_specs
@click.option(
    "--jobs",
    "-j",
    metavar="N",
    type=click.IntRange(1),
    default=2,
    help="Compilers that run at one time (2).",
)
def build(specs: tuple[str, ...], folder: Path | None, jobs: int, as_json: bool) -> int:
    """Compile kernels ahead of time, for every instruction set of this processor."""
    found = command_options.chosen(specs, folder)
    from symgrad import kernel_library
    from symgrad.progress import progress

    shown = progress(as_json, "compiling")
    made = kernel_library.build(found.specs, found.folder, jobs, shown)
    return console.show(made, as_json)


@click.command()
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
@command_options.debug
@command_options.as_json
def audit(
    classes: tuple[str, ...], inputs: tuple[str, ...], declared: bool, as_json: bool
) -> int:
    """Examine a hand-written autograd.Function, without a spec."""
    from symgrad import callables
    from symgrad.progress import progress

    found = callables.audit(classes, inputs, declared, progress(as_json))
    return console.show(found, as_json)
