"""Complex numbers along named axes, against torch's own derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from fuzz_axes_judge import loaded
from torch import Tensor

from symgrad.generate import generate
from symgrad.spec import load_text

INPUTS = {
    "z": "complex[..., n]",
    "w": "complex[..., n]",
    "A": "complex[m, n]",
    "B": "complex[n, n]",
    "x": "real[..., n]",
    "M": "real[m, n]",
    "r": "index[..., t]",
}
"""The inputs that formulas may use."""

SIZES = {"m": 3, "n": 4, "t": 5}


@dataclass(frozen=True)
class Case:
    """A formula, and the same in torch."""

    title: str
    formula: str
    torchs: Callable[..., Tensor]

    def __str__(self) -> str:
        return self.formula

    @property
    def names(self) -> list[str]:
        """The inputs that occur."""
        return [n for n in INPUTS if f"{n}[" in self.formula]

    @property
    def source(self) -> str:
        """What is generated for it."""
        inputs = "".join(f"      {n}: {INPUTS[n]}\n" for n in self.names)
        head = f"symgrad: 1\nops:\n  f:\n    inputs:\n{inputs}    forward:\n"
        text = f'{head}      {self.title}: "{self.formula}"\n'
        return generate(load_text(text, "f.yaml")).source


CASES = (
    Case("y", "sum(z[i]**2, i)", lambda z: (z * z).sum(-1)),
    Case("y", "mean(z[i]*x[i], i)", lambda z, x: (z * x).mean(-1)),
    Case("y", "prod(z[i], i)", lambda z: z.prod(-1)),
    Case("y[i]", "cumsum(exp(z[i]), i)", lambda z: z.exp().cumsum(-1)),
    Case("y", "norm(z[i], i)", lambda z: torch.linalg.vector_norm(z, dim=-1)),
    Case(
        "y[i]",
        "z[i]/norm(z[j], j)",
        lambda z: z / torch.linalg.vector_norm(z, dim=-1, keepdim=True),
    ),
    Case("y[i]", "sum(A[i, j]*z[j], j)", lambda z, A: torch.einsum("ij,...j", A, z)),
    Case(
        "y[i]", "sum(M[i, j]*z[j], j)", lambda z, M: torch.einsum("ij,...j", M + 0j, z)
    ),
    Case(
        "y",
        "abs(sum(conjugate(z[i])*w[i], i))**2",
        lambda z, w: (z.conj() * w).sum(-1).abs() ** 2,
    ),
    Case(
        "y",
        "re(sum(z[i]*B[i, j]*conjugate(z[j]), (i, j)))",
        lambda z, B: torch.einsum("...i,ij,...j->...", z, B, z.conj()).real,
    ),
    Case(
        "y[i]",
        "softmax(abs(z[i]), i)*z[i]",
        lambda z: z.abs().softmax(-1) * z,
    ),
    Case(
        "y[j]",
        "amax(x[i], i)*I*z[j]",
        lambda z, x: x.amax(-1, keepdim=True) * 1j * z,
    ),
    Case("y", "abs(sum(exp(I*x[i]), i))", lambda x: (1j * x).exp().sum(-1).abs()),
    Case(
        "y[k]",
        "z[r[k]]**2",
        lambda z, r: z.expand(*r.shape[:-1], 4).gather(-1, r) ** 2,
    ),
    Case("y[i]", "B[i, i]*B[i, 0]", lambda B: B.diagonal() * B[:, 0]),
    Case(
        "y",
        "Sum(z[i]*conjugate(w[i]), (i, 1, n - 1))",
        lambda z, w: (z * w.conj())[..., 1:].sum(-1),
    ),
    Case("y[j]", "Sum(z[i]**2, (i, 0, j))", lambda z: (z * z).cumsum(-1)),
)

BATCHES: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "none": {},
    "broadcast": {"z": (2, 1), "w": (3,), "x": (3,), "r": (2, 1)},
}


def values(case: Case, lead: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Inputs at random, all but integers with a gradient."""
    torch.manual_seed(0)
    found = {}
    for name in case.names:
        axes = [axis for axis in SIZES if axis in INPUTS[name].partition("[")[2]]
        axes *= 2 if "n, n" in INPUTS[name] else 1
        shape = (*lead.get(name, ()), *(SIZES[axis] for axis in axes))
        dtype = torch.complex128 if "complex" in INPUTS[name] else torch.float64
        drawn = torch.randn(shape, dtype=dtype, requires_grad=True)
        found[name] = torch.randint(4, shape) if name == "r" else drawn
    return found


def moving(given: Mapping[str, Tensor]) -> list[Tensor]:
    """The inputs that have a gradient."""
    return [tensor for tensor in given.values() if tensor.requires_grad]


def derivatives(
    run: Callable[..., Tensor], given: Mapping[str, Tensor]
) -> list[Tensor]:
    """Values, gradients, gradients of gradients, and tangents."""
    leaves, y = moving(given), run(*given.values())
    torch.manual_seed(1)
    g = torch.randn_like(y, requires_grad=True)
    first = torch.autograd.grad(y, leaves, g, create_graph=True)
    total = sum(((1 + 2j) * t).real.sum() for t in first)
    assert isinstance(total, Tensor)
    again = torch.autograd.grad(total, [*leaves, g], allow_unused=True)
    held = {n: t for n, t in given.items() if not t.requires_grad}
    names = [n for n in given if n not in held]

    def of_moving(*tensors: Tensor) -> Tensor:
        whole = {**held, **dict(zip(names, tensors, strict=True))}
        return run(*(whole[n] for n in given))

    start = tuple(leaf.detach() for leaf in leaves)
    along = tuple(map(torch.randn_like, start))
    _, tangent = torch.func.jvp(of_moving, start, along)
    seconds = [torch.zeros(()) if t is None else t for t in again]
    return [y, *first, *seconds, tangent]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives_are_torchs(case: Case, batch: str) -> None:
    given, function = values(case, BATCHES[batch]), loaded(case.source)

    def ours(*tensors: Tensor) -> Tensor:
        return function(**dict(zip(given, tensors, strict=True)))[0]

    pairs = zip(derivatives(ours, given), derivatives(case.torchs, given), strict=True)
    for got, expected in pairs:
        torch.testing.assert_close(
            got + 0 * expected, expected + 0 * got, rtol=1e-9, atol=1e-10
        )


def test_factors_of_other_precision_are_promoted() -> None:
    case = CASES[6]
    given, function = values(case, {}), loaded(case.source)
    given["z"] = given["z"].detach().to(torch.complex64).requires_grad_()
    [y] = function(**given)
    assert y.dtype == torch.complex128
    first = torch.autograd.grad(y.abs().sum(), moving(given))
    assert [t.dtype for t in first] == [t.dtype for t in moving(given)]


def test_the_norm_of_nothing_has_no_direction() -> None:
    z = torch.zeros(3, dtype=torch.complex128, requires_grad=True)
    [y] = loaded(CASES[4].source)(z=z)
    y.backward()
    assert z.grad is not None and z.grad.tolist() == [0j] * 3
