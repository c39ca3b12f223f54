"""Every row of the function table goes through generation and the whole ladder."""

from __future__ import annotations

from conftest import Climbed
from specs import spec
from table_rows import ROWS, each, is_written

from symgrad.fold import OF_REALS
from symgrad.functions import Function
from symgrad.generate import generate
from symgrad.verify.ladder import climb


@each([row for row in ROWS if row.name not in OF_REALS], "row")
def test_an_op_of_one_function_passes(row: Function, climbed: Climbed) -> None:
    ranges = dict(zip(row.args, row.sample, strict=True))
    first = row.args[0]
    written = {first: f"{ranges.pop(first)[0]:g}"} if is_written(row, 0) else {}
    inputs = {name: f"real in ({low}, {high})" for name, (low, high) in ranges.items()}
    formula = f"{row.name}({', '.join(written.get(arg, arg) for arg in row.args)})"
    made = spec("f", inputs, formula)
    report = climbed(made)
    assert report.passed, str(report)


def test_what_torch_cannot_differentiate_is_said() -> None:
    made = spec("f", {"a": "real in (1, 5)"}, "zeta(2.5, a)")
    report = climb(generate(made).source, made, "full")
    assert report.passed, str(report)
    [last] = [result for result in report.results if result.rung == 10]
    assert last.note.startswith("no forward over reverse: ")
    assert "special_zeta" in last.note
