"""From a checked spec to the text of its modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from symgrad.backends import cpu
from symgrad.backends.cpu_kernel import Kernels, kernels
from symgrad.backends.cpu_missing import why_none
from symgrad.backends.torch import joint_program, module_code
from symgrad.backends.torch_imports import giving_way
from symgrad.backends.torch_tests import test_code
from symgrad.errors import Diagnostic, SpecError
from symgrad.limits import limited
from symgrad.naming import public_names
from symgrad.op import Op, Spec
from symgrad.patches.choices import Answer, Choices
from symgrad.patches.place import AIMS
from symgrad.program import Program
from symgrad.templates import render


@dataclass(frozen=True)
class Module:
    """The files of a spec, without their headers, and what searches came to.

    ``unfused`` are the ops that were to have kernels and have none, each with why.
    """

    stem: str
    source: str
    tests: str
    choices: Mapping[str, Answer] = field(default_factory=dict)
    kernels: str = ""
    unfused: Mapping[str, str] = field(default_factory=dict)


def generate(spec: Spec, known: Mapping[str, Answer] | None = None) -> Module:
    """Derive every op of a spec and write its module and its tests, as text.

    ``known`` are the choices of a lock: what it has is not searched again.  The same
    spec and lock give the same bytes on every machine.  Raises
    :class:`~symgrad.errors.SpecError` if a gradient cannot be had from what is kept, or
    only in more time or memory than is allowed.
    """
    with limited(spec.path):
        return _generated(spec, known)


def _generated(spec: Spec, known: Mapping[str, Answer] | None) -> Module:
    choices = Choices(known or {})
    programs = _programs(spec, choices)
    tests = test_code(spec.stem, spec.ops, programs)
    found, unfused = _kernels(spec, programs)
    compiled = cpu.kernel_module(spec.stem, found.values()) if found else None
    loader = cpu.loader(spec.stem, compiled.namespace) if compiled else ""
    code = module_code(spec.ops, programs, found, loader)
    source = render("torch/module.py.j2", module=code)
    return Module(
        stem=spec.stem,
        source=giving_way(source, public_names(spec.ops)),
        tests=render("torch/test_module.py.j2", tests=tests),
        choices=dict(sorted(choices.used.items())),
        kernels=cpu.source(compiled) if compiled else "",
        unfused=unfused,
    )


def _kernels(
    spec: Spec, programs: Sequence[Program]
) -> tuple[dict[str, Kernels], dict[str, str]]:
    """The kernels of those ops that are to have some, and why others have none."""
    found: dict[str, Kernels] = {}
    unfused: dict[str, str] = {}
    for op, program in zip(spec.ops, programs, strict=True):
        pair = kernels(op, program) if op.backend == "cpu" else None
        if pair is not None:
            found[op.name] = pair
        elif op.backend == "cpu":
            unfused[op.name] = why_none(op, program)
    return found, unfused


def has_searches(spec: Spec) -> bool:
    """Whether any op asks for more than rewrites, so that a lock has a use."""
    return any(op.accuracy in AIMS for op in spec.ops)


def _programs(spec: Spec, choices: Choices) -> list[Program]:
    """What every op computes; what cannot be had of any of them is raised together."""
    programs: list[Program] = []
    problems: list[Diagnostic] = []
    for op in spec.ops:
        try:
            programs.append(joint_program(op, choices))
        except SpecError as error:
            problems += [_placed(spec, op, found) for found in error.diagnostics]
    if problems:
        raise SpecError(*problems)
    return programs


def _placed(spec: Spec, op: Op, found: Diagnostic) -> Diagnostic:
    """What is wrong with what an op keeps, where its spec says what that is."""
    place = spec.saves.get(op.name, replace(found, file=spec.path))
    return replace(place, code=found.code, message=found.message, help=found.help)
