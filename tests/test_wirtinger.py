"""The rules for complex arguments: every row of their table, against balls."""

from __future__ import annotations

import cmath
import random
from collections.abc import Callable

import flint
import pytest
import torch
from conftest import Climbed
from specs import spec
from torch import Tensor

import symgrad
from symgrad import precise
from symgrad.balls import evaluate
from symgrad.functions import TABLE
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.partials import formula
from symgrad.program import Kind
from symgrad.wirtinger import RULES

NAMES = sorted(RULES)
COUNT = 6


def points(name: str) -> list[tuple[complex, ...]]:
    """Random points of the plane, the same on every run."""
    rng = random.Random(name)
    arity = len(TABLE[name].args)
    return [
        tuple(complex(rng.uniform(-2, 2), rng.uniform(-2, 2)) for _ in range(arity))
        for _ in range(COUNT)
    ]


def rule_at(name: str, text: str, point: tuple[complex, ...]) -> complex:
    """A text of the rules at a point, in balls."""
    row = TABLE[name]
    nodes, root = formula(text, (*row.args, "y"), Kind.COMPLEX)
    with flint.ctx.workprec(200):
        balls = [flint.acb(z) for z in point]
        given = dict(zip((*row.args, "y"), (*balls, row.precise(*balls)), strict=True))
    leaves = {v: given[str(n.data)] for v, n in enumerate(nodes) if n.op == "input"}
    [found] = evaluate(nodes, [root], leaves, 200)
    return complex(found)


def slope(name: str, index: int, point: tuple[complex, ...], turn: complex) -> complex:
    """The derivative of the row's own balls in a direction of the plane."""

    def along(z: flint.acb) -> flint.acb:
        args = [flint.acb(value) for value in point]
        args[index] = z
        return flint.acb(TABLE[name].precise(*args))

    direction = flint.acb(turn)
    found = precise.differentiate(along, point[index], 30, direction)
    assert found is not None
    return complex(found)


@pytest.mark.parametrize("name", NAMES)
def test_partials(name: str) -> None:
    """``dy = partial*dz + conjugate*conj(dz)`` for ``dz`` of 1, I and between."""
    rule, count = RULES[name], len(TABLE[name].args)
    for point in points(name):
        for index in range(count):
            partial = rule_at(name, rule.partials[index], point)
            turned = rule.conjugates and rule_at(name, rule.conjugates[index], point)
            for turn in (1, 1j, 0.6 - 0.8j):
                moved = partial * turn + (turned or 0) * complex(turn).conjugate()
                moved = moved.real if name in ("re", "im", "abs", "arg") else moved
                expected = slope(name, index, point, turn)
                assert cmath.isclose(moved, expected, rel_tol=1e-13, abs_tol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_an_op_of_one_function_passes(name: str, climbed: Climbed) -> None:
    """Values, gradients, forward mode, second derivatives, layouts, dtypes."""
    args = TABLE[name].args
    made = spec("f", dict.fromkeys(args, "complex"), f"{name}({', '.join(args)})")
    report = climbed(made)
    assert report.passed, str(report)


AT_ZERO = ("abs", "arg", "sign")


@pytest.mark.parametrize("name", AT_ZERO)
def test_the_convention_at_zero_is_that_of_torch(name: str) -> None:
    made = spec("f", {"z": "complex"}, f"{name}(z)")
    f = load_module("zero", generate(made).source).f
    plain = {"abs": torch.abs, "arg": torch.angle, "sign": torch.sgn}[name]
    found = []
    for function in (f, plain):
        z = torch.zeros(3, dtype=torch.complex128, requires_grad=True)
        y = function(z)
        [g] = torch.autograd.grad(y, z, torch.full_like(y, 1.5))
        found.append(g)
    assert torch.equal(*found)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_mixed_second_derivatives_of_powers_at_whole_exponents(exponent: float) -> None:
    """A branch for 0 and 1 must not lose how the partial moves with the exponent."""
    op = symgrad.Op("f", inputs={"z": "complex", "e": "real"}, forward="z**e")
    power = op.compile(verify="off")
    z = torch.tensor(0.7 - 1.2j, dtype=torch.complex128, requires_grad=True)
    e = torch.tensor(exponent, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(power, (z, e))


def _orders(function: Callable[..., Tensor], base: Tensor) -> list[Tensor]:
    """Value, gradient, and the gradient of that."""
    z = base.clone().requires_grad_()
    value = function(z)
    cotangent = torch.full_like(value, 1 + 2j)
    [first] = torch.autograd.grad(value, z, cotangent, create_graph=True)
    total = first.real.sum() + 3 * first.imag.sum() + 0 * z.real.sum()
    return [value.detach(), first.detach(), *torch.autograd.grad(total, z)]


ZEROS = torch.zeros(3, dtype=torch.complex128)


@pytest.mark.parametrize("kind", ["float", "int"])
@pytest.mark.parametrize("number", [0, 1, 2, 3, -1])
def test_powers_of_zero_by_a_number_are_those_of_torch(number: int, kind: str) -> None:
    made = spec("f", {"z": "complex", "n": kind}, "z**n")
    f = load_module("zero", generate(made).source).f
    n = float(number) if kind == "float" else number
    ours, theirs = (_orders(g, ZEROS) for g in (lambda z: f(z, n), lambda z: z**n))
    torch.testing.assert_close(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_powers_of_zero_by_a_tensor_have_the_same_derivatives(
    number: int, kind: str
) -> None:
    """torch's own are NaN, and so is its value of 0**0 (of which that is kept)."""
    made = spec("f", {"z": "complex", "e": kind}, "z**e")
    f = load_module("zero", generate(made).source).f
    dtype = torch.float64 if kind == "real" else torch.complex128
    e = torch.full((3,), number, dtype=dtype)
    ours, theirs = (_orders(g, ZEROS) for g in (lambda z: f(z, e), lambda z: z**number))
    torch.testing.assert_close(ours[number == 0 :], theirs[number == 0 :])


def test_powers_of_zero_move_with_the_exponent_where_they_are_not_zero() -> None:
    made = spec("f", {"z": "complex", "e": "complex"}, "z**e")
    f = load_module("zero", generate(made).source).f
    e = torch.tensor([2, 0.5 + 1j, -1, -0.5 + 1j, 1j], dtype=torch.complex128)
    y = f(torch.zeros_like(e), e.requires_grad_())
    [slope] = torch.autograd.grad(y, e, torch.ones_like(y))
    assert slope.isnan().tolist() == [False, False, True, True, True]
    assert not slope[:2].any()
