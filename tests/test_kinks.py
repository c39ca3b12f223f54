"""What the function table says of kinks and singular points, and what torch does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from ir_in_torch import operator_of, run
from specs import module, spec
from table_rows import KINKS, Point, close, derived, each, in_balls, slope_at, tensors

from symgrad import precise
from symgrad.backends.torch_names import spelling
from symgrad.functions import TABLE, Function, Kink
from symgrad.generate import generate
from symgrad.op import EdgePolicy
from symgrad.partials import edge_value, formula

KINK_POINTS: dict[tuple[str, str], Point] = {
    ("Max", "a == b"): (0.5, 0.5),
    ("Min", "a == b"): (0.5, 0.5),
    ("copysign", "a == 0"): (0.0, -2.0),
    ("fmax", "a == b"): (0.5, 0.5),
    ("fmin", "a == b"): (0.5, 0.5),
    ("hardshrink", "x == -lambd"): (-0.5, 0.5),
    ("hardshrink", "x == lambd"): (0.5, 0.5),
    ("softshrink", "x == -lambd"): (-0.5, 0.5),
    ("softshrink", "x == lambd"): (0.5, 0.5),
    ("threshold", "x == bound"): (0.25, 0.25, 3.0),
    ("atan2", "a == 0 and b == 0"): (0.0, 0.0),
    ("clamp", "x == lo"): (-1.0, -1.0, 2.0),
    ("clamp", "x == hi"): (2.0, -1.0, 2.0),
    ("elu", "x == 0"): (0.0, 1.5),
    ("hypot", "a == 0 and b == 0"): (0.0, 0.0),
    ("leaky_relu", "x == 0"): (0.0, 0.25),
}

NATIVE: dict[str, Callable[..., torch.Tensor]] = {
    "celu": F.celu,
    "elu": F.elu,
    "hardshrink": F.hardshrink,
    "hardsigmoid": F.hardsigmoid,
    "leaky_relu": F.leaky_relu,
    "logsigmoid": F.logsigmoid,
    "sinc": lambda x: torch.sinc(x / math.pi),
    "softshrink": F.softshrink,
    "threshold": F.threshold,
}
"""torch's own operators where the table writes a definition."""


def kink_point(row: Function, kink: Kink) -> Point:
    only_number = re.fullmatch(r"x == (-?\d+)", kink.when)
    if only_number and len(row.args) == 1:
        return (float(only_number[1]),)
    return KINK_POINTS[row.name, kink.when]


@each(KINKS, "row, kink")
def test_kinks_are_where_they_say(row: Function, kink: Kink) -> None:
    nodes, root = formula(kink.when, row.args)
    named = dict(zip(row.args, kink_point(row, kink), strict=True))
    leaves = {v: named[str(n.data)] for v, n in enumerate(nodes) if n.op == "input"}
    assert precise.value(nodes, root, leaves) is True


@pytest.mark.parametrize("side", [-1, 1], ids=["left", "right"])
@each(KINKS, "row, kink")
def test_kinks_have_these_one_sided_partials(
    row: Function, kink: Kink, side: int
) -> None:
    """The derivative a little to the side, which is a smooth point."""
    point = kink_point(row, kink)
    texts = kink.left if side < 0 else kink.right
    for index, text in enumerate(texts):
        beside = list(point)
        beside[index] += side * 2.0**-40
        want = slope_at(row, index, tuple(beside))
        assert want is not None
        assert close(in_balls(row, text, point), float(want), 2.0**-36)


@each(KINKS, "row, kink")
def test_kinks_follow_torch(row: Function, kink: Kink) -> None:
    """The convention, the partial as it is emitted, and torch's own operator agree."""
    point = kink_point(row, kink)
    conventions = [in_balls(row, text, point) for text in kink.torch]
    native = native_gradients(row, point)
    for index, want in enumerate(conventions):
        graph, inputs, root = derived(row, index)
        leaves = dict(zip(inputs, tensors(point), strict=True))
        assert close(run(graph.nodes, root, leaves).item(), want, 1e-12)
        if native[index] is not None:
            assert close(native[index], want, 1e-6)


def native_gradients(row: Function, point: Point) -> list[float | None]:
    """What torch's own operator returns; ``None`` where it takes a Python number."""
    args = tensors(point)
    spelled = spelling(row.name)
    if spelled is None:
        rest = point[1:]
        NATIVE[row.name](args[0], *rest).backward()
    else:
        operator_of(spelled)(*args).backward()
    return [None if x.grad is None else x.grad.item() for x in args]


@pytest.mark.parametrize("policy", ["left", "right", "half", "min_norm", "nan"])
@each(KINKS, "row, kink")
def test_emitted_code_follows_the_policy(
    row: Function, kink: Kink, policy: EdgePolicy
) -> None:
    """Also where torch has no operator and the value is written by its definition."""
    point = kink_point(row, kink)
    formula = f"{row.name}({', '.join(row.args)})"
    args = tensors(point)
    module(" ".join(row.args), formula, edges=policy).f(*args).backward()
    for index, x in enumerate(args):
        want = in_balls(row, edge_value(kink, policy, index), point)
        assert x.grad is not None
        assert close(x.grad.item(), want, 1e-12)


@each(KINKS, "row, kink")
def test_the_shortest_subgradient_is_not_longer_than_others(
    row: Function, kink: Kink
) -> None:
    """Where it is not given, the sides must be decimal numbers."""
    if kink.min_norm is None:
        assert all(math.isfinite(float(text)) for text in (*kink.left, *kink.right))
        return
    point = kink_point(row, kink)
    shortest, left, right = (
        math.hypot(*(in_balls(row, text, point) for text in texts))
        for texts in (kink.min_norm, kink.left, kink.right)
    )
    assert shortest <= max(left, right)


