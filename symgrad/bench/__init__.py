"""``symgrad bench``: what is generated, timed beside its formula and torch's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from os.path import exists
from pathlib import Path
from typing import Any

import torch

from symgrad import spec
from symgrad.bench import plot, table
from symgrad.bench.measure import at_size
from symgrad.bench.own_operators import own_operator
from symgrad.bench.results import SIZES as SIZES
from symgrad.bench.results import Measured
from symgrad.bench.results import Settings as Settings
from symgrad.callables import op_of
from symgrad.errors import Diagnostic, SymgradError
from symgrad.generate import generate
from symgrad.in_memory import load_text
from symgrad.names import nearest
from symgrad.op import Op, Spec
from symgrad.outcome import Outcome
from symgrad.verify.watch import Progress, Step, unseen


def run(
    targets: Sequence[str],
    names: Collection[str] = (),
    settings: Settings | None = None,
    picture: Path | None = None,
    progress: Progress = unseen,
) -> Outcome:
    """Measure, and say it as text, for machines, and, if asked for, as a picture.

    Raises what ``bench`` does, and ``SymgradError`` where no picture can be drawn.
    """
    if picture is not None:
        plot.require(picture)
    measured = bench(targets, names, settings or Settings(), progress)
    notes: tuple[str, ...] = ()
    if picture is not None:
        plot.draw(measured, picture)
        notes = (f"wrote {picture}",)
    return Outcome(0, reports=measured, notes=notes, text=table.text(measured))


def bench(
    targets: Sequence[str],
    names: Collection[str],
    settings: Settings,
    progress: Progress = unseen,
) -> tuple[Measured, ...]:
    """Time the ops of ``SPEC`` or ``SPEC:OP``, those of the ``names`` if there are any.

    Raises ``SpecError`` for a spec, ``SymgradError`` for an op that is not there, for
    a device that is not there, and for an op that does not run at a size.
    """
    _require_device(settings.device)
    chosen = list(_chosen(targets, names))
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        with progress(len(chosen) * len(settings.sizes)) as watch:
            return tuple(
                _measured(op, function, settings, watch) for op, function in chosen
            )
    finally:
        torch.set_num_threads(threads)


def _measured(
    op: Op, function: Callable[..., Any], settings: Settings, watch: Callable[..., None]
) -> Measured:
    own = own_operator(op, function)
    found = []
    for elements in settings.sizes:
        watch(Step(op.name, elements, "elements"))
        found.append(at_size(op, function, own, elements, settings))
    return Measured(op.name, settings, torch.__version__, tuple(found))


def _chosen(
    targets: Sequence[str], names: Collection[str]
) -> Iterator[tuple[Op, Callable[..., Any]]]:
    """The ops that are asked for, each with what is generated for it now."""
    loaded = [_loaded(target) for target in targets]
    known = [op.name for _, ops in loaded for op in ops]
    for name in names:
        if name not in known:
            raise _no_op(name, known)
    for source, ops in loaded:
        wanted = [op for op in ops if not names or op.name in names]
        if wanted:
            made = generate(replace(source, ops=tuple(wanted)))
            module = load_text(source.stem, made.source, made.kernels)
            yield from ((op, getattr(module, op.name)) for op in wanted)


def _loaded(target: str) -> tuple[Spec, tuple[Op, ...]]:
    """A spec, and which of its ops are meant: all but for ``SPEC:OP``."""
    if ":" not in target or exists(target):
        found = spec.load(Path(target))
        return found, found.ops
    op = op_of(target)
    return spec.load(target.rpartition(":")[0]), (op,)


def _require_device(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        message = "torch finds no GPU here"
        help = "leave --device out, or install a torch that is built for the GPU"
        raise SymgradError(Diagnostic("SG604", message, "", None, (), help))


def _no_op(name: str, known: Sequence[str]) -> SymgradError:
    message = f"no spec has an op {name!r}"
    help = nearest(name, known, "ops")
    return SymgradError(Diagnostic("SG603", message, "", None, (), help))
