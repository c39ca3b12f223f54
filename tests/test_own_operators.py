"""Torch's own operators are found by what a formula computes, under any name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from symgrad.bench.own_operators import OPERATORS, own_operator
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text

Row = tuple[str | Mapping[str, Any], str]
"""Inputs, those of names alone being real, and a formula, behind ``out[i]: `` if it
has axes."""

LAYER = {"x": "real[..., n]", "w": "real[n]", "b": "real[n]"}
ROW = {"x": "real[..., n]"}
NORMAL = "(x[i] - mean(x[j], j))*rsqrt(var(x[j], j, 0) + 1e-5)"
SCORES = {"q": "real[..., s, d]", "k": "real[..., t, d]", "v": "real[..., t, e]"}

FORMULAS: Mapping[str, tuple[Row, ...]] = {
    "torch.sigmoid": (("x", "1/(1 + exp(-x))"),),
    "torch.tanh": (("x", "2*sigmoid(2*x) - 1"),),
    "F.relu": (("x", "where(x > 0, x, 0)"), ("x", "maximum(x, 0)")),
    "F.relu6": (("x", "clamp(x, 0, 6)"),),
    "F.hardtanh": (("x", "clamp(x, -1, 1)"),),
    "F.hardsigmoid": (("x", "clamp(x/6 + 1/2, 0, 1)"),),
    "F.hardswish": (("x", "x*relu6(x + 3)/6"),),
    "F.hardshrink": (("x", "where(abs(x) > 1/2, x, 0)"),),
    "F.softshrink": (("x", "sign(x)*relu(abs(x) - 1/2)"),),
    "F.tanhshrink": (("x", "x - tanh(x)"),),
    "F.leaky_relu": (
        ("x", "where(x > 0, x, x/100)"),
        ({"x": "real", "slope": "float = 0.2"}, "where(x > 0, x, slope*x)"),
    ),
    "F.elu": (({"x": "real", "a": "float = 2"}, "where(x > 0, x, a*expm1(x))"),),
    "F.selu": (
        ("x", "1.0507009873554805*where(x > 0, x, 1.6732632423543772*expm1(x))"),
    ),
    "F.celu": (({"x": "real", "a": "float = 2"}, "where(x > 0, x, a*expm1(x/a))"),),
    "F.silu": (("z", "z*sigmoid(z)"), ("x", "x/(1 + exp(-x))"), ("x", "silu(x)")),
    "F.mish": (("x", "x*tanh(log(1 + exp(x)))"),),
    "F.gelu": (("x", "x*(1 + erf(x/sqrt(2)))/2"),),
    "F.gelu(tanh)": (("x", "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))"),),
    "F.softplus": (("x", "log(1 + exp(x))"), ("x", "-logsigmoid(-x)")),
    "F.logsigmoid": (("x", "-log(1 + exp(-x))"),),
    "F.softsign": (("x", "x/(1 + abs(x))"),),
    "torch.acosh": (({"x": "real in (1, oo)"}, "acosh(x)"),),
    "torch.logit": (({"x": "real in (0, 1)"}, "log(x/(1 - x))"),),
    "torch.sinc": (("x", "sinc(pi*x)"),),
    "torch.square": (("x", "x**2"),),
    "torch.reciprocal": (("x", "1/x"),),
    "torch.add": (("x y", "x + y"),),
    "torch.sub": (("y x", "x - y"),),
    "torch.mul": (("x y", "x*y"),),
    "torch.div": (("x y", "x/y"),),
    "torch.pow": (({"x": "real in (0, oo)", "y": "real"}, "x**y"),),
    "torch.addcmul": (("x a b", "a*x + b"),),
    "torch.lerp": (("a b w", "a + w*(b - a)"),),
    "F.mse_loss": (("x t", "(x - t)**2"),),
    "F.l1_loss": (("x t", "abs(x - t)"),),
    "F.huber_loss": (
        (
            {"x": "real", "t": "real", "d": "float = 2"},
            "where(abs(x - t) < d, (x - t)**2/2, d*(abs(x - t) - d/2))",
        ),
    ),
    "F.smooth_l1_loss": (
        (
            {"x": "real", "t": "real", "d": "float = 2"},
            "where(abs(x - t) < d, (x - t)**2/(2*d), abs(x - t) - d/2)",
        ),
    ),
    "F.binary_cross_entropy_with_logits": (("x t", "softplus(x) - t*x"),),
    "F.soft_margin_loss": (
        ({"x": "real", "t": {"kind": "real", "grad": False}}, "log1p(exp(-t*x))"),
    ),
    "F.poisson_nll_loss": (("x t", "exp(x) - t*x"),),
    "F.kl_div": (({"x": "real", "t": "real in (0, oo)"}, "t*(log(t) - x)"),),
    "F.cross_entropy": (
        ({**ROW, "k": "index[...]"}, "out: logsumexp(x[i], i) - x[k]"),
    ),
    "torch.softmax": ((ROW, "out[i]: exp(x[i])/sum(exp(x[j]), j)"),),
    "torch.log_softmax": ((ROW, "out[i]: x[i] - logsumexp(x[j], j)"),),
    "torch.logsumexp": ((ROW, "out: log(sum(exp(x[i]), i))"),),
    "torch.sum": ((ROW, "out: sum(x[i], i)"),),
    "torch.mean": ((ROW, "out: mean(x[i], i)"),),
    "torch.cumsum": ((ROW, "out[i]: cumsum(x[i], i)"),),
    "torch.linalg.vector_norm": ((ROW, "out: sqrt(sum(x[i]**2, i))"),),
    "F.layer_norm": (
        (LAYER, f"out[i]: {NORMAL}*w[i] + b[i]"),
        (ROW, f"out[i]: {NORMAL}"),
    ),
    "F.rms_norm": (
        (
            {"w": "real[c]", "x": "real[..., c]", "e": "float = 1e-3"},
            "out[i]: w[i]*x[i]/sqrt(mean(x[j]**2, j) + e)",
        ),
    ),
    "F.cosine_similarity": (
        (
            {"x": "real[..., n]", "z": "real[..., n]"},
            "out: sum(x[i]*z[i], i)/(norm(x[i], i)*norm(z[i], i))",
        ),
    ),
    "F.linear": (
        (
            {"A": "real[p, q]", "x": "real[..., q]", "c": "real[p]"},
            "out[i]: c[i] + sum(A[i, j]*x[j], j)",
        ),
        ({"A": "real[p, q]", "x": "real[..., q]"}, "out[i]: sum(A[i, j]*x[j], j)"),
    ),
    "F.bilinear": (
        (
            {
                **{"x": "real[..., n]", "z": "real[..., m]"},
                **{"W": "real[o, n, m]", "b": "real[o]"},
            },
            "out[k]: sum(x[i]*W[k, i, j]*z[j], (i, j)) + b[k]",
        ),
    ),
    "torch.matmul": (
        (
            {"A": "real[..., m, n]", "B": "real[..., n, o]"},
            "out[i, k]: sum(A[i, j]*B[j, k], j)",
        ),
    ),
    "F.embedding": (
        ({"W": "real[n, d]", "k": "index[..., t]"}, "out[s, c]: W[k[s], c]"),
    ),
    "F.embedding_bag": (
        ({"W": "real[n, d]", "k": "index[..., t]"}, "out[c]: mean(W[k[s], c], s)"),
    ),
    "F.scaled_dot_product_attention": (
        (
            SCORES,
            "out[i, c]: sum(softmax(sum(q[i, a]*k[j, a], a)/sqrt(d), j)*v[j, c], j)",
        ),
    ),
}
"""Formulas, in other spellings than torch's, and the operators that they are."""

