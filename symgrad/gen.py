"""What ``symgrad gen`` and ``symgrad verify`` do, apart from reading and printing."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from symgrad import again, disk, lock, provenance, spec, verify, write
from symgrad.again import Again
from symgrad.disk import Change, File
from symgrad.errors import Diagnostic
from symgrad.generate import Module, generate, has_searches
from symgrad.op import Spec
from symgrad.outcome import Outcome as Outcome
from symgrad.several import each
from symgrad.verify import Report
from symgrad.verify.rungs import climbed
from symgrad.verify.watch import Progress, unseen

Level = Literal["quick", "full", "off"]

_SIDE_BY_SIDE = 4
"""Verifications at one time: each is a process with a torch of its own."""

_LONGEST = 2**20 + 1
"""Characters of standard input that are read: one more than a spec may have."""

Subject = tuple[Module, Spec, Again]
"""What is verified, by what it is to be, and how that is done again."""


@dataclass(frozen=True)
class Made:
    """A spec, what was generated from it, and the files that this should be."""

    spec: Spec
    module: Module
    files: tuple[File, ...]
    warnings: tuple[Diagnostic, ...]
    reselect: bool = False

    def subject(self, level: Level) -> Subject:
        """What is verified of it before it is written or shown."""
        folder = self.files[0].path.parent
        how = again.of_generation(self.spec, folder, level, self.reselect)
        return self.module, self.spec, how


def make(
    paths: Sequence[str],
    folder: Path,
    reselect: bool = False,
    jobs: int = 1,
    backend: str | None = None,
    progress: Progress = unseen,
) -> tuple[Made, ...]:
    """Load, derive and generate every spec; ``-`` is standard input.

    What the locks in ``folder`` say is not searched again, unless ``reselect``.  Up to
    ``jobs`` specs are worked on at one time, each in a process.  ``backend`` stands in
    place of those that the specs choose.
    Touches no file.  Raises ``SpecError`` with all that is wrong with any of them,
    ``OutputError`` where two of them would write one file, or a lock cannot be read.
    """
    work = partial(_make, folder=folder, reselect=reselect, backend=backend)
    made = each(paths, work, 1 if "-" in paths else jobs, progress)
    write.check_names(_files(made))
    return made


def publish(
    made: Sequence[Made],
    level: Level,
    force: Collection[Path],
    progress: Progress = unseen,
) -> Outcome:
    """Verify everything, then write everything or nothing."""
    write.plan(_files(made), force)  # a refusal should not wait for verification
    verified = _verified([m.subject(level) for m in made], level, progress)
    if verified.exit_code:
        return verified
    changes = write.publish(_files(made), force)
    notes = tuple(
        f"{'unchanged' if c.state == 'unchanged' else 'wrote'} {c.file.path}"
        for c in changes
    )
    return Outcome(0, changes, verified.reports, _warnings(made), notes)


def show(made: Sequence[Made], level: Level, progress: Progress = unseen) -> Outcome:
    """Verify everything, then give the modules as text."""
    verified = _verified([m.subject(level) for m in made], level, progress)
    if verified.exit_code:
        return verified
    shown = [f for m in made for f in m.files if f is m.files[0] or _is_kernels(f)]
    text = "\n\n".join(file.text for file in shown)
    return Outcome(0, (), verified.reports, _warnings(made), text=text)


def _is_kernels(file: File) -> bool:
    return file.path.suffix == ".cpp"


def check(made: Sequence[Made], with_diff: bool) -> Outcome:
    """Compare what would be written with what is on the disk."""
    changes = disk.compare(_files(made))
    drifted = [change for change in changes if change.state != "unchanged"]
    return Outcome(
        exit_code=1 if drifted else 0,
        changes=changes,
        warnings=_warnings(made),
        notes=(*map(_drift, drifted), *_remedy(made, drifted)),
        text="".join(map(disk.diff, drifted)) if with_diff else "",
    )


def verify_disk(
    paths: Sequence[str],
    folder: Path,
    level: Level,
    rungs: Sequence[int] = (),
    progress: Progress = unseen,
) -> Outcome:
    """Run the ladder on the modules that are on the disk, edited or not.

    ``rungs`` stand in place of those of the level; the lint is never left out.  Raises
    ``SpecError``, and ``OutputError`` for a module that cannot be read.
    """
    specs = [loaded for loaded, _ in each(paths, _load)]
    sources = [
        (on_disk(folder, s.stem), s, again.of_disk(s, folder, level)) for s in specs
    ]
    outcome = _verified(sources, level, progress, rungs)
    whole = tuple(map(str, outcome.reports))
    return replace(outcome, notes=whole) if whole else outcome


def on_disk(folder: Path, stem: str) -> Module:
    """The module that stands there, with its kernels if it has some."""
    kernels = folder / f"{stem}_cpu.cpp"
    source = disk.read(folder / f"{stem}.py")
    return Module(stem, source, "", {}, disk.read(kernels) if kernels.exists() else "")


def _load(path: str) -> tuple[Spec, tuple[Diagnostic, ...]]:
    if path == "-":
        return spec.load_text(sys.stdin.read(_LONGEST), provenance.STDIN), ()
    return spec.load_with_warnings(path)


def _make(path: str, folder: Path, reselect: bool, backend: str | None) -> Made:
    loaded, warnings = _load(path)
    if backend is not None:
        ops = tuple(replace(op, backend=backend) for op in loaded.ops)
        loaded = replace(loaded, ops=ops, backend=backend)
    unread = reselect or not has_searches(loaded)
    known = {} if unread else lock.read(folder / write.lock_name(loaded.stem))
    module = generate(loaded, known)
    found = (*warnings, *_unfused(module, loaded))
    files = write.files(module, loaded, folder)
    return Made(loaded, module, files, found, reselect)


def _unfused(module: Module, origin: Spec) -> Iterator[Diagnostic]:
    """A warning for each op that was to have kernels and has none."""
    for name, reason in module.unfused.items():
        said = f"'{name}' has no kernels: {reason}"
        help = "its torch formula runs, as with --backend torch"
        yield Diagnostic("SG313", said, origin.path, None, (), help, "warning")


def _files(made: Iterable[Made]) -> list[File]:
    return [file for m in made for file in m.files]


def _warnings(made: Sequence[Made]) -> tuple[Diagnostic, ...]:
    """What the specs hardly mean, and what lies in the folder without a spec."""
    files = _files(made)
    of_specs = [warning for m in made for warning in m.warnings]
    return (*of_specs, *disk.orphans(files[0].path.parent, files))


def _verified(
    sources: Sequence[Subject],
    level: Level,
    progress: Progress,
    rungs: Sequence[int] = (),
) -> Outcome:
    """Lint, then climb; the outcome's ``exit_code`` says whether all passed."""
    findings = [str(f) for m, s, _ in sources for f in verify.lint(m.source, s)]
    if findings:
        return Outcome(1, notes=tuple(findings))
    reports = () if level == "off" else _climb(sources, level, progress, rungs)
    failures = tuple(str(report) for report in reports if not report.passed)
    return Outcome(1 if failures else 0, reports=reports, notes=failures)


