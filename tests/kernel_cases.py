"""A spec whose kernels are compiled once for all tests, and what is planted in them.

Two ops have a fault in C++, and a kernel more has every function of the tables.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor

from symgrad.backends.cpu_constants import CONSTANTS
from symgrad.backends.cpu_names import HELPERS, NUMBER, VECTOR
from symgrad.generate import Module, generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Spec
from symgrad.spec import load_text
from symgrad.templates import render

TEXT = """
symgrad: 1
ops:
  unary:
    inputs: {x: real}
    forward: {y: x*sigmoid(x)}
  slope:
    inputs: {x: real}
    forward: {y: (exp(x) - 1)/x}
  three:
    inputs: {x: real, scale: real, shift: real}
    forward: {y: tanh(x*scale + shift)}
  named:
    inputs: {new: real, Tensor: real, errno: real}
    let: {V: new + Tensor*errno, promoted: exp(-V), EOF: cos(V)}
    forward: {NAN_: promoted*sin(Tensor), out: EOF*promoted*cos(new)}
  chosen:
    inputs: {x: real, keep: mask, rate: float, times: int, flip: bool}
    let: {top: "Max(2, rate)"}
    forward:
      y: where(keep & (x > 0), where(flip, -rate, top)*x**2, times*exp(-x**2))
      z: where(not (keep and flip), x, rate)
  apart:
    inputs: {x: real, w: real}
    forward: {y: x**2, z: x*w}
  unkept:
    inputs: {a: real, b: real}
    forward: {y: a*exp(b)}
  turned:
    inputs: {x: real}
    forward: {y: sin(x)}
  unasked:
    inputs: {a: real, b: real}
    forward: {y: a*sin(b)}
