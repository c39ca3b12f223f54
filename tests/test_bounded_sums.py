"""Sums over parts of axes and up to other indices, against torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sympy
import torch
from fuzz_axes_judge import Verdict, compare, loaded
from fuzz_axes_trial import Trial
from torch import Tensor

import symgrad
from symgrad.generate import generate
from symgrad.parts import Part, part_of, places, with_part
from symgrad.spec import load_text

SPEC = """\
symgrad: 1
ops:
  f:
    inputs:
      x: {declared}
    forward:
      {title}: "{formula}"
"""


@dataclass(frozen=True)
class Case:
    """A formula in x, how forward spells it, and the same in torch."""

    formula: str
    torchs: Callable[[Tensor], Tensor]
    spelled: str = ""
    indices: str = ""
    declared: str = "real[..., n]"

    def __str__(self) -> str:
        return self.formula

    @property
    def source(self) -> str:
        """What is generated for it."""
        title = f"y[{self.indices}]" if self.indices else "y"
        fields = {"declared": self.declared, "title": title, "formula": self.formula}
        return generate(load_text(SPEC.format(**fields), "f.yaml")).source


def _squares(x: Tensor) -> Tensor:
    return (x * x).sum(-1)


PARTS = (
    Case(
        "Sum(x[i]**2, (i, 1, n - 1))", lambda x: (x * x)[..., 1:].sum(-1), "x[..., 1:]"
    ),
    Case("Sum(x[i], (i, 0, n - 2))", lambda x: x[..., :-1].sum(-1), "x[..., :-1]"),
    Case("Sum(x[i]**2, (i, 1, -2 + n))", lambda x: (x * x)[..., 1:-1].sum(-1)),
    Case(
        "Sum(x[i]**2, (i, 2, 3))", lambda x: (x * x)[..., 2:4].sum(-1), "narrow(-1, 2"
    ),
    Case("Sum(x[i]**2, (i, n - 3, n - 2))", lambda x: (x * x)[..., -3:-1].sum(-1)),
    Case("Product(x[i], (i, 1, n - 1))", lambda x: x[..., 1:].prod(-1)),
    Case("Sum(1/n + 0*x[i], (i, 1, n - 1))", lambda x: 0.8 + 0 * x.sum(-1)),
    Case("Sum(x[0]*x[i]**0, (i, 1, n - 1))", lambda x: 4 * x[..., 0]),
    Case(
        "Sum(x[i, j]*x[j, k], (j, 1, n - 2))",
        lambda x: x[..., :, 1:-1] @ x[..., 1:-1, :],
        "x[..., 1:-1] @ x[..., 1:-1, :]",
        "i, k",
        "real[..., n, n]",
    ),
    Case(
        "Sum(x[i, i]*x[i, j], (i, 1, n - 1), (j, 0, 1))",
        lambda x: (x.diagonal(0, -2, -1)[..., None] * x)[..., 1:, :2].sum((-2, -1)),
        "",
        "",
        "real[..., n, n]",
    ),
    Case(
        "sum(x[k], k)*Sum(sum(x[i]*x[j], j), (i, 1, n - 1))",
        lambda x: x.sum(-1) ** 2 * x[..., 1:].sum(-1),
    ),
)

TRIANGLES = (
    Case("Sum(x[i]**2, (i, 0, j))", lambda x: (x * x).cumsum(-1), "torch.cumsum(", "j"),
    Case(
        "Sum(x[i], (i, 0, j - 1))*x[j]",
        lambda x: (x.cumsum(-1) - x) * x,
        "torch.where(",
        "j",
    ),
    Case(
        "Sum(x[i]**2, (i, j, n - 1))",
        lambda x: (x * x).flip(-1).cumsum(-1).flip(-1),
        "",
        "j",
    ),
    Case(
        "Sum(x[i]**2, (i, j + 2, n - 2))",
        lambda x: _beyond(x[..., :-1] ** 2, 2, x.shape[-1]),
        "",
        "j",
    ),
    Case(
        "Sum(x[j, i]*x[i, j], (i, 0, j))",
        lambda x: (x * x.mT).tril().sum(-1),
        "",
        "j",
        "real[..., n, n]",
    ),
    Case("Product(x[i], (i, 0, j))", lambda x: x.cumprod(-1), "", "j"),
    Case(
        "Sum(x[i]*x[j], (i, 0, j - 1), (j, 1, n - 1))",
        lambda x: ((x.cumsum(-1) - x) * x)[..., 1:].sum(-1),
    ),
    Case(
        "Sum(x[i]**2, (i, 0, j), (j, 1, n - 2))",
        lambda x: (x * x).cumsum(-1)[..., 1:-1].sum(-1),
        "torch.cumsum(",
    ),
)
"""Sums to another index."""


def _beyond(x: Tensor, first: int, size: int) -> Tensor:
    ends = [x[..., j + first :].sum(-1) for j in range(size)]
    return torch.stack(ends, -1)


@pytest.mark.parametrize("lead", [(), (2, 3)])
@pytest.mark.parametrize("case", [*PARTS, *TRIANGLES], ids=str)
def test_sums_are_those_of_torch(case: Case, lead: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    shape = (*lead, *[5] * (2 if "n, n" in case.declared else 1))
    x = torch.randn(shape, dtype=torch.float64)
    verdict = Verdict()
    plain = (lambda x: (case.torchs(x),), lambda: math.inf)
    compare(Trial(loaded(case.source), lambda noise: plain, {"x": x}, 1), verdict)
    assert verdict.unexplained == []
    assert {*verdict.compared} >= {"value", "gradient", "tangent", "vmap"}


@pytest.mark.parametrize(
    "case", [c for c in (*PARTS, *TRIANGLES) if c.spelled], ids=str
)
def test_parts_are_slices_and_prefixes_cumulative_sums(case: Case) -> None:
    assert case.spelled in case.source


@pytest.mark.parametrize("size", [0, 1, 2])
def test_where_the_end_lies_before_the_start_there_is_nothing(size: int) -> None:
    function = loaded(Case("Sum(x[i]**2, (i, 1, n - 2))", lambda x: x).source)
    x = torch.ones(3, size, dtype=torch.float64, requires_grad=True)
    [y] = function(x=x)
    y.sum().backward()
    assert y.tolist() == [0.0] * 3
    assert x.grad is not None and x.grad.shape == x.shape and not x.grad.any()


def test_a_place_that_is_not_there_is_torchs_own_error() -> None:
    function = loaded(Case("Sum(x[i], (i, 1, 3))", lambda x: x).source)
    with pytest.raises((IndexError, RuntimeError), match="dimension"):
        function(x=torch.ones(3))


def test_what_is_left_out_may_be_infinite() -> None:
    function = loaded(Case("Sum(log(x[i])*x[j], (i, 0, j))", len, "", "j").source)
    x = torch.tensor([2.0, 3.0, -1.0], dtype=torch.float64, requires_grad=True)
    y = function(x=x)[0][:2].sum()
    [slope] = torch.autograd.grad(y, x)
    assert y.isfinite()
    assert slope[:2].tolist() == pytest.approx([math.log(2) + 2.5, math.log(6) + 1])


@pytest.mark.parametrize(
    ("bounds", "first", "last"),
    [
        ((1, "n - 1"), 1, 4),
        (("n - 3", "n - 2"), 2, 3),
        ((2, 3), 2, 3),
    ],
)
def test_bounds_in_sympy(bounds: tuple[object, object], first: int, last: int) -> None:
    n = sympy.Symbol("n", integer=True)
    i, x = sympy.Symbol("i", integer=True), symgrad.indexed("x[..., n]")
    low, high = (sympy.sympify(str(b), {"n": n}) for b in bounds)
    op = symgrad.Op(
        "f", inputs=[x], forward={"y": sympy.Sum(x[i] ** 2, (i, low, high))}
    )
    function = loaded(op.source())
    value = torch.randn(5, dtype=torch.float64)
    [y] = function(x=value)
    torch.testing.assert_close(y, (value[first : last + 1] ** 2).sum())


LABELS = (
    # part, places of an axis of 5, text, first and last
    (Part(0), [0, 1, 2, 3, 4], "0~0", ("0", "n - 1")),
    (Part(1, cut=2), [1, 2], "1~2", ("1", "n - 3")),
    (Part(3, cut=3), [], "3~3", ("3", "n - 4")),
    (Part(1, 3), [1, 2, 3], "1+3", ("1", "3")),
    (Part(-3, 2), [2, 3], "-3+2", ("n - 3", "n - 2")),
)


@pytest.mark.parametrize(("part", "inside", "text", "ends"), LABELS, ids=str)
def test_parts_of_labels(
    part: Part, inside: list[int], text: str, ends: tuple[str, str]
) -> None:
    axis = with_part("i:n", part)
    assert axis == f"i:n[{text}]" and part_of(axis) == part
    assert list(places(axis, 5)) == inside
    assert part.bounds("n") == ends
    assert not inside or places(axis, part.least)
