"""The lock of a module: what measured selection chose, to be read again.

A search takes seconds, and another version of symgrad may come to another form.  With
the lock beside the module neither happens: the same spec and lock give the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from symgrad import disk, provenance
from symgrad.errors import OutputError
from symgrad.patches.charts import SMALLEST, Chart, Inverse, Root, Shift
from symgrad.patches.choices import Answer, Choice, Loss
from symgrad.patches.choose import Patch
from symgrad.patches.series import Series
from symgrad.patches.tails import RATES, Tail

LONGEST = 64
"""Coefficients of a series, at most."""

Side = Literal[1, -1]

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class _Strict(BaseModel):
    """Nothing unknown, and numbers that are finite: they go into code."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Series(_Strict):
    valuation: Annotated[int, Field(ge=-9, le=9)]
    even: bool
    coefficients: Annotated[list[float], Field(min_length=1, max_length=LONGEST)]
    single: Annotated[int, Field(ge=0, le=LONGEST)] = 0

    def read(self) -> Series:
        told = self.valuation, self.even, tuple(self.coefficients)
        return Series(*told, self.single)


class _Patch(_Strict):
    """A series near a number, or near infinity where there is no centre."""

    centre: float | None
    radius: Annotated[float, Field(ge=0)]
    sides: Annotated[list[Side], Field(min_length=1, max_length=2)]
    far: float
    has_centre: bool
    is_between: bool
    root: bool = False
    series: _Series

    def read(self) -> Patch:
        sides = tuple(self.sides)
        is_far = self.centre is None
        if len(set(sides)) < len(sides) or (is_far and self.radius < SMALLEST):
            raise ValueError("no patch stands there")
        if self.root and (is_far or len(sides) > 1):
            raise ValueError("no root is on two sides")
        chart = self._chart(sides)
        said = self.far, self.has_centre, self.is_between
        return Patch(chart, self.radius, sides, self.series.read(), *said)

    def _chart(self, sides: tuple[int, ...]) -> Chart:
        if self.centre is None:
            return Inverse(sides=sides)
        return Root(self.centre, sides) if self.root else Shift(self.centre)


class _Tail(_Strict):
    rate: float
    series: _Series
    grows: bool = False

    def read(self) -> Tail:
        if abs(self.rate) not in RATES:
            raise ValueError(f"no tail decays at the rate {self.rate}")
        return Tail(self.rate, self.series.read(), self.grows)


class _Choice(_Strict):
    """``bad``: centres where nothing helps, ``"oo"`` for infinity."""

    bad: list[float | Literal["oo"]]
    patches: list[_Patch | _Tail]

    def read(self) -> Choice:
        bad = frozenset(math.inf if x == "oo" else float(x) for x in self.bad)
        return Choice(tuple(patch.read() for patch in self.patches), bad)


class _Loss(_Strict):
    infinite: bool
    small: bool

    def read(self) -> Loss:
        return Loss(self.infinite, self.small)


class _Lock(BaseModel):
    choices: dict[Key, _Choice | _Loss]


def text(choices: Mapping[str, Answer]) -> str:
    """Choices as the body of a lock, one in a line, so that differences are short."""
    lines = (f'"{key}": {json.dumps(_plain(c))}' for key, c in choices.items())
    return '"choices": {\n' + ",\n".join(lines) + "\n}\n}\n"


def read(path: Path) -> Mapping[str, Answer]:
    """The choices of a lock, none where there is no such file.

    Raises ``OutputError`` (SG509) for a file that is not as symgrad wrote it.
    """
    if not path.is_file():
        return {}
    written = disk.read(path)
    parts = provenance.split(written)
    if parts is None or parts[0].body != provenance.digest(parts[1]):
        raise OutputError(_problem(path, "it is not as symgrad wrote it"))
    try:
        lock = _Lock.model_validate_json(written)
        return {key: choice.read() for key, choice in lock.choices.items()}
    except (ValidationError, ValueError) as error:
        raise OutputError(_problem(path, "its choices are none")) from error


def _problem(path: Path, what: str) -> Any:
    help = f"'--reselect --force {path}' searches again and writes it anew"
    return disk.problem("SG509", f"cannot go by {path}: {what}", help=help)


def _plain(choice: Answer) -> Mapping[str, object]:
    if isinstance(choice, Loss):
        return {"infinite": choice.is_infinite, "small": choice.is_small}
    bad = ("oo" if math.isinf(x) else x for x in sorted(choice.bad))
    return {"bad": [*bad], "patches": [_plain_patch(p) for p in choice.patches]}


def _plain_patch(patch: Patch | Tail) -> Mapping[str, object]:
    series = {"series": asdict(patch.series)}
    if isinstance(patch, Tail):
        grows = {"grows": True} if patch.grows else {}
        return {"rate": patch.rate, **grows, **series}
    centre = patch.chart.centre
    return {
        "centre": None if math.isinf(centre) else centre,
        "radius": patch.radius,
        "sides": patch.sides,
        "far": patch.far,
        "has_centre": patch.has_centre,
        "is_between": patch.is_between,
        **({"root": True} if isinstance(patch.chart, Root) else {}),
        **series,
    }
