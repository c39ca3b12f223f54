"""``symgrad explain SPEC:OP``: how a backward comes about, and what is kept."""

from __future__ import annotations

import re

import pytest
from generated_modules import EXAMPLES

from symgrad import cli
from symgrad.explain import explain


def said(place: str) -> str:
    return explain(f"{EXAMPLES / place}")


def test_formulas_backward_steps_and_ledger_of_one_op() -> None:
    text = said("normalisations.yaml:layer_norm")
    assert text.startswith("layer_norm: Layer normalisation")
    assert "  rstd = rsqrt(var(x[i], i, 0) + eps)\n" in text
    assert "        grad_b = grad_y.sum_to_size(ctx.b_shape)\n" in text
    assert re.search(r"  differentiate +8 +\d+\n", text)
    assert re.search(r"  x\[\.\.\., n\] +input +4\*B\*n\n", text)
    assert re.search(r"  mu +statistic +4\*B\n", text)
    assert re.search(r"  together +4\*B\*n \+ 8\*B \+ 4\*n\n", text)
    assert re.search(r"  without statistics +4\*B\*n \+ 4\*n\n", text)
    assert re.search(r"  by torch, composed +12\*B\*n \+ 4\*B \+ 4\*n\n", text)


def test_all_ops_of_a_spec() -> None:
    text = said("first_op.yaml")
    heads = re.findall(r"^(\w+): ", text, re.MULTILINE)
    assert heads == ["product", "product_bias", "product_and_sum"]
    assert re.search(r"by torch, composed +8\*B", text)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("first_op.yaml:prodct", 2, "did you mean 'product'"),
        ("frst_op.yaml", 2, "SG104"),
        ("o" * 300, 2, "SG104"),
        ("o" * 300 + ":product", 2, "SG104"),
    ],
)
def test_what_is_not_there(
    words: str, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["explain", str(EXAMPLES / words)]) == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_can_be_explained(path) -> None:
    assert "together" in explain(str(path))
