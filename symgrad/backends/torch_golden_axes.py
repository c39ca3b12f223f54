"""Points for the generated tests of ops with named axes, whose values are lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symgrad.backends.torch_golden import Golden, golden_points
from symgrad.op import Op
from symgrad.unroll import gathered, sizes_of, unrolled

SIZES = (3, 2)
"""Of named axes, in turn."""

FEW = 2
"""Points of an op with named axes, each of which has many elements."""


def points_along_axes(op: Op) -> list[Golden]:
    """Golden points of an op with named axes, computed element by element."""
    sizes = sizes_of(op, SIZES)
    flat = golden_points(unrolled(op, sizes))[:FEW]
    axes = {item.name: item.labels for item in op.inputs}
    ends = {f.name: op.nodes[f.value].axes for f in op.outputs}

    def along(values: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> Any:
        return {name: gathered(values, name, known[name], sizes) for name in known}

    moving = [item.name for item in op.inputs if item.differentiable]
    open_ = {f.name: ends[f.name] for f in op.differentiable_outputs}
    return [
        Golden(
            op.name,
            along(point.inputs, axes),
            along(point.outputs, ends),
            along(point.cotangents, open_),
            along(point.gradients, {n: axes[n] for n in moving})
            if point.gradients
            else {},
        )
        for point in flat
    ]
