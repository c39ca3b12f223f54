"""What fails is shown at the smallest input that fails, on every rung."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from planted import FAULTS, FIXTURES, PAST_LINT
from specs import spec

from symgrad.verify import shrink
from symgrad.verify.ladder import climb
from symgrad.verify.shrink import place, shrinking
from symgrad.verify.subject import Fault, show

SEVERAL = {
    (2, "missing reduction"),  # what is broadcast has more than one element
    (2, "wrong shape"),
    (6, "view of the cotangent"),  # one element has no strides
    (6, "flat memory of the cotangent"),
    (6, "flat memory of the input"),
}
PRECISE = {"side of a kink", "default factor"}
"""Near a kink few numbers are round."""

FOUND = [f for f in (*FAULTS, *PAST_LINT) if f.rung]


@pytest.mark.parametrize("fault", FOUND, ids=lambda f: f"{f.rung}-{f.fixture}-{f.name}")
def test_the_input_of_a_failure_is_small(fault: Any) -> None:
    fixture = FIXTURES[fault.fixture]
    source = fixture.source.replace(fault.old, fault.new)
    report = climb(source, fixture.spec, "full", [(fault.fixture, fault.rung)])
    inputs = report.failures[0].inputs
    assert inputs
    assert ("[" in inputs) == ((fault.rung, fault.name) in SEVERAL)
    if fault.rung != 9:  # where numbers are rounded to a dtype before they are used
        numbers = re.findall(r"=\[*(-?[\d.]+)", inputs)
        long = [n for n in numbers if len(n.strip("-0.").replace(".", "")) > 3]
        assert fault.name in PRECISE or long == []


@pytest.mark.parametrize("rung", range(1, 11))
def test_every_rung_is_among_them(rung: int) -> None:
    assert rung in {fault.rung for fault in FOUND}


OP = spec("f", {"x": "real in (0.5, oo)", "w": "real"}, "x*w").ops[0]
X = torch.tensor([[3.14159, 0.61], [2.71828, 1.5]], dtype=torch.float64)
W = torch.tensor([7.7777, -1.23456], dtype=torch.float64)


def shrunk(fails: Callable[[Any, Any], bool], smooth: bool = True) -> str:
    """The input at which something is said to fail."""

    def check(values: Any, cotangents: Any) -> None:
        if fails(values["x"], values["w"]):
            raise Fault("it fails", show(values))

    with pytest.raises(Fault) as caught:
        shrinking(OP, check, {"x": X, "w": W}, {"grad": {"y": X}}, smooth)
    return caught.value.inputs


def test_one_element_and_few_digits() -> None:
    assert shrunk(lambda x, w: bool((w < 0).any())) == "x=0.6, w=-1.0"


def test_what_needs_several_elements_keeps_them() -> None:
    assert shrunk(lambda x, w: x.numel() > 2).count("[") == 4
    assert shrunk(lambda x, w: w.numel() > 1).startswith("x=[[")


def test_the_domain_is_not_left() -> None:
    assert "x=0.6" in shrunk(lambda x, w: bool((x < 1).any()))


def test_other_failures_are_not_taken_for_it() -> None:
    def check(values: Any) -> None:
        raise Fault("it fails" if values["w"].numel() == 2 else "something else")

    with pytest.raises(Fault, match="it fails"):
        shrinking(OP, check, {"x": X, "w": W})


def test_an_input_is_spoilt_for_nobody() -> None:
    def check(values: Any) -> None:
        values["x"].zero_()
        raise Fault("it fails")

    with pytest.raises(Fault) as caught:
        shrinking(OP, check, {"x": X.clone(), "w": W})
    assert "x=0.6" in caught.value.inputs


def test_what_is_raised_has_its_input_too() -> None:
    def check(values: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        shrinking(OP, check, {"x": X, "w": W})
    assert place(caught.value) == "x=0.6, w=-1.0"


def test_it_takes_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "SECONDS", 0.3)

    def check(values: Any) -> None:
        time.sleep(0.1)
        raise Fault("it fails" if values["w"].numel() == 2 else "something else")

    start = time.monotonic()
    with pytest.raises(Fault):
        shrinking(OP, check, {"x": X, "w": W})
    assert time.monotonic() - start < 3


def test_what_passes_is_given_back() -> None:
    assert shrinking(OP, lambda values: values["x"].sum(), {"x": X, "w": W}) == X.sum()
