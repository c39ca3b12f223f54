"""Patches: where they stand, where they do not, and that what they give is right."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import flint
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import module, op, spec

from symgrad import precise
from symgrad.backends.torch import steps
from symgrad.generate import generate
from symgrad.measure.errors import SOUND, error
from symgrad.measure.formats import FORMATS
from symgrad.measure.strata import EVERYWHERE
from symgrad.measure.truth import Exact, truth
from symgrad.op import Op
from symgrad.patches import choose as choosing
from symgrad.patches.centres import centres
from symgrad.patches.charts import Inverse, Root, Shift
from symgrad.patches.choices import Choices
from symgrad.patches.choose import Patch, choose
from symgrad.patches.find import find
from symgrad.patches.ideal import run
from symgrad.patches.kernels import Kernel, dominators, kernel_of
from symgrad.patches.place import AIMS, BOTH, Place
from symgrad.patches.series import Series, candidates, polynomial
from symgrad.patches.tails import Tail
from symgrad.program import Program
from symgrad.spec import load_text
from symgrad.verify.ladder import climb

X = {"x": "real"}
STABLE = AIMS["stable"]
INFINITY = math.inf

PATCHED: dict[str, tuple[dict[str, str], str, set[float]]] = {
    "sinc": (X, "sin(x)/x", {0.0}),
    "of a product": ({"x": "real", "w": "real"}, "sin(x*w)/(x*w)", {0.0}),
    "away from 0": (X, "(x - 1 - sin(x - 1))/(x - 1)**3", {0.0, 1.0}),
    "at an end": ({"x": "real in [-1, 1]"}, "acos(x)/sqrt(1 - x**2)", {1.0}),
    "at both ends": ({"x": "real in [-1, 1]"}, "log(1 - x)*(1 - x)/x", {0.0}),
    "two of them": (X, "sin(x)/x + sin(x - 4)/(x - 4)", {0.0, 4.0}),
    "odd": (X, "x - sin(x)", {0.0}),
    "near infinity": ({"x": "real in (0, oo)"}, "x - sqrt(x*(x + 1))", {INFINITY}),
    "of a function": (X, "erfcx(x)", {INFINITY, 1.8}),
    "between": (
        {"x": "real in (1, oo)"},
        "x - log(i0(x))",
        {INFINITY, 3.5, 6.7},
    ),
    "0 times infinity": (X, "exp(-exp(-x))", {INFINITY}),
    "on either side": (X, "x*(1 + abs(x))/(1 + abs(x) + x**2)", {INFINITY}),
    "of a root": ({"x": "real in (0, 2)"}, "acos(1 - x) - sqrt(2*x)", {0.0}),
    "of a pole": (X, "(x - sin(x))/x**5", {0.0}),
    "of a line": (X, "log(log(1 + exp(x)))", {INFINITY}),
    "of an inner leaf": (X, "log(2 - exp(-exp(x)))", {0.0, INFINITY}),
    "in a sum": ({"x": "real", "w": "real"}, "w*w + (1 - cos(x))/x**2", {0.0}),
}
"""Formulas, and the points at which values and derivatives are patched."""

RIGHT = [
    "x*x + 1",
    "tanh(x)",
    "exp(x)",
    "1/(1 + exp(-x))",
    "log(1 + exp(x))",
    "sqrt(x**2 + 1)",
    "where(x > 0, x, exp(x) - 1)",
    "x**3 - x",
    "abs(x)",
    "erf(x)",
    "atan(x)",
]
"""Formulas that need no patch."""


def lowered(made: Op) -> Program:
    """Before anything is patched."""
    return next(program for name, program in steps(made) if name == "lower")


def found(inputs: dict[str, str], formula: str) -> list[Patch | Tail]:
    patches = find(lowered(op(inputs, formula)), STABLE, Choices())
    return [patch for value in patches.values() for patch in value.patches]


@pytest.mark.parametrize("name", PATCHED)
def test_what_is_patched(name: str) -> None:
    inputs, formula, expected = PATCHED[name]
    patches = found(inputs, formula)
    assert {p.chart.centre for p in patches if isinstance(p, Patch)} == expected


@pytest.mark.parametrize("formula", RIGHT)
def test_what_is_not(formula: str) -> None:
    assert found(X, formula) == []


def test_a_spec_says_how_accurate_an_op_is() -> None:
    text = """
symgrad: 1
ops:
  f:
    inputs: {{x: real}}
    forward: {{y: (x - sin(x))/x**3}}
    accuracy: {}
