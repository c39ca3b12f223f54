"""What the tutorial shows is what happens: its output, its messages, its gradients."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from documents import blocks
from generated_modules import ROOT, generated
from torch import Tensor

TUTORIAL = ROOT / "docs" / "tutorial.md"
QUOTED = {block.source: block.text for block in blocks(TUTORIAL)}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LOSS_TOLERANCE, PERCENT_TOLERANCE = 0.05, 2


def product_with(backward: Callable[..., Any]) -> Any:
    """The product written by hand, with a backward that may be wrong."""

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(x: Tensor, w: Tensor) -> Tensor:
            return x * w

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, grad_y: Tensor) -> Any:
            return backward(grad_y, *ctx.saved_tensors)

    return Product.apply


MISTAKES = {
    "message: one gradient": lambda g, x, w: g * w,
    "message: three gradients": lambda g, x, w: (g * w, g * x, g),
    "message: wrong shape": lambda g, x, w: (g * w, (g * x)[:1]),
}


@pytest.mark.parametrize("source", MISTAKES)
def test_quoted_messages_are_torchs(source: str) -> None:
    x, w = (torch.ones(2, 3, requires_grad=True) for _ in range(2))
    y = product_with(MISTAKES[source])(x, w)
    with pytest.raises(RuntimeError) as error:
        y.sum().backward()
    assert " ".join(QUOTED[source].split()) == " ".join(str(error.value).split())


def test_the_first_use_prints_what_the_tutorial_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    exec(compile(QUOTED["used"], str(TUTORIAL), "exec", dont_inherit=True), {})
    assert capsys.readouterr().out == QUOTED["used: prints"]


def test_one_trailing_none_too_many_is_not_noticed_by_torch() -> None:
    x, w = (torch.ones(2, 3, requires_grad=True) for _ in range(2))
    product_with(lambda g, x, w: (g * w, g * x, None))(x, w).sum().backward()


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the script prints, with the number of steps that the tutorial names."""
    command = [sys.executable, "-m", "examples.train_first_op"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # so small, more threads only wait
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.splitlines()


def test_the_script_prints_what_the_tutorial_shows(printed: list[str]) -> None:
    quoted = QUOTED["output: python -m examples.train_first_op"].splitlines()
    assert len(printed) == len(quoted)
    for found, expected in zip(printed, quoted, strict=True):
        assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
        *losses, percent = (float(n) for n in NUMBER.findall(found))
        *quoted_losses, quoted_percent = (float(n) for n in NUMBER.findall(expected))
        assert losses == pytest.approx(quoted_losses, abs=LOSS_TOLERANCE)
        assert percent == pytest.approx(quoted_percent, abs=PERCENT_TOLERANCE)


def test_the_loss_falls(printed: list[str]) -> None:
    for line in printed:
        first, last, _ = (float(n) for n in NUMBER.findall(line))
        assert last < first / 10


PLAIN: dict[str, Callable[..., Any]] = {
    "product": lambda x, w: x * w,
    "product_bias": lambda x, w, b: x * w + b,
    "product_and_sum": lambda x, w: torch.cat((x * w, x + w)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_gradients_equal_those_of_the_plain_expression(name: str) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(5, 3, requires_grad=True)]
    inputs += [
        torch.randn(3, requires_grad=True) for _ in range(name == "product_bias")
    ]
    inputs.append(torch.randn(3, requires_grad=True))
    result = getattr(generated("first_op"), name)(*inputs)
    ours = torch.cat(result) if isinstance(result, tuple) else result
    plain = PLAIN[name](*inputs)
    cotangent = torch.randn_like(plain)
    found = torch.autograd.grad(ours, inputs, cotangent)
    expected = torch.autograd.grad(plain, inputs, cotangent)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(found, expected)


def test_training_equals_that_of_the_plain_expression(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    script = importlib.import_module("examples.train_first_op")
    data = script.digits()
    losses = []
    for op in (script.product, torch.mul):
        monkeypatch.setattr(script, "product", op)
        torch.manual_seed(0)
        losses.append(script.train(script.Scaled(), data, steps=20))
    assert losses[0] == losses[1]


def test_one_cotangent_of_two_may_be_missing() -> None:
    x, w = (torch.full((3,), 2.0, requires_grad=True) for _ in range(2))
    y, z = generated("first_op").product_and_sum(x, w)
    assert torch.autograd.grad(y.sum(), x, retain_graph=True)[0].tolist() == [2.0] * 3
    assert torch.autograd.grad(z.sum(), x)[0].tolist() == [1.0] * 3


def test_what_is_kept_for_backward() -> None:
    x, w = torch.randn(5, 3, requires_grad=True), torch.randn(3, requires_grad=True)
    kept: list[torch.Size] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        generated("first_op").product(x, w)
    assert kept == [x.shape, w.shape]
