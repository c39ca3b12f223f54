"""Whatever a person may misspell: the message names what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symgrad import cli
from symgrad.errors import SpecError
from symgrad.spec import load_text


def spec(
    inputs: str = "alpha: real",
    forward: str = "spike: alpha*alpha",
    rest: str = "",
    head: str = "",
) -> str:
    """A spec in which only what matters is written."""
    rest = f"    {rest}\n" if rest else ""
    op = f"  op:\n    inputs: {{{inputs}}}\n    forward: {{{forward}}}\n{rest}"
    return f"symgrad: 1\n{head}ops:\n{op}"


AXES = "'x': 'real[..., width]'"
TWO = "x: real, alpha: real", "y: x*alpha"

ROWS = {
    "name": (spec(forward="y: alpha*alpah"), "alpha"),
    "case": (spec("Alpha: real", "y: alpha*Alpha"), "Alpha"),
    "constant": (spec(forward="y: alpha*Pi"), "pi"),
    "function": (spec(forward="y: sigmiod(alpha)"), "sigmoid"),
    "function of the file": (
        spec(
            forward="y: gat(alpha)",
            head="functions: {gate: {inputs: [a], value: 2*a}}\n",
        ),
        "gate",
    ),
    "key of an op": (spec(rest="forwrad: {y: x}"), "forward"),
    "key of a file": (spec(head="function: {}\n"), "functions"),
    "key of a declaration": (
        spec("alpha: {kind: real, domian: '(0, 1)'}"),
        "domain",
    ),
    "key of samples": (spec(rest="samples: {alpha: {rnage: [0, 1]}}"), "range"),
    "key of a module": (spec(*TWO, rest="module: {nmae: A}"), "name"),
    "kind": (spec("alpha: raell"), "real"),
    "kind in a mapping": (spec("alpha: {kind: raell}"), "real"),
    "default": (
        spec("b: 'bool = Ture', x: real", "y: x if b else 0"),
        "True",
    ),
    "policy": (spec(forward="y: abs(alpha)", rest="edges: {abs: lefft}"), "left"),
    "policy for all": (spec(forward="y: abs(alpha)", rest="edges: rihgt"), "right"),
    "function of a policy": (
        spec(forward="y: abs(alpha)", rest="edges: {ab: left}"),
        "abs",
    ),
    "index of an output": (spec(AXES, "'y[row]': 'x[rwo]'"), "row"),
    "size": (spec(AXES, "'y': 'Sum(x[i], (i, 0, widht - 1))'"), "width"),
    "index in a bound": (
        spec(AXES, "'y[row]': 'Sum(x[i], (i, 0, rwo))'"),
        "row",
    ),
    "what is saved": (spec(rest="save: inptus"), "inputs"),
    "name of what is saved": (spec(rest="save: [alhpa]"), "alpha"),
    "accuracy": (spec(rest="accuracy: stabel"), "stable"),
    "backend": (spec(rest="backend: cup"), "cpu"),
    "surrogate": (spec(rest="surrogate: {spkie: x}"), "spike"),
    "backward": (spec(rest="backward: {alhpa: grad_spike}"), "alpha"),
    "cotangent": (spec(rest="backward: {alpha: grad_spkie}"), "grad_spike"),
    "nondifferentiable": (spec(rest="nondifferentiable: [spkie]"), "spike"),
    "samples": (spec(rest="samples: {alhpa: {range: [0, 1]}}"), "alpha"),
    "parameter": (spec(*TWO, rest="module: {parameters: {alhpa: ones}}"), "alpha"),
    "initial values": (
        spec(*TWO, rest="module: {parameters: {alpha: onse}}"),
        "ones",
    ),
    "distribution": (
        spec(*TWO, rest="module: {parameters: {alpha: 'nomral(0, 1)'}}"),
        "normal",
    ),
}


@pytest.mark.parametrize(("text", "meant"), ROWS.values(), ids=ROWS)
def test_the_message_names_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(text, "op.yaml")
    helps = [problem.help for problem in caught.value.diagnostics]
    assert f"did you mean '{meant}'?" in helps


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("gne op.yaml", "gen"),
        ("gen --chekc op.yaml", "--check"),
        ("gen --stdotu op.yaml", "--stdout"),
        ("explain op.yaml:spkie", "spike"),
        ("verify m:f --spec op.yaml:spkie", "spike"),
        ("gen --verify off --force generated/oq.py op.yaml", "generated/op.py"),
    ],
)
def test_the_command_line_names_what_was_meant(
    words: str,
    meant: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("op.yaml").write_text(spec().replace("  op:", "  spike:"))
    assert cli.run(words.split()) == 2
    err = capsys.readouterr().err
    assert "id you mean" in err and f"'{meant}'" in err
