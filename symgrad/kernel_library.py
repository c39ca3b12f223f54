"""``symgrad build``: kernels compiled ahead of time, beside their modules."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symgrad import spec, verify
from symgrad.backends.cpu_flags import CAPABILITIES
from symgrad.errors import Diagnostic, SymgradError
from symgrad.gen import on_disk
from symgrad.generate import Module
from symgrad.in_memory import load_text
from symgrad.outcome import Outcome
from symgrad.verify.watch import Progress, Step, unseen

_X86 = ("x86_64", "AMD64")


@dataclass(frozen=True)
class Library:
    """A library to be made: of which module, for which instruction set, and where."""

    module: Any
    source: Path
    target: Path
    capability: str

    def make(self) -> None:
        """Compile it.  Raises ``SymgradError`` with what the compiler says."""
        try:
            self.module._compile(self.source, self.target, self.capability, quiet=True)
        except (OSError, RuntimeError) as error:
            said = f"{self.source} cannot be compiled for {self.capability}: {error}"
            raise SymgradError(Diagnostic("SG608", said, "", None, (), None)) from None


def build(
    paths: Sequence[str], folder: Path, jobs: int, progress: Progress = unseen
) -> Outcome:
    """Compile the kernels of the modules of some specs for every instruction set.

    Up to ``jobs`` compilers run at one time.  Raises ``SpecError`` for a spec,
    ``OutputError`` for a module that cannot be read, ``SymgradError`` for one without
    kernels (SG609) and for what the compiler refuses (SG608).
    """
    wanted = [library for path in paths for library in _libraries(path, folder)]
    with progress(len(wanted)) as watch, ThreadPoolExecutor(jobs) as pool:

        def made(number: int) -> None:
            watch(Step(wanted[number].source.stem, number, wanted[number].capability))
            wanted[number].make()

        list(pool.map(made, range(len(wanted))))
    return Outcome(notes=tuple(f"wrote {library.target}" for library in wanted))


def capabilities() -> Sequence[str]:
    """The instruction sets of this kind of processor."""
    return tuple(CAPABILITIES) if platform.machine() in _X86 else ("DEFAULT",)


def _libraries(path: str, folder: Path) -> list[Library]:
    loaded = spec.load(path)
    found = on_disk(folder, loaded.stem)
    source = folder / f"{loaded.stem}_cpu.cpp"
    if not found.kernels:
        said = f"{folder / loaded.stem}.py has no kernels"
        help = f"write them: symgrad gen {path} -o {folder} --backend cpu"
        raise SymgradError(Diagnostic("SG609", said, "", None, (), help))
    module = _imported(found, loaded)
    return [
        Library(module, source, folder / module._library_name(name), name)
        for name in capabilities()
    ]


def _imported(found: Module, loaded: Any) -> Any:
    """The module, whose text is known to do nothing when it is imported."""
    findings = verify.lint(found.source, loaded)
    if findings:
        said = "\n".join(map(str, findings))
        raise SymgradError(Diagnostic("SG600", said, loaded.path, None, (), None))
    return load_text(found.stem, found.source, found.kernels)
