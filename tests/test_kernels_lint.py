"""Rung 0 of a module with kernels: its loader is one text, and no op may use it."""

from __future__ import annotations

import pytest
from kernel_cases import generated, loaded

from symgrad import verify


def findings(source: str) -> str:
    return "\n".join(map(str, verify.lint(source, loaded())))


def test_the_loader_passes() -> None:
    assert findings(generated().source) == ""


CHANGES = {
    "a letter": ('"-O3"', '"-O2"'),
    "a command": ('os.environ.get("CXX", "c++")', '"/bin/sh"'),
    "its start": ('_KERNELS = "kernel_cases_cpu"', '_KERNELS = "../kernel_cases_cpu"'),
    "a line more": ("def _is_loaded", "import shutil\n\n\ndef _is_loaded"),
    "twice": ("_LOADED: list[Any] = []", "_LOADED: list[Any] = []\n_LOADED = []"),
    "a doc": ("for its formula to be computed", "for its formula to be reckoned"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_loader_that_differs_in_a_letter_is_refused(change: str) -> None:
    old, new = CHANGES[change]
    source = generated().source
    assert source.count(old) == 1
    assert findings(source.replace(old, new)) != ""


BODIES = {
    "its imports": "_threading.Event()",
    "its lock": "_LOCK.acquire()",
    "the compiler": '_compile("a", "b", "DEFAULT")',
    "the cell": "_LOADED.append(None)",
    "another operator": "torch.ops.aten.sin(x)",
    "a library": 'torch.ops.load_library("a.so")',
    "the module": "_threading._os.system('true')",
}


@pytest.mark.parametrize("body", BODIES)
def test_the_code_of_an_op_cannot_use_what_the_loader_has(body: str) -> None:
    source = generated().source
    start = "    def forward(x: Tensor) -> Tensor:\n"
    assert start in source
    planted = source.replace(start, f"{start}        {BODIES[body]}\n", 1)
    assert findings(planted) != ""


def test_a_second_loader_hides_nothing() -> None:
    """One text is taken out, once; what stands elsewhere is looked at."""
    source = generated().source
    start = source.index('_KERNELS = "')
    loader = source[start : source.index("\n\n\n@_cheap_to_apply")]
    assert findings(f"{source}\n\n{loader}\n") != ""
