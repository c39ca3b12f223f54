"""The command ``symgrad bench``: its words, and nothing that takes long to import."""

from __future__ import annotations

from pathlib import Path

import click

from symgrad import console
from symgrad.command_options import as_json, chosen, debug, spec_files


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC[:OP]]...", shell_complete=spec_files)
@click.option("--op", "ops", multiple=True, metavar="NAME", help="Only this op.")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=click.IntRange(1),
    metavar="N",
    help="Elements; may be given again (64, 4096, 65536, 1048576).",
)
@click.option("--threads", type=click.IntRange(1), default=1, help="Of torch (1).")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64", "bfloat16", "float16"]),
    default="float32",
    help="Of floating tensors (float32).",
)
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default="cpu", help="Where (cpu)."
)
@click.option("--no-compile", is_flag=True, help="Leave torch.compile out.")
@click.option("--repeat", type=click.IntRange(1), default=20, help="Blocks (20).")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw time against size, as .svg or .png.",
)
@debug
@as_json
def bench(
    specs: tuple[str, ...],
    ops: tuple[str, ...],
    sizes: tuple[int, ...],
    threads: int,
    dtype: str,
    device: str,
    no_compile: bool,
    repeat: int,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Time an op against autograd of its formula, torch.compile, and torch's own."""
    from symgrad import bench as benching
    from symgrad.progress import progress

    how = benching.Settings(
        sizes or benching.SIZES, dtype, device, threads, not no_compile, repeat
    )
    due = chosen(specs, None).specs
    shown = progress(as_json, "timing")
    return console.show(benching.run(due, ops, how, plot, shown), as_json)
