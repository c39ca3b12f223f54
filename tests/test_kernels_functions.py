"""The functions of kernels, alone: within a few units in the last place of the truth.

All rows of the tables stand in one kernel of `kernel_cases`.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from functools import reduce
from typing import Any

import flint
import pytest
import torch
from kernel_cases import NUMBER_INPUTS, Compiled, arity
from torch import Tensor

from symgrad.backends.cpu_names import HELPERS, NUMBER, ONE_BY_ONE, VECTOR, helpers
from symgrad.backends.torch_names import number_spelling, spelling
from symgrad.functions import TABLE
from symgrad.templates import render

SINGLE, DOUBLE = torch.float32, torch.float64

ULP: dict[str, tuple[float, float]] = {
    "cos": (2, 1),
    "digamma": (8, 8),
    "erf": (2.5, 1),
    "erfc": (12, 3),
    "erfcx": (9, 16),
    "erfinv": (2, 2),
    "expm1": (2, 1),
    "hardswish": (2, 2),
    "i0": (4, 4),
    "i0e": (7, 7),
    "i1": (10, 8),
    "i1e": (10, 8),
    "log_ndtr": (70, 110),
    "loggamma": (4, 4),
    "mish": (3.5, 3),
    "ndtri": (6, 6),
    "selu": (2, 2),
    "sigmoid": (3, 3),
    "silu": (3.5, 3),
    "sin": (2, 1),
    "softplus": (2.5, 2),
    "tanh": (3, 3),
}
"""What functions are within, in float32 and float64; all others 1.6.

