"""The tables of a generated test module, as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.backends.torch_golden import Golden, golden_points, kink_points
from symgrad.backends.torch_golden_axes import points_along_axes
from symgrad.backends.torch_matrix import is_product
from symgrad.lines import LINE, listed
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
    axes: bool


def test_code(stem: str, ops: Sequence[Op], programs: Sequence[Program]) -> TestCode:
    """The tables of a test module, formatted; ``programs`` are those of the ops."""
    classes = class_names(ops)
    axes = any(op.has_axes for op in ops)
    golden = [point for op in ops for point in _points(op)]
    first = {point.op: point for point in reversed(golden)}
    kinks = [
        kink
        for op, program in zip(ops, programs, strict=True)
        if op.name in first and not op.has_axes
        for kink in kink_points(op, program, first[op.name])
    ]
    return TestCode(
        stem=stem,
        ops=tuple(
            line
            for op, program in zip(ops, programs, strict=True)
            for line in _op_lines(op, program, classes[op.name], axes)
        ),
        golden=tuple(line for point in golden for line in _golden_lines(point)),
        kinks=tuple(line for point in kinks for line in _golden_lines(point)),
        modules=tuple(_module_line(op) for op in ops if op.module is not None),
        axes=axes,
    )


def _points(op: Op) -> list[Golden]:
    return points_along_axes(op) if op.has_axes else golden_points(op)


def _op_lines(op: Op, program: Program, class_name: str, axes: bool) -> list[str]:
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
        *([f"        axes={op.has_axes},"] if axes else []),
        *([f"        batched={_is_batched(program)},"] if axes else []),
        "    ),",
    ]


def _is_batched(program: Program) -> bool:
    """Whether gradcheck's batches of cotangents have a rule for all of backward."""
    terms = [v for values in program.gradients.values() for v in values]
    nodes = (program.nodes[v] for v in program.reachable(terms))
    return all(is_product(program.nodes, n) for n in nodes if n.op == "einsum")


def _module_line(op: Op) -> str:
    """A module by its op; every size that has a name is 2."""
    assert op.module is not None
    sizes = ", ".join(f'"{size}": 2' for size in op.module.sizes)
    return f'    "{op.name}": (MODULE.{op.module.name}, {{{sizes}}}),'


def _number(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_number, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return numeral(value)


def _mapping(key: str, values: Mapping[str, Any]) -> list[str]:
    """A keyword argument that is a mapping, as ruff lays it out."""
    items = [f'"{name}": {_number(value)}' for name, value in values.items()]
    whole = listed(f"{key}={{", items, "},", 8)
    if max(map(len, whole)) <= LINE:
        return whole
    parts = (_nested(f'"{n}": ', value, 12) for n, value in values.items())
    inner = [line for part in parts for line in part]
    return [f"        {key}={{", *inner, "        },"]


def _nested(lead: str, value: Any, indent: int) -> list[str]:
    """A list, one of its elements a line where it is too long for one line."""
    line = f"{' ' * indent}{lead}{_number(value)},"
    if len(line) <= LINE or not isinstance(value, list):
        return [line]
    inner = (part for element in value for part in _nested("", element, indent + 4))
    return [f"{' ' * indent}{lead}[", *inner, f"{' ' * indent}],"]


def _golden_lines(point: Golden) -> list[str]:
    return [
        "    Point(",
        f'        op="{point.op}",',
        *_mapping("inputs", point.inputs),
        *_mapping("outputs", point.outputs),
        *_mapping("cotangents", point.cotangents),
        *_mapping("gradients", point.gradients),
        "    ),",
    ]
