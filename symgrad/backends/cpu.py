"""The kernels of a module: what the template of C++ prints, ready as text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from symgrad.backends.cpu_constants import CONSTANTS
from symgrad.backends.cpu_flags import CAPABILITIES, FLAGS, QUIET
from symgrad.backends.cpu_kernel import Kernels
from symgrad.backends.cpu_names import ONE_BY_ONE, helpers
from symgrad.backends.cpu_text import Kernel
from symgrad.templates import render


@dataclass(frozen=True)
class KernelModule:
    """A file of kernels as the template needs it."""

    stem: str
    kernels: tuple[Kernel, ...]
    namespace: str
    helpers: frozenset[str]
    passes: bool
    rows: bool

    @property
    def one_by_one(self) -> bool:
        """Whether a function is computed of one number at a time."""
        return not self.helpers.isdisjoint(ONE_BY_ONE)


def kernel_module(stem: str, pairs: Iterable[Kernels]) -> KernelModule:
    """The file of the kernels of some ops."""
    pairs = tuple(pairs)
    kernels = tuple(
        kernel for pair in pairs for kernel in (pair.forward, pair.backward)
    )
    text = "\n".join(line for kernel in kernels for line in kernel.lines)
    called = helpers(text)
    rows = any(pair.rows for pair in pairs)
    passes = not all(pair.rows for pair in pairs)
    draft = KernelModule(stem, kernels, "", called, passes, rows)
    built = f"{source(draft)}{loader(stem, '')}"  # flags are part of what it is
    digest = hashlib.sha256(built.encode()).hexdigest()
    return replace(draft, namespace=f"{stem}_{digest[:16]}")


def source(module: KernelModule) -> str:
    """The text of the file."""
    return render("cpu/kernels.cpp.j2", module=module, constants=CONSTANTS)


def loader(stem: str, namespace: str) -> str:
    """What a module of Python needs around its kernels, the same for all modules."""
    return render(
        "cpu/loader.py.j2",
        stem=stem,
        namespace=namespace,
        capabilities=CAPABILITIES,
        flags=(*FLAGS, *QUIET),
    )
