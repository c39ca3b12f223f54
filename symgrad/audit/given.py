"""What a user says of the arguments of a Function: ``x=2x3``, ``i=4x:int``, ``p=1``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("float", "int", "bool")


@dataclass(frozen=True)
class Shaped:
    """A tensor of some shape: of numbers, of zeros and ones, or a mask."""

    shape: tuple[int, ...]
    kind: str = "float"

    def __str__(self) -> str:
        """As ``--input`` takes it."""
        sizes = "x".join(map(str, self.shape)) + "x" * (len(self.shape) == 1)
        return (sizes or "[]") + (f":{self.kind}" if self.kind != "float" else "")


Given = Mapping[str, Shaped | float]
"""Tensors and values of numbers, as the user gave them, by name."""

_TENSOR = re.compile(rf"(\d+x(?:\d+(?:x\d+)*x?)?|\[\]|\(\))(?::({'|'.join(KINDS)}))?")


def parse(text: str) -> tuple[str, Shaped | float]:
    """One argument.  Raises ``ValueError`` for what is none."""
    name, _, value = text.partition("=")
    if not name.isidentifier():
        raise ValueError(text)
    tensor = _TENSOR.fullmatch(value)
    if tensor is None:
        return name, int(value) if value.isdigit() else float(value)
    sizes = re.findall(r"\d+", tensor[1])
    return name, Shaped(tuple(map(int, sizes)), tensor[2] or "float")
