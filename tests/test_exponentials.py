"""Sums of exponentials as people write them come out as softmax and logsumexp do."""

from __future__ import annotations

import pytest
import torch
from specs import module, spec
from torch import Tensor

from symgrad.generate import generate
from symgrad.verify.ladder import climb

ROW = {"x": "real[..., n]"}
SCALED = {"x": "real[..., m, n]", "t": "real[m] in [0.5, 2]"}
LABELLED = {**ROW, "label": "index[...]"}

WRITTEN = {
    "log of a sum": (ROW, {"y": "log(sum(exp(x[k]), k))"}, "logsumexp"),
    "share": (ROW, {"y[i]": "exp(x[i])/sum(exp(x[k]), k)"}, "softmax"),
    "share of a formula": (
        SCALED,
        {"y[i, j]": "exp(x[i, j]/t[i])/sum(exp(x[i, k]/t[i]), k)"},
        "softmax",
    ),
    "log of a share": (
        ROW,
        {"y[i]": "log(exp(2*x[i] + 1)/sum(exp(2*x[k] + 1), k))"},
        "log_softmax",
    ),
    "share of another": (ROW, {"y[i]": "exp(2*x[i])/sum(exp(x[k]), k)"}, "logsumexp"),
    "loss": (LABELLED, {"y": "-log(exp(x[label])/sum(exp(x[k]), k))"}, "logsumexp"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_stable_and_right(name: str) -> None:
    inputs, forward, called = WRITTEN[name]
    made = spec("f", inputs, forward)
    source = generate(made).source
    assert f".{called}(" in source
    report = climb(source, made, "full", [("f", 1), ("f", 8)])
    assert report.passed, str(report)


def test_large_numbers_give_no_nan() -> None:
    x = torch.tensor([1000.0, 999.0], requires_grad=True)
    for name in ("log of a sum", "share", "log of a share"):
        inputs, forward, _ = WRITTEN[name]
        y: Tensor = module(inputs, forward).f(x)
        (gradient,) = torch.autograd.grad(y.sum(), x)
        assert y.isfinite().all() and gradient.isfinite().all(), name


OTHERS = {
    "another axis": (SCALED, {"y[i, j]": "exp(x[i, j])/sum(exp(x[k, j]), k)"}),
    "a bound axis": (SCALED, {"y[i, j]": "exp(x[i, j])/sum(exp(x[i, k]*t[i]), k)"}),
}


def test_an_axis_is_renamed_and_not_confused() -> None:
    x, t = torch.randn(3, 4), torch.tensor([0.5, 1.0, 2.0])
    inputs, forward = OTHERS["another axis"]
    torch.testing.assert_close(module({"x": inputs["x"]}, forward).f(x), x.softmax(0))
    inputs, forward = OTHERS["a bound axis"]
    expected = x.exp() / (x * t[:, None]).exp().sum(1, keepdim=True)
    torch.testing.assert_close(module(inputs, forward).f(x, t), expected)
