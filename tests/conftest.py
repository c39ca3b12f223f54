"""Options and fixtures that several tests share."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator

import pytest
import torch
from axes_cases import AxesCase
from kernel_cases import Compiled, compiled

from symgrad.generate import generate
from symgrad.op import Spec
from symgrad.verify.ladder import RUNGS, climb
from symgrad.verify.report import Report

torch.set_num_threads(1)  # workers are as many as there are cores


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="write what tests/cases expects anew, to be reviewed",
    )
    parser.addoption(
        "--every-case",
        action="store_true",
        help="hold every example to the whole contract, not a share",
    )


SLOW = ("test_contract_compile", "test_contract_runtime", "test_contract_transforms")
"""Where one case takes long, and there are many."""

PARTS = 12
"""Into how many parts examples with named axes are dealt, by their names."""

DEALT = {
    "test_compile_of_transforms": 4,
    "test_export": 4,
    "test_compiled_forms_keep_their_accuracy": 22,
}
"""Tests of every example in several ways, and one in how many is taken.

All of them trace what `test_compile` traces of every example, or take long.
"""


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what is not of the share, unless every case is asked for."""
    if config.getoption("--every-case"):
        return
    left = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not _is_left_out(item)]


def _is_left_out(item: pytest.Item) -> bool:
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    slow = isinstance(case, AxesCase) and item.path.stem in SLOW
    if slow and zlib.crc32(str(case).encode()) % PARTS != 0:
        return True
    name = getattr(item, "originalname", item.name)
    return zlib.crc32(item.name.encode()) % DEALT.get(name, 1) != 0


COMPILED, OF = 10, 4
"""The rung that takes longest, for it compiles, and one in how many cases takes it."""

Climbed = Callable[[Spec], Report]


@pytest.fixture
def climbed(request: pytest.FixtureRequest) -> Climbed:
    """The ladder for a spec; what compiles for a share, unless every case is asked for.

    That an op compiles is held for all of the gallery by tests of its own.
    """
    every = bool(request.config.getoption("--every-case"))
    whole = every or zlib.crc32(request.node.nodeid.encode()) % OF == 0

    def climbing(made: Spec) -> Report:
        rungs = [r.number for r in RUNGS if whole or r.number != COMPILED]
        pairs = [(op.name, number) for op in made.ops for number in rungs]
        return climb(generate(made).source, made, "full", pairs)

    return climbing


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether expectations are written rather than compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    """The module of `kernel_cases`, compiled once for all workers."""
    root = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    with compiled(root.parent if is_worker else root) as found:
        yield found
