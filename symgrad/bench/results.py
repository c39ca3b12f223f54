"""What was measured, frozen: for people a table, for machines a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from symgrad.bench.paired import Pass

SIZES = (64, 4096, 65_536, 1_048_576)
"""Elements of the largest tensor, where nothing else is said."""


@dataclass(frozen=True)
class Settings:
    """How to measure.  ``blocks`` is how many times each subject has its turn."""

    sizes: tuple[int, ...] = SIZES
    dtype: str = "float32"
    device: str = "cpu"
    threads: int = 1
    compiled: bool = True
    blocks: int = 20


@dataclass(frozen=True)
class Figure:
    """One subject in one pass.

    ``seconds`` a call; ``gigabytes`` a second, of the bytes that the op must move at
    least; ``of_add``, what part that is of the bytes a second of ``torch.add``;
    ``ratio``, how many times as long it takes as what is generated.
    """

    seconds: float
    gigabytes: float
    of_add: float
    ratio: float


@dataclass(frozen=True)
class Subject:
    """One subject at one size, in bytes what it keeps and its peak, or a reason."""

    name: str
    passes: Mapping[Pass, Figure]
    kept: int | None = None
    peak: int | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Sized:
    """All subjects at one size; ``least`` are the bytes that a pass must move."""

    elements: int
    inputs: Mapping[str, tuple[int, ...] | float | bool]
    least: Mapping[Pass, int]
    add_seconds: float
    add_gigabytes: float
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Measured:
    """An op at all sizes."""

    op: str
    settings: Settings
    torch: str
    sizes: tuple[Sized, ...]

    def as_json(self) -> dict[str, Any]:
        """The same for machines: seconds, bytes, and gigabytes of 1e9."""
        return asdict(self)
