"""Inputs far from 1, and beside others: steps are their own, and faults are found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from specs import spec

from symgrad.generate import generate
from symgrad.verify.ladder import climb

SMALL = "real in [1e-6, 2e-6]"
OPS: dict[str, tuple[Mapping[str, str], str]] = {
    "one input": ({"x": SMALL}, "x*log(x)"),
    "beside one of size 1": ({"x": SMALL, "w": "real"}, "sqrt(x)*w"),
    "large outputs": ({"x": SMALL}, "1/x"),
    "beside one still smaller": ({"x": "real in [1e-9, 2e-9]", "w": SMALL}, "w*log(x)"),
}
LARGE: dict[str, tuple[Mapping[str, str], str]] = {
    "masses": (
        {"m": "real in (1e20, 1e30)", "r": "real in (1e6, 1e12)"},
        "6.674e-11*m*m/r**2",
    ),
    "a temperature": (
        {"T": "real in (200, 2000)", "A": "real in (1e10, 1e14)"},
        "A*exp(-1e4/(8.314*T))",
    ),
    "a fourth power": (
        {"T": "real in (100, 6000)", "e": "real in (0, 1)", "S": "real in (100, 6000)"},
        "5.67e-8*e*(T**4 - S**4)",
    ),
    "unlike parts": (
        {"r": "real in (0.5, oo)", "A": "real", "B": "real", "C": "real"},
        "A*exp(-B*r) - C/r**6",
    ),
    "waves": ({"t": "real in (10, 1e5)", "w": "real"}, "sin(t)*w"),
}
"""Of large values, or of gradients by which the differences of others are rounded."""

RIGHT = "(grad_y * (w * (0.5 / r)))"
FAULTS = {
    "a factor": (RIGHT, "(grad_y * (w * (0.50001 / r)))", 2),
    "a factor, of the large one": ("(grad_y * r)", "(grad_y * (1.00001 * r))", 2),
    "another curve": (RIGHT, "(grad_y * (w * (0.5 / r)).detach())", 4),
    "another slope": (RIGHT, "(grad_y * (w * (0.5 / r.detach())))", 4),
}


@pytest.mark.parametrize("name", [*OPS, *LARGE])
def test_domains_far_from_1_are_verified(name: str) -> None:
    tested = spec("f", *(OPS | LARGE)[name])
    report = climb(generate(tested).source, tested, "quick")
    assert report.passed, str(report)


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found_in_small_domains(name: str) -> None:
    right, wrong, rung = FAULTS[name]
    tested = spec("f", *OPS["beside one of size 1"])
    source = generate(tested).source
    assert source.count(right) == 1
    report = climb(source.replace(right, wrong), tested, "quick", [("f", rung)])
    assert not report.passed


@pytest.mark.parametrize(
    ("wrong", "rung"),
    [("2.26805e-07 * (T * T * T)", 2), ("2.268e-07 * (T * T * T.detach())", 4)],
)
def test_faults_are_found_in_large_domains(wrong: str, rung: int) -> None:
    tested = spec("f", {"T": "real in (2000, 6000)"}, "5.67e-8*T**4")
    source = generate(tested).source
    right = "return grad_y * (2.268e-07 * (T * T * T))"
    assert source.count(right) == 1
    planted = source.replace(right, f"return grad_y * ({wrong})")
    assert not climb(planted, tested, "quick", [("f", rung)]).passed
