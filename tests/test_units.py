"""Inputs far below 1 beside others: their steps are their own, and faults are found."""

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
RIGHT = "(grad_y * (w * (0.5 / r)))"
FAULTS = {
    "a factor": (RIGHT, "(grad_y * (w * (0.50001 / r)))", 2),
    "a factor, of the large one": ("(grad_y * r)", "(grad_y * (1.00001 * r))", 2),
    "another curve": (RIGHT, "(grad_y * (w * (0.5 / r)).detach())", 4),
    "another slope": (RIGHT, "(grad_y * (w * (0.5 / r.detach())))", 4),
}


@pytest.mark.parametrize("name", OPS)
def test_small_domains_are_verified(name: str) -> None:
    tested = spec("f", *OPS[name])
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
