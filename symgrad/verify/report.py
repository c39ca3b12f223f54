"""What verification found, as values: findings, results of rungs, the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from symgrad.html_table import html_table

FAILED = "SG600"
TOO_FEW_POINTS = "SG601"
STOPPED = "SG602"
NOT_FOUND = "SG603"

PLACE = 100
"""Characters of the column that says where the worst figure was."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    ``rung`` is the number of the rung that found it, ``None`` if verification itself
    did not come to its end.  ``inputs``, ``expected`` and ``got`` are texts for
    people, empty where they do not apply.  ``reproduce`` is a command.
    """

    rung: int | None
    op: str
    message: str
    inputs: str = ""
    expected: str = ""
    got: str = ""
    reproduce: str = ""
    code: str = FAILED

    @property
    def title(self) -> str:
        """Which op, which rung, and what is wrong."""
        rung = "" if self.rung is None else f" rung {self.rung}:"
        return f"{self.op or 'module'}:{rung} {self.message}"

    @property
    def details(self) -> tuple[str, ...]:
        """On which inputs, what was expected, what came, and how to see it again."""
        labels = ("inputs", "expected", "got", "reproduce")
        given = {label: getattr(self, label) for label in labels}
        return tuple(
            f"{label + ':':<10} {text}" for label, text in given.items() if text
        )

    def __str__(self) -> str:
        return "\n  ".join([f"{self.title} [{self.code}]", *self.details])


@dataclass(frozen=True)
class RungResult:
    """How one op fared on one rung.

    ``worst`` is the greatest deviation that was seen, relative unless ``note`` says
    otherwise, and ``worst_input`` the input that produced it.
    """

    op: str
    rung: int
    passed: bool
    worst: float | None = None
    worst_input: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Report:
    """All results of one module, in order, and what failed."""

    results: tuple[RungResult, ...]
    failures: tuple[Finding, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {"passed": self.passed, **asdict(self)}

    def __str__(self) -> str:
        rows = [_row(result) for result in self.results]
        table = _table([_HEAD, *rows])
        return "\n".join([*table, *map(str, self.failures)])

    def _repr_html_(self) -> str:
        """The rungs with their figures and the failures, for a notebook."""
        said = "passed" if self.passed else f"FAILED, {len(self.failures)} failures"
        rows = [_row(result) for result in self.results]
        failures = "\n\n".join(map(str, self.failures))
        return html_table(f"Verification: {said}", _HEAD, rows, failures)


_HEAD = ("op", "rung", "", "worst", "at", "note")


def from_json(data: Mapping[str, Any]) -> Report:
    """The report that ``as_json`` gave."""
    return Report(
        results=tuple(RungResult(**item) for item in data["results"]),
        failures=tuple(Finding(**item) for item in data["failures"]),
        seconds=data["seconds"],
    )


def _row(result: RungResult) -> tuple[str, ...]:
    return (
        result.op,
        str(result.rung),
        "ok" if result.passed else "FAILED",
        "" if result.worst is None else f"{result.worst:.1e}",
        _short(result.worst_input or ""),
        result.note or "",
    )


def _short(place: str) -> str:
    """An input for the table; that of many elements is whole in the JSON alone."""
    return place if len(place) <= PLACE else f"{place[: PLACE - 3]}..."


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
