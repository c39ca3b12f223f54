"""The measuring rod: formats, strata, the truth, and errors in ULP."""

from __future__ import annotations

import math
import random

import flint
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.intervals import Interval
from symgrad.measure.errors import SOUND, Error, error, summary
from symgrad.measure.formats import FORMATS, Format
from symgrad.measure.strata import Range, numbers, points
from symgrad.measure.truth import Truth, truth

EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda f: f.name)
SINGLE, DOUBLE = FORMATS["float32"], FORMATS["float64"]


@EVERY
def test_formats_are_those_of_torch(fmt: Format) -> None:
    info = torch.finfo(getattr(torch, fmt.name))
    assert fmt.normal == info.tiny
    assert fmt.ulp(1.0) == info.eps
    assert fmt.largest == info.max


@EVERY
def test_ulp_is_the_distance_of_neighbours(fmt: Format) -> None:
    for x in (1.0, 1.5, 3.0, -7.0, 2.0**-10, fmt.normal, 0.0):
        [place] = fmt.ordinals([x])
        above, below = fmt.at([place + 1, place - 1])
        away = max(above, below, key=abs)
        assert abs(away - x) == fmt.ulp(x)


@EVERY
@settings(deadline=None, max_examples=100)
@given(x=st.floats(allow_nan=False))
def test_rounding_is_that_of_torch(fmt: Format, x: float) -> None:
    dtype = getattr(torch, fmt.name)
    if fmt.precision < SINGLE.precision:  # torch rounds to float32 on the way
        x = SINGLE.nearest(x)
    assert fmt.nearest(x) == torch.tensor(x, dtype=torch.float64).to(dtype).item()


@EVERY
@settings(deadline=None, max_examples=30)
@given(place=st.integers(-30000, 30000))
def test_ordinals_are_counted_in_order(fmt: Format, place: int) -> None:
    here, there = fmt.at([place, place + 1])
    assert here < there or (here == 0 and there == 0)
    assert fmt.ordinals([here]) == [place]


@EVERY
def test_strata_are_inside_and_normal(fmt: Format) -> None:
    where = Range(Interval(0.0, 1.0, True, False), (0.0, 0.5, 1.0), (0.0, 1.0))
    found = numbers(fmt, where, 200, random.Random(0))
    assert found == sorted(set(found))
    assert all(0 < x <= 1 and x >= fmt.normal for x in found)
    assert fmt.rounded(found) == found
    assert {fmt.normal, 0.5, 1.0} <= set(found)


def test_strata_reach_every_size() -> None:
    found = numbers(SINGLE, Range(), 300, random.Random(0))
    decades = {math.floor(math.log10(abs(x)) / 10) for x in found if x}
    assert decades == set(range(-4, 4))
    assert {SINGLE.largest, -SINGLE.largest, 0.0} <= set(found)


def test_points_are_nearly_alike_at_times() -> None:
    found = points(DOUBLE, [Range(), Range()], 200, random.Random(0))
    assert any(0 < abs(x - y) < 1e-3 * abs(x) for x, y in found)


def sinc(point: object) -> flint.arb:
    [x] = point  # type: ignore[misc]
    with flint.ctx.workprec(4096):
        return flint.arb(x).sin() / flint.arb(x)


def test_the_truth_at_a_removable_singularity_is_the_limit() -> None:
    assert truth(sinc, [0.0]) == Truth(1.0, 0.0, 0.0)


def test_there_is_no_truth_at_a_pole_nor_at_a_jump() -> None:
    pole = lambda p: 1 / flint.arb(p[0])  # noqa: E731
    jump = lambda p: flint.arb(p[0]) / abs(flint.arb(p[0]))  # noqa: E731
    assert truth(pole, [0.0]) is None
    assert truth(jump, [0.0]) is None


def test_the_truth_has_more_digits_than_a_double() -> None:
    with flint.ctx.workprec(300):
        found = truth(lambda p: flint.arb(p[0]).exp(), [1.0])
        assert found is not None
        gap = flint.arb(1).exp() - found.high - found.low
    assert found.high == math.e
    assert abs(gap) < 1e-30


def test_slack_is_what_rounding_the_input_costs() -> None:
    with flint.ctx.workprec(300):
        found = truth(lambda p: flint.arb(p[0]).exp(), [50.0])
    assert found is not None
    assert found.moved == pytest.approx(50 * math.exp(50) * 2**-24)
    assert 25 < found.slack(DOUBLE) <= 50  # half a unit of x moves exp(x) by 50 times


LARGEST, TINY = SINGLE.largest, SINGLE.normal

ERRORS: dict[str, tuple[float, float, tuple[float, bool, bool]]] = {
    "exact": (1.0, 1.0, (0.0, False, False)),
    "one unit": (1.0 + 2.0**-23, 1.0, (1.0, False, False)),
    "NaN": (math.nan, 1.0, (math.inf, True, False)),
    "an infinity that is none": (math.inf, 1.0, (math.inf, True, False)),
    "an infinity that is one": (math.inf, 1e39, (0.0, False, False)),
    "the wrong infinity": (-math.inf, 1e39, (math.inf, True, False)),
    "a value for an infinity": (1e38, 1e39, (math.inf, False, False)),
    "a zero for a value": (0.0, 1.0, (2.0**23, False, True)),
    "a zero for a subnormal": (0.0, TINY / 2, (0.0, False, False)),
    "a value for a zero": (1.0, 0.0, (2.0**149, False, False)),
}
"""Computed, true, and ULP, whether spurious and whether a wrong zero."""


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    computed, true, (ulp, is_spurious, is_wrong_zero) = ERRORS[name]
    found = error(SINGLE, computed, Truth(true, 0.0, 0.0))
    assert found == Error(ulp, ulp, is_spurious, is_wrong_zero, abs(true))


def test_a_zero_that_rounding_explains_is_not_wrong() -> None:
    found = error(SINGLE, 0.0, Truth(1e-9, 0.0, 1.0))
    assert found.conditioned < SOUND
    assert not found.is_wrong_zero


def test_a_summary_counts() -> None:
    right = [Error(1.0, 1.0, False, False)] * 1999
    assert summary(right).is_sound
    nearly = summary([*right, Error(100.0, 100.0, False, False)])
    assert (nearly.points, nearly.bad, nearly.high) == (2000, 1 / 2000, 1.0)
    assert nearly.is_sound
    assert not summary([*right, Error(math.inf, math.inf, True, False)]).is_sound
    assert not summary([*right, Error(1.0, 1.0, False, True)]).is_sound
    assert not summary([Error(17.0, 17.0, False, False)] * 3).is_sound
