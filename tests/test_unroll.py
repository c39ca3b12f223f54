"""An op with axes as one of numbers says the same as the op of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from symgrad.axes import RULES, named
from symgrad.op import Op
from symgrad.spec import load, load_text
from symgrad.unroll import (
    MOST_ELEMENTS,
    element,
    gathered,
    places,
    sizes_of,
    unrolled,
)
from symgrad.verify import reference

ALL = """\
symgrad: 1
ops:
  reductions:
    inputs:
      x: real[m, n]
      w: real[n]
      q: mask[m]
    let:
      v[j, i]: x[i, j]*w[j]
    forward:
      a: sum(x[i, j], (i, j))*n
      b[i]: mean(x[i, j], j)/m
      c[j]: prod(x[i, j], i)
      d: amax(x[i, j], (i, j)) - amin(w[j], j)
      e[i]: logsumexp(x[i, j], j)
      f: norm(x[i, j], (j, i))
      g[j]: var(x[i, j], i) + std(x[i, j], i, 0)
      h[j, i]: softmax(x[i, j], i)
      k[i, j]: log_softmax(x[i, j], j)
      l[i, j]: cumsum(where(q[i], x[i, j], w[j]), i)
      o[t, s]: v[t, s]
  accesses:
    inputs:
      A: real[n, n]
      x: real[m, n]
      r: index[m]
      s: index[m, p]
    forward:
      a: sum(A[i, i], i)
      b[j]: A[0, j]*A[j, 1]
      c[i]: x[i, r[i]]
      d[k, j]: x[s[0, k], j]
      e[k, i]: x[i, s[i, k]]
      f[i]: A[r[i], r[i]]
      g[i]: x[i, where(r[i] < 2, r[i], 0)]
      l: Sum(x[i, j]*x[i, 0], (j, 1, n - 1), (i, 0, 1))
      k[i]: Sum(A[i, j]*A[j, j], (j, 0, i))
      h: x[2, 3]
"""
OPS = (
    *load_text(ALL, "every.yaml").ops,
    *load(str(Path(__file__).with_name("found_axes.yaml"))).ops,
)


def drawn(op: Op, sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """Values of the inputs, without batch."""
    torch.manual_seed(0)
    found: dict[str, Tensor] = {}
    for item in op.inputs:
        shape = [sizes[axis] for axis in item.axes or () if axis != "..."]
        value = torch.randn(shape, dtype=torch.float64)
        whole = torch.randint(0, min(sizes.values()), shape)
        kinds = {"index": whole, "mask": value > 0}
        found[item.name] = kinds.get(item.kind.value, value)
    return found


def elements(op: Op, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every element of every input by its own name."""
    return {
        element(name, tuple(place)): tensor[tuple(place)]
        for name, tensor in values.items()
        for place in torch.ones(tensor.shape).nonzero().tolist()
    }


@pytest.mark.parametrize("cycle", [(2, 3), (3, 2, 4), (4,), (1, 2)])
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_elements_are_those_of_the_tensors(op: Op, cycle: tuple[int, ...]) -> None:
    sizes = sizes_of(op, cycle)
    values = drawn(op, sizes)
    flat = unrolled(op, sizes)
    assert not flat.has_axes
    single = reference.named_outputs(flat, elements(op, values))
    numbers = {name: value.item() for name, value in single.items()}
    for f, whole in zip(op.outputs, reference.outputs(op, values), strict=True):
        axes = op.nodes[f.value].axes
        listed = gathered(numbers, f.name, axes, sizes)
        found = torch.tensor(listed, dtype=torch.float64)
        torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-12, equal_nan=True)


def test_every_primitive_of_formulas_is_unrolled() -> None:
    derived = {"place", "insert", "ones", "scatter", "einsum"}
    derived |= {"pad", "count", "cumsum_back", "others"}
    assert {node.op for op in OPS for node in op.nodes} >= set(RULES) - derived


def test_places_go_over_the_last_axis_fastest() -> None:
    found = places(("...", "i:m", "j:n"), {"m": 2, "n": 3})
    assert found == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert element("x", (1, 2)) == "x_1_2" and element("x", ()) == "x"


def one(formula: str, axes: str) -> Op:
    """An op of one input."""
    text = f"symgrad: 1\nops:\n  f:\n    inputs:\n      x: real[{axes}]\n"
    return load_text(f"{text}    forward:\n      {formula}\n", "one.yaml").ops[0]


def test_an_axis_is_as_long_as_what_a_number_selects() -> None:
    assert sizes_of(one("y: x[0]", "n"), (2, 3)) == {"n": 4}
    assert sizes_of(one("y: x[9] + x[1]", "n"), (2, 3)) == {"n": 10}


def test_an_axis_is_as_long_as_what_is_looked_up_in_it() -> None:
    inputs = "W: real[n, d]\n      k: index[...]\n      p: index[...]"
    text = f"symgrad: 1\nops:\n  f:\n    inputs:\n      {inputs}\n"
    text += "    forward: {'y[c]': 'W[k + 1, c]*p'}\n"
    text += "    samples: {k: {range: [0, 9]}, p: {values: [70]}}\n"
    [op] = load_text(text, "one.yaml").ops
    assert sizes_of(op, (2, 3)) == {"n": 10, "d": 3}


def test_many_axes_are_short() -> None:
    letters = "abcdefghijklmno"
    axes, every = ", ".join(f"n{k}" for k in letters), ", ".join(letters)
    op = one(f"y: sum(x[{every}], ({every}))", axes)
    sizes = sizes_of(op, (2, 3))
    largest = max(len(places(named(n.axes), sizes)) for n in op.nodes)
    assert MOST_ELEMENTS / 3 <= largest <= MOST_ELEMENTS
