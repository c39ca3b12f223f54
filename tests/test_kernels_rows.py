"""Kernels along the last axis, beside their formulas; compiled once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from filelock import FileLock
from kernel_cases import Compiled, counted, with_backend
from kernel_checks import check
from torch import Tensor

from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text

TEXT = """
symgrad: 1
ops:
  weighted_norm:
    inputs: {x: "real[..., n]", w: "real[n]", eps: float}
    let: {rstd: "rsqrt(mean(x[j]**2, j) + eps)"}
    forward: {"y[i]": "x[i]*rstd*w[i]"}
  entropy_loss:
    inputs: {x: "real[..., n]", label: "index[...]"}
    forward: {loss: "logsumexp(x[i], i) - x[label]"}
  scaled_softmax:
    inputs: {x: "real[..., n]", s: "real[...]", keep: "mask[..., n]"}
    forward: {"p[i]": "softmax(where(keep[i], s*x[i], -30), i)"}
  centred:
    inputs: {x: "real[..., n]", b: "real[n]"}
    forward: {"y[i]": "x[i] - mean(x[j], j) + b[i]", top: "amax(x[j], j)"}
  spread:
    inputs: {x: "real[..., n]"}
    forward: {v: "var(x[i], i)"}
  next_place:
    inputs: {x: "real[..., n]", label: "index[...]"}
    forward: {y: "x[label + 1]*logsumexp(x[j], j)"}
  parts:
    inputs: {x: "real[..., n]", flag: bool}
    forward: {"y[i]": "x[i]*(where(flag, 1, 2)/4)"}
  weighted:
    inputs: {x: "real[..., n]", w: "real[n]"}
    forward: {"y[i]": "x[i]*w[i]"}
  two_ends:
    inputs: {x: real, w: real}
    forward: {y: "2*x", z: "3*w + x"}
  twins:
    inputs: {x: "real[..., n]"}
    forward: {"y[i]": "2*x[i]", "z[i]": "2*x[i]", s: "sum(x[i], i)", t: "sum(x[i], i)"}
  nothing_along:
    inputs: {x: "real[..., n]"}
    forward: {y: "sum(x[j], j)"}
