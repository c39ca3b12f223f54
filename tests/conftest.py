"""An option that several tests share."""

from __future__ import annotations

import zlib

import pytest
import torch
from axes_cases import AxesCase

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
        help="hold every example with named axes to the whole contract, not a share",
    )


SLOW = ("test_contract_compile", "test_contract_runtime", "test_contract_transforms")
"""Where one case takes long, and there are many."""

PARTS = 12
"""Into how many parts examples with named axes are dealt, by their names."""


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
    return slow and zlib.crc32(str(case).encode()) % PARTS != 0


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether expectations are written rather than compared."""
    return bool(request.config.getoption("--update"))
