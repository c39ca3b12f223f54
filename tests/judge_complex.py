"""PyTorch's operators of complex tensors beside the specs that say the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from judge_rows import Row

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.op import Op
from symgrad.spec import load

SPEC = Path(__file__).parent / "judge" / "in_the_plane.yaml"

_SAME = (
    "polar angle real imag sgn exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square "
    "reciprocal sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid "
    "add sub mul"
)
"""Operators that have one name in the spec and the database."""

_ENTRIES = {"polar": ("polar",)}
"""Those whose entry in torch's table of derivatives no real row judges."""

ROWS: tuple[Row, ...] = (
    Row("conj", ("_conj", "_conj_physical", "conj_physical_"), "conj"),
    Row("complex_of_parts", ("complex",), "complex"),
    Row("absolute", (), "abs"),
    Row("div", (), "div/no_rounding_mode"),
    Row("power", (), "pow"),
    *(Row(name, _ENTRIES.get(name, ()), name) for name in _SAME.split()),
)


@cache
def ours() -> tuple[dict[str, Op], Any]:
    """The ops of the spec, and the module that is generated for them."""
    spec = load(str(SPEC))
    module = load_module("complex_judge", generate(spec).source)
    return {op.name: op for op in spec.ops}, module
