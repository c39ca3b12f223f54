"""The page of some specs, gathered: everything that it shows, and nothing of how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from symgrad.backends.torch import steps
from symgrad.gen import Made
from symgrad.in_memory import load_text
from symgrad.limits import limited
from symgrad.op import Op
from symgrad.patches.choices import Choices
from symgrad.report import code, formulas, kept, ladder
from symgrad.report.figures import Figures, figures
from symgrad.report.formulas import Equation
from symgrad.report.kept import Ledger
from symgrad.report.ladder import Rung
from symgrad.report.mathml import mathml
from symgrad.verify import Report
from symgrad.verify.report import Finding
from symgrad.verify.rungs import RUNGS
from symgrad.verify.watch import Step, Watch

TOO_LONG = Markup("<math><mo>…</mo></math>")


@dataclass(frozen=True)
class CodeRow:
    """Lines of code beside the formulas that they compute."""

    text: str
    formulas: tuple[Markup, ...]


@dataclass(frozen=True)
class CodeMethod:
    """A method, row by row."""

    name: str
    rows: tuple[CodeRow, ...]


@dataclass(frozen=True)
class OpPage:
    """All that is shown of one op."""

    name: str
    doc: tuple[str, ...]
    formulas: tuple[Markup, ...]
    gradients: tuple[Markup, ...]
    figures: Figures
    rungs: tuple[Rung, ...]
    failures: tuple[Finding, ...]
    ledger: Ledger
    methods: tuple[CodeMethod, ...]

    @property
    def climbed(self) -> tuple[Rung, ...]:
        """The rungs that say something."""
        return tuple(rung for rung in self.rungs if rung.state != "left out")

    @property
    def left_out(self) -> str:
        """The others, in a line."""
        others = (rung for rung in self.rungs if rung.state == "left out")
        return ", ".join(f"{rung.number} {rung.name}" for rung in others)

    @property
    def verdict(self) -> str:
        """Whether it passed what was climbed."""
        if self.failures or any(rung.state == "failed" for rung in self.climbed):
            return "failed"
        return "passed" if self.climbed else "not verified"

    @property
    def verdict_class(self) -> str:
        """The same as the name of a style."""
        return self.verdict.replace(" ", "-")


@dataclass(frozen=True)
class SpecPage:
    """All that is shown of one spec."""

    stem: str
    ops: tuple[OpPage, ...]


@dataclass(frozen=True)
class Page:
    """The whole."""

    title: str
    version: str
    level: str
    specs: tuple[SpecPage, ...]

    @property
    def verified(self) -> str:
        """How far verification went."""
        if self.level == "off":
            return "not verified"
        return f"verified at the level {self.level}"


def gathered(made: Made, report: Report | None, watch: Watch) -> SpecPage:
    """What is shown of a spec.

    Code that the lint refuses is shown, and not run for plots.
    """
    refused = report is not None and any(f.rung == 0 for f in report.failures)
    methods = code.methods(made.module.source, made.spec)
    functions = _functions(made, refused)
    return SpecPage(
        made.spec.stem,
        tuple(
            _op(made, op, report, functions, methods[op.name], watch)
            for op in made.spec.ops
        ),
    )


def _functions(made: Made, refused: bool) -> Callable[[Op], Any] | None:
    """The public functions of the module by their ops."""
    if refused:
        return None
    module = load_text(made.spec.stem, made.module.source, made.module.kernels)
    return lambda op: getattr(module, op.name)


def _op(
    made: Made,
    op: Op,
    report: Report | None,
    functions: Callable[[Op], Any] | None,
    methods: Sequence[code.Method],
    watch: Watch,
) -> OpPage:
    watch(Step(op.name, len(RUNGS) + 1, "plots"))
    with limited(made.spec.path):
        programs = list(steps(op, Choices(made.module.choices)))
        forward, gradients = _set(formulas.forward(op)), _set(formulas.gradients(op))
    refused = Figures(note="Its text was refused, so it was not run.")
    return OpPage(
        name=op.name,
        doc=tuple(" ".join(part.split()) for part in op.doc.strip().split("\n\n")),
        formulas=forward,
        gradients=gradients,
        figures=figures(op, functions(op)) if functions else refused,
        rungs=tuple(ladder.rungs(op, report)),
        failures=ladder.failures(op, report),
        ledger=kept.of(op, programs),
        methods=tuple(map(_method, methods)),
    )


def _set(equations: Iterable[Equation]) -> tuple[Markup, ...]:
    """Equations as they are printed; one that is too long is not."""
    return tuple(
        mathml(left) + TOO_LONG if right is None else mathml(left, right)
        for left, right in equations
    )


def _method(method: code.Method) -> CodeMethod:
    rows = (
        CodeRow(row.text, tuple(mathml(*sides) for sides in row.equations))
        for row in method.rows
    )
    return CodeMethod(method.name, tuple(rows))
