"""`symgrad build`: a library for each instruction set, beside the module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from symgrad import cli, kernel_library
from symgrad.backends.cpu_flags import CAPABILITIES

ROOT = Path(__file__).parents[1]

SPEC = """
symgrad: 1
ops:
  tiny:
    inputs: {x: real, w: real}
    forward: {y: w*tanh(x)}
"""

USE = """
import json, torch
import tiny
x = torch.linspace(-3, 3, 1029, requires_grad=True)
w = torch.tensor(1.5, requires_grad=True)
calls = []
found = tiny._kernels()
kernel = found.tiny_forward
found.tiny_forward = lambda *a: calls.append(1) or kernel(*a)
y = tiny.tiny(x, w)
g = torch.autograd.grad(y.sum(), (x, w))
t = torch.tanh(x)
torch.testing.assert_close(y, w * t)
torch.testing.assert_close(g, (w * (1 - t * t), t.sum()), atol=1e-3, rtol=1e-3)
assert calls == [1]
print(torch.backends.cpu.get_cpu_capability())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the module and its kernels, not compiled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "cache"))
    Path("tiny.yaml").write_text(SPEC)
    gen = ["gen", "tiny.yaml", "-o", "out", "--backend", "cpu", "--verify", "off"]
    assert cli.run(gen) == 0
    return tmp_path


def files() -> set[str]:
    return set(os.listdir("out"))


def build() -> int:
    return cli.run(["build", "tiny.yaml", "-o", "out", "--jobs", "1"])


def used(capability: str) -> str:
    """The instruction set with which another process runs the module, without c++."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability.lower()}
    environment |= {"CXX": "/nonexistent/c++", "PYTHONPATH": f"{ROOT}{os.pathsep}out"}
    line = [sys.executable, "-W", "error::RuntimeWarning", "-c", USE]
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.strip()


def test_every_instruction_set(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files()
    capsys.readouterr()
    assert build() == 0
    said = capsys.readouterr().err
    version = torch.__version__.partition("+")[0]
    libraries = {
        f"tiny_cpu.torch{version}.{name}.so" for name in kernel_library.capabilities()
    }
    assert files() == before | libraries
    assert all(f"wrote out/{name}" in said for name in libraries)
    for name in kernel_library.capabilities():
        found = used(name)
        lacks = found != name and found in CAPABILITIES  # then torch takes another
        assert found == name or lacks
    assert not Path("cache").exists()
    for name in libraries:  # another torch's
        path = Path("out", name)
        path.rename(path.with_name(name.replace(version, "0.4.0")))
    with pytest.raises(
        AssertionError, match=r"(?s)built for another torch.*symgrad build"
    ):
        used("DEFAULT")


def test_what_a_compiler_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files()
    compiler = folder / "cxx"
    scripts = {
        "exit 1": "cxx failed",
        "echo 'error: no <=>' >&2; exit 4": "error: no <=>",
        'for w; do case "$w" in *.so) echo half > "$w";; esac; done; exit 1': "failed",
        None: "no compiler",
    }
    for script, says in scripts.items():
        compiler.write_text(f"#!/bin/sh\n{script}\n")
        compiler.chmod(0o755)
        monkeypatch.setenv("CXX", str(compiler) if script else "/nonexistent/c++")
        capsys.readouterr()
        assert build() == 2
        said = capsys.readouterr().err
        assert "SG608" in said and says in said and "tiny_cpu.cpp" in said
        assert files() == before


PLAIN = SPEC.replace("x: real, w: real", 'x: "real[..., n]"').replace(
    "{y: w*tanh(x)}", '{"y[i]": "cumsum(x[i], i)"}'
)


def test_a_module_without_kernels(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plain.yaml").write_text(PLAIN)
    gen = ["gen", "plain.yaml", "-o", "out", "--backend", "cpu", "--verify", "off"]
    assert cli.run(gen) == 0
    before = files()
    capsys.readouterr()
    assert cli.run(["build", "tiny.yaml", "plain.yaml", "-o", "out"]) == 2
    said = capsys.readouterr().err
    assert re.search(r"SG609.*plain\.py has no kernels\n.*--backend cpu", said)
    assert files() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [('"-O3"', '"-O3", "-fplugin=mine.so"'), ('"CXX", "c++"', '"CXX", "/bin/sh"')],
)
def test_an_edited_loader_is_not_run(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    path = Path("out/tiny.py")
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    before = files()
    assert build() == 2
    assert "SG600" in capsys.readouterr().err
    assert files() == before


def test_a_module_that_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/tiny.py").unlink()
    assert build() != 0
    assert "cannot read" in capsys.readouterr().err


def test_no_spec_is_a_wrong_call() -> None:
    assert cli.run(["build"]) == 2
