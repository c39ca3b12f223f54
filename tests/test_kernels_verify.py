"""Rung 11: sound kernels pass, and each planted fault is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from kernel_cases import PLANTED, SOUND, Compiled, with_backend
from specs import spec
from torch import Tensor

from symgrad import cli, verify
from symgrad.generate import generate
from symgrad.verify import kernels as rung
from symgrad.verify.ladder import climb
from symgrad.verify.subject import Fault, Subject, subjects

Kernel = Callable[..., Any]


@pytest.fixture
def found(kernels: Compiled) -> dict[str, Subject]:
    """The ops under test."""
    return {s.op.name: s for s in subjects(kernels.module, kernels.spec)}


@pytest.mark.parametrize("name", SOUND)
def test_sound_kernels_pass(found: dict[str, Subject], name: str) -> None:
    assert rung.run(found[name]).note is None


@pytest.mark.parametrize(
    ("name", "says"),
    [("turned", "the gradient of x"), ("unasked", "the gradient of a")],
)
def test_a_fault_in_c_plus_plus_is_found(
    found: dict[str, Subject], name: str, says: str
) -> None:
    assert name in PLANTED
    with pytest.raises(Fault, match=says):
        rung.run(found[name])


def test_a_process_of_its_own_finds_them(kernels: Compiled) -> None:
    """As `symgrad verify` runs it, with the library that is there."""
    pairs = [(op.name, 11) for op in kernels.spec.ops]
    made = kernels.made
    report = verify.verify(
        made.source, kernels.spec, "quick", only=pairs, kernels=made.kernels
    )
    assert {f.op for f in report.failures} == set(PLANTED)
    assert {f.rung for f in report.failures} == {11}
    passed = {r.op: r.note for r in report.results if r.passed and r.rung}
    assert passed == dict.fromkeys(SOUND)


# -- faults without a compiler ---------------------------------------------------------


@contextmanager
def faked(
    kernels: Compiled, name: str, change: Callable[[Kernel], Kernel]
) -> Iterator[None]:
    """Another kernel in the place of one."""
    found = kernels.module._kernels()
    kernel = getattr(found, name)
    setattr(found, name, change(kernel))
    try:
        yield
    finally:
        setattr(found, name, kernel)


def swapped(kernel: Kernel) -> Kernel:
    return lambda *a: (lambda g: (g[1], g[0], g[2]))(kernel(*a))


def in_half(kernel: Kernel) -> Kernel:
    return lambda x: kernel(x.bfloat16()).to(x.dtype)


def forgetful(kernel: Kernel) -> Kernel:
    def missing(*args: Any) -> Any:
        found = kernel(*args)
        both = args[-3] and args[-2]
        return (*found[:2], found[2] if both else None)

    return missing


def unsummed(kernel: Kernel) -> Kernel:
    def first(*args: Any) -> Any:
        return tuple(
            g if g is None or g.dim() == args[0].dim() else g * 0.5
            for g in kernel(*args)
        )

    return first


def without_tail(kernel: Kernel) -> Kernel:
    def cut(x: Tensor) -> Tensor:
        y: Tensor = kernel(x)
        whole = y.numel() // 8 * 8
        if y.numel() > 8:
            y.view(-1)[whole:] = 0
        return y

    return cut


def in_blocks(kernel: Kernel) -> Kernel:
    def repeated(x: Tensor) -> Tensor:
        y: Tensor = kernel(x)
        if y.numel() > 512:
            y.view(-1)[512:] = y.view(-1)[: y.numel() - 512]
        return y

    return repeated


def aliased(kernel: Kernel) -> Kernel:
    return lambda x: x.copy_(kernel(x))


FAKES: dict[str, tuple[str, Callable[[Kernel], Kernel]]] = {
    "gradients swapped": ("three_backward", swapped),
    "half precision": ("unary_forward", in_half),
    "a gradient that is not given": ("three_backward", forgetful),
    "sums of what is broadcast": ("three_backward", unsummed),
    "the tail of a row": ("unary_forward", without_tail),
    "the blocks of a row": ("unary_forward", in_blocks),
    "an input written over": ("unary_forward", aliased),
    "another result": ("slope_forward", lambda f: lambda x: f(x) + 1),
    "outputs swapped": ("named_forward", lambda f: lambda *a: f(*a)[::-1]),
    "a number ignored": ("chosen_forward", lambda f: lambda *a: f(*a[:-1], True)),
    "a number of two": ("chosen_backward", lambda f: lambda *a: f(*a[:4], 1.0, *a[5:])),
}


@pytest.mark.parametrize("fake", FAKES)
def test_a_fault_is_found(
    kernels: Compiled, found: dict[str, Subject], fake: str
) -> None:
    name, change = FAKES[fake]
    with faked(kernels, name, change), pytest.raises((Fault, RuntimeError, TypeError)):
        rung.run(found[name.partition("_")[0]])
    rung.run(found[name.partition("_")[0]])


def test_a_kernel_that_is_not_called_is_found(
    kernels: Compiled, found: dict[str, Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels.module, "_fits", lambda *tensors: False)
    with pytest.raises(Fault, match="not called where it could be"):
        rung.run(found["unary"])


def test_an_operator_that_torch_refuses_is_found(
    kernels: Compiled, found: dict[str, Subject]
) -> None:
    """Without data it gives another dtype."""
    name = "kernel_cases_wrong::unary"
    with torch.library._scoped_library("kernel_cases_wrong", "DEF") as library:
        library.define("unary(Tensor x) -> Tensor")
        library.impl("unary", kernels.module._kernels().unary_forward, "CPU")
        torch.library.register_fake(name, lambda x: x.double(), lib=library)
        wrong = torch.ops.kernel_cases_wrong.unary.default
        with (
            faked(kernels, "unary_forward", lambda f: wrong),
            pytest.raises(Fault, match="opcheck refuses the kernel unary_forward"),
        ):
            rung.run(found["unary"])


# -- where there is nothing to run -----------------------------------------------------


def test_without_a_compiler_the_rung_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "/nonexistent/c++")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    own = with_backend(spec("uncompiled", "x", "x*exp(x)"), "cpu")
    made = generate(own)
    report = climb(made.source, own, "quick", [("uncompiled", 11)], cpp=made.kernels)
    [result] = report.results
    assert not report.failures and "no compiler" in str(result.note)


def test_ops_without_kernels_have_no_such_rung(tmp_path: Path) -> None:
    own = spec("plain", "x", "x*exp(x)")
    report = climb(generate(own).source, own, "quick", [("plain", 11)])
    assert report.results == () and report.failures == ()


def test_the_rung_is_chosen_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", "/nonexistent/c++")
    text = "symgrad: 1\nops:\n  f:\n    inputs: {x: real}\n    forward: {y: x*exp(x)}\n"
    Path("f.yaml").write_text(text)
    gen = ["gen", "f.yaml", "-o", ".", "--backend", "cpu", "--verify", "off"]
    assert cli.run(gen) == 0
    capsys.readouterr()
    assert cli.run(["verify", "f.yaml", "-o", ".", "--rung", "11"]) == 0
    said = "".join(capsys.readouterr())
    assert "11    ok" in said and "no compiler" in said
    assert torch.get_default_dtype() is torch.float32