"""
    sources = {
        level: generate(load_text(text.format(level), "<levels>")).source
        for level in ("fast", "stable", "max")
    }
    has_series = {level: "_polynomial(" in found for level, found in sources.items()}
    assert has_series == {"fast": False, "stable": True, "max": True}
    assert sources["max"] != sources["stable"]


TAILS = {
    "silu": "x*sigmoid(x)",
    "a shifted one": "x*sigmoid(x - 1)",
    "Planck's law": "x**3/(exp(x) - 1)",
    "that grows": "(exp(x) - 1 - x)/x**2",
}


@pytest.mark.parametrize("name", TAILS)
def test_tails(name: str) -> None:
    patches = found(X, TAILS[name])
    assert any(isinstance(patch, Tail) for patch in patches)


# What comes out of it

DISTANCES = [0.0, *(2.0**k * 1.1 for k in range(-60, 3))]


def exact_functions(made: Op, others: dict[str, float]) -> list[Exact]:
    """The value of an op and its derivative by x, in balls."""
    leaves = {str(n.data): v for v, n in enumerate(made.nodes) if n.op == "input"}
    rest = {leaves[name]: value for name, value in others.items()}
    root, x = made.outputs[0].value, leaves["x"]
    return [
        lambda point: precise.value(made.nodes, root, {**rest, x: point[0]}),
        lambda p: precise.derivative(made.nodes, root, x, {**rest, x: p[0]}),
    ]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", PATCHED)
def test_values_and_derivatives_are_right(name: str, dtype: torch.dtype) -> None:
    inputs, formula, points = PATCHED[name]
    made, fmt = op(inputs, formula), FORMATS[str(dtype).removeprefix("torch.")]
    emitted, others = module(inputs, formula).f, dict.fromkeys(list(inputs)[1:], 1.0)
    domain = made.input("x").domain or EVERYWHERE
    finite = [p for p in points if math.isfinite(p)] or [0.0]
    moved = {fmt.nearest(p + s * d) for p in finite for d in DISTANCES for s in (1, -1)}
    for x in filter(domain.__contains__, moved):
        leaf = torch.tensor([x], dtype=dtype, requires_grad=True)
        value = emitted(
            leaf, *(torch.tensor([v], dtype=dtype) for v in others.values())
        )
        results = (value, *torch.autograd.grad(value.sum(), leaf))
        for got, exact in zip(results, exact_functions(made, others), strict=True):
            true = truth(exact, [x])
            if true is not None:
                missed = error(fmt, got.item(), true)
                assert missed.conditioned <= SOUND, (x, got.item(), true)
                assert not missed.is_wrong_zero


@pytest.mark.parametrize("x", [0.0, 0.3, 0.74, 0.8, 2.0])
def test_what_is_emitted_has_derivatives(x: float) -> None:
    """Of second order, in the polynomial, at its edge and beyond."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    [first] = torch.autograd.grad(
        module(X, "sin(x)/x").f(leaf), leaf, create_graph=True
    )
    [second] = torch.autograd.grad(first, leaf)
    with flint.ctx.workprec(200):
        t = flint.arb(x)
        true = -flint.arb(1) / 3
        if x:
            true = (2 * t.sin() / t - 2 * t.cos()) / t**2 - t.sin() / t
    assert second.item() == pytest.approx(float(true), rel=1e-11)