"""

PLANTED: Mapping[str, tuple[str, str]] = {
    "turned": ("out[0] = grad_y * x.cos();", "out[0] = -grad_y * x.cos();"),
    "unasked": (
        "if (need_a) {\n      // dy/da = sin",
        "if (need_b) {\n      // dy/da =",
    ),
}
"""Faults in C++, each in the op of that name."""

SOUND = ("unary", "slope", "three", "named", "chosen", "apart", "unkept")
"""The other ops."""

NUMBER_INPUTS = (0.37, 0.81)
"""What the kernel of functions of numbers is given."""

NUMBERS = {"rate": 0.75, "times": 3, "flip": True}
"""What is given for inputs that are no tensors."""


@dataclass(frozen=True)
class Compiled:
    """The module with its kernels, the same without, and the texts."""

    spec: Spec
    module: ModuleType
    formulas: ModuleType
    made: Module


@cache
def loaded(backend: str = "cpu") -> Spec:
    """The spec, for one backend."""
    spec = load_text(TEXT, "cases.yaml")
    return with_backend(replace(spec, stem="kernel_cases"), backend)


def with_backend(spec: Spec, backend: str) -> Spec:
    """A spec as the option of that name makes it."""
    ops = tuple(replace(op, backend=backend) for op in spec.ops)
    return replace(spec, ops=ops, backend=backend)


@cache
def generated() -> Module:
    """What is written for it, with faults planted and the functions added."""
    made = generate(loaded())
    text = made.kernels
    for old, new in PLANTED.values():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return replace(made, kernels=_with_functions(text))


@contextmanager
def compiled(root: Path) -> Iterator[Compiled]:
    """The module; its library stands in a folder that all workers share."""
    before = os.environ.get("TORCH_EXTENSIONS_DIR")
    os.environ["TORCH_EXTENSIONS_DIR"] = str(root / "extensions")
    made = generated()
    module = load_module(made.stem, made.source, made.kernels)
    plain = generate(loaded("torch"))
    formulas = load_module(f"{plain.stem}_formulas", plain.source)
    try:
        with FileLock(root / "kernels.lock"):
            assert module._kernels() is not None
        yield Compiled(loaded(), module, formulas, made)
    finally:
        os.environ.pop("TORCH_EXTENSIONS_DIR")
        if before is not None:
            os.environ["TORCH_EXTENSIONS_DIR"] = before


# -- every function of the tables in one kernel ----------------------------------------


def arity(pattern: str) -> int:
    """How many arguments a row of the tables has."""
    return sum(f"{{{k}}}" in pattern for k in range(3))


def _with_functions(text: str) -> str:
    """The file with one kernel more for each table, and all functions of ours."""
    helpers = render(
        "cpu/functions.h.j2", helpers=frozenset(HELPERS), constants=CONSTANTS
    )
    vectors = [p.format("x", "a", "b") for p in VECTOR.values()]
    numbers = [f"V({p.format('r', 's')})" for p in NUMBER.values()]
    first = _kernel("vectors", ["x", "a", "b"], "", vectors)
    second = _kernel("numbers", ["x"], ", double r, double s", numbers)
    given = {"vectors": "Tensor x, Tensor a, Tensor b", "numbers": "Tensor x, float r"}
    own = f"namespace functions {{\n{helpers}{first}{second}}}\n\n"
    text = text.replace("}  // namespace\n\nTORCH", f"{own}}}  // namespace\n\nTORCH")
    text = text.replace(
        "#include <torch/", "#include <ATen/native/Math.h>\n#include <torch/"
    )
    definitions = (
        f'  m.def("vectors({given["vectors"]}) -> Tensor[]");\n'
        f'  m.def("numbers({given["numbers"]}, float s) -> Tensor[]");\n'
    )
    uses = "".join(f'  m.impl("{n}", &functions::{n});\n' for n in given)
    head, middle, tail = text.rpartition("}\n\nTORCH_LIBRARY_IMPL")
    whole = f"{head}{definitions}{middle}{tail}"
    return f"{whole.removesuffix('}' + chr(10))}{uses}}}\n"


def _kernel(name: str, tensors: list[str], numbers: str, texts: list[str]) -> str:
    """A kernel that gives each of some expressions, as a list."""
    count = len(texts)
    given = ", ".join(f"const Tensor& {n}" for n in tensors) + numbers
    listed = ", ".join(tensors)
    lines = [
        f"std::vector<Tensor> {name}({given}) {{",
        f"  Pass<{len(tensors)}, {count}> pass({{{listed}}});",
        f"  for (int k = 0; k < {count}; ++k) pass.output(k, x.scalar_type());",
        f"  pass.run([=]<typename V>(const std::array<V, {len(tensors)}>& in,",
        f"                           std::array<V, {count}>& out) {{",
        f"    const auto& [{listed}] = in;",
        *(f"    out[{k}] = {text};" for k, text in enumerate(texts)),
        "  });",
        "  std::vector<Tensor> found;",
        f"  for (int k = 0; k < {count}; ++k) found.push_back(pass.out(k));",
        "  return found;",
        "}",
    ]
    return "\n".join(lines) + "\n"


# -- what the ops are given, and how their kernels are counted -------------------------


def inputs(
    spec: Spec,
    name: str,
    shapes: Mapping[str, tuple[int, ...]] | tuple[int, ...],
    **how: Any,
) -> dict[str, Any]:
    """Arguments of an op; ``how`` is for ``torch.randn``."""
    seed = random.Random(name).randrange(2**31)
    generator = torch.Generator().manual_seed(seed)
    given: dict[str, Any] = {}
    for item in next(op for op in spec.ops if op.name == name).inputs:
        if item.name in NUMBERS:
            given[item.name] = NUMBERS[item.name]
            continue
        shape = shapes if isinstance(shapes, tuple) else shapes[item.name]
        if item.name == "keep":
            given[item.name] = torch.rand(shape, generator=generator) < 0.5
        else:
            drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
            given[item.name] = drawn.to(how.get("dtype", torch.float32))
    return given


def floating(given: Mapping[str, Any]) -> dict[str, Tensor]:
    """Those arguments that gradients are for."""
    return {
        n: v
        for n, v in given.items()
        if isinstance(v, Tensor) and v.is_floating_point()
    }


@contextmanager
def counted(module: ModuleType) -> Iterator[list[str]]:
    """The names of the kernels that are called while the block runs."""
    found, calls = module._kernels(), list[str]()
    own = dict(vars(found))

    def counting(name: str) -> Any:
        def called(*args: Any) -> Any:
            calls.append(name)
            return own[name](*args)

        return called

    vars(found).update({name: counting(name) for name in own})
    try:
        yield calls
    finally:
        vars(found).update(own)
