"""What a report plots: errors that are known, places on scales, formulas as MathML."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape

import pytest
import torch

from symgrad.measure.formats import FORMATS
from symgrad.op import Spec
from symgrad.report import figures, formulas, heat, numbers, scales, svg
from symgrad.report.code import methods
from symgrad.report.letters import head_of, low_of
from symgrad.report.mathml import mathml
from symgrad.report.scales import LARGEST, LOST, Linear, Logarithmic, Symmetric, Ulps
from symgrad.report.subjects import Plotted, obstacle, plotted
from symgrad.spec import load_text


def op_of(formula: str, inputs: str = "x: real", more: str = ""):
    text = f"symgrad: 1\nops: {{f: {{inputs: {{{inputs}}}, forward: {formula}{more}}}}}"
    return load_text(text, "<f>").ops[0]


def subject(function, formula: str = "{y: 3*x}", inputs: str = "x: real") -> Plotted:
    return plotted(op_of(formula, inputs), function)


# Errors


@pytest.mark.parametrize("ulps", [0, 1, 5, 1000])
@pytest.mark.parametrize("wrt", [None, "x"])
def test_an_error_that_was_planted_is_measured(ulps: int, wrt: str | None) -> None:
    """Three times a power of two lies half way between two; its ULP is 2**-22."""
    factor = 3 * (1 + ulps * 2.0**-22 / 3)
    measured = subject(lambda x: x * factor)
    found = numbers.errors(measured, {"x": [0.25, 0.5, 1.0, 2.0]}, wrt)
    assert found.ours == (ulps,) * 4
    assert found.composed == (0,) * 4


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_lost(bad: float) -> None:
    measured = subject(lambda x: torch.where(x > 1, bad, 3 * x))
    found = numbers.errors(measured, {"x": [1.0, 2.0]}, None)
    assert found.ours == (0, math.inf)
    assert Ulps().at(found.ours[1]) > Ulps().at(LOST)


def test_where_there_is_no_truth_there_is_no_point() -> None:
    measured = subject(lambda x: 1 / x, "{y: 1/x}")
    found = numbers.errors(measured, {"x": [-1.0, 0.0, 1.0]}, None)
    assert found.points == ((-1.0,), (1.0,))


def test_the_gradient_of_a_surrogate_is_its_own() -> None:
    measured = subject(lambda x: torch.round(x) + (x - x.detach()), "{y: round(x)}")
    smooth = measured.op.nodes.index(measured.op.nodes[0])
    measured = replace(measured, op=replace(measured.op, stand_ins={"y": smooth}))
    found = numbers.errors(measured, {"x": [0.25, 1.75]}, "x")
    assert found.ours == (0, 0)


@pytest.mark.parametrize(
    ("formula", "kinks"),
    [
        ("abs(x - 0.3)", [0.3]),
        ("relu(x) + relu(2 - x)", [0, 2]),
        ("where(x < -1, x, exp(x))", [-1]),
        ("exp(x)", []),
        ("where(1/x > 0, x, 2*x)", []),  # a pole is no kink of the condition
    ],
)
def test_kinks_are_found(formula: str, kinks: list[float]) -> None:
    measured = subject(None, f'{{y: "{formula}"}}')
    grid = [-6 + k / 16 for k in range(193)]
    assert numbers.kinks(measured, "x", grid) == pytest.approx(kinks, abs=1e-5)


def test_points_are_floats_of_every_size_in_the_domain() -> None:
    inputs = 'x: {kind: real, domain: "(0, 1]"}'
    measured = subject(None, "{y: log(x)}", inputs)
    points = numbers.spread(measured, "x")
    assert points == sorted(set(points)) and len(points) > 60
    assert 0 < points[0] < 1e-30 and points[-1] == 1
    assert any(0.999 < x < 1 for x in points)
    assert points == FORMATS["float32"].rounded(points)


def test_inputs_are_held_where_something_moves() -> None:
    inputs = "x: real, a: real, b: real"
    op = op_of('{y: "where(x > 1, a*b*x, 0)"}', inputs)

    def function(x, a, b):
        return torch.where(x > 1, a * b * x, 0)

    held = numbers.settled(plotted(op, function)).fixed
    assert held["x"] > 1


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (op_of("{y: -z}", "z: complex"), "complex"),
        (op_of("{y: x}"), ""),
    ],
)
def test_why_there_are_no_plots(op, reason: str) -> None:
    assert reason in obstacle(op) and bool(reason) == bool(obstacle(op))


def test_code_that_fails_is_told_of() -> None:
    def fails(x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("as it was planted")

    found = figures.figures(op_of("{y: exp(x)}"), fails)
    assert found.groups == () and "as it was planted" in found.note


# Scales


@pytest.mark.parametrize(
    "scale", [Symmetric(-LARGEST, LARGEST), Symmetric(0, LARGEST), Symmetric(-1, 1)]
)
def test_the_symmetric_scale_goes_both_ways(scale: Symmetric) -> None:
    assert scale.at(scale.low) == 0 and scale.at(scale.high) == 1
    places = [k / 64 for k in range(65)]
    there = [scale.number(place) for place in places]
    assert there == sorted(there)
    assert [scale.at(x) for x in there] == pytest.approx(places, abs=1e-9)


@pytest.mark.parametrize(
    ("scale", "labels"),
    [
        (Linear(-6.72, 6.72), "-6 -4 -2 0 2 4 6"),
        (Linear(0, 0.3), "0 0.05 0.1 0.15 0.2 0.25 0.3"),
        (Linear(-1e7, 4.2e7), "-10⁷ 0 10⁷ 2·10⁷ 3·10⁷ 4·10⁷"),
        (Symmetric(-LARGEST, LARGEST), "-10³⁸ -10⁶ -1 0 1 10⁶ 10³⁸"),
        (Symmetric(0, 1), "0 10⁻³ 1"),
        (Logarithmic(1e-1, 1e8), "1 10³ 10⁶"),
        (Ulps(), "0 1 10² 10⁴ 10⁶ lost"),
    ],
)
def test_ticks(scale, labels: str) -> None:
    ticks = scale.ticks()
    assert " ".join(tick.label for tick in ticks) == labels.replace(
        "-", "\N{MINUS SIGN}"
    )
    assert all(-1e-9 <= tick.at <= 1 + 1e-9 for tick in ticks)


# Shapes


@pytest.mark.parametrize(
    ("values", "pieces"),
    [
        ([1, 2, 3, 4], 1),
        ([1, 2, math.nan, 3, 4], 2),
        ([1, 2, math.inf, 3], 1),  # a point alone is no line
        ([1, 99, -99, -1], 2),  # a pole
    ],
)
def test_lines_have_gaps(values: list[float], pieces: int) -> None:
    pairs = list(enumerate(values))
    found = svg.line(pairs, Linear(0, 5), Linear(-10, 10))
    assert found.count("M") == pieces


def test_lines_break_at_kinks() -> None:
    pairs = [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert svg.line(pairs, Linear(0, 3), Linear(0, 1), [1.5]).count("M") == 2


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([*range(100)], -6, 105),
        ([*range(99), 1e9], 1, 102),
        ([2, 2], 1, 3),
        ([math.nan], -1, 1),
    ],
)
def test_an_axis_has_room_for_most(
    values: list[float], low: float, high: float
) -> None:
    assert svg.shown_range(values) == pytest.approx((low, high), abs=7)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7.21e-23, "7.21·10⁻²³"),
        (1e6, "10⁶"),
        (-1e6, f"{scales.MINUS}10⁶"),
        (1.1e6, "1.1·10⁶"),
    ],
)
def test_only_a_lone_one_goes_before_a_power(number: float, text: str) -> None:
    assert scales.plain(number) == text


@pytest.mark.parametrize(
    ("values", "ends"),
    [([2.0, 0.0, 8.0], ("0", "8")), ([3.0, 3.0, 3.0], ("3", "3"))],
)
def test_the_legend_of_a_map_ends_with_its_values(
    values: list[float], ends: tuple[str, str]
) -> None:
    axes = Linear(0, 1), Linear(0, 1)
    legend = heat.of_values("", "", [values], axes, ("a", "b")).legend
    assert (legend[0].label, legend[-1].label) == ends


def test_cells_of_a_colour_are_one_path() -> None:
    grid = [[1.0, 1.0, 50.0], [None, math.inf, 0.0]]
    scales = Linear(0, 1), Linear(0, 1)
    found = heat.of_errors("", "", grid, scales, ("a", "b"))
    last = heat.CELLS - 1
    assert {level.style: level.path for level in found.levels} == {
        "e0": f"M0 {last}h2v1h-2zM2 {last - 1}h1v1h-1z",
        "e2": f"M2 {last}h1v1h-1z",
        "e8": f"M1 {last - 1}h1v1h-1z",
    }


# Formulas


def plain(markup: str) -> str:
    """MathML as a line of text: fractions, powers and indices in braces."""
    for tag, sign in (("msup", "^"), ("msub", "_"), ("mfrac", "/")):
        markup = re.sub(rf"<{tag}>", f"{sign}{{", markup)
        markup = markup.replace(f"</{tag}>", "}")
    text = re.sub(r"<[^>]+>", "", markup)
    return re.sub("[\u2061\u2062]", "", unescape(text)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("x*sigmoid(2*x)", "y=x·sigmoid(2x)"),
        ("x**2/(x + 1)", "y=/{^{x2}x+1}"),
        ("-(x - 1)*3", "y=-3(x-1)"),
        ("x - (1 - x)", "y=x-(1-x)"),
        ("x - (-x)", "y=x+x"),
        ("(x + 1)**2", "y=^{(x+1)2}"),
        ("exp(-x)", "y=^{e-x}"),
        ("sqrt(x) + x**0.5", "y=x+x"),
        ("abs(x)", "y=|x|"),
        ("Min(x, 2)", "y=min(x,2)"),
        ("where(x < 1, x, 0)", "y={xif x<10otherwise"),
        ("x*pi/3", "y=/{xπ3}"),
        ("1e-30*x", "y=^{10-30}x"),
    ],
)
def test_formulas_are_set_as_people_write_them(formula: str, shown: str) -> None:
    [(left, right)] = formulas.forward(op_of(f'{{y: "{formula}"}}'))
    assert plain(mathml(left, right)).replace("\N{MINUS SIGN}", "-") == shown


@pytest.mark.parametrize(
    ("formula", "gradient"),
    [
        ("{'y[i]': 'softmax(x[i], i)'}", "¯"),
        ("{y: 'sum(x[i]**2, i)'}", "¯"),
    ],
)
def test_gradients_of_rows_have_indices(formula: str, gradient: str) -> None:
    [(left, right)] = formulas.gradients(op_of(formula, "x: 'real[..., n]'"))
    assert right is not None
    assert plain(mathml(left)) == f"_{{x{gradient}i}}"


@pytest.mark.parametrize(
    ("name", "head", "low"),
    [
        *(("x", "x", ""), ("x_max", "x", "max"), ("w1", "w", "1"), ("alpha", "a", "")),
        *(("alpha_p", "a", "p"), ("pos_weight", "pos_weight", ""), ("_x", "_x", "")),
    ],
)
def test_names(name: str, head: str, low: str) -> None:
    alpha = "\N{GREEK SMALL LETTER ALPHA}"
    assert (head_of(name), low_of(name)) == (head.replace("a", alpha), low)


CODE = """
class FFunction(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, b: Tensor) -> Tensor:
        x, b = _opmath(x, b)
        # a comment
        u = (x * b).add_(torch.clamp(x, max=3))
        v = torch.where(x > 0, x[..., None], -(b ** 2)).mul_(x.shape[-1])
        return _rounded((b * x).sigmoid_() / 2, dtype)
"""


def test_formulas_are_read_off_code() -> None:
    inputs, formula = "x: 'real[n]', b: 'real[]'", "{y: 'b*sum(x[i], i)'}"
    op = op_of(formula, inputs)
    [method] = methods(CODE, Spec("", "", (op,), ""))["f"]
    rows = [
        (row.text.strip(), [plain(mathml(*e)) for e in row.equations])
        for row in method.rows
    ]
    assert [text.splitlines()[0] for text, _ in rows] == [
        "def forward(x: Tensor, b: Tensor) -> Tensor:",
        "x, b = _opmath(x, b)",
        "# a comment",
        "v = torch.where(x > 0, x[..., None], -(b ** 2)).mul_(x.shape[-1])",
        "return _rounded((b * x).sigmoid_() / 2, dtype)",
    ]
    told = [equations for _, equations in rows]
    assert told[:3] == [[], [], []]  # not a word of what is not understood
    assert told[3] == ["v=({xif x>0-^{b2}otherwise)n".replace("-", "\N{MINUS SIGN}")]
    assert told[4] == ["y=/{sigmoid(bx)2}"]
