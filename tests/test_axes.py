"""Labels of axes, and what primitives make of those of their arguments."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
import torch

from symgrad import axes
from symgrad.axes import RULES, dim, index_of, joined, label, named, of_result, size_of
from symgrad.generate import generate
from symgrad.in_memory import load_text as load_module
from symgrad.spec import load_text

ROWS = (
    # primitive, data, axes of the arguments, axes of the result
    ("access", "i:m,j:n|0:m,1:n", ["... 0:m 1:n"], "... i:m j:n"),
    ("access", "i:m,j:n|0:m,1:n", ["1:n 0:m"], "j:n i:m"),
    ("access", "i:n,i:n|0:n,1:n", ["0:n 1:n"], "i:n"),
    ("access", "i:n,j:m,i:n|0:n,1:m,2:n", ["0:n 1:m 2:n"], "i:n j:m"),
    ("place", "i:m,j:n|0:m,1:n", ["... i:m j:n"], "... 0:m 1:n"),
    ("place", "i:n,i:n|0:n,1:n", ["i:n"], "0:n 1:n"),
    ("place", "i:m,j:n|0:m,1:n", ["j:n"], "1:n"),
    ("select", "_0:m|2", ["... _0:m j:n"], "... j:n"),
    ("insert", "_0:m|2", ["... j:n", ""], "... j:n _0:m"),
    ("ones", "i:n", [""], "i:n"),
    ("steps", "i:n", [""], "i:n"),
    ("part", "i:n[1~0]", ["... j:n i:n"], "... j:n i:n[1~0]"),
    ("pad", "i:n[1~0]", ["... i:n[1~0] j:n", ""], "... i:n j:n"),
    ("gather", "*0:n", ["*0:n j:d", "... t:s"], "... t:s j:d"),
    ("gather", "*1:n", ["i:s *1:n", "i:s"], "i:s"),
    ("gather", "*1:n", ["... i:s *1:n", "i:s k:m"], "... i:s k:m"),
    ("gather", "*0:n", ["... *0:n", "..."], "..."),
    ("gather", "*0:n", ["*0:n", ""], ""),
    ("scatter", "*0:n|*0:n,j:d", ["... t:s j:d", "... t:s", ""], "*0:n j:d"),
    ("scatter", "*1:n|i:s,*1:n", ["i:s", "i:s", ""], "i:s *1:n"),
    ("ordered", "j:n,i:m", ["... i:m j:n"], "... j:n i:m"),
    ("einsum", "...,i:m,k:p", ["... i:m j:n", "j:n k:p"], "... i:m k:p"),
    *((op, "j:n", ["... i:m j:n"], "... i:m") for op in ("sum", "mean", "prod")),
    *((op, "i:m,j:n", ["... i:m j:n"], "...") for op in ("amax", "amin", "norm")),
    ("logsumexp", "j:n", ["i:m j:n"], "i:m"),
    ("var", "j:n|1", ["... i:m j:n"], "... i:m"),
    ("std", "j:n|1", ["... i:m j:n"], "... i:m"),
    ("count", "j:n", ["i:m j:n"], "i:m"),
    *((op, "j:n", ["... j:n"], "... j:n") for op in ("softmax", "log_softmax")),
    *((op, "j:n", ["... j:n"], "... j:n") for op in ("cumsum", "cumsum_back")),
    ("others", "j:n", ["i:m j:n"], "i:m j:n"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_axes_of_a_result(row: tuple[str, str, list[str], str]) -> None:
    op, data, parts, expected = row
    found = of_result(op, data, [tuple(part.split()) for part in parts])
    assert " ".join(found) == expected


def test_every_primitive_has_a_row() -> None:
    assert {row[0] for row in ROWS} == set(RULES)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["", ""], ""),
        (["", "i:n"], "i:n"),
        (["...", "i:n"], "... i:n"),
        (["i:n", "... j:m"], "... i:n j:m"),
        (["i:n", "j:m i:n"], "j:m i:n"),
        (["j:m i:n", "i:n j:m"], "j:m i:n"),
        (["i:n j:m", "j:m k:p l:q"], "j:m k:p l:q i:n"),
        (["i:n", "j:m i:n", "..."], "... j:m i:n"),
    ],
)
def test_a_pointwise_value_has_the_axes_of_all_arguments(
    parts: list[str], expected: str
) -> None:
    assert " ".join(joined([tuple(part.split()) for part in parts])) == expected


def test_labels() -> None:
    both = label("row", "n_keys")
    assert (index_of(both), size_of(both)) == ("row", "n_keys")
    assert size_of(f"{both}[1~2]") == "n_keys"
    own = (axes.BATCH, label("i", "m"), label("j", "n"))
    assert named(own) == own[1:]
    assert [dim(axis, own) for axis in own[1:]] == [-2, -1]


CALLED = """\
symgrad: 1
ops:
  scale:
    inputs:
      x: real[..., s, n]
      w: real[n]
      A: real[n, n]
    forward:
      y[i, k]: sum(x[i, j]*w[j]*A[j, k], j)
