"""Gradients as given of inputs with named axes, against the same formulas in torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from fuzz_axes_judge import loaded
from fuzz_axes_trial import Function
from torch import Tensor

from symgrad.generate import generate
from symgrad.spec import load_text

INPUTS = {
    "x": "real[..., m, n]",
    "w": "real[..., n]",
    "s": "real[]",
    "A": "real[n, n]",
    "r": "index[..., t]",
}
"""The inputs that formulas may use."""

AXES = {"x": (3, 4), "w": (4,), "s": (), "A": (4, 4), "r": (5,)}

Gradients = Callable[..., tuple[Tensor, ...]]


@dataclass(frozen=True)
class Case:
    """Formulas, and what the gradients that they give are in torch.

    ``true`` takes the inputs and a cotangent, and gives gradients for the whole batch.
    """

    forward: str
    backward: Mapping[str, str]
    true: Gradients
    linear: bool = True

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs that occur."""
        texts = [self.forward, *self.backward.values()]
        return [n for n in INPUTS if any(_uses(n, text) for text in texts)]

    def source(self) -> str:
        """What is generated for it."""
        title, formula = self.forward.split(": ")
        lines = [
            *("symgrad: 1", "ops:", "  f:", "    inputs:"),
            *(f"      {name}: {INPUTS[name]}" for name in self.inputs),
            *("    forward:", f'      {title}: "{formula}"', "    backward:"),
            *(f'      {key}: "{text}"' for key, text in self.backward.items()),
        ]
        return generate(load_text("\n".join(lines), "f.yaml")).source

    def function(self) -> Function:
        """The function that is generated for it."""
        return loaded(self.source())


def _uses(name: str, text: str) -> bool:
    return f"{name}[" in text or (name == "s" and "s*" in text)


CASES = (
    Case("y[i, j]: tanh(x[i, j])", {"x[i, j]": "grad_y[i, j]"}, lambda x, g: (g,)),
    Case("y[j, i]: x[i, j]**2", {"x[k, l]": "grad_y[l, k]"}, lambda x, g: (g.mT,)),
    Case(
        "y[j]: round(w[j])",
        {"w[i]": "where(abs(w[i]) <= 1, grad_y[i], 0)"},
        lambda w, g: (torch.where(w.abs() <= 1, g, 0.0),),
    ),
    Case(
        "y[j]: w[j]",
        {"w[j]": "clamp(grad_y[j], -1/2, 1/2)"},
        lambda w, g: (g.clamp(-0.5, 0.5),),
        linear=False,
    ),
    Case(
        "y[i]: sum(x[i, j]*w[j], j)",
        {"x[i, j]": "grad_y[i]*w[j]/n", "w[j]": "sum(grad_y[i]*x[i, j], i)"},
        lambda x, w, g: (
            g[..., None] * w[..., None, :] / 4,
            (g[..., None] * x).sum(-2),
        ),
    ),
    Case(
        "y: sum(x[i, j]*w[j], (i, j))",
        {"x[i, j]": "grad_y", "w[j]": "2*grad_y"},
        lambda x, w, g: (
            g[..., None, None].expand(*g.shape, 3, 4),
            2 * g[..., None].expand(*g.shape, 4),
        ),
    ),
    Case(
        "y[j]: sum(w[i]*A[i, j], i)",
        {"A[i, j]": "w[i]*grad_y[j]", "w[i]": "sum(A[j, i]*grad_y[j], j)"},
        lambda w, A, g: ((A.mT @ g[..., None])[..., 0], w[..., None] * g[..., None, :]),
    ),
    Case(
        "y[k]: w[r[k]]",
        {"w[j]": "sum(grad_y[k], k)*w[j]"},
        lambda w, r, g: (g.sum(-1, keepdim=True) * w,),
    ),
    Case(
        "y[j]: cumsum(w[j], j)",
        {"w[j]": "cumsum(grad_y[j], j) + 3*grad_y[0]"},
        lambda w, g: (g.cumsum(-1) + 3 * g[..., :1],),
    ),
    Case(
        "y[j]: s*w[j]",
        {"s": "sum(grad_y[j], j)"},
        lambda w, s, g: (s * g, g.sum(-1)),
    ),
    Case(
        "y[j]: w[j]*s*A[j, j]",
        {"A[i, j]": "5", "w[j]": "s*A[0, j]"},
        lambda w, s, A, g: (
            (s * A[0]).expand(g.shape),
            (g * w * A.diagonal()).sum(-1),
            torch.full((*g.shape[:-1], 4, 4), 5.0),
        ),
        linear=False,
    ),
)