Those with more than four are ATen's own, but for erfc, which squares without loss only
where a processor fuses products with sums.
"""

SIZE: dict[str, float] = {"digamma": 1, "logaddexp": 1, "logaddexp2": 1, "logit": 1}
"""Beside a root of a function units are those of a number of this size."""

TO_TORCH = {"polygamma": "of whole orders", "zeta": "of a first argument beyond 1"}
"""What is compared with torch alone, and why: it is meant for other arguments."""

POINTS = 2000
BIGGEST = 1.9  # decimal exponents of what is given besides the row's own sample


def called(kernels: Compiled, name: str, columns: list[Tensor]) -> Tensor:
    """A function of the table of vectors, of columns of numbers."""
    operators = getattr(torch.ops, kernels.module._NAMESPACE)
    given = [*columns, *[columns[0]] * 2][:3]
    found: Tensor = operators.vectors(*given)[list(VECTOR).index(name)]
    return found


def points(name: str, dtype: torch.dtype) -> list[Tensor]:
    """Half where the function's row says, half of any size; ATen's own only there."""
    row, rng = TABLE[name], random.Random(name)
    small = -5 if len(row.args) > 1 else -30 if dtype is SINGLE else -200

    def one(number: int, low: float, high: float) -> float:
        if number % 2 or name in ONE_BY_ONE:
            return rng.uniform(low, high)
        return rng.choice((-1, 1)) * 10 ** rng.uniform(small, BIGGEST)

    rows = [[one(k, *ends) for ends in row.sample] for k in range(POINTS)]
    return list(torch.tensor(rows, dtype=DOUBLE).to(dtype).T.contiguous())


def ulp(value: float, dtype: torch.dtype) -> float:
    """The distance of floats at a value."""
    digits = 24 if dtype is SINGLE else 53
    return 2.0 ** (math.frexp(value)[1] - digits)


def truth(name: str, given: Sequence[float]) -> Any:
    """The function in ball arithmetic; None where it is not finite."""
    with flint.ctx.workprec(500):
        found = TABLE[name].precise(*map(flint.arb, given))
    return found if found.is_finite() else None


def errors(kernels: Compiled, name: str, dtype: torch.dtype) -> list[tuple[float, Any]]:
    """In units in the last place, with the points; only of normal results."""
    columns = points(name, dtype)
    got = called(kernels, name, columns).tolist()
    limits = torch.finfo(dtype)
    found = []
    for given, value in zip(torch.stack(columns, 1).tolist(), got, strict=True):
        exact = truth(name, given)
        size = abs(float(exact)) if exact is not None else math.nan
        if limits.tiny < size < limits.max:
            unit = ulp(max(size, SIZE.get(name, 0)), dtype)
            wrong = not math.isfinite(value)
            off = math.inf if wrong else abs(float(flint.arb(value) - exact)) / unit
            found.append((off, (given, value, float(exact))))
    return found


@pytest.mark.parametrize("name", [n for n in VECTOR if n not in TO_TORCH])
def test_functions_are_near_the_truth(kernels: Compiled, name: str) -> None:
    for dtype, most in zip((SINGLE, DOUBLE), ULP.get(name, (1.6, 1.6)), strict=True):
        found = errors(kernels, name, dtype)
        worst, where = max(found)
        assert len(found) > POINTS // 5 and worst <= most, (dtype, where)


# -- special values --------------------------------------------------------------------

ENDS = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0)
VALUES = (*ENDS, 1e-30, -1e-30, 1e30, -1e30, 80.0, -80.0)
ORDERS = (1.0, 2.0, 3.0)


def by_torch(name: str, columns: list[Tensor]) -> Tensor:
    """The function as torch has it."""
    module, *rest = (spelling(name) or "").split(".")
    start = {"torch": torch, "F": torch.nn.functional}[module]
    function: Any = reduce(getattr, rest, start)
    if name == "polygamma":
        orders, x = columns
        pairs = zip(orders.tolist(), x, strict=True)
        return torch.stack([torch.polygamma(int(n), v) for n, v in pairs])
    found: Tensor = function(*columns)
    return found


@pytest.mark.parametrize("dtype", (SINGLE, DOUBLE), ids=str)
@pytest.mark.parametrize("name", VECTOR)
def test_special_values_are_as_torch_has_them(
    kernels: Compiled, name: str, dtype: torch.dtype
) -> None:
    places = [ORDERS if name in TO_TORCH else VALUES, *[VALUES] * 2]
    rows = list(itertools.product(*places[: arity(VECTOR[name])]))
    if arity(VECTOR[name]) == 1:
        rows = [(v,) for v in VALUES]
    columns = [torch.tensor(c, dtype=dtype) for c in zip(*rows, strict=True)]
    got, expected = called(kernels, name, columns), by_torch(name, columns)
    size = torch.full_like(got, SIZE.get(name, 0)).maximum(expected.abs())
    near = (got - expected).abs() <= size * (1e-5 if dtype is SINGLE else 1e-12)
    same = (got == expected) | (got.isnan() & expected.isnan())
    wrong = [rows[k] for k in (~(near | same)).nonzero().flatten().tolist()]
    assert wrong == []


# -- numbers, and the tables -----------------------------------------------------------


def test_functions_of_numbers(kernels: Compiled) -> None:
    """As Python computes them, in double whatever the dtype of tensors."""
    r, s = NUMBER_INPUTS
    operators = getattr(torch.ops, kernels.module._NAMESPACE)
    found = operators.numbers(torch.zeros(3, dtype=DOUBLE), r, s)
    for name, values in zip(NUMBER, found, strict=True):
        expected = float(truth(name, (r, s)[: arity(NUMBER[name])]) or math.nan)
        assert values.tolist() == [pytest.approx(expected, 1e-14, nan_ok=True)] * 3, (
            name
        )


NO_NUMBER = {
    "clamp": "of numbers it is Min and Max",
    "Mod": "Python's is not C's",
}
"""Functions that Python has for numbers, and kernels not."""


def test_every_function_has_a_row_or_a_reason() -> None:
    in_python = {n for n in VECTOR if number_spelling(n)}
    assert in_python - set(NUMBER) == set()
    assert set(NO_NUMBER).isdisjoint(NUMBER)
    assert set(NUMBER) <= set(VECTOR) <= set(TABLE)
    for table in (VECTOR, NUMBER):
        wrong = [n for n, p in table.items() if arity(p) != len(TABLE[n].args)]
        assert wrong == []


def test_every_helper_is_written_with_what_it_calls() -> None:
    from symgrad.backends.cpu_constants import CONSTANTS

    assert set(ONE_BY_ONE) <= set(HELPERS)
    for name in HELPERS:
        called = frozenset({name, *HELPERS[name]})
        assert helpers(f"{name}(x)") >= called
        whole = helpers(f"{name}(x)")
        text = render("cpu/functions.h.j2", helpers=whole, constants=CONSTANTS)
        assert f" {name}(" in text
        bodies = "\n".join(
            x for x in text.splitlines() if not x.startswith(("//", "V "))
        )
        assert helpers(bodies) <= whole, f"{name} calls what is not there"
    everything = render(
        "cpu/functions.h.j2", helpers=frozenset(HELPERS), constants=CONSTANTS
    )
    plain = render("cpu/functions.h.j2", helpers=frozenset(), constants=CONSTANTS)
    assert everything.count("template") > len(HELPERS) > 0 == plain.count("return")


def test_a_helper_is_known_where_it_is_called_and_nowhere_else() -> None:
    assert (
        helpers("std::erf(x) + x.tanh() + at::vec::clamp(a) + mysign(x)") == frozenset()
    )
    assert "sigmoid" in helpers("silu(x)") and "where" in helpers("silu(x)")
    assert helpers("polynomial<4>(x, 1)") == {"polynomial"}
