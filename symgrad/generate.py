"""From a checked spec to the text of its modules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symgrad.backends.torch import joint_program, module_code
from symgrad.backends.torch_imports import giving_way
from symgrad.backends.torch_tests import test_code
from symgrad.errors import SpecError
from symgrad.naming import public_names
from symgrad.op import Spec
from symgrad.templates import render


@dataclass(frozen=True)
class Module:
    """The two files of a spec, without their headers."""

    stem: str
    source: str
    tests: str


def generate(spec: Spec) -> Module:
    """Derive every op of a spec and write its module and its tests, as text.

    The same spec gives the same bytes on every machine.  Raises
    :class:`~symgrad.errors.SpecError` if a gradient cannot be had from what is kept.
    """
    try:
        programs = [joint_program(op) for op in spec.ops]
    except SpecError as error:
        raise SpecError(
            *(replace(d, file=spec.path) for d in error.diagnostics)
        ) from None
    tests = test_code(spec.stem, spec.ops, programs)
    source = render("torch/module.py.j2", module=module_code(spec.ops, programs))
    return Module(
        stem=spec.stem,
        source=giving_way(source, public_names(spec.ops)),
        tests=render("torch/test_module.py.j2", tests=tests),
    )
