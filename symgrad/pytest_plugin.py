"""``pytest --symgrad SPEC``: one test for each op and rung of the ladder.

An entry of the option, or of ``symgrad`` in the configuration of pytest, is a spec,
whose generated module is read from the folder of generated files, or
``SPEC:OP=MODULE:FUNCTION`` for a callable that is to be that op.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # symgrad is loaded by those who ask for it, and pytest by all
    from symgrad.verify.report import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of this plugin."""
    group = parser.getgroup("symgrad", "verification of ops against their specs")
    help = "verify a SPEC's generated module, or SPEC:OP=MODULE:FUNCTION"
    group.addoption("--symgrad", action="append", default=[], metavar="SPEC", help=help)
    group.addoption(
        "--symgrad-output",
        default="generated",
        metavar="DIR",
        help="folder of the generated files (generated)",
    )
    group.addoption(
        "--symgrad-level",
        choices=("quick", "full"),
        default="full",
        help="how much of the ladder is climbed (full)",
    )
    parser.addini("symgrad", help, type="linelist", default=[])


class Entries(pytest.Collector):
    """All that is to be verified."""

    def __init__(self, *, entries: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entries = entries

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """The ops of every entry."""
        from symgrad.errors import SymgradError

        for entry in self.entries:
            try:
                yield from _ops(self, entry)
            except SymgradError as error:
                raise self.CollectError(str(error)) from None


def _ops(parent: pytest.Collector, entry: str) -> Iterator[OpTests]:
    from symgrad import callables, gen, spec

    described, equals, target = entry.partition("=")
    if equals:
        op = callables.op_of(described)
        subject = callables.target_of(target)
        yield OpTests.from_parent(parent, name=f"{subject}", verified=(op, subject))
        return
    loaded = spec.load(entry)
    folder = Path(parent.config.getoption("symgrad_output"))
    module = gen.on_disk(folder, loaded.stem)
    for op in loaded.ops:
        name = f"{entry}:{op.name}"
        yield OpTests.from_parent(parent, name=name, verified=(op, (module, loaded)))


class OpTests(pytest.Collector):
    """The rungs of one op; they are climbed together, when the first is asked for."""

    def __init__(self, *, verified: tuple[Any, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.op, self.subject = verified
        self._report: Report | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each rung of the level."""
        from symgrad.verify.rungs import KERNELS, QUICK, RUNGS

        level = self.config.getoption("symgrad_level")
        own = dict([KERNELS]) if self.op.backend == "cpu" else {}
        for number, name in {**RUNGS, **own}.items():
            if level == "full" or number in QUICK or number in own:
                yield RungTest.from_parent(self, name=f"{number} {name}", number=number)

    @property
    def report(self) -> Report:
        """What verification found, in a process of its own."""
        if self._report is None:
            self._report = self._climbed()
        return self._report

    def _climbed(self) -> Report:
        from symgrad.verify import verify, verify_callable
        from symgrad.verify.rungs import KERNELS, RUNGS

        level = self.config.getoption("symgrad_level")
        if not isinstance(self.subject, tuple):
            return verify_callable(self.subject, self.op, self.name, level)
        module, loaded = self.subject
        pairs = [(self.op.name, number) for number in (*RUNGS, KERNELS[0])]
        how = {"only": pairs, "kernels": module.kernels, "time_limit": 300.0}
        return verify(module.source, loaded, level, **how)


class RungFailed(Exception):
    """A rung found the op wrong."""


class RungTest(pytest.Item):
    """One op on one rung."""

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def runtest(self) -> None:
        """Fail with what the rung found; skip where it has nothing to check."""
        assert isinstance(self.parent, OpTests)
        report, op = self.parent.report, self.parent.op.name
        reached = {(r.op, r.rung) for r in report.results}
        here = [f for f in report.failures if f.rung in (self.number, None)]
        here = [f for f in here if f.op in (op, "")]
        if not reached:  # whatever stopped it stopped all
            here = list(report.failures)
        if here:
            raise RungFailed("\n".join(map(str, here)))
        if (op, self.number) not in reached:
            pytest.skip("not for this op")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """The finding, without a traceback of ours."""
        if isinstance(excinfo.value, RungFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands in reports."""
        return self.path, None, f"symgrad: {self.parent.name if self.parent else ''}"


def _alone(config: pytest.Config) -> bool:
    """Whether nothing but the specs was asked for."""
    named = config.args_source is config.ArgsSource.ARGS
    return bool(config.getoption("symgrad")) and not named


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """With nothing but specs on the command line, other tests do not run."""
    return True if _alone(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the ops to whatever else pytest was asked for."""
    entries = [*config.getini("symgrad"), *config.getoption("symgrad")]
    if entries:
        collector = Entries.from_parent(session, name="symgrad", entries=entries)
        items += session.genitems(collector)
