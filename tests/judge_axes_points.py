"""Points at which operators along axes are hard: zeros, ties, infinities."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """Arguments of an operator, and what is special about them."""

    name: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


INF, NAN = math.inf, math.nan

LINES: Mapping[str, tuple[float, ...]] = {
    "plain": (0.5, -1.25, 2.0, 0.75),
    "one element": (1.5,),
    "one zero": (2.0, 0.0, 3.0, -1.5),
    "two zeros": (0.0, 2.0, 0.0, 3.0),
    "zeros alone": (0.0, 0.0, 0.0),
    "ties": (1.0, 0.5, 1.0, 0.5),
    "all equal": (0.5, 0.5, 0.5),
    "1e4": (1e4, -1e4, 9999.0, 0.0),
    "1e300": (1e300, -1e300, 1.0, 2.0),
    "1e-300": (1e-300, -2e-300, 3e-300, 0.0),
    "-infinities": (-INF, 1.0, 2.0, -INF),
    "-infinity alone": (-INF, -INF, -INF),
    "an infinity": (1.0, INF, 2.0),
    "NaN": (1.0, NAN, 2.0),
}


def real(values: Any) -> Tensor:
    """A tensor that gets a gradient."""
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def fixed(values: Any) -> Tensor:
    """A tensor that gets none."""
    return torch.tensor(values, dtype=torch.float64)


def lines() -> Iterator[Case]:
    """Each line, reduced over its dimension."""
    for name, line in LINES.items():
        yield Case(name, (real([line]), 1))


def wholes() -> Iterator[Case]:
    """Each line, reduced over all dimensions."""
    for name, line in LINES.items():
        yield Case(name, (real(line),))


def corrections() -> Iterator[Case]:
    """Each line with some corrections, one of them too large."""
    for name, line in LINES.items():
        for c in (0, 1, 1.5):
            if c < len(line):
                yield Case(name, (real([line]), 1), {"correction": c})
    plain = real([LINES["plain"]])
    for c in (4, 5):
        yield Case("no freedom left", (plain, 1), {"correction": c})


def orders() -> Iterator[Case]:
    """Each line by several orders."""
    for name, line in LINES.items():
        for order in (0, 1, 2, 3, INF, -INF):
            yield Case(name, (real([line]), order, 1))
    for name in ("plain", "one element", "1e-300"):
        for order in (0.5, -1):
            yield Case(name, (real([LINES[name][:3]]), order, 1))
    for order in (0.5, -1):
        yield Case("a zero, order below 1", (real([LINES["one zero"]]), order, 1))


def layers() -> Iterator[Case]:
    """Each line as a layer with weights."""
    for name, line in LINES.items():
        n = len(line)
        w, b = torch.arange(1.0, n + 1).tolist(), [0.5] * n
        yield Case(name, (real([line]), [n], real(w), real(b), 1e-5))


def root_mean_squares() -> Iterator[Case]:
    """Each line as a layer with weights."""
    for name, line in LINES.items():
        n = len(line)
        yield Case(
            name, (real([line]), [n], real(torch.arange(1.0, n + 1).tolist()), 1e-6)
        )


def weights_and_sizes() -> Iterator[Case]:
    """Each line with a size."""
    for name, line in LINES.items():
        yield Case(name, (real([line]), real([[1.5]]), 0))


def points_apart() -> Iterator[Case]:
    """Points, some at the same place."""
    x, y = [[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], [[0.0, 1.0], [1.0, 1.0]]
    for p in (1.0, 2.0, 3.0):
        yield Case("two at one place", (real(x), real(y), p))
    yield Case("ties", (real(x), real(y), INF))


def angles() -> Iterator[Case]:
    """Lines against others."""
    for name in LINES:
        line = LINES[name]
        other = (1.0, -2.0, 0.5, 3.0)[: len(line)]
        yield Case(name, (real([line]), real([other])))
    yield Case("zeros alone", (real([[0.0, 0.0]]), real([[0.0, 0.0]])))


def _pairs(targets: bool = True) -> Callable[[], Iterator[Case]]:
    """Each line against another, reduced in three ways."""
    make = real if targets else fixed

    def cases() -> Iterator[Case]:
        for name, line in LINES.items():
            other = (1.0, -2.0, 0.5, 3.0)[: len(line)]
            for reduction in ("mean", "sum", "none"):
                args = (real(line), make(other))
                yield Case(name, args, {"reduction": reduction})

    return cases


def _logits() -> Iterator[Case]:
    """Each line as the logits of two samples."""
    for name, line in LINES.items():
        for reduction in ("mean", "sum", "none"):
            for ignored in (-100, 0):
                labels = torch.tensor([0, len(line) - 1])
                keywords = {"reduction": reduction, "ignore_index": ignored}
                yield Case(name, (real([line, line]), labels), keywords)
    labels = torch.tensor([1, 1])
    keywords = {"ignore_index": 1}
    yield Case("all ignored", (real([[0.5, 2.0]] * 2), labels), keywords)


def _smoothed() -> Iterator[Case]:
    """Logits as before, and with smoothed labels, weighted, and of probabilities."""
    yield from _logits()
    for name, line in LINES.items():
        x, labels = real([line, line]), torch.tensor([0, len(line) - 1])
        w = fixed([0.5 + i for i in range(len(line))])
        keywords = {"label_smoothing": 0.25, "weight": w}
        yield Case(name, (x, labels), keywords)
        t = real([[1 / len(line)] * len(line)] * 2)
        yield Case(f"{name}, probabilities", (x, t), keywords)


def _margins() -> Iterator[Case]:
    """Each line as scores."""
    for name, line in LINES.items():
        labels = torch.tensor([0, len(line) - 1])
        for p in (1, 2):
            yield Case(name, (real([line, line]), labels), {"p": p})


LOSSES: Mapping[str, Callable[[], Iterator[Case]]] = {
    "mse_loss": _pairs(),
    "l1_loss": _pairs(),
    "smooth_l1_loss": _pairs(),
    "huber_loss": _pairs(),
    "soft_margin_loss": _pairs(targets=False),
    "kl_div": _pairs(),
    "nll_loss": _logits,
    "cross_entropy": _smoothed,
    "multi_margin_loss": _margins,
}
