"""Ops that have no kernels: which, why, and that who asks for some is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kernel_cases import with_backend
from specs import spec

from symgrad import cli
from symgrad.generate import generate

SEVERAL = "it has several axes, or one that is not the last of each tensor"
ROWS = "its rows are not made of sums and largest or smallest elements alone"

NONE: list[tuple[dict[str, str], str, str]] = [
    ({"z": "complex"}, "z*conjugate(z)", "it is of complex numbers"),
    ({"x": "real", "k": "index"}, "x**k", "it computes with integers"),
    ({"x": "real[..., m, n]"}, "sum(x[i, j], i)", SEVERAL),
    ({"x": "real[..., n]"}, "prod(x[i], i)", ROWS),
    ({"x": "real", "k": "float"}, "x*digamma(k)", "C++ has no form here for digamma"),
]
"""Inputs, formula of the output, and why there are no kernels for it."""


def asked(inputs: dict[str, str], formula: str) -> Any:
    """A module of one op for which kernels were asked."""
    left = "y[j]" if "[i, j]" in formula else "y"
    return generate(with_backend(spec("f", inputs, {left: formula}), "cpu"))


@pytest.mark.parametrize(("inputs", "formula", "reason"), NONE)
def test_the_reason(inputs: dict[str, str], formula: str, reason: str) -> None:
    module = asked(inputs, formula)
    assert list(module.unfused.values()) == [reason] and not module.kernels


def test_what_has_kernels_or_asked_for_none_has_no_reason() -> None:
    assert not asked({"x": "real"}, "x*exp(x)").unfused
    assert not generate(spec("f", {"z": "complex"}, "z*conjugate(z)")).unfused


def test_gen_warns_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "symgrad: 1\nops: {p: {inputs: {z: complex}, forward: {y: z*conjugate(z)}}}\n"
    )
    Path("s.yaml").write_text(text)
    assert cli.run(["gen", "s.yaml", "--backend", "cpu", "--verify", "off"]) == 0
    shown = capsys.readouterr().err
    assert "warning[SG313]: 'p' has no kernels: it is of complex numbers" in shown
    assert Path("generated/s.py").exists()
