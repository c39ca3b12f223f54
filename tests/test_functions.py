"""Every row of the function table is a test: its columns must tell one story."""

from __future__ import annotations

import itertools
import keyword
import math
import re
from collections.abc import Sequence

import pytest
import torch
from ir_in_torch import call, run
from table_rows import (
    ROWS,
    SMOOTH,
    Point,
    close,
    derived,
    each,
    in_balls,
    is_written,
    points,
    slope_at,
    tensors,
)

from symgrad import precise
from symgrad.backends.torch_names import spelling
from symgrad.functions import NAMES, TABLE, Function
from symgrad.partials import formula

# The columns


def test_the_table_is_as_large_as_promised() -> None:
    assert len(TABLE) >= 120


def test_no_name_means_two_functions() -> None:
    names = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names)) == len(NAMES)


@each(ROWS, "row")
def test_names_are_names(row: Function) -> None:
    for name in (row.name, *row.aliases, *row.args, row.stem):
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
        assert not keyword.iskeyword(name)
    assert "y" not in row.args


@each(ROWS, "row")
def test_columns_are_as_long_as_the_arguments(row: Function) -> None:
    columns: list[Sequence[object]] = [row.partials, row.sample, row.safe]
    columns += [side for k in row.kinks for side in (k.left, k.right, k.torch)]
    columns += [k.min_norm for k in row.kinks if k.min_norm]
    columns += [k.alone for k in row.kinks if k.alone]
    assert {len(column) for column in columns} == {len(row.args)}
    assert len(row.defaults) < len(row.args)


@each(ROWS, "row")
def test_samples_are_inside_the_domain(row: Function) -> None:
    if row.domain is None:
        return
    nodes, root = formula(row.domain, row.args)
    for point in [*itertools.product(*row.sample), *points(row, 5)]:
        named = dict(zip(row.args, point, strict=True))
        leaves = {v: named[str(n.data)] for v, n in enumerate(nodes) if n.op == "input"}
        assert precise.value(nodes, root, leaves) is True


@each(ROWS, "row")
def test_definitions_do_not_need_definitions(row: Function) -> None:
    if row.definition is None:
        assert spelling(row.name) is not None
        return
    nodes, _ = formula(row.definition, row.args)
    called = {str(node.data) for node in nodes if node.op == "call"}
    assert all(spelling(name) for name in called)


# Mathematics, in ball arithmetic


@each(SMOOTH, "row, index")
def test_partials_are_the_derivatives_of_precise(row: Function, index: int) -> None:
    for point in points(row, 4):
        want = slope_at(row, index, point)
        assert want is not None
        got = in_balls(row, row.partials[index], point)
        assert close(got, float(want), 2e-15 * abs(float(want)))


@each([row for row in ROWS if row.definition], "row")
def test_definitions_say_the_same(row: Function) -> None:
    assert row.definition is not None
    for point in points(row, 4):
        want = in_balls(row, "y", point)
        assert close(in_balls(row, row.definition, point), want, 2e-16 * abs(want))


# Arithmetic, in torch

FAR = [
    m * s for m in (1e-30, 1e-8, 0.01, 0.7, 5, 15, 30, 60, 200, 3e4) for s in (1, -1)
]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@each(ROWS, "row")
def test_values_in_torch(row: Function, dtype: torch.dtype) -> None:
    eps = torch.finfo(dtype).eps
    for point in points(row, 6):
        args = tensors(point, dtype)
        rounded = tuple(x.item() for x in args)
        want = in_balls(row, "y", rounded)
        slopes = [slope_at(row, i, rounded) for i in range(len(args))]
        moved = sum(
            abs(x * float(d or 0)) for x, d in zip(rounded, slopes, strict=True)
        )
        got = call(row.name, args)
        assert got.dtype == dtype
        tolerance = eps * (16 * abs(want) + 4 * moved)
        assert close(got.item(), want, tolerance)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@each(SMOOTH, "row, index")
def test_partials_in_torch(row: Function, index: int, dtype: torch.dtype) -> None:
    eps = torch.finfo(dtype).eps
    graph, inputs, root = derived(row, index)
    for point in points(row, 6):
        args = tensors(point, dtype)
        rounded = dict(zip(inputs, (x.item() for x in args), strict=True))
        want = slope_at(row, index, tuple(rounded.values()))
        assert want is not None
        got = run(graph.nodes, root, dict(zip(inputs, args, strict=True))).item()
        free = [v for v in inputs if graph[v].op == "input"]
        second = [precise.slope(graph.nodes, root, v, rounded) for v in free]
        moved = sum(
            abs(rounded[v] * (d or 0)) for v, d in zip(free, second, strict=True)
        )
        tolerance = eps * (32 * abs(float(want)) + 8 * moved)
        assert close(got, float(want), tolerance)