"""


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """An op that checks the sizes of its axes."""
    return load_module("called", generate(load_text(CALLED, "called.yaml")).source)


@pytest.mark.parametrize(
    ("x", "w", "a", "parts"),
    [
        ((2, 3), (1,), (3, 3), ("scale", "axis n", "3 in x", "1 in w")),
        ((2, 1), (3,), (3, 3), ("scale", "axis n", "1 in x", "3 in w")),
        ((2, 3), (3,), (3, 4), ("scale", "axis n", "3 in x", "4 in A")),
        ((3,), (3,), (3, 3), ("scale", "x must have the axes [... s n]", "(3,)")),
        ((2, 3), (2, 3), (3, 3), ("scale", "w must have the axes [n]", "(2, 3)")),
        ((2, 3), (), (3, 3), ("scale", "w must have the axes [n]", "()")),
    ],
)
@pytest.mark.parametrize("grad", [True, False])
def test_sizes_that_differ_are_named(
    module: ModuleType,
    x: tuple[int, ...],
    w: tuple[int, ...],
    a: tuple[int, ...],
    parts: tuple[str, ...],
    grad: bool,
) -> None:
    with pytest.raises(ValueError) as caught, torch.set_grad_enabled(grad):
        module.scale(torch.ones(x), torch.ones(w), torch.ones(a))
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_named_axes_never_broadcast_and_batches_do(module: ModuleType) -> None:
    y = module.scale(torch.ones(5, 1, 2, 3), torch.ones(3), torch.ones(3, 3))
    assert y.shape == (5, 1, 2, 3)


EMPTY = """\
symgrad: 1
ops:
  f:
    inputs:
      x: real[..., m, n]
      w: real[n]
    forward:
      y[i]: sum(x[i, j]*w[j], j)
"""


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 2, 3)])
def test_axes_may_be_empty(shape: tuple[int, ...]) -> None:
    function = load_module("empty", generate(load_text(EMPTY, "e.yaml")).source).f
    x = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    w = torch.ones(shape[-1], dtype=torch.float64, requires_grad=True)
    y = function(x, w)
    y.sum().backward()
    assert y.shape == shape[:-1]
    assert x.grad is not None and x.grad.shape == x.shape
    rows = math.prod(shape[:-1])
    assert w.grad is not None and w.grad.tolist() == [rows] * len(w)


def test_the_product_of_nothing_has_an_empty_gradient() -> None:
    text = EMPTY.replace("y[i]: sum(x[i, j]*w[j], j)", "y: prod(w[j], j)*x[0, 0]")
    function = load_module("none", generate(load_text(text, "e.yaml")).source).f
    w = torch.ones(0, dtype=torch.float64, requires_grad=True)
    with pytest.raises(IndexError):
        function(torch.ones(2, 0), w)
    text = text.replace("*x[0, 0]", "").replace("      x: real[..., m, n]\n", "")
    function = load_module("none", generate(load_text(text, "e.yaml")).source).f
    y = function(w)
    y.backward()
    assert y.item() == 1 and w.grad is not None and w.grad.shape == (0,)


BOUNDS = """\
symgrad: 1
ops:
  f:
    inputs:
      x: real[..., n]
      W: real[v, d]
      r: index[..., t]
    forward:
      a: x[3]
      b[k, j]: W[r[k], j]
      c[k]: x[r[k]]
"""


@pytest.mark.parametrize(
    ("n", "index"), [(3, 0), (4, 7), (4, 5)], ids=["select", "gather", "rows"]
)
def test_places_out_of_range_are_torchs_own_error(n: int, index: int) -> None:
    function = load_module("bounds", generate(load_text(BOUNDS, "b.yaml")).source).f
    x, table = torch.ones(n, requires_grad=True), torch.ones(5, 2)
    with pytest.raises((IndexError, RuntimeError), match=r"out of (range|bounds)"):
        function(x, table, torch.tensor([index]))
