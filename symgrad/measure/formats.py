"""Floating formats: what a dtype can hold, and its numbers counted in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Format:
    """A binary format of normal numbers ``m * 2**e``, ``1 <= m < 2``.

    ``precision`` counts the bits of ``m``, ``least`` is the smallest ``e``.
    """

    dtype: torch.dtype
    integers: torch.dtype
    precision: int
    least: int

    @property
    def largest(self) -> float:
        """The greatest finite number."""
        return torch.finfo(self.dtype).max

    @property
    def normal(self) -> float:
        """The smallest positive number with all its bits."""
        return math.ldexp(1.0, self.least)

    def ulp(self, x: float) -> float:
        """The distance of the numbers about x; that of subnormal ones below."""
        exponent = math.frexp(x)[1] - 1 if x else self.least
        return math.ldexp(1.0, max(exponent, self.least) - self.precision + 1)

    def rounded(self, numbers: Sequence[float]) -> list[float]:
        """Each number as the nearest of the format."""
        found: list[float] = self.tensor(numbers).double().tolist()
        return found

    def tensor(self, numbers: Sequence[float]) -> torch.Tensor:
        """The numbers, rounded, as a tensor of the dtype."""
        return torch.tensor(numbers, dtype=torch.float64).to(self.dtype)

    def ordinals(self, numbers: Sequence[float]) -> list[int]:
        """The place of each number among all of the format; that of zero is 0."""
        bits = self.tensor(numbers).view(self.integers).tolist()
        sign = 1 << (8 * self.dtype.itemsize - 1)
        return [b if b >= 0 else -(b + sign) for b in bits]

    def at(self, ordinals: Iterable[int]) -> list[float]:
        """The numbers at some places: the other way round."""
        sign = 1 << (8 * self.dtype.itemsize - 1)
        bits = [n if n >= 0 else -n - sign for n in ordinals]
        found: list[float] = (
            torch.tensor(bits, dtype=self.integers).view(self.dtype).double().tolist()
        )
        return found


FORMATS: Mapping[torch.dtype, Format] = {
    f.dtype: f
    for f in (
        Format(torch.float64, torch.int64, 53, -1022),
        Format(torch.float32, torch.int32, 24, -126),
        Format(torch.float16, torch.int16, 11, -14),
        Format(torch.bfloat16, torch.int16, 8, -126),
    )
}
