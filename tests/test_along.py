"""Derivatives along axes: every primitive's rules against torch's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
import torch
from fuzz_axes_judge import Verdict, compare, loaded
from fuzz_axes_trial import Function, Trial
from specs import module
from torch import Tensor

from symgrad.along import RULES, SLOPES
from symgrad.generate import generate
from symgrad.spec import load_text

SPEC = """\
symgrad: 1
ops:
  f:
    inputs:
      x: {declared}
{more}    forward:
      {title}: {formula}
"""


@dataclass(frozen=True)
class Case:
    """A formula in x and the same in torch."""

    formula: str
    torchs: Callable[[Tensor], Tensor]
    indices: str = ""
    declared: str = "real[..., n]"
    index: bool = False

    def function(self) -> Function:
        """What is generated for it."""
        title = f"y[{self.indices}]" if self.indices else "y"
        more = "      r: index[t]\n" if self.index else ""
        text = SPEC.format(
            declared=self.declared, more=more, title=title, formula=self.formula
        )
        return loaded(generate(load_text(text, "f.yaml")).source)


PLACES = torch.tensor([2, 0, 2, 1, 2])

CASES: Mapping[str, Case] = {
    "sum": Case("sum(x[i]**2, i)", lambda x: (x * x).sum(-1)),
    "mean": Case("mean(x[i]**2, i)", lambda x: (x * x).mean(-1)),
    "prod": Case("prod(x[i], i)", lambda x: x.prod(-1)),
    "amax": Case("amax(x[i], i)", lambda x: x.amax(-1)),
    "amin": Case("amin(x[i], i)", lambda x: x.amin(-1)),
    "logsumexp": Case("logsumexp(x[i], i)", lambda x: x.logsumexp(-1)),
    "norm": Case("norm(x[i], i)", lambda x: torch.linalg.vector_norm(x, dim=-1)),
    "var": Case("var(x[i], i)", lambda x: x.var(-1)),
    "std": Case("std(x[i], i)", lambda x: x.std(-1)),
    "softmax": Case("softmax(x[i], i)", lambda x: x.softmax(-1), "i"),
    "log_softmax": Case("log_softmax(x[i], i)", lambda x: x.log_softmax(-1), "i"),
    "cumsum": Case("cumsum(x[i]**2, i)", lambda x: (x * x).cumsum(-1), "i"),
    "access": Case(
        "x[i, i]**2", lambda x: x.diagonal(0, -2, -1) ** 2, "i", "real[..., n, n]"
    ),
    "select": Case("x[1]**2", lambda x: x[..., 1] ** 2),
    "part": Case("Sum(x[i]**2, (i, 1, n - 1))", lambda x: (x * x)[..., 1:].sum(-1)),
    "gather": Case("x[r[k]]**2", lambda x: x[..., PLACES] ** 2, "k", index=True),
    "ordered": Case("x[i, j]**2", lambda x: x.mT**2, "j, i", "real[..., m, n]"),
}
"""The primitives, by name."""

VARIANTS = (
    Case("sum(x[i, j]**3, (i, j))", lambda x: (x**3).sum((-2, -1)), "", "real[m, n]"),
    Case("prod(x[i, j], (i, j))", lambda x: x.flatten(-2).prod(-1), "", "real[m, n]"),
    Case("amax(x[i, j], (i, j))", lambda x: x.amax((-2, -1)), "", "real[m, n]"),
    Case("logsumexp(x[i, j], (i, j))", lambda x: x.logsumexp((0, 1)), "", "real[m, n]"),
    Case("var(x[i, j], (i, j), 0)", lambda x: x.var(correction=0), "", "real[m, n]"),
    Case("std(x[i], i)", lambda x: x.std(-1)),
    Case("softmax(x[i, j], i)", lambda x: x.softmax(-2), "i, j", "real[..., m, n]"),
    Case("cumsum(x[i, j], i)**2", lambda x: x.cumsum(0) ** 2, "i, j", "real[m, n]"),
    Case("x[i]**2 + 0*sum(x[j], j)", lambda x: x * x, "i"),
    Case("mean(x[0]*x[i]/x[i], i)", lambda x: x[..., 0] * 1.0),
    Case("cumsum(x[0] + 0*x[i], i)", lambda x: x[..., :1] * _steps(x), "i"),
    Case("softmax(x[0]**2 + 0*x[i], i)", lambda x: 0 * x + 1 / x.shape[-1], "i"),
)


def _steps(x: Tensor) -> Tensor:
    return torch.arange(1.0, x.shape[-1] + 1).double()


def tried(case: Case, x: Tensor) -> Verdict:
    """Values and derivatives of a case at a place, beside torch's."""
    verdict = Verdict()
    values = {"x": x, **({"r": PLACES} if case.index else {})}
    rows = (lambda x, r=None: (case.torchs(x),), lambda: math.inf)
    compare(Trial(case.function(), lambda noise: rows, values, 1), verdict)
    return verdict