BATCHES = {
    "none": {},
    "one": {"x": (2,), "w": (2,), "r": (2,)},
    "broadcast": {"x": (2, 1), "w": (3,), "r": (3,)},
}


def values(case: Case, lead: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Inputs, with batches where they have one."""
    torch.manual_seed(0)
    found = {}
    for name in case.inputs:
        shape = (*lead.get(name, ()), *AXES[name])
        drawn = torch.randn(shape, dtype=torch.float64)
        found[name] = torch.randint(4, shape) if name == "r" else drawn
    return found


def leaves(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inputs that move."""
    return {n: t for n, t in given.items() if t.is_floating_point()}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.forward)
def test_gradients_are_as_given(case: Case, batch: str) -> None:
    given, function = values(case, BATCHES[batch]), case.function()
    moving = {n: t.requires_grad_() for n, t in leaves(given).items()}
    [y] = function(**given)
    g = torch.randn(y.shape, dtype=torch.float64, requires_grad=True)
    ours = torch.autograd.grad(y, moving.values(), g, create_graph=True)
    summed = zip(case.true(*given.values(), g), moving.values(), strict=True)
    true = [t.double().sum_to_size(x.shape) for t, x in summed]
    torch.testing.assert_close(list(ours), true, rtol=1e-11, atol=1e-12)
    again = [_again(found, [*moving.values(), g]) for found in (ours, true)]
    torch.testing.assert_close(*again, rtol=1e-11, atol=1e-12)


def _again(gradients: Any, wrt: list[Tensor]) -> tuple[Tensor, ...]:
    """Derivatives of gradients, each entry counted differently."""
    steps = (torch.arange(1.0, 1 + t.numel()).view(t.shape) for t in gradients)
    total = sum((t * k).sum() for t, k in zip(gradients, steps, strict=True))
    return torch.autograd.grad(total, wrt, materialize_grads=True, allow_unused=True)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.linear], ids=lambda case: case.forward
)
def test_tangents_are_the_transpose(case: Case, batch: str) -> None:
    given, function = values(case, BATCHES[batch]), case.function()
    moving = leaves(given)

    def run(*inputs: Tensor) -> Tensor:
        return function(**{**given, **dict(zip(moving, inputs, strict=True))})[0]

    start = tuple(moving.values())
    along = tuple(map(torch.randn_like, start))
    y, tangent = torch.func.jvp(run, start, along)
    g = torch.randn_like(y)
    back = torch.func.vjp(run, *start)[1](g)
    worth = sum((b * t).sum() for b, t in zip(back, along, strict=True))
    torch.testing.assert_close((g * tangent).sum(), worth, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if not c.linear])
def test_what_is_not_linear_has_no_forward_mode(case: Case) -> None:
    given, function = values(case, {}), case.function()
    moving = leaves(given)
    with pytest.raises((NotImplementedError, RuntimeError), match=r"jvp"):
        torch.func.jvp(
            lambda *inputs: function(**{**given, **dict(zip(moving, inputs))})[0],  # noqa: B905
            tuple(moving.values()),
            tuple(moving.values()),
        )


def test_an_output_without_batch_and_a_gradient_with_one_have_no_forward_mode() -> None:
    case = Case("y[j]: A[j, j]", {"A[i, j]": "w[i]*grad_y[j]"}, lambda *_: ())
    assert "jvp" not in case.source()
