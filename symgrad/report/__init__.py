"""``symgrad report``: one page on the ops of some specs, with nothing beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from symgrad import gen, provenance, verify, write
from symgrad._version import __version__
from symgrad.disk import File
from symgrad.gen import Level, Made
from symgrad.outcome import Outcome
from symgrad.report import svg
from symgrad.report.page import Page, SpecPage, gathered
from symgrad.templates import render_html
from symgrad.verify import Report
from symgrad.verify.rungs import climbed
from symgrad.verify.watch import Progress, Watch, unseen


def run(
    paths: Sequence[str],
    output: Path,
    folder: Path = Path("generated"),
    level: Level = "quick",
    force: Collection[Path] = (),
    progress: Progress = unseen,
) -> Outcome:
    """Generate, verify, measure, and write the page, whatever verification finds.

    The locks in ``folder`` are read.  Raises ``SpecError`` for the specs, and
    ``OutputError`` for a file in the place of the page that is not to be replaced.
    """
    made = gen.make(paths, folder)
    write.plan([File(output, "", paths[0])], force)  # before anything is measured
    steps = sum((len(_due(m, level)) + 1) * len(m.spec.ops) for m in made)
    with progress(steps) as watch:
        reports = [_report(m, level, watch) for m in made]
        pages = [gathered(m, r, watch) for m, r in zip(made, reports, strict=True)]
    text = _text(made, pages, output, level)
    changes = write.publish([File(output, text, made[0].spec.path)], force)
    found = tuple(report for report in reports if report is not None)
    failed = [str(report) for report in found if not report.passed]
    state = "unchanged" if changes[0].state == "unchanged" else "wrote"
    warnings = tuple(warning for m in made for warning in m.warnings)
    return Outcome(
        1 if failed else 0, changes, found, warnings, (*failed, f"{state} {output}")
    )


def _due(made: Made, level: Level) -> list[int]:
    """The rungs that run an op."""
    if level == "off":
        return []
    return climbed(level, (), bool(made.module.kernels))


def _report(made: Made, level: Level, watch: Watch) -> Report | None:
    """What verification finds; ``None`` if it is off."""
    if level == "off":
        return None
    module = made.module
    return verify.verify(
        module.source, made.spec, level, kernels=module.kernels, watch=watch
    )


def _text(
    made: Sequence[Made], pages: Sequence[SpecPage], output: Path, level: Level
) -> str:
    """The page, and who made it from what."""
    version = ".".join(__version__.split(".")[:2])
    title = ", ".join(page.stem for page in pages)
    page = Page(title, version, level, tuple(pages))
    body = render_html("report/page.html.j2", page=page, svg=svg)
    return provenance.stamped_page(body, [m.spec for m in made], output)
