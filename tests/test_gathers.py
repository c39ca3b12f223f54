"""Gathers and diagonals, alone and together, against torch's advanced indexing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from fuzz_axes_judge import Verdict, compare, loaded
from fuzz_axes_trial import Trial
from specs import module
from torch import Tensor

from symgrad.backends import torch as torch_backend
from symgrad.generate import generate
from symgrad.spec import load_text
from symgrad.verify import verify

SIZES = {"m": 3, "n": 4, "s": 2, "t": 5, "p": 3}
LEADS = ((), (2, 1))
"""Batches of integers that have one; that of x lacks the first of these."""


@dataclass(frozen=True)
class Case:
    """A formula of a tensor x and integers, and the same in torch without batch."""

    x: str
    integers: tuple[str, ...]
    formula: str
    torchs: Callable[..., Tensor]

    def __str__(self) -> str:
        return self.formula

    @property
    def declared(self) -> dict[str, str]:
        """The declarations."""
        names = ("r", "q")[: len(self.integers)]
        pairs = zip(names, self.integers, strict=True)
        return {"x": f"real[{self.x}]", **{n: f"index[{axes}]" for n, axes in pairs}}

    def values(self, lead: tuple[int, ...]) -> dict[str, Tensor]:
        """Inputs; integers have place in every axis."""
        torch.manual_seed(0)
        found = {}
        for name, declaration in self.declared.items():
            axes = declaration.partition("[")[2].rstrip("]").split(", ")
            batch = lead[name == "x" :] if axes[0] == "..." else ()
            shape = (*batch, *(SIZES[a] for a in axes if a not in ("...", "")))
            drawn = torch.randn(shape, dtype=torch.float64)
            found[name] = drawn if name == "x" else torch.randint(3, shape)
        return found

    def true(self, **values: Tensor) -> tuple[Tensor, ...]:
        """One element of the batch after the other; ``lead`` dimensions are that."""
        given = [
            (t, t.dim() - declared.count(",") - ("..." not in declared))
            for declared, t in zip(self.declared.values(), values.values(), strict=True)
        ]
        whole = torch.broadcast_shapes(*(t.shape[:lead] for t, lead in given))
        rows = [
            t.expand(*whole, *t.shape[lead:]).reshape(-1, *t.shape[lead:])
            for t, lead in given
        ]
        found = [self.torchs(*row) for row in zip(*rows, strict=True)]
        return (torch.stack(found).reshape((*whole, *found[0].shape)),)


CASES = (
    # two new axes
    Case("m, n", ("s, t",), "y[k, l, j]: x[r[k, l], j]", lambda x, r: x[r]),
    Case("..., n", ("..., s, t",), "y[k, l]: x[r[k, l]]**2", lambda x, r: x[r] ** 2),
    Case(
        "..., m, n",
        ("..., s, t",),
        "y[k, l, j]: x[r[k, l], j]**2",
        lambda x, r: x[r] ** 2,
    ),
    Case(
        "..., m, n",
        ("..., s, t",),
        "y[l, i, k]: x[i, r[k, l]]",
        lambda x, r: x[:, r].permute(2, 0, 1),
    ),
    Case(
        "m, n",
        ("m, s, t",),
        "y[i, k, l]: x[i, r[i, k, l]]**2",
        lambda x, r: x.gather(1, r.flatten(1)).reshape(r.shape) ** 2,
    ),
    Case(
        "m, n",
        ("..., s, t, p",),
        "y[i, u, k, l]: x[i, r[k, l, u]]",
        lambda x, r: x[:, r].permute(0, 3, 1, 2),
    ),
    # two gathers
    Case("m, n", ("t", "t"), "y[k]: x[r[k], q[k]]**2", lambda x, r, q: x[r, q] ** 2),
    Case("m, n", ("s", "t"), "y[k, l]: x[r[k], q[l]]", lambda x, r, q: x[r][:, q]),
    Case(
        "..., m, n",
        ("..., s, t", "..., s, t"),
        "y[k, l]: x[r[k, l], q[k, l]]**2",
        lambda x, r, q: x[r, q] ** 2,
    ),
    Case(
        "..., m, n",
        ("..., s, t", "..., t, p"),
        "y[k, l, u]: x[r[k, l], q[l, u]]**2",
        lambda x, r, q: x[r[:, :, None], q[None]] ** 2,
    ),
    Case(
        "..., m, n, n",
        ("..., s", "..., s, t"),
        "y[k, l]: sum(x[r[k], i, q[k, l]]*x[r[k], i, 0], i)",
        lambda x, r, q: torch.einsum(
            "kil,ki->kl",
            x[r].gather(2, q[:, None].expand(-1, 4, -1)),
            x[r][:, :, 0],
        ),
    ),
    # gathers of gathers
    Case("n", ("p", "t"), "y[k]: x[r[q[k]]]**2", lambda x, r, q: x[r[q]] ** 2),
    Case(
        "..., n, m",
        ("..., p", "..., s, t"),
        "y[k, l, j]: x[r[q[k, l]], j]**2",
        lambda x, r, q: x[r[q]] ** 2,
    ),
    # gathers and diagonals
    Case(
        "..., n, n, m",
        ("..., s, t",),
        "y[i, k, l]: x[i, i, r[k, l]]**2",
        lambda x, r: x.diagonal().mT[:, r] ** 2,
    ),
    Case(
        "n, n, n",
        ("n",),
        "y[i]: x[i, r[i], i]**2",
        lambda x, r: x[torch.arange(4), r, torch.arange(4)] ** 2,
    ),
    # diagonals
    Case(
        "n, n, n", (), "y[i]: x[i, i, i]**2", lambda x: torch.einsum("iii->i", x) ** 2
    ),
    Case(
        "..., n, m, n, m",
        (),
        "y[j, i]: x[i, j, i, j]**2",
        lambda x: _einsum("ijij->ji", x),
    ),
    Case(
        "..., n, n, m, m",
        (),
        "y: sum(x[i, i, j, j]**2, (i, j))",
        lambda x: _einsum("iijj->ij", x).sum(),
    ),
)


def _einsum(equation: str, x: Tensor) -> Tensor:
    return torch.einsum(equation, x) ** 2


PLACES = [
    (case, lead)
    for case in CASES
    for lead in LEADS[: 1 + ("..." in str(case.declared))]
]
"""Cases, also in batches where they have some."""


@pytest.mark.parametrize(("case", "lead"), PLACES, ids=str)
def test_gathers_are_those_of_torch(case: Case, lead: tuple[int, ...]) -> None:
    title, formula = case.formula.split(": ")
    inputs = "".join(f"      {n}: {d}\n" for n, d in case.declared.items())
    head = f"symgrad: 1\nops:\n  f:\n    inputs:\n{inputs}"
    text = f"{head}    forward:\n      {title}: {formula}\n"
    function = loaded(generate(load_text(text, "f.yaml")).source)
    verdict = Verdict()
    plain = (case.true, lambda: math.inf)
    compare(Trial(function, lambda noise: plain, case.values(lead), 0), verdict)
    assert verdict.unexplained == []
    assert {*verdict.compared} >= {"value", "gradient", "tangent", "vmap"}


ONE_ROW = """
symgrad: 1
ops:
  f:
    inputs:
      w: real[n, m]
      ids: index[...]
    forward:
      y[j]: w[ids, j]
      z[i]: sum(w[i, j]**2, j)
"""


def test_rows_look_up_with_0_dim_indices() -> None:
    function = loaded(generate(load_text(ONE_ROW, "f.yaml")).source)
    w, ids = torch.randn(4, 2), torch.tensor([2, 0, 2])
    picked, squares = torch.func.vmap(lambda one: function(w=w, ids=one))(ids)
    torch.testing.assert_close(picked, w[ids])
    torch.testing.assert_close(squares, w.square().sum(-1).expand(3, 4))


def test_verification_looks_up_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = load_text(ONE_ROW, "f.yaml")
    assert verify(generate(looked_up).source, looked_up, only=[("f", 3)]).passed
    monkeypatch.setattr(torch_backend, "_looks_up_one", lambda program: False)
    [finding] = verify(generate(looked_up).source, looked_up, only=[("f", 3)]).failures
    assert "meta" in str(finding)


def test_a_place_of_a_place_is_compiled() -> None:
    inputs = {"w": "real[n, m]", "r": "index[k]"}
    function = module(inputs, {"y[s]": "w[r[r[1]], s]"}).f
    w, r = torch.randn(4, 2), torch.tensor([2, 0, 1])
    whole = torch.compile(function, fullgraph=True, backend="eager")
    torch.testing.assert_close(whole(w, r), w[2])
