"""What the complex examples must equal: the formula in plain torch."""

from __future__ import annotations

import torch
from comparison import POSITIVE, Case, Draw, X, between
from torch import Tensor


def plane(low: float, high: float) -> Draw:
    """Complex values whose parts are in an interval, the same on every run."""
    part = between(low, high)
    return lambda shape: torch.complex(part(shape), part(shape))


Z, INSIDE = plane(-3.0, 3.0), plane(-0.6, 0.6)


def modrelu(z: Tensor, b: Tensor) -> Tensor:
    size = z.abs() + b
    return torch.where(size > 0, size * torch.sgn(z), 0)


def zrelu(z: Tensor) -> Tensor:
    return torch.where((z.real > 0) & (z.imag > 0), z, 0)


def cauchy_term(v: Tensor, z: Tensor, w: Tensor) -> Tensor:
    return v / (z - w) + v.conj() / (z - w.conj())


def resonance(
    omega: Tensor, natural: Tensor, damping: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    response = 1 / (natural**2 - omega**2 + 1j * damping * omega)
    phase = torch.atan2(-damping * omega, natural**2 - omega**2)
    return response, 20 * response.abs().log10(), phase


def spectral_loss(z: Tensor, target: Tensor, weight: float = 0.1) -> Tensor:
    error = (z - target).abs() ** 2
    return error + weight * (z.abs().log() - target.abs().log()) ** 2


COMPLEX = [
    Case(
        "complex_signals.rotary",
        lambda q, theta: q * torch.polar(torch.ones_like(theta), theta),
        {"q": Z, "theta": X},
    ),
    Case("complex_signals.modrelu", modrelu, {"z": Z, "b": X}),
    Case("complex_signals.cardioid", lambda z: (1 + z.angle().cos()) * z / 2, {"z": Z}),
    Case("complex_signals.zrelu", zrelu, {"z": Z}),
    Case(
        "complex_signals.mobius_shift",
        lambda z, a: (z - a) / (1 - a.conj() * z),
        {"z": INSIDE, "a": INSIDE},
    ),
    Case("complex_signals.cauchy_term", cauchy_term, {"v": Z, "z": Z, "w": Z}),
    Case(
        "complex_signals.resonance",
        resonance,
        {"omega": POSITIVE, "natural": POSITIVE, "damping": POSITIVE},
    ),
    Case(
        "complex_signals.spectral_loss",
        spectral_loss,
        {"z": Z, "target": Z},
        data=("target",),
    ),
    Case(
        "complex_signals.spectral_loss",
        spectral_loss,
        {"z": Z, "target": Z},
        numbers={"weight": 2.0},
        data=("target",),
    ),
]