def shape(case: Case, lead: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Of x; every axis has four places."""
    batch = lead if "..." in case.declared else ()
    names = case.declared.count(",") + 1 - ("..." in case.declared)
    return (*batch, *[4] * names)


GIVEN = {"place"}
"""Primitives of gradients that a spec gives, which have tests of their own."""


def test_every_rule_has_a_case() -> None:
    assert set(CASES) | GIVEN == set(RULES)
    assert set(SLOPES) <= set(RULES)


@pytest.mark.parametrize("lead", [(), (2, 3)])
@pytest.mark.parametrize(
    "case", [*CASES.values(), *VARIANTS], ids=lambda case: case.formula
)
def test_rules_pull_and_push_as_torch_does(case: Case, lead: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    verdict = tried(case, torch.randn(shape(case, lead), dtype=torch.float64))
    assert verdict.unexplained == []
    assert verdict.compared["gradient"] and verdict.compared["tangent"]


def derivatives(
    name: str, values: list[float], order: int = 1
) -> tuple[Tensor, Tensor]:
    """The gradient of a case and torch's, or what the gradient's square has."""
    found = []
    ours = CASES[name].function()
    for run in (lambda x: ours(x=x)[0], CASES[name].torchs):
        x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        weights = torch.arange(1.0, 1 + run(x).numel(), dtype=torch.float64)
        total = (run(x).reshape(-1) * weights).nan_to_num(0, 0, 0).sum()
        [slope] = torch.autograd.grad(total, x, create_graph=True)
        if order == 2:
            [slope] = torch.autograd.grad((slope * _steps(x)).sum(), x)
        found.append(slope.detach())
    return found[0], found[1]


EDGES = {
    "ties of amax": ("amax", [1.0, 3.0, 3.0, 3.0]),
    "ties of amin": ("amin", [0.0, 1.0, 0.0, 2.0]),
    "all tie": ("amax", [2.0, 2.0, 2.0, 2.0]),
    "one zero": ("prod", [2.0, 0.0, 3.0, 5.0]),
    "two zeros": ("prod", [2.0, 0.0, 0.0, 5.0]),
    "only zeros": ("prod", [0.0, 0.0, 0.0]),
    "one factor": ("prod", [3.0]),
    "the origin": ("norm", [0.0, 0.0, 0.0]),
    "left out": ("logsumexp", [1.0, -math.inf, 2.0]),
    "left out of softmax": ("softmax", [1.0, -math.inf, 2.0]),
    "left out of log_softmax": ("log_softmax", [1.0, -math.inf, 2.0]),
    "large": ("logsumexp", [1e4, 9999.0, -1e4]),
    "large in softmax": ("softmax", [1e4, 9999.0, -1e4]),
    "large in log_softmax": ("log_softmax", [1e4, 9999.0, -1e4]),
    "very negative": ("logsumexp", [-1e4, -1e4, -10001.0]),
}
"""Where rules are easily wrong."""


@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_as_torch_has_them(edge: str) -> None:
    ours, torchs = derivatives(*EDGES[edge])
    assert ours.isfinite().all()
    torch.testing.assert_close(ours, torchs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("edge", ["one zero", "two zeros", "only zeros", "one factor"])
def test_products_with_zeros_are_exact(edge: str) -> None:
    name, values = EDGES[edge]
    ours, _ = derivatives(name, values)
    rest = [values[:k] + values[k + 1 :] for k in range(len(values))]
    assert ours.tolist() == [math.prod(r) for r in rest]


@pytest.mark.parametrize("edge", ["one zero", "two zeros", "only zeros"])
def test_second_derivatives_of_products_with_zeros(edge: str) -> None:
    ours, torchs = derivatives(*EDGES[edge], order=2)
    assert ours.tolist() == torchs.tolist()


@pytest.mark.parametrize("name", ["cumsum", "softmax", "log_softmax"])
def test_what_does_not_move_moves_nothing_along_its_axis(name: str) -> None:
    made = module({"x": "real[..., n]"}, {"y[i]": f"x[i]*{name}(x[i]**0, i)"})
    x, t = torch.randn(2, 3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    weights = getattr(torch, name)(t, 0)
    found = torch.func.jvp(made.f, (x,), (x,))
    torch.testing.assert_close(found, (x * weights, x * weights))
