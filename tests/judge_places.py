"""Sets of points by name, for the reasons why two operators differ there only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from judging import Trial
from torch import Tensor


def _any(test: Callable[[Tensor], Tensor]) -> Callable[[Trial], Tensor]:
    """Where some argument of the op passes a test."""

    def of_trial(trial: Trial) -> Tensor:
        return torch.stack([test(x) for x in spread(trial)]).any(0)

    return of_trial


def _first(test: Callable[[Tensor], Tensor]) -> Callable[[Trial], Tensor]:
    """Where the first argument of the op passes a test."""
    return lambda trial: test(spread(trial)[0])


def spread(trial: Trial) -> list[Tensor]:
    """The arguments of the op, all as columns of float64."""
    like = trial.columns[0]
    return [
        torch.as_tensor(x, dtype=torch.float64).expand(like.shape)
        for x in _arguments(trial)
    ]


def _arguments(trial: Trial) -> Sequence[Tensor | float]:
    return trial.arguments(trial.columns)


def _undefined(trial: Trial) -> Tensor:
    """Where the value is NaN."""
    return trial.theirs(*trial.columns).isnan()


def _everywhere(trial: Trial) -> Tensor:
    return torch.ones_like(trial.columns[0], dtype=torch.bool)


PLACES: Mapping[str, Callable[[Trial], Tensor]] = {
    "at NaN": _any(torch.isnan),
    "at infinities": _any(torch.isinf),
    "at 0": _any(lambda x: x == 0),
    "at -0": _any(lambda x: (x == 0) & x.signbit()),
    "at -1 and 1": _any(lambda x: x.abs() == 1),
    "at 0, -1, -2, …": _any(lambda x: (x <= 0) & (x == x.round()) & x.isfinite()),
    "near 0": _any(lambda x: x.abs() < 1e-3),
    "within 1e-300 of 0": _any(lambda x: x.abs() <= 1e-300),
    "from 1e300 on": _any(lambda x: x.abs() >= 1e300),
    "where the first is near 0 or 1": _first(
        lambda x: (x < 1e-3) | (x > 1 - 1e-3) & (x <= 1)
    ),
    "below -500": _any(lambda x: x < -500),
    "where the value is NaN": _undefined,
    "where torch is inexact": _everywhere,
    "where torch has none": _everywhere,
}
