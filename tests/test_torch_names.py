"""What torch and Python call the functions of the table."""

from __future__ import annotations

import builtins
import math

import pytest
import torch
from ir_in_torch import operator_of
from specs import module
from table_rows import ROWS, close, each, in_balls, is_written, points, tensors

from symgrad.backends.torch_names import NOT_IN_HALF, number_spelling, scalars, spelling
from symgrad.functions import TABLE, Function


@each([row for row in ROWS if spelling(row.name) and len(row.args) > 1], "row")
def test_numbers_are_taken_where_it_says_so(row: Function) -> None:
    function = operator_of(str(spelling(row.name)))
    [point] = points(row, 1)
    for index, admitted in enumerate(scalars(row.name)):
        args: list[object] = list(tensors(point))
        if is_written(row, 0):
            args[0] = int(point[0])
        args[index] = int(point[index]) if is_written(row, 0) else point[index]
        if row.name == "clamp" and index > 0:
            args[1:] = point[1:]
        if admitted:
            function(*args)
            continue
        with pytest.raises(TypeError):
            function(*args)


def test_all_but_one_may_be_numbers() -> None:
    x = torch.tensor(1.5)
    for name in (row.name for row in ROWS if any(scalars(row.name))):
        function, count = operator_of(str(spelling(name))), len(TABLE[name].args)
        for index in range(count):
            args: list[object] = [2] * count
            args[index] = x
            taken = scalars(name)
            if all(taken[i] for i in range(count) if i != index):
                assert torch.isfinite(function(*args))


def test_bounds_are_all_numbers_or_all_tensors() -> None:
    assert scalars("clamp", [True, False, False]) == (False, True, True)
    assert scalars("clamp", [True, False, True]) == (False, False, False)
    x, one = torch.tensor([0.5, 2.0]), torch.tensor([1.0, 1.0])
    assert torch.equal(torch.clamp(x, one, one), one)
    with pytest.raises(TypeError):
        torch.clamp(x, 0.0, one)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@each([row for row in ROWS if spelling(row.name)], "row")
def test_half_precision_is_taken_unless_it_says_so(
    row: Function, dtype: torch.dtype
) -> None:
    [point] = points(row, 1)
    args: list[object] = list(tensors(point, dtype))
    if is_written(row, 0):
        args[0] = 2
    function = operator_of(str(spelling(row.name)))
    if row.name not in NOT_IN_HALF:
        function(*args)
        return
    with pytest.raises(NotImplementedError):
        function(*args)


@each([row for row in ROWS if number_spelling(row.name)], "row")
def test_python_spells_the_same_function(row: Function) -> None:
    first, *rest = str(number_spelling(row.name)).split(".")
    function = getattr(math, rest[0]) if rest else getattr(builtins, first)
    for point in points(row, 5):
        want = in_balls(row, "y", point)
        assert close(function(*point), want, 4e-15 * (1 + abs(want)))


@pytest.mark.parametrize(
    ("formula", "k", "error"),
    [
        ("x*log(k)", 0.0, ValueError),
        ("x + 1/k", 0.0, ZeroDivisionError),
        ("x*exp(k)", 1000.0, OverflowError),
    ],
)
def test_arithmetic_of_numbers_raises_as_the_page_says(
    formula: str, k: float, error: type[Exception]
) -> None:
    f = module({"x": "real", "k": "float"}, formula).f
    with pytest.raises(error) as raised:
        f(torch.ones(2), k)
    assert raised.traceback[-1].name == "forward"
