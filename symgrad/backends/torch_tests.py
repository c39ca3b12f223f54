"""The tables of a generated test module, as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.backends.torch_golden import Golden, Number, golden_points, kink_points
from symgrad.layout import listed
from symgrad.naming import class_names
from symgrad.op import Op
from symgrad.printer import numeral
from symgrad.program import Program


@dataclass(frozen=True)
class TestCode:
    """The test module as the template needs it."""

    stem: str
    ops: tuple[str, ...]
    golden: tuple[str, ...]
    kinks: tuple[str, ...]
    modules: tuple[str, ...]


def test_code(stem: str, ops: Sequence[Op], programs: Sequence[Program]) -> TestCode:
    """The tables of a test module, formatted; ``programs`` are those of the ops."""
    classes = class_names(ops)
    golden = [point for op in ops for point in golden_points(op)]
    first = {point.op: point for point in reversed(golden)}
    kinks = [
        kink
        for op, program in zip(ops, programs, strict=True)
        if op.name in first
        for kink in kink_points(op, program, first[op.name])
    ]
    return TestCode(
        stem=stem,
        ops=tuple(line for op in ops for line in _op_lines(op, classes[op.name])),
        golden=tuple(line for point in golden for line in _golden_lines(point)),
        kinks=tuple(line for point in kinks for line in _golden_lines(point)),
        modules=tuple(_module_line(op) for op in ops if op.module is not None),
    )


def _op_lines(op: Op, class_name: str) -> list[str]:
    given = op.has_surrogate_derivative or bool(op.overrides)
    frozen = any(node.op == "stop_gradient" for node in op.nodes)
    tensors = [f'"{i.name}"' for i in op.inputs if i.kind.is_tensor]
    wanted = [f'"{i.name}"' for i in op.inputs if i.differentiable]
    outputs = [f'"{f.name}"' for f in op.outputs]
    smooth = [f'"{f.name}"' for f in op.differentiable_outputs]
    return [
        "    Op(",
        f'        name="{op.name}",',
        f"        function=MODULE.{op.name},",
        f"        cls=MODULE.{class_name},",
        f"        inputs={len(op.inputs)},",
        *listed("tensors=[", tensors, "],", 8),
        *listed("wanted=[", wanted, "],", 8),
        *listed("outputs=[", outputs, "],", 8),
        *listed("differentiable=[", smooth, "],", 8),
        f"        exact={not given and not frozen},",
        "    ),",
    ]


def _module_line(op: Op) -> str:
    """A module by its op; every size that has a name is 2."""
    assert op.module is not None
    sizes = ", ".join(f'"{size}": 2' for size in op.module.sizes)
    return f'    "{op.name}": (MODULE.{op.module.name}, {{{sizes}}}),'


def _number(value: Number) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return numeral(value)


def _mapping(values: Mapping[str, Number]) -> list[str]:
    return [f'"{name}": {_number(value)}' for name, value in values.items()]


def _golden_lines(point: Golden) -> list[str]:
    return [
        "    Point(",
        f'        op="{point.op}",',
        *listed("inputs={", _mapping(point.inputs), "},", 8),
        *listed("outputs={", _mapping(point.outputs), "},", 8),
        *listed("cotangents={", _mapping(point.cotangents), "},", 8),
        *listed("gradients={", _mapping(point.gradients), "},", 8),
        "    ),",
    ]
