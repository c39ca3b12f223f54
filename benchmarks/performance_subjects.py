"""What the page of performance times: one op at one size, all its rivals in turn.

Each op is measured in a process of its own, since what the allocator has given back to
the system, and must fault in again, depends on what ran before.  Then once more with
an allocator that gives nothing back.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from performance_gallery import BY_HAND
from torch import Tensor

from symgrad import lock
from symgrad.bench import clock, inputs, subjects
from symgrad.bench.inputs import Place
from symgrad.bench.memory import kept_bytes, peak_bytes
from symgrad.bench.own_operators import Match, own_operator
from symgrad.bench.paired import Pass, Times, calls_of, gradients, outputs_of
from symgrad.bench.subjects import Failed, attempt, compiling
from symgrad.generate import generate
from symgrad.in_memory import load_text
from symgrad.op import Op, Sample, Spec
from symgrad.spec import load

ROOT = Path(__file__).parent.parent

OURS, FORMULA = subjects.GENERATED, subjects.FORMULA
OURS_COMPILED = f"{OURS} {subjects.COMPILED}"
FORMULA_COMPILED = f"{FORMULA} {subjects.COMPILED}"
HAND, OWN, FAST, SAVE = "by hand", "torch", "fast", "save: inputs"

FLOAT32 = Place()

KEEPING = {-1: 2**31 - 1, -3: 2**25}
"""Glibc's thresholds of trimming and of mappings, as high as both can be."""


@dataclass(frozen=True)
class Job:
    """An op of examples/ as ``stem.op``, and what is timed of it in which passes.

    The first subject is the one that others are compared with.  ``shapes`` are of
    inputs that are not as large as the others, 0 for as many as make up ``elements``.
    """

    place: str
    subjects: tuple[str, ...]
    passes: tuple[Pass, ...] = ("both",)
    elements: int = 1 << 20
    blocks: int = 20
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The op."""
        return self.place.partition(".")[2]


@dataclass(frozen=True)
class Timed:
    """A subject: seconds by pass, how many times as long as the first, and bytes.

    ``warm`` is ``over`` where memory is kept that was had once.
    """

    seconds: Mapping[Pass, float]
    over: Mapping[Pass, float]
    warm: Mapping[Pass, float]
    kept: int
    peak: int


@dataclass(frozen=True)
class Found:
    """What came of a job: figures by subject, or why one could not be timed.

    ``own`` is what torch's own operator is called, if there is one.
    """

    job: Job
    timed: Mapping[str, Timed]
    failed: Mapping[str, str] = field(default_factory=dict)
    own: str = ""


# -- in a process of its own -----------------------------------------------------------


def apart(job: Job) -> Found:
    """Measure in a new process, which has imported what it needs and done nothing."""
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["performance_subjects"])
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(_alone, job).result()


def _alone(job: Job) -> Found:
    torch.set_num_threads(1)
    return measured(job)


def measured(job: Job) -> Found:
    """Time the subjects of a job in this process."""
    case = case_of(job)
    with compiling():
        tried = {name: attempted(case, name) for name in job.subjects}
        calls, failed = subjects.sorted_out(
            {name: call for name, call in tried.items() if call is not None}
        )
        times = in_turn(calls, case, job)
        keep_memory()
        warm = in_turn(calls, case, job)
        found = {n: _timed(times, warm, n, call, case) for n, call in calls.items()}
    own = case.own.name if OWN in calls and case.own else ""
    return Found(job, found, failed, own)


def in_turn(calls: Mapping[str, Callable[..., Any]], case: Case, job: Job) -> Times:
    """Seconds of all subjects in every pass, in one block after the other."""
    found: dict[Pass, Mapping[str, tuple[float, ...]]] = {}
    for which in job.passes:
        passes = {
            name: calls_of(call, case.inputs, case.cotangents)[which]
            for name, call in calls.items()
        }
        found[which] = clock.in_blocks(passes, job.blocks, clock.on_cpu)
    return Times(found)


def keep_memory() -> None:
    """From now on this process gives no memory back to the system, if it has glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in KEEPING.items():
            mallopt(option, value)


