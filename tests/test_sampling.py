"""Where verification takes its points from, and what it advises where it finds none."""

from __future__ import annotations

import math
import random
import sys

import pytest
import torch
from specs import op

from symgrad.backends.torch_golden import golden_points
from symgrad.verify import sampling
from symgrad.verify.subject import smooth_values


@pytest.mark.parametrize("domain", ["(1e-300, 1e-290)", "(1e250, 1e280)", "[-1e-9, 0]"])
def test_a_domain_far_from_1_is_sampled_and_named_in_advice(domain: str) -> None:
    declared = op({"x": f"real in {domain}"}, "x*x")
    [x] = declared.inputs
    assert x.domain is not None
    rng = random.Random(0)
    assert all(sampling.ordinary(declared, x, rng) in x.domain for _ in range(50))
    assert "x in [" in sampling.remedy(declared)


@pytest.mark.parametrize("domain", ["[5, 5.000001]", "(0.999999, 1)"])
def test_a_domain_too_narrow_for_differences_is_named_in_advice(domain: str) -> None:
    declared = op({"x": f"real in {domain}"}, "x*x")
    assert "so narrow a range as x in [" in sampling.remedy(declared)


@pytest.mark.parametrize("domain", ["(0, oo)", "(-1, 1)", "(1e-5, 1e-3)"])
def test_another_domain_is_not_blamed(domain: str) -> None:
    declared = op({"x": f"real in {domain}"}, "log(x)")
    assert sampling.remedy(declared) == "declare domains or samples"


@pytest.mark.parametrize(
    "formula", ["log(x)*w", "x**(1/3)*w", "asin(x)*acosh(w)", "sqrt(1 - x*x - w*w)"]
)
def test_formulas_that_are_nan_in_places_are_sampled_where_they_are_finite(
    formula: str,
) -> None:
    """An element that is NaN condemns itself, not the elements beside it."""
    declared = op("x w", formula)
    shapes = dict.fromkeys(["x", "w"], (2, 3, 2, 2))
    values = smooth_values(declared, shapes, random.Random(0))
    assert all(
        isinstance(v, torch.Tensor) and v.isfinite().all() for v in values.values()
    )


@pytest.mark.parametrize(
    "formula", ["where(x == x, x, 0)*w", "where(x != x, w, x)*w", "Max(x, x)*w"]
)
def test_a_value_that_is_compared_with_itself_is_on_no_kink(formula: str) -> None:
    declared = op("x w", formula)
    smooth_values(declared, dict.fromkeys(["x", "w"], (2, 3)), random.Random(0))
    assert golden_points(declared)


@pytest.mark.parametrize(
    ("domain", "unit"),
    [
        ("real", 1.0),
        ("real in (0, 1e-3)", 1e-3),
        ("real in (0, 200)", 1.0),
        ("real in (10, 1e9)", 1e6),
    ],
)
def test_the_unit_of_an_input_is_of_its_size(domain: str, unit: float) -> None:
    assert sampling.unit(op({"x": domain}, "x*x"), "x") == pytest.approx(unit, rel=0.1)


def test_points_around_the_largest_double() -> None:
    most = sys.float_info.max
    inputs = {"x": "real", "low": f"float = -{most!r}", "high": f"float = {most!r}"}
    declared = op(inputs, "Min(Max(x, low), high)")
    for point in golden_points(declared):
        assert all(math.isfinite(value) for value in map(abs, point.inputs.values()))