OTHERS: Mapping[str, Row] = {
    "silu": ("x", "x*tanh(x)"),
    "relu6": ("x", "clamp(x, 0, 7)"),
    "leaky_relu": ("x", "where(x > 0, x, x/50)"),
    "gelu": ("x", "x*sigmoid(1.702*x)"),
    "layer_norm": (LAYER, f"out[i]: {NORMAL.replace(', 0)', ')')}*w[i] + b[i]"),
    "layer_norm_eps": (ROW, f"out[i]: {NORMAL.replace('1e-5', '1e-6')}"),
    "softmax": (ROW, "out[i]: exp(x[i])/sum(abs(x[j]), j)"),
}
"""Names of operators that these formulas are not."""


def _declared(row: Row) -> dict[str, Any]:
    inputs, formula = row
    name, colon, right = formula.partition(": ")
    names = dict.fromkeys(inputs.split(), "real") if isinstance(inputs, str) else inputs
    forward = {name: right} if colon else {"out": formula}
    return {"inputs": dict(names), "forward": forward, "accuracy": "fast"}


def found(rows: Mapping[str, Row]) -> dict[str, str | None]:
    """The operator that is found for each of several ops."""
    ops = {name: _declared(row) for name, row in rows.items()}
    whole = load_text(json.dumps({"symgrad": 1, "ops": ops}), "<test>")
    emitted = load_module("operators", generate(whole).source)
    matches = {op.name: own_operator(op, getattr(emitted, op.name)) for op in whole.ops}
    return {name: match and match.name for name, match in matches.items()}


def test_every_operator_is_found_by_its_formula() -> None:
    wanted = {
        f"f{k}": (name, row)
        for k, (name, row) in enumerate(
            (name, row) for name, rows in FORMULAS.items() for row in rows
        )
    }
    matches = found({key: row for key, (_, row) in wanted.items()})
    assert matches == {key: name for key, (name, _) in wanted.items()}


def _functions() -> dict[str, Row]:
    """Torch's functions that formulas have by the same name."""
    spelled = {"lgamma": "loggamma"}
    rows = {}
    for own in OPERATORS:
        if own.name not in FORMULAS:
            name = own.name.removeprefix("torch.")
            args = ["x", "z"][: len(own.tensors)]
            formula = f"{spelled.get(name, name)}({', '.join(args)})"
            rows[f"g_{name}"] = (" ".join(args), formula)
    return rows


def test_functions_are_found_by_themselves() -> None:
    matches = found(_functions())
    assert matches == {key: f"torch.{key[2:]}" for key in matches}


def test_a_name_says_nothing() -> None:
    assert found(OTHERS) == dict.fromkeys(OTHERS)


@pytest.mark.parametrize("keys", [{"surrogate": {"y": "x"}}, {"backward": {"x": "1"}}])
def test_another_gradient_is_another_op(keys) -> None:
    op = {"inputs": {"x": "real"}, "forward": {"y": "relu(x)"}, **keys}
    whole = load_text(json.dumps({"symgrad": 1, "ops": {"relu": op}}), "<test>")
    function = load_module("other", generate(whole).source).relu
    assert own_operator(whole.ops[0], function) is None