def _climb(
    sources: Sequence[Subject],
    level: Literal["quick", "full"],
    progress: Progress,
    rungs: Sequence[int],
) -> tuple[Report, ...]:
    """The reports, several verifications being under way at one time."""

    def one(subject: Subject) -> Report:
        module, spec, how = subject
        due = climbed(level, rungs, bool(module.kernels))
        only = [(op.name, number) for op in spec.ops for number in due]
        source, cpp = module.source, module.kernels
        made = verify.verify(source, spec, level, only=only, kernels=cpp, watch=watch)
        return again.reproducible(made, how)

    pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
    steps = sum(
        len(climbed(level, rungs, bool(module.kernels))) * len(spec.ops)
        for module, spec, _ in sources
    )
    with progress(steps) as watch:
        try:
            return tuple(pool.map(one, sources))
        finally:
            pool.shutdown(cancel_futures=True)


def _drift(change: Change) -> str:
    if change.state in ("missing", "stale"):
        return f"{change.file.path} is {change.state}"
    problem = disk.obstacle(change)
    return f"{problem.message} [{problem.code}]"


def _remedy(made: Sequence[Made], drifted: Sequence[Change]) -> tuple[str, ...]:
    """The command that makes good what drifted, nothing if nothing did."""
    if not drifted:
        return ()
    places = {change.file for change in drifted}
    due = [m for m in made if places.intersection(m.files)]
    paths = ["-" if m.spec.path == provenance.STDIN else m.spec.path for m in due]
    forced = [str(c.file.path) for c in drifted if c.state not in ("missing", "stale")]
    words = ["symgrad", "gen", *paths, "-o", str(due[0].files[0].path.parent)]
    words += [word for path in forced for word in ("--force", path)]
    return (f"to make it good: {shlex.join(words)}",)
