"""What forward keeps for backward: inputs and outputs, and statistics beside them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from specs import module, op
from torch import Tensor

from symgrad.backends.torch import joint_program
from symgrad.backends.torch_lines import kept_names
from symgrad.errors import SymgradError
from symgrad.ledger import Bytes
from symgrad.op import Op
from symgrad.verify.eager import eager_bytes


def kept(declared: Op) -> list[str]:
    program = joint_program(declared)
    names = kept_names(declared, program)
    return [names[v] for v in program.residuals]


FLAT: list[tuple[str, Any, dict[str, Any], list[str]]] = [
    ("x", "exp(x)", {}, ["y"]),
    ("x", "sqrt(x)", {}, ["y"]),
    ("x", "sigmoid(x)", {}, ["x"]),
    ("x", "3*x", {}, []),
    ("x w", "x + w", {}, []),
    ("x w", "x*w", {}, ["x", "w"]),
    ("x w", "x*exp(w)", {}, ["w", "y"]),
    ("x w", {"y": "exp(x)*w", "z": "exp(x)"}, {}, ["w", "z"]),
    ("x", {"y": "exp(x)", "z": "sqrt(x)"}, {}, ["x"]),
    ("x", "exp(x)", {"save": "inputs"}, ["x"]),
    ("x", "exp(x)", {"save": ["y"]}, ["y"]),
    ("x", "exp(x)", {"save": "outputs"}, ["y"]),
]


@pytest.mark.parametrize(("inputs", "forward", "keys", "names"), FLAT)
def test_what_is_kept_without_axes(
    inputs: str, forward: Any, keys: dict[str, Any], names: list[str]
) -> None:
    assert kept(op(inputs, forward, **keys)) == names


def test_an_input_that_only_needs_no_gradient_is_not_kept() -> None:
    table = {"kind": "real", "grad": False}
    assert kept(op({"x": "real", "w": table}, "x*w")) == ["w"]
    assert kept(op({"x": table, "w": "real"}, "sin(x) + w")) == []


X = {"x": "real[..., n]"}
MASK = {"kind": "mask", "axes": "..., n"}
ALONG: list[tuple[dict[str, Any], Any, dict[str, Any], list[str]]] = [
    # outputs instead of inputs
    (X, {"y[i]": "softmax(x[i], i)"}, {}, ["y"]),
    (X, {"y[i]": "log_softmax(x[i], i)"}, {}, ["y"]),
    # nothing where the op is linear
    (X, {"y": "mean(x[i], i)"}, {}, []),
    (X, {"y[i]": "cumsum(x[i], i)"}, {}, []),
    # statistics beside inputs, by the user's names
    (X, {"y[i]": "x[i]/r"}, {"let": {"r": "norm(x[i], i)"}}, ["x", "r"]),
    (X, {"y[i]": "x[i]/norm(x[j], j)"}, {}, ["x", "norm"]),
    (X, {"y": "logsumexp(x[i], i)**2"}, {}, ["x", "log_z"]),
    # a row from a row is not worth it
    (X, {"y": "sin(2*sum(x[i]**2, i))"}, {}, ["x", "row"]),
    # a statistic of every axis but the last two
    (
        {"x": "real[..., m, n]"},
        {"y[i, j]": "x[i, j]*exp(-sum(x[i, k]**2, k))"},
        {},
        ["x", "e"],
    ),
    # a number for each pair is not small
    (
        {"x": "real[..., n, d]"},
        {"y": "sum(exp(-sum((x[i, c] - x[j, c])**2, c)), (i, j))"},
        {},
        ["x"],
    ),
    # what has no derivative is a statistic too
    (
        {"x": "real[..., n]", "m": MASK},
        {"y": "sum(where(m[i], x[i]**2, 0), i)"},
        {},
        ["x", "m"],
    ),
    # the user has the last word
    (X, {"y[i]": "softmax(x[i], i)"}, {"save": "inputs"}, ["x"]),
    (X, {"y[i]": "x[i]/norm(x[j], j)"}, {"save": "inputs"}, ["x"]),
    (X, {"y[i]": "x[i]/norm(x[j], j)"}, {"save": ["x"]}, ["x"]),
]


@pytest.mark.parametrize(("inputs", "forward", "keys", "names"), ALONG)
def test_what_is_kept_along_axes(
    inputs: dict[str, Any], forward: Any, keys: dict[str, Any], names: list[str]
) -> None:
    assert kept(op(inputs, forward, **keys)) == names


def test_an_output_without_derivative_is_not_kept_where_one_is_needed() -> None:
    forward = {"y": "exp(x)", "z": "y*w"}
    assert kept(op("x w", forward)) == ["w", "y"]
    assert kept(op("x w", forward, nondifferentiable=["y"])) == ["x", "z"]


def test_a_save_that_is_not_enough_is_refused() -> None:
    with pytest.raises(SymgradError, match="keep \\[x, w\\]"):
        joint_program(op("x w", "x*w", save=["x"]))


# -- derivatives of what has statistics ------------------------------------------------

ROWS: list[tuple[dict[str, str], str, Callable[[Tensor], Tensor]]] = [
    ({}, "x[i]/norm(x[j], j)", lambda x: x / x.norm(dim=-1, keepdim=True)),
    ({"r": "rsqrt(mean(x[i]**2, i) + 0.5)"}, "x[i]*r", lambda x: _rms(x)),
    (
        {"mu": "mean(x[i], i)", "s": "std(x[i], i, 0)"},
        "(x[i] - mu)/s",
        lambda x: (
            (x - x.mean(-1, keepdim=True)) / x.std(-1, correction=0, keepdim=True)
        ),
    ),
    (
        {"z": "log(1 + sum(exp(x[i]), i))"},
        "exp(x[i] - z)",
        lambda x: torch.exp(x) / (1 + torch.exp(x).sum(-1, keepdim=True)),
    ),
]
"""Lets, an output, and the same in plain torch."""


def _rms(x: Tensor) -> Tensor:
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 0.5)


def _derivatives(y: Callable[[Tensor], Tensor], x: Tensor, count: int) -> list[Tensor]:
    """Each is that of a number that the one before it makes."""
    leaf = x.clone().requires_grad_()
    found = [y(leaf)]
    for _ in range(count):
        total = (found[-1] * torch.cos(found[-1])).sum()
        found += torch.autograd.grad(total, leaf, create_graph=True)
    return found


@pytest.mark.parametrize(("let", "text", "plain"), ROWS)
def test_every_derivative_is_that_of_the_formula(
    let: dict[str, str], text: str, plain: Callable[[Tensor], Tensor]
) -> None:
    made = module(X, {"y[i]": text}, let=let)
    assert "if torch.is_grad_enabled():" in inspect.getsource(made.FFunction.backward)
    x = torch.tensor([[0.3, -0.7, 1.1], [0.9, 0.4, -0.2]], dtype=torch.float64)
    pairs = zip(_derivatives(made.f, x, 4), _derivatives(plain, x, 4), strict=True)
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    leaf = x.clone().requires_grad_()
    once = torch.autograd.grad((made.f(leaf) * torch.cos(x)).sum(), leaf)
    kept = torch.autograd.grad((plain(leaf) * torch.cos(x)).sum(), leaf)
    torch.testing.assert_close(once, kept, rtol=1e-12, atol=1e-12)


def test_a_statistic_is_not_seen_from_outside() -> None:
    made = module(X, {"y[i]": "x[i]/norm(x[j], j)", "z": "sum(x[i]**2, i)"})
    x = torch.randn(2, 3)
    with torch.no_grad():
        assert len(made.f(x)) == 2
    assert len(made.f(x.requires_grad_())) == 2
    alone = module(X, {"y[i]": "x[i]/norm(x[j], j)"})
    assert isinstance(alone.f(x), Tensor)


def test_a_number_for_each_element_is_computed_again_with_the_rest() -> None:
    let = {"c": "sum(where(m[i], 1, 0), i)", "mu": "sum(where(m[i], 1, 0)*x[i], i)/c"}
    inputs = {"x": "real[..., n]", "m": MASK}
    made = module(inputs, {"y[i]": "where(m[i], (x[i] - mu)**3/c, 0)"}, let=let)
    m = torch.tensor([[True, True, False], [False, True, True]])
    x = torch.tensor([[0.3, -0.7, 1.1], [0.9, 0.4, -0.2]], dtype=torch.float64)

    def plain(x: Tensor) -> Tensor:
        c = m.sum(-1, keepdim=True)
        mu = torch.where(m, x, 0).sum(-1, keepdim=True) / c
        return torch.where(m, (x - mu) ** 3 / c, 0)

    assert inspect.getsource(made.FFunction.backward).count(" c = ") == 0
    found = _derivatives(lambda x: made.f(x, m), x, 3)
    torch.testing.assert_close(found, _derivatives(plain, x, 3))


def test_an_output_that_shows_a_statistic_has_its_derivative() -> None:
    let = {"s[a, b]": "norm(x[a, b, c], c)"}
    outputs = {
        "y[a, b, c]": "x[a, b, c]/s[a, b]",
        "t[p, q]": "s[p, q]",
        "u[b, a]": "s[a, b]",
        "v[a, b]": "stop_gradient(s[a, b])",
    }
    made = module({"x": "real[m, n, k]"}, outputs, let=let)
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    _, t, u, v = made.f(x)
    norm = x.norm(dim=-1)
    for a, b in ((t, norm), (u, norm.mT)):
        sent = torch.randn_like(a)
        found, expected = (
            torch.autograd.grad(z, x, sent, retain_graph=True)[0] for z in (a, b)
        )
        torch.testing.assert_close(found, expected)
    assert not v.requires_grad
    results = made.FFunction.forward(x.detach())
    assert len({z.untyped_storage().data_ptr() for z in results}) == 5


# -- the ledger ------------------------------------------------------------------------


def test_bytes_are_written_as_a_polynomial() -> None:
    terms = {("B",): 8, ("B", "n"): 4, (): 0, ("n",): 4}
    assert str(Bytes(terms)) == "4*B*n + 8*B + 4*n"
    assert str(Bytes({})) == "0"


MEASURED = [
    ("x w", "x*w", {}, "8*B"),
    ("x", "sin(x)*cos(x)", {}, "12*B"),
    ("x", "x**2/3", {}, "4*B"),
    (X, {"y[i]": "softmax(x[i], i)"}, {}, "4*B*n"),
    (
        {"x": "real[..., n]", "w": "real[n, m]"},
        {"y[k]": "sum(x[i]*w[i, k], i)"},
        {},
        "4*B*n + 4*m*n",
    ),
]


@pytest.mark.parametrize(("inputs", "forward", "keys", "said"), MEASURED)
def test_what_autograd_keeps_of_a_formula(
    inputs: Any, forward: Any, keys: dict[str, Any], said: str
) -> None:
    assert str(eager_bytes(op(inputs, forward, **keys))) == said


def test_bytes_are_counted_whatever_is_looked_up() -> None:
    """Places beyond those of a short axis, and parts of an axis that grow with it."""
    table = {"x": "index[...]", "W": "real[n, d]"}
    samples = {"x": {"values": [0, 90]}}
    looked = op(table, {"y[c]": "W[x, c]**2"}, samples=samples)
    assert str(eager_bytes(looked)) == "4*B*d + 4*d*n + 8*B"
    chosen = op({"W": "real[n, d]"}, {"y[c]": "W[50, c]*W[0, c]"})
    assert str(eager_bytes(chosen)) == "4*d*n"
    part = op(X, "Sum(sin(x[i]), (i, 0, n - 2))")
    assert eager_bytes(part).terms["B", "n"] == 4


def test_what_the_ledger_says_is_what_torch_holds() -> None:
    made = module(X, {"y[i]": "x[i]/norm(x[j], j)"})
    held: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor.untyped_storage().nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        made.f(torch.randn(5, 7, requires_grad=True))
    assert sum(held) == 4 * 5 * 7 + 4 * 5
    assert "# Keeps 4*B*n + 4*B bytes" in inspect.getsource(
        made.FFunction.setup_context
    )