@each(SMOOTH, "row, index")
def test_native_autograd_differentiates_the_partials(row: Function, index: int) -> None:
    graph, inputs, root = derived(row, index)
    free = [v for v in inputs if graph[v].op == "input"]
    for point in points(row, 3):
        leaves = dict(zip(inputs, tensors(point), strict=True))
        numbers = dict(zip(inputs, point, strict=True))
        first = run(graph.nodes, root, leaves)
        wrt = [leaves[v] for v in free]
        if not first.requires_grad:
            first = first + 0 * wrt[0]
        native = torch.autograd.grad(first, wrt, allow_unused=True)
        for v, got in zip(free, native, strict=True):
            want = precise.slope(graph.nodes, root, v, numbers)
            assert want is not None
            value = 0.0 if got is None else float(got)
            assert close(value, want, 1e-9 * max(1, abs(want)))


STEPPED = ("Mod", "fmod")
"""Their derivative by m is a step, and torch's second one 0 times infinity."""


def far_points(row: Function) -> list[Point]:
    """Points of every size inside the domain; other arguments as in the sample."""
    nodes, root = formula(row.domain or "0 == 0", row.args)
    inputs = {str(n.data): v for v, n in enumerate(nodes) if n.op == "input"}
    found = []
    for base in points(row, 1):
        varied = [i for i in range(len(base)) if not is_written(row, i)]
        for i, x in itertools.product(varied, FAR):
            point = (*base[:i], x, *base[i + 1 :])
            named = zip(row.args, point, strict=True)
            leaves = {inputs[name]: v for name, v in named if name in inputs}
            if precise.value(nodes, root, leaves):
                found.append(point)
    return found


MENDED = {"erfcx", "inverse_erfcx"}
"""Rows that lose digits far away, where code has patches: tests/test_patches.py."""

UNMENDED = [pair for pair in SMOOTH if pair[0].name not in MENDED]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@each(UNMENDED, "row, index")
def test_far_away(row: Function, index: int, dtype: torch.dtype) -> None:
    """No NaN and no infinity where the truth is finite, in first and second order."""
    info = torch.finfo(dtype)
    graph, inputs, root = derived(row, index)
    for point in far_points(row):
        args = tensors(point, dtype)
        rounded = tuple(x.item() for x in args)
        value, want = in_balls(row, "y", rounded), slope_at(row, index, rounded)
        if want is None or not abs(value) < info.max or not abs(float(want)) < info.max:
            continue
        first = run(graph.nodes, root, dict(zip(inputs, args, strict=True)))
        relative = abs(first.item() - float(want)) / (abs(float(want)) + info.tiny)
        assert relative < (1e-9 if dtype == torch.float64 else 2e-3), (
            rounded,
            first,
            want,
        )
        if not first.requires_grad or row.name in STEPPED:
            continue
        for i, x in enumerate(torch.autograd.grad(first, args, allow_unused=True)):
            numbers = dict(zip(inputs, rounded, strict=True))
            second = precise.slope(graph.nodes, root, inputs[i], numbers)
            if x is not None and second is not None and abs(second) < info.max:
                assert torch.isfinite(x), (rounded, "second order", i, x, second)


# Harmless values


@each(ROWS, "row")
def test_safe_values_are_harmless(row: Function) -> None:
    """Value, first and second derivatives are finite at them."""
    for base in points(row, 3):
        pairs = zip(row.safe, base, strict=True)
        point = tuple(
            x if text is None else in_balls(row, text, base) for text, x in pairs
        )
        assert math.isfinite(in_balls(row, "y", point))
        for index in range(len(row.args)):
            if (row, index) not in SMOOTH:
                continue
            graph, inputs, root = derived(row, index)
            leaves = dict(zip(inputs, tensors(point), strict=True))
            first = run(graph.nodes, root, leaves)
            assert torch.isfinite(first)
            if first.requires_grad:
                wrt = list(leaves.values())
                for x in torch.autograd.grad(first, wrt, allow_unused=True):
                    assert x is None or torch.isfinite(x)
