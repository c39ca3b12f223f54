"""What is timed: an op as generated, its formula, both compiled, torch's own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch._functorch.config
import torch._inductor.config
from torch import Tensor

from symgrad.bench.composed import composed
from symgrad.bench.inputs import Place
from symgrad.bench.own_operators import Match
from symgrad.bench.paired import gradients
from symgrad.op import Op

GENERATED = "symgrad"
FORMULA = "autograd"
COMPILED = "compiled"

Build = Callable[[], Callable[..., Any]]

_LONGEST = 200
"""Letters of a reason."""


@dataclass(frozen=True)
class Failed:
    """A subject that cannot be timed, and why in one line."""

    reason: str


def builds(
    op: Op,
    function: Callable[..., Any],
    own: Match | None,
    inputs: Sequence[Any],
    place: Place,
    with_compiled: bool,
) -> dict[str, Build]:
    """How every subject comes about, by name; none of it is done yet."""

    def formula() -> Callable[..., Any]:
        return composed(op, inputs, place)

    found: dict[str, Build] = {GENERATED: lambda: function, FORMULA: formula}
    if with_compiled:
        found[f"{GENERATED} {COMPILED}"] = lambda: _compiled(function)
        found[f"{FORMULA} {COMPILED}"] = lambda: _compiled(formula())
    if own is not None:
        found[own.name] = lambda: own.call
    return found


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """One graph for the shapes at hand: what is the best that a compiler can do."""
    found: Callable[..., Any] = torch.compile(function, fullgraph=True, dynamic=False)
    return found


def attempt(
    build: Build, inputs: Sequence[Any], cotangents: Sequence[Tensor | None]
) -> Callable[..., Any] | Failed:
    """A subject that ran forward and backward once, or why it did not.

    Others' code runs here, a compiler among it: whatever it raises is a reason.
    """
    try:
        call = build()
        gradients(call, inputs, cotangents)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        reason = f"{type(error).__name__}: {lines[0]}"
        return Failed(reason[:_LONGEST])
    return call


def sorted_out(
    found: Mapping[str, Callable[..., Any] | Failed],
) -> tuple[dict[str, Callable[..., Any]], dict[str, str]]:
    """Those that can be timed, and the reasons of the others."""
    failed = {n: f.reason for n, f in found.items() if isinstance(f, Failed)}
    calls = {n: f for n, f in found.items() if not isinstance(f, Failed)}
    return calls, failed


@contextmanager
def compiling() -> Iterator[None]:
    """Nothing compiled before counts; a graph may be gone through several times.

    A compiler that gives away buffers of the graph would forbid that.  It compiles in
    this process alone, and torch says nothing of it.
    """
    torch._dynamo.reset()
    logging.disable(logging.WARNING)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            if hasattr(torch._functorch.config, "donated_buffer"):
                patched = torch._functorch.config.patch(donated_buffer=False)
                stack.enter_context(patched)
            stack.enter_context(torch._inductor.config.patch(compile_threads=1))
            yield
    finally:
        logging.disable(logging.NOTSET)
        torch._dynamo.reset()