"""

SHAPES = [(5, 37), (37,), (2, 3, 16), (3, 300), (4, 5), (0, 5)]
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "as it is": lambda t: t,
    "transposed": lambda t: t.transpose(0, -1).contiguous().transpose(0, -1),
    "sliced": lambda t: torch.stack([t, t], -1)[..., 0],
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    """The module of these ops, compiled once."""
    spec = with_backend(replace(load_text(TEXT, "rows.yaml"), stem="row_cases"), "cpu")
    made, plain = generate(spec), generate(with_backend(spec, "torch"))
    module = load_module(made.stem, made.source, made.kernels)
    formulas = load_module("row_formulas", plain.source)
    root = tmp_path_factory.getbasetemp().parent
    with pytest.MonkeyPatch.context() as patch, FileLock(root / "rows.lock"):
        patch.setitem(os.environ, "TORCH_EXTENSIONS_DIR", str(root / "rows"))
        assert module._kernels() is not None
    yield Compiled(spec, module, formulas, made)


def given(
    name: str, shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> dict[str, Any]:
    """Arguments of an op, its rows of the last size of the shape."""
    torch.manual_seed(len(name))
    whole = torch.randn(shape, dtype=torch.float64).to(dtype)
    weight = torch.randn(shape[-1], dtype=torch.float64).to(dtype)
    single = torch.rand(shape[:-1], dtype=torch.float64).to(dtype) + 0.5
    known = {
        "weighted_norm": {"x": whole, "w": weight, "eps": 1e-5},
        "entropy_loss": {"x": whole, "label": torch.arange(single.numel()) % shape[-1]},
        "scaled_softmax": {"x": whole, "s": single, "keep": whole > -1},
        "centred": {"x": whole, "b": weight},
        "spread": {"x": whole},
    }[name]
    if "label" in known:
        known["label"] = known["label"].reshape(shape[:-1])
    return known


NAMES = ["weighted_norm", "entropy_loss", "scaled_softmax", "centred", "spread"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_shapes(rows: Compiled, name: str, shape: tuple[int, ...]) -> None:
    check(rows, name, given(name, shape))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_dtypes(rows: Compiled, name: str, dtype: torch.dtype) -> None:
    check(rows, name, given(name, (5, 21), dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_layouts(rows: Compiled, name: str, layout: str) -> None:
    laid = {
        n: LAYOUTS[layout](v) if isinstance(v, Tensor) and v.dim() > 1 else v
        for n, v in given(name, (6, 19)).items()
    }
    check(rows, name, laid, like=lambda t: t[:1].expand(t.shape))


def test_batches_broadcast(rows: Compiled) -> None:
    values = given("scaled_softmax", (3, 1, 11))
    values["s"], values["keep"] = torch.rand(4) + 0.5, torch.rand(3, 1, 11) > 0.3
    check(rows, "scaled_softmax", values)


@pytest.mark.parametrize("label", [5, -1])
def test_a_label_out_of_its_row(rows: Compiled, label: int) -> None:
    x = torch.randn(40, 5)
    with (
        torch.no_grad(),
        pytest.raises(RuntimeError, match="out of bounds for a row of 5"),
    ):
        rows.module.entropy_loss(x, torch.full((40,), label))


def test_a_computed_place_out_of_its_row(rows: Compiled) -> None:
    x = torch.randn(4, 5)
    with torch.no_grad(), pytest.raises(RuntimeError, match="out of bounds"):
        rows.module.next_place(x, torch.full((4,), 4))


@pytest.mark.parametrize("flag", [True, False])
def test_numbers_are_divided_as_numbers(rows: Compiled, flag: bool) -> None:
    x = torch.randn(3, 5)
    with torch.no_grad():
        found = rows.module.parts(x, flag)
    torch.testing.assert_close(found, x * ((1 if flag else 2) / 4))


def test_many_rows_add_up_in_double(rows: Compiled) -> None:
    count = 2**24 + 2**12  # more ones than a float can count
    w = torch.ones(1, requires_grad=True)
    rows.module.weighted(torch.ones(count, 1), w).sum().backward()
    assert w.grad is not None and w.grad.item() == count


def test_a_gradient_of_what_is_not_kept_has_the_dtype_of_all_ends(
    rows: Compiled,
) -> None:
    x = torch.randn(64, dtype=torch.bfloat16, requires_grad=True)
    w = torch.randn(64, requires_grad=True)
    y, z = rows.module.two_ends(x, w)
    sent = torch.randn(64)
    [found] = torch.autograd.grad([y, z], [w], [torch.ones_like(y), sent])
    assert torch.equal(found, 3 * sent)


def test_outputs_of_one_value_are_two_tensors(rows: Compiled) -> None:
    x = torch.randn(3, 5)
    with torch.no_grad(), counted(rows.module) as called:
        found = rows.module.twins(x)
    assert called == ["twins_forward"]
    assert len({y.data_ptr() for y in found}) == 4
    for y, truth in zip(found, (2 * x, 2 * x, x.sum(-1), x.sum(-1)), strict=True):
        torch.testing.assert_close(y, truth)


def test_without_anything_along_a_row_there_is_no_kernel(rows: Compiled) -> None:
    assert "nothing_along_forward" not in rows.made.kernels


def test_gradients_that_are_not_needed(rows: Compiled) -> None:
    x, w = torch.randn(4, 9), torch.randn(9, requires_grad=True)
    with counted(rows.module) as called:
        rows.module.weighted_norm(x, w, 1e-5).sum().backward()
    assert called == ["weighted_norm_forward", "weighted_norm_backward"]
    assert x.grad is None and w.grad is not None and w.grad.shape == (9,)


def test_two_threads_add_up_the_same(rows: Compiled) -> None:
    values = given("weighted_norm", (4096, 64), torch.float64)
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            found.append(check(rows, "weighted_norm", values)[1]["w"])
        finally:
            torch.set_num_threads(1)
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


def test_vmap_of_the_operator(rows: Compiled) -> None:
    x, w = torch.randn(3, 4, 7), torch.randn(3, 7)
    with torch.no_grad():
        found = torch.vmap(lambda a, b: rows.module.weighted_norm(a, b, 1e-5))(x, w)
        one_by_one = [
            rows.module.weighted_norm(a, b, 1e-5) for a, b in zip(x, w, strict=True)
        ]
    torch.testing.assert_close(found, torch.stack(one_by_one))


def test_what_takes_long_is_kept_for_later_sweeps(rows: Compiled) -> None:
    text = rows.made.kernels
    start = text.index("Tensor scaled_softmax_forward(")
    forward = text[start : text.index("\n}\n", start)]
    assert forward.count("exp(") == 1
    assert "kept[0] = " in forward
