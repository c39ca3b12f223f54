"""What benchmarks/cpu.py times: one op at one size, all its rivals in turn."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from performance_ops import COMPILED as COMPILED
from performance_ops import examples, reason
from performance_subjects import (
    FORMULA,
    FORMULA_COMPILED,
    OWN,
    Case,
    case_of,
    generated,
)
from performance_subjects import Job as PlainJob

from symgrad.backends.cpu_kernel import kernels
from symgrad.backends.torch import joint_program
from symgrad.bench import clock, subjects
from symgrad.bench.paired import Pass, Times, calls_of
from symgrad.bench.subjects import Failed, attempt, compiling
from symgrad.bench.traffic import least_bytes
from symgrad.op import Op

KERNELS, PLAIN, ADD = "kernels", "without", "torch.add"

BESIDE_TORCH = (
    "classification_losses.bce_with_logits",
    "edges.relu_half",
    "normalisations.layer_norm",
    "normalisations.rms_norm",
    "piecewise_activations.elu",
    "piecewise_activations.hardswish",
    "piecewise_activations.selu",
    "piecewise_activations.softplus",
    "regression_losses.huber",
    "row_losses.cross_entropy",
    "smooth_activations.gelu",
    "smooth_activations.gelu_tanh",
    "smooth_activations.mish",
    "softmaxes.log_softmax",
    "softmaxes.logsumexp",
    "softmaxes.softmax",
)
"""Ops that torch has an operator for: these are timed on several threads, too."""

QUICK = {"abs", "clamp", "Max", "Min", "relu", "sign", "square"}
"""Functions that take no longer than a product."""

PASSES: tuple[Pass, ...] = ("forward", "backward", "both")


@dataclass(frozen=True)
class Job:
    """An op of examples/ as ``stem.op``, of how many elements, on how many threads."""

    place: str
    elements: int
    threads: int
    blocks: int
    compiled: bool


@dataclass(frozen=True)
class Measured:
    """How many times as long as the kernels every rival takes, by pass and name.

    ``seconds`` are those of the kernels; ``reached`` is the part of the bandwidth of
    torch.add that the least traffic of the op amounts to.
    """

    job: Job
    seconds: Mapping[Pass, float]
    over: Mapping[str, Mapping[Pass, float]]
    reached: Mapping[Pass, float]
    own: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    cheap: bool = False


def places() -> list[str]:
    """The ops of examples/ that have kernels, and whose gradient is their formula's."""
    fair = (None, "named axes")
    return [place for place, op in examples() if reason(op) in fair and _can(op)]


def _can(op: Op) -> bool:
    return kernels(op, joint_program(op)) is not None


def apart(job: Job) -> Measured:
    """Measure in a new process, which has imported what it needs and done nothing."""
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cpu_subjects"])
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(measured, job).result()


def measured(job: Job) -> Measured:
    """Time the rivals of a job in this process."""
    torch.set_num_threads(job.threads)
    case = case_of(PlainJob(job.place, (), elements=job.elements))
    with compiling():
        tried = {name: attempted(case, build) for name, build in builds(case, job)}
        calls, failed = subjects.sorted_out(tried)
        times = in_turn(calls, case, job)
    used = least_bytes(calls[KERNELS], case.inputs, case.cotangents)
    seconds = {which: times.seconds(which, KERNELS) for which in PASSES}
    speed = 3 * 4 * job.elements / times.seconds("both", ADD)
    return Measured(
        job,
        seconds,
        {
            name: {which: times.ratio(which, name, KERNELS) for which in PASSES}
            for name in calls
        },
        {which: used[which] / seconds[which] / speed for which in PASSES},
        case.own.name if case.own else "",
        failed,
        case.op.has_axes,
        _is_cheap(case.op),
    )


def _is_cheap(op: Op) -> bool:
    """Whether it waits for memory: a few operations, none of them a function."""
    program = joint_program(op)
    terms = [v for values in program.gradients.values() for v in values]
    ends = [*program.outputs.values(), *terms]
    nodes = [program.nodes[v] for v in program.reachable(ends)]
    called = {str(node.data) for node in nodes if node.op == "call"}
    return called <= QUICK and program.count_ops(ends) <= 8


Build = Callable[[], Callable[..., Any]]


def builds(case: Case, job: Job) -> list[tuple[str, Build]]:
    """The rivals by name, and how each comes about."""
    found: list[tuple[str, Build]] = [
        (KERNELS, lambda: with_kernels(case)),
        (PLAIN, lambda: case.function),
        (FORMULA, lambda: _built(FORMULA, case)),
    ]
    if case.own is not None:
        own = case.own.call
        found.append((OWN, lambda: own))
    if job.compiled:
        found.append((FORMULA_COMPILED, lambda: _built(FORMULA_COMPILED, case)))
    return found


def with_kernels(case: Case) -> Callable[..., Any]:
    """The op with kernels, in the module of its spec, which is compiled once."""
    ops = tuple(replace(op, backend="cpu") for op in case.source.ops)
    return generated(replace(case.source, ops=ops), case.op.name)


def _built(name: str, case: Case) -> Callable[..., Any]:
    plans = subjects.builds(
        case.op, case.function, None, case.inputs, case.place, with_compiled=True
    )
    return plans[name]()


def attempted(case: Case, build: Build) -> Callable[..., Any] | Failed:
    """A rival that has run forward and backward, or why it has not."""
    return attempt(build, case.inputs, case.cotangents)


def in_turn(calls: Mapping[str, Callable[..., Any]], case: Case, job: Job) -> Times:
    """Seconds of all rivals in every pass, and of torch.add among them."""
    a, b = torch.randn(job.elements), torch.randn(job.elements)
    found: dict[Pass, Mapping[str, tuple[float, ...]]] = {}
    for which in PASSES:
        passes = {
            name: calls_of(call, case.inputs, case.cotangents)[which]
            for name, call in calls.items()
        }
        passes[ADD] = lambda: torch.add(a, b)
        found[which] = clock.in_blocks(passes, job.blocks, clock.on_cpu)
    return Times(found)
