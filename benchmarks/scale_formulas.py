"""Formulas of any size, written once for whatever can add, multiply and take sines.

A formula names what it makes on its way, if its language can: symgrad has lets for it,
where others hold the value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, count, islice
from typing import Any

import sympy

import symgrad

Value = Any
"""A number of a language: a SymPy expression, one of CasADi or of SymForce."""


@dataclass(frozen=True)
class Language:
    """What a formula is written in: its inputs by name, its sine and its cosine.

    ``named`` gives a value a name, and returns what stands for it from there on.
    """

    symbol: Callable[[str], Value]
    sin: Callable[[Value], Value]
    cos: Callable[[Value], Value]
    named: Callable[[str, Value], Value] = lambda name, value: value


@dataclass(frozen=True)
class Written:
    """The inputs of a formula by name, and its outputs."""

    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    lets: Mapping[str, Value] = field(default_factory=dict)


Formula = Callable[[Language, int], Written]
"""A formula of a size in a language."""


def _symbols(language: Language, names: Sequence[str]) -> dict[str, Value]:
    return {name: language.symbol(name) for name in names}


def pendulum(language: Language, steps: int) -> Written:
    """Angle and speed of a damped pendulum after steps of Runge and Kutta's method."""
    inputs = _symbols(language, ["angle", "speed", "damping", "pull", "h"])
    angle, speed, damping, pull, h = inputs.values()

    def slope(angle: Value, speed: Value) -> tuple[Value, Value]:
        return speed, -damping * speed - pull * language.sin(angle)

    for step in range(steps):
        first = slope(angle, speed)
        second = slope(angle + h / 2 * first[0], speed + h / 2 * first[1])
        third = slope(angle + h / 2 * second[0], speed + h / 2 * second[1])
        fourth = slope(angle + h * third[0], speed + h * third[1])
        moved = [
            h / 6 * (a + 2 * b + 2 * c + d)
            for a, b, c, d in zip(first, second, third, fourth, strict=True)
        ]
        angle = language.named(f"angle{step}", angle + moved[0])
        speed = language.named(f"speed{step}", speed + moved[1])
    return Written(inputs, {"angle_end": angle, "speed_end": speed})


def arm(language: Language, joints: int) -> Written:
    """Where the hand of an arm is: joints turn about z, y, z, y, ..., links are alike.

    The position and two columns of the rotation are carried along; the third column is
    needed for every other joint.
    """
    inputs = _symbols(language, ["link", *(f"q{joint}" for joint in range(joints))])
    link, *angles = inputs.values()
    turned: list[list[Value]] = [[int(i == k) for k in range(3)] for i in range(3)]
    place: list[Value] = [0, 0, 0]
    for joint, angle in enumerate(angles):
        axes = (0, 1) if joint % 2 == 0 else (2, 0)
        c = language.named(f"c{joint}", language.cos(angle))
        s = language.named(f"s{joint}", language.sin(angle))
        one, other = axes
        for row in range(3):
            a, b = turned[row][one], turned[row][other]
            ahead, aside = c * a + s * b, c * b - s * a
            turned[row][one] = language.named(f"r{joint}_{row}{one}", ahead)
            turned[row][other] = language.named(f"r{joint}_{row}{other}", aside)
            reached = place[row] + link * turned[row][0]
            place[row] = language.named(f"p{joint}_{row}", reached)
    return Written(
        inputs, dict(zip(("hand_x", "hand_y", "hand_z"), place, strict=True))
    )


VARIABLES = 4


def polynomial(language: Language, terms: int) -> Written:
    """A sum of so many monomials in four variables, the lowest degrees first."""
    inputs = _symbols(language, [f"x{k}" for k in range(VARIABLES)])
    monomials = (
        powers
        for degree in count(1)
        for powers in combinations_with_replacement(range(VARIABLES), degree)
    )
    variables, total = list(inputs.values()), []
    for number, powers in enumerate(islice(monomials, terms)):
        term = (-1) ** number * (number % 7 + 1)
        for k in sorted(set(powers)):
            term = term * variables[k] ** powers.count(k)
        total.append(term)
    return Written(inputs, {"y": _summed(total)})


def _summed(terms: Sequence[Value]) -> Value:
    """The sum; SymPy makes one of so many terms in one step, as a user would."""
    if isinstance(terms[-1], sympy.Basic):
        return sympy.Add(*terms)
    return sum(terms[1:], terms[0])


def determinant(language: Language, size: int) -> Written:
    """That of a matrix of symbols, by elimination without fractions (Bareiss, 1968)."""
    places = [f"a{row}_{column}" for row in range(size) for column in range(size)]
    inputs = _symbols(language, places)
    entries = iter(inputs.values())
    rows = [[next(entries) for _ in range(size)] for _ in range(size)]
    before: Value = 1
    for k in range(size - 1):
        pivot = rows[k][k]
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                cross = rows[i][j] * pivot - rows[i][k] * rows[k][j]
                name = f"m{k}_{i}_{j}"
                rows[i][j] = language.named(name, cross / before if k else cross)
        before = pivot
    return Written(inputs, {"det": rows[-1][-1]})


def product(language: Language, factors: int) -> Written:
    """The product of so many variables (Speelpenning, 1980)."""
    inputs = _symbols(language, [f"x{k}" for k in range(factors)])
    if isinstance(next(iter(inputs.values())), sympy.Basic):
        return Written(inputs, {"y": sympy.Mul(*inputs.values())})
    whole: Value = 1
    for factor in inputs.values():
        whole = whole * factor
    return Written(inputs, {"y": whole})


@dataclass(frozen=True)
class Case:
    """A formula and the sizes at which it is measured, the smallest first."""

    formula: Formula
    sizes: tuple[int, ...]
    unit: str


CASES: Mapping[str, Case] = {
    "pendulum": Case(pendulum, (24, 120, 600, 1200), "steps"),
    "arm": Case(arm, (12, 120, 600, 1800), "joints"),
    "polynomial": Case(polynomial, (100, 1000, 5000, 20000), "terms"),
    "determinant": Case(determinant, (8, 16, 24, 34), "rows"),
    "product": Case(product, (640, 1280, 2560, 5120), "variables"),
}


def written(formula: Formula, size: int, with_lets: bool = True) -> Written:
    """A formula in SymPy, what it names on its way as lets, or nested."""
    lets: dict[str, Value] = {}

    def named(name: str, value: Value) -> Value:
        lets[name] = sympy.sympify(value)
        return sympy.Symbol(name, real=True)

    kept = {"named": named} if with_lets else {}
    language = Language(symgrad.reals, sympy.sin, sympy.cos, **kept)
    made = formula(language, size)
    return Written(made.inputs, made.outputs, lets)


def op(name: str, size: int, with_lets: bool = True) -> symgrad.Op:
    """A formula of the table as an op of symgrad."""
    made = written(CASES[name].formula, size, with_lets)
    inputs = list(made.inputs.values())
    return symgrad.Op(name, inputs, made.outputs, let=made.lets, backend=None)