OUTSIDE = {
    "beyond an end": ("acos(x)/sqrt(1 - x**2)", 1.001),
    "of a logarithm": ("log(1 + x)/x", -1.5),
    "NaN itself": ("sin(x)/x", math.nan),
    "infinity": ("sin(x)/x", math.inf),
    "NaN in a tail": ("x*sigmoid(x)", math.nan),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_has_no_value_stays_without(name: str) -> None:
    formula, x = OUTSIDE[name]
    leaf = torch.tensor(x, requires_grad=True)
    value = module(X, formula).f(leaf)
    [slope] = torch.autograd.grad(value, leaf)
    assert value.isnan()
    assert slope.isnan()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_halves_are_patched_as_floats(dtype: torch.dtype) -> None:
    x = torch.linspace(-1, 1, 101).to(dtype)
    ours = module(X, "(x - sin(x))/x**3").f(x)
    [wide, _] = exact_functions(op(X, "(x - sin(x))/x**3"), {})
    true = [found.high for t in x.tolist() if (found := truth(wide, [t]))]
    assert ours.tolist() == torch.tensor(true).to(dtype).tolist()


# The key of a spec


def test_fast_has_no_patch() -> None:
    made = op(X, "sin(x)/x")
    assert "patch" not in dict(steps(replace(made, accuracy="fast")))


def test_max_reaches_farther() -> None:
    kernel = widest(op(X, "(x - sin(x))/x**3"))
    radii = [
        patch.radius
        for aim in (STABLE, AIMS["max"])
        if (patch := choose(Place(kernel, Shift(0.0), EVERYWHERE, aim), True))
    ]
    assert radii[0] < radii[1]


def test_a_surrogate_is_not_patched() -> None:
    surrogate = {"y": "atan(pi*x/2)/pi + 1/2"}
    made = spec("f", X, "Heaviside(x)", surrogate=surrogate)
    assert "_polynomial" not in generate(made).source


# The parts


def widest(made: Op) -> Kernel:
    program = lowered(made)
    [root] = program.outputs.values()
    leaf, inside = dominators(program.nodes).leaves(root)[0]
    return kernel_of(program.nodes, leaf, inside)


LEAVES = {
    "sin(x*w)/(x*w)": "mul",
    "exp(x - w)**2 + (x - w)": "sub",
}


@pytest.mark.parametrize("formula", LEAVES)
def test_kernels(formula: str) -> None:
    program = lowered(op({"x": "real", "w": "real"}, formula))
    [root] = program.outputs.values()
    leaf, _ = dominators(program.nodes).leaves(root)[0]
    assert program.nodes[leaf].op == LEAVES[formula]


@pytest.mark.parametrize("formula", ["x + w", "x*w", "sin(x)*cos(w)"])
def test_what_is_no_kernel(formula: str) -> None:
    program = lowered(op({"x": "real", "w": "real"}, formula))
    [root] = program.outputs.values()
    assert not dominators(program.nodes).leaves(root)


CENTRES = {
    "sin(x)/x": [0.0, -1.0, 1.0],
    "log(x - 2)": [0.0, 1.0, 2.0, 3.0],
    "acos(2*x)": [0.0, -0.5, 0.5],
    "exp(x)/(x**2 - 4)": [0.0, -1.0, 1.0, -2.0, 2.0],
    "1/(3*x - 1)": [0.0],  # a third is no float
    "sin(x)/x*(x - 7)": [0.0, -1.0, 1.0, 7.0],
}


@pytest.mark.parametrize("formula", CENTRES)
def test_centres(formula: str) -> None:
    assert centres(widest(op(X, formula))) == CENTRES[formula]


@settings(deadline=None, max_examples=40)
@given(x=st.floats(-1e3, 1e3), name=st.sampled_from(["float32", "float64"]))
def test_the_ideal_machine_is_that_of_torch(x: float, name: str) -> None:
    """But for functions, which torch does not always round to the nearest."""
    kernel, fmt = widest(op(X, "(x*x - 3)/(x + 0.1) - 1/(x*x + 1)")), FORMATS[name]
    place = fmt.nearest(x)
    t = torch.tensor(place, dtype=getattr(torch, name))
    expected = ((t * t - 3) / (t + 0.1) - 1 / (t * t + 1)).item()
    assert run(kernel, place, fmt) == expected


@settings(deadline=None, max_examples=20)
@given(
    coefficients=st.lists(st.integers(-99, 99).filter(bool), min_size=1, max_size=4),
    order=st.integers(0, 2),
)
def test_polynomials_are_found(coefficients: list[int], order: int) -> None:
    def f(t: flint.arb) -> flint.arb:
        return t**order * sum(c * t**k for k, c in enumerate(coefficients))

    series = polynomial(f, 1.0, 9.0, 6)
    assert series == Series(order, False, tuple(map(float, coefficients)))


def test_parity_is_made_use_of() -> None:
    def sine(t: flint.arb) -> flint.arb:
        return t.sin()

    series = next(candidates(sine, -1.0, 1.0, 1, is_asymptotic=False))
    assert series.even
    assert series.coefficients[0] == pytest.approx(1, rel=1e-15)
    assert Fraction(series.coefficients[1]) == pytest.approx(-1 / 6, rel=1e-12)


def test_what_is_not_smooth_has_no_series() -> None:
    def kink(t: flint.arb) -> flint.arb:
        return abs(t)

    assert list(candidates(kink, -1.0, 1.0, 0, is_asymptotic=False)) == []


@pytest.mark.parametrize("factor", [1 + 2.0**-30, 0.0])
def test_a_wrong_series_is_refused(factor: float) -> None:
    place = Place(widest(op(X, "(x - sin(x))/x**3")), Shift(0.0), EVERYWHERE, STABLE)
    patch = choose(place, with_slope=False)
    assert patch is not None
    right = patch.series
    first, *others = right.coefficients
    wrong = replace(right, coefficients=(first, others[0] * factor, *others[1:]))
    assert choosing._meets(place, right, patch.radius, [], 8.0)
    assert not choosing._meets(place, wrong, patch.radius, [], 8.0)


CHARTS = [Shift(0.0), Shift(1.0), Inverse(), Root(1.0, (1,)), Root(0.0, (-1,))]


@pytest.mark.parametrize("chart", CHARTS, ids=str)
@pytest.mark.parametrize("t", [0.5, -0.25, 3e-3])
def test_charts_go_both_ways(chart: Shift | Inverse | Root, t: float) -> None:
    fmt, t = FORMATS["float64"], t if len(chart.sides) > 1 else chart.sides[0] * abs(t)
    assert chart.variable(chart.number(t, fmt), fmt) == pytest.approx(t, rel=1e-12)
    assert float(chart.exact(t)) == pytest.approx(chart.number(t, fmt))


@pytest.mark.parametrize("name", ["sinc", "odd", "in a sum"])
def test_single_precision_takes_fewer_terms(name: str) -> None:
    inputs, formula, _ = PATCHED[name]
    series = [p.series for p in found(inputs, formula) if p.series.coefficients[2:]]
    assert series
    assert all(2 <= s.in_single < len(s.coefficients) for s in series)


def test_too_few_terms_are_refused() -> None:
    place = Place(widest(op(X, "(x - sin(x))/x**3")), Shift(0.0), EVERYWHERE, STABLE)
    patch = choose(place, with_slope=True)
    assert patch is not None
    told = place, patch.series, patch.radius, [], 8.0
    assert choosing._in_single(*told) <= patch.series.in_single
    one = replace(patch.series, single=2)
    assert not choosing._meets(place, one, patch.radius, [], 8.0, BOTH[:1])
    assert choosing._meets(place, one, patch.radius, [], 8.0, BOTH[1:])


def test_the_same_everywhere() -> None:
    """No clock and no machine has a part in what is chosen."""
    made = spec("f", X, "(1 - cos(x))/x**2")
    assert generate(made) == generate(made)


# What is not mended

WEAK = {
    "cos(x)*x**3/(1 + x**4)": "Inaccurate for some large x: y, the gradient by x.",
    "(x - sin(x))/x**3": "Inaccurate for some large x: y.",
    "x*sigmoid(x)": None,
    "sin(x)/x": None,
    "x**3 - x": None,
    "where(x > 0, 0, exp(x) - 1 - x)": None,
}
"""Formulas, and what their docstrings say of them."""


def test_a_side_that_is_not_mended_is_said() -> None:
    """The other has a patch, which has the centre too."""
    formula = "where(x > 0, (exp(x) - 1 - x)/abs(x)**(5/2), (x - sin(x))/x**3)"
    assert "Inaccurate near x = 0: y" in generate(spec("f", X, formula)).source


@pytest.mark.parametrize("formula", WEAK)
def test_what_misses_is_said(formula: str) -> None:
    source = generate(spec("f", X, formula)).source
    said = [line.strip() for line in source.splitlines() if "Inaccurate" in line]
    assert said == ([WEAK[formula]] if WEAK[formula] else [])


@pytest.mark.parametrize("formula", ["(x - sin(x))/x**3", "sin(x)/x"])
def test_verification_repeats_it(formula: str) -> None:
    made = spec("f", X, formula)
    [result] = climb(generate(made).source, made, "full", [("f", 1)]).results
    said = WEAK[formula]
    assert ("inaccurate" in (result.note or "")) == bool(said)
    assert (said or "").rstrip(".").lower() in (result.note or "")


@pytest.mark.parametrize("formula", [f for f, said in WEAK.items() if said])
def test_what_is_said_is_so(formula: str) -> None:
    """There are numbers for which float32 is off, and they are large."""
    [wide, _] = exact_functions(op(X, formula), {})
    emitted, fmt = module(X, formula).f, FORMATS["float32"]
    numbers = [2.0**k * 1.1 for k in range(3, 120)] + [0.1 * k for k in range(800, 950)]
    errors = [
        error(fmt, emitted(torch.tensor(x)).item(), true)
        for x in map(fmt.nearest, numbers)
        if (true := truth(wide, [x])) and abs(true.high) <= fmt.largest
    ]
    assert any(e.conditioned > SOUND or e.is_spurious for e in errors)
