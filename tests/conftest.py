"""An option that several tests share."""

from __future__ import annotations

import pytest
import torch

torch.set_num_threads(1)  # workers are as many as there are cores


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="write what tests/cases expects anew, to be reviewed",
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether expectations are written rather than compared."""
    return bool(request.config.getoption("--update"))