NAN, INF = math.nan, math.inf

EDGES: list[tuple[str, Point, tuple[float, ...]]] = [
    ("sqrt", (0.0,), (INF,)),
    ("sqrt", (-1.0,), (NAN,)),
    ("rsqrt", (0.0,), (-INF,)),
    ("reciprocal", (0.0,), (-INF,)),
    ("log", (0.0,), (INF,)),
    ("log", (-1.0,), (-1.0,)),
    ("log1p", (-1.0,), (INF,)),
    ("pow", (0.0, 0.0), (0.0, 0.0)),
    ("pow", (0.0, 1.0), (1.0, 0.0)),
    ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (0.0, 0.5), (INF, 0.0)),
    ("pow", (0.0, -1.0), (-INF, -INF)),
    ("pow", (-2.0, 3.0), (12.0, NAN)),
    ("pow", (-2.0, 0.0), (0.0, NAN)),
    ("pow", (2.0, 0.0), (0.0, math.log(2.0))),
    ("xlogy", (0.0, 0.0), (0.0, NAN)),
    ("xlogy", (0.0, -1.0), (0.0, -0.0)),
    ("xlogy", (1.0, 0.0), (-INF, INF)),
    ("xlogy", (0.0, 2.0), (math.log(2.0), 0.0)),
    ("xlog1py", (0.0, -1.0), (0.0, NAN)),
    ("xlog1py", (1.0, -1.0), (-INF, INF)),
    ("entr", (0.0,), (INF,)),
    ("atan2", (0.0, 0.0), (0.0, 0.0)),
    ("hypot", (0.0, 0.0), (NAN, NAN)),
    ("asin", (1.0,), (INF,)),
    ("acos", (1.0,), (-INF,)),
    ("acosh", (1.0,), (INF,)),
    ("atanh", (1.0,), (INF,)),
    ("erfinv", (1.0,), (INF,)),
    ("logit", (0.0,), (INF,)),
    ("logit", (1.0,), (INF,)),
    ("sinc", (0.0,), (0.0,)),
    ("sigmoid", (INF,), (0.0,)),
    ("mish", (1000.0,), (1.0,)),
    ("logsigmoid", (800.0,), (0.0,)),
    ("logsigmoid", (-800.0,), (1.0,)),
    ("relu", (NAN,), (1.0,)),
    ("abs", (NAN,), (0.0,)),
    ("Max", (NAN, 1.0), (1.0, 1.0)),
    ("Min", (1.0, NAN), (1.0, 1.0)),
    ("clamp", (NAN, -1.0, 1.0), (0.0, 0.0, 0.0)),
    ("clamp", (0.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
    ("clamp", (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)),
    ("floor", (2.0,), (0.0,)),
    ("round", (2.5,), (0.0,)),
    ("sign", (0.0,), (0.0,)),
    ("Mod", (5.0, 3.0), (1.0, -1.0)),
    ("Mod", (-5.0, 3.0), (1.0, 2.0)),
    ("Mod", (6.0, 3.0), (1.0, -2.0)),
    ("fmod", (5.0, 3.0), (1.0, -1.0)),
    ("fmod", (-5.0, 3.0), (1.0, 1.0)),
    ("fmod", (6.0, -3.0), (1.0, 2.0)),
    ("fmax", (NAN, 1.0), (0.0, 1.0)),
    ("fmax", (1.0, NAN), (1.0, 0.0)),
    ("fmax", (NAN, NAN), (1.0, 0.0)),
    ("fmin", (NAN, 1.0), (0.0, 1.0)),
    ("fmin", (1.0, NAN), (1.0, 0.0)),
    ("fmin", (NAN, NAN), (1.0, 0.0)),
    ("copysign", (0.0, -1.0), (0.0, 0.0)),
    ("copysign", (-2.0, -0.0), (1.0, 0.0)),
    ("copysign", (-2.0, 0.0), (-1.0, 0.0)),
    ("hardshrink", (NAN, 0.5), (1.0, 0.0)),
    ("softshrink", (NAN, 0.5), (1.0, 0.0)),
    ("threshold", (NAN, 0.5, 2.0), (1.0, 0.0, 0.0)),
    ("celu", (0.0, 2.0), (1.0, 0.0)),
]
"""Function, point, and the gradients that torch 2.13 returns and the table copies."""


@pytest.mark.parametrize("name, point, want", EDGES, ids=str)
def test_edges_follow_torch(name: str, point: Point, want: tuple[float, ...]) -> None:
    row = TABLE[name]
    assert all(
        got is None or got == w or close(got, w, 1e-12)
        for got, w in zip(native_gradients(row, point), want, strict=True)
    ), native_gradients(row, point)
    for index, w in enumerate(want):
        graph, inputs, root = derived(row, index)
        leaves = dict(zip(inputs, tensors(point), strict=True))
        got = run(graph.nodes, root, leaves).item()
        assert got == w or close(got, w, 1e-12), (index, got)


def test_a_power_at_exponent_zero_has_a_second_derivative() -> None:
    """Of x**e by x it is 0 there, and the derivative of that by e is 1/x."""
    x = torch.tensor([0.0, 0.25, 3.0, math.nan], requires_grad=True)
    e = torch.zeros(4, requires_grad=True)
    y = module("x e", "x**e").f(x, e)
    [slope] = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert slope.tolist() == [0, 0, 0, 0]
    [mixed] = torch.autograd.grad(slope[1:3].sum(), e)
    assert mixed.tolist()[1:3] == pytest.approx([1 / 0.25, 1 / 3])


def test_a_power_by_an_index_needs_no_such_care() -> None:
    names = {"x": "real", "k": "index"}
    assert "1e-30" not in generate(spec("f", names, "x**k")).source
