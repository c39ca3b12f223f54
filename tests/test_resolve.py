"""What hides between the numbers at which a kernel is seen is found, and kept."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import module, op, spec
from test_patches import X, exact_functions, lowered, widest

from symgrad.generate import generate
from symgrad.measure.errors import SOUND, error
from symgrad.measure.formats import FORMATS
from symgrad.measure.truth import truth
from symgrad.patches.charts import Inverse, Shift
from symgrad.patches.choices import Choices
from symgrad.patches.find import find
from symgrad.patches.place import AIMS
from symgrad.patches.resolve import Lens, Unresolved

SINE = "(x - sin(x))/x**3"


def valued(formula: str, x: float) -> float:
    """A formula as it is emitted, without its derivative, which takes less time."""
    inputs = {"x": {"kind": "real", "grad": False}, "w": "real"}
    emitted = module(inputs, f"({formula}) + w").f
    number = torch.tensor(x, dtype=torch.float64)
    return float(emitted(number, torch.zeros_like(number)))


HIDDEN = {
    "a window": (f"where(x > 0.01, where(x < 0.0103, 7, {SINE}), {SINE})", 0.0102),
    "a window of a distance": (f"where(abs(x - 0.3) < 1e-5, 7, {SINE})", 0.3),
    "a number": ("where(x == 0, 5, sin(x)/x)", 0.0),
    "another number": (f"where(x == 0.25, 5, {SINE})", 0.25),
    "a bump": (f"{SINE} + exp(-(1000*(x - 0.3))**2)", 0.3005),
    "a far branch": ("where(x < -5000, 1, x*sigmoid(x))", -6000.0),
    "a far bump": ("exp(-x**2)*exp(x) + exp(-(x - 3000)**2)", 3001.0),
    "the largest of two": (f"Max({SINE}, 1 - 10000*(x - 0.3)**2)", 0.3),
    "steps": (f"{SINE} + floor(x + 0.7)", 0.5),
}
"""Formulas that are patched, or look so, and a number that a patch may not have."""


@pytest.mark.parametrize("name", HIDDEN)
def test_what_hides_is_kept(name: str) -> None:
    formula, x = HIDDEN[name]
    got = valued(formula, x)
    value, _ = exact_functions(op(X, formula), {})
    true = truth(value, [x])
    assert true is not None
    assert error(FORMATS["float64"], got, true).conditioned <= SOUND


@pytest.mark.parametrize(
    ("formula", "x", "expected"),
    [
        (f"{SINE} + 1e-30/(x - 0.3125)", 0.3125, math.inf),
        (f"where(x > 0, {SINE}, log(x))", 0.0, -math.inf),
        (f"where(x > 0, {SINE}, log(x))", -1.0, math.nan),
    ],
)
def test_poles_and_ends_are_kept(formula: str, x: float, expected: float) -> None:
    got = valued(formula, x)
    assert got == pytest.approx(expected, nan_ok=True)


NARROW = {
    "of both sides": "real in [-0.1, 0.3]",
    "of one": "real in (0, 0.0001)",
    "of one, open": "real in [0, 1e-9)",
}


@pytest.mark.parametrize("name", NARROW)
def test_a_patch_may_have_all_of_a_domain(name: str) -> None:
    end = float(NARROW[name].rstrip("])").split(", ")[1])
    x = torch.tensor([1e-12, 0.3 * end, 0.9 * end], requires_grad=True)
    value = module({"x": NARROW[name]}, SINE).f(x)
    [slope] = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(value, 1 / 6 - x.detach() ** 2 / 120)
    torch.testing.assert_close(slope, -x.detach() / 60, rtol=1e-2, atol=0)


def test_patches_of_what_a_patched_value_is_made_of() -> None:
    """It has one at 1 as a whole, and none at 0, where it has no limit."""
    f = module(X, f"{SINE}*log(x)/(x - 1)").f
    x = torch.tensor([1.0, 1e-4, 1e-9], dtype=torch.float64)
    sine = torch.tensor([1 - math.sin(1), 1 / 6 - 1e-8 / 120, 1 / 6])
    ratio = torch.tensor([1.0, math.log(1e-4) / (1e-4 - 1), -math.log(1e-9)])
    torch.testing.assert_close(f(x), (sine * ratio).double(), rtol=1e-6, atol=0)


CENTRES = {
    "sign(x) + sin(x)/x": (1.0, 0.0),
    "floor(x) + sin(x)/x": (1.0, 0.0),
    "abs(x) + sin(x)/x": (1.0, 0.0),
    "abs(x) + (exp(x) - 1 - x)/x": (0.0, 0.5),
    "Max(x, 0) + log1p(x)/x": (1.0, 0.0),
}
"""Formulas with a kink or a jump at 0, and value and derivative as torch has it."""


@pytest.mark.parametrize("formula", CENTRES)
def test_kinks_and_jumps_are_kept(formula: str) -> None:
    x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    value = module(X, formula).f(x)
    [slope] = torch.autograd.grad(value, x)
    assert (value.item(), slope.item()) == CENTRES[formula]


POLICIES = {"left": -1.0, "right": 1.0, "half": 0.0}


@pytest.mark.parametrize("policy", POLICIES)
def test_policies_at_kinks_are_kept(policy: str) -> None:
    x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    value = module(X, "abs(x) + sin(x)/x", edges=policy).f(x)
    [slope] = torch.autograd.grad(value, x)
    assert slope.item() == POLICIES[policy]


SHORT = {
    "log((exp(x) - 1)/x)/x - 1/2": 1 / 24,
    "(exprel(x) - 1)/x - 1/2": 1 / 6,
    "log(x/(exp(x) - 1))/x + 1/2": -1 / 24,
}
"""Formulas of functions that are short series near 0, and their slopes there."""


@pytest.mark.parametrize("formula", SHORT)
def test_series_in_definitions_hide_nothing(formula: str) -> None:
    value = valued(formula, 1e-9)
    assert value == pytest.approx(SHORT[formula] * 1e-9, rel=1e-6)


def test_a_domain_has_nothing_beyond_its_end() -> None:
    """The root of what is positive is 0 at least, and that a number of the domain."""
    formula = "tanh(3*sin(cot(sqrt(abs(x) + 0.1))/(2 + cos(E**3))))"
    assert generate(spec("f", X, formula)).source


def test_numbers_beyond_floats_are_no_centres() -> None:
    assert (
        find(lowered(op(X, "sqrt(1e-200*x + 1e200)")), AIMS["stable"], Choices()) == {}
    )


# How it is seen


@settings(deadline=None, max_examples=60)
@given(
    middle=st.floats(1e-3, 0.7),
    half=st.floats(1e-12, 1e-2),
    turn=st.sampled_from(["abs(x - {})", "sqrt((x - {})**2)", "({} - x)*sign({} - x)"]),
)
def test_windows_are_seen(middle: float, half: float, turn: str) -> None:
    distance = turn.format(middle, middle)
    kernel = widest(op(X, f"where({distance} < {half}, 7, {SINE})"))
    seen = list(Lens(kernel, Shift(0.0)).between(1, 0.0, 0.75))
    assert any(abs(d - middle) <= half * (1 + 1e-9) + 1e-15 for d in seen)


@settings(deadline=None, max_examples=40)
@given(middle=st.floats(1e-3, 0.7), steepness=st.floats(10, 1e6))
def test_bumps_are_seen(middle: float, steepness: float) -> None:
    lens = Lens(widest(op(X, f"exp(-({steepness}*(x - {middle}))**2)")), Shift(0.0))
    try:
        list(lens.between(1, 0.0, 0.75))
    except Unresolved:
        return
    assert any(abs(d - middle) * steepness < 1 for d in lens.seen)


SMOOTH = {
    "sine": (SINE, Shift(0.0), 0.75),
    "a quotient": ("log(x)/(x - 1)", Shift(1.0), 0.5),
    "of functions": ("erfcx(x)", Inverse(sides=(1,)), 0.4),
    "what overflows": ("exp(-exp(-x))", Inverse(sides=(-1,)), 0.0119),
    "a high power": ("(exp(x) - 1)/x**8", Shift(0.0), 0.5),
    "roots": ("x - sqrt(x*(x + 1))", Inverse(sides=(1,)), 0.1),
}
"""Kernels, charts and ends: nothing hides there."""


@pytest.mark.parametrize("name", SMOOTH)
def test_what_hides_nothing_is_soon_seen(name: str) -> None:
    formula, chart, end = SMOOTH[name]
    lens = Lens(widest(op(X, formula)), chart)
    list(lens.between(chart.sides[0], 0.0, end))
    assert len(lens.seen) < 450


@pytest.mark.parametrize("formula", ["1/(x - 0.3)", "sin(1e6*x)", "tan(9*x)"])
def test_what_cannot_be_followed_is_said(formula: str) -> None:
    with pytest.raises(Unresolved):
        list(Lens(widest(op(X, formula)), Shift(0.0)).between(1, 0.0, 0.75))