def _timed(
    times: Times, warm: Times, name: str, call: Callable[..., Any], case: Case
) -> Timed:
    first = next(iter(times.blocks["both"]))
    return Timed(
        {which: times.seconds(which, name) for which in times.blocks},
        {which: times.ratio(which, name, first) for which in times.blocks},
        {which: warm.ratio(which, name, first) for which in times.blocks},
        kept_bytes(lambda: call(*case.inputs)),
        peak_bytes(lambda: gradients(call, case.inputs, case.cotangents), "cpu"),
    )


# -- subjects --------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """An op, what is generated for it now, its inputs and its cotangents."""

    source: Spec
    op: Op
    function: Callable[..., Any]
    inputs: Sequence[Any]
    cotangents: Sequence[Tensor | None]
    place: Place

    @cached_property
    def own(self) -> Match | None:
        """Torch's own operator, if there is one."""
        return own_operator(self.op, self.function)


def case_of(job: Job, place: Place = FLOAT32) -> Case:
    """The op of a job with its inputs in their shapes."""
    stem, _, name = job.place.partition(".")
    source = load(str(ROOT / "examples" / f"{stem}.yaml"))
    [op] = [op for op in source.ops if op.name == name]
    function = _alone_generated(source, op)
    given = inputs.made(_shaped(op, job), job.elements, place)
    sent = inputs.cotangents(op, outputs_of(function(*given)))
    return Case(source, op, function, given, sent, place)


def _shaped(op: Op, job: Job) -> Op:
    """The op with the shapes of its parameters, from which those of others follow."""
    samples = dict(op.samples)
    for name, shape in job.shapes.items():
        rest = job.elements // math.prod(size for size in shape if size)
        whole = tuple(size or max(1, rest) for size in shape)
        samples[name] = replace(samples.get(name, Sample()), shape=whole)
    return replace(op, samples=samples)


def generated(source: Spec, name: str) -> Callable[..., Any]:
    """What is generated for an op of a spec, its patches being those of the lock."""
    choices = lock.read(ROOT / "generated" / f"{source.stem}.lock.json")
    made = generate(source, choices)
    module = load_text(source.stem, made.source, made.kernels)
    found: Callable[..., Any] = getattr(module, name)
    return found


def _alone_generated(source: Spec, op: Op) -> Callable[..., Any]:
    """The same, of a spec that has no other op."""
    return generated(replace(source, ops=(op,)), op.name)


def _built(name: str, case: Case) -> Callable[..., Any]:
    """A subject that ``symgrad bench`` has too."""
    plans = subjects.builds(
        case.op, case.function, None, case.inputs, case.place, with_compiled=True
    )
    return plans[name]()


def _changed(case: Case, **keys: Any) -> Callable[..., Any]:
    """What is generated with another key in the spec."""
    return _alone_generated(case.source, replace(case.op, **keys))


def _own(case: Case) -> Callable[..., Any] | None:
    return case.own.call if case.own else None


def _by_hand(case: Case) -> Callable[..., Any] | None:
    function = BY_HAND.get(f"{case.source.stem}.{case.op.name}")
    return function and function.apply


SUBJECTS: Mapping[str, Callable[[Case], Callable[..., Any] | None]] = {
    **{
        name: partial(_built, name)
        for name in (OURS, FORMULA, OURS_COMPILED, FORMULA_COMPILED)
    },
    HAND: _by_hand,
    OWN: _own,
    FAST: partial(_changed, accuracy="fast"),
    SAVE: partial(_changed, save="inputs"),
}
"""How each comes about; None where an op has no such rival."""


def attempted(case: Case, name: str) -> Callable[..., Any] | Failed | None:
    """A subject that has run forward and backward, why it has not, or none."""
    call = SUBJECTS[name](case)
    return call and attempt(lambda: call, case.inputs, case.cotangents)
