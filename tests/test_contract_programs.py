"""Modules that hold an op: copied, pickled, trained in two processes."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from contract import assert_same
from generated_modules import generated
from torch import Tensor, nn
from torch import distributed as dist
from torch import multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel


class Gated(nn.Module):
    """Two linear layers with a generated op between them, kept as an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.rise = nn.Linear(4, 6, dtype=torch.float64)
        self.beta = nn.Parameter(torch.ones(6, dtype=torch.float64))
        self.fall = nn.Linear(6, 2, dtype=torch.float64)
        self.act = generated("swish").swish

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fall(self.act(self.rise(x), self.beta))
        return y


def data() -> Tensor:
    torch.manual_seed(3)
    return torch.randn(8, 4, dtype=torch.float64)


def model() -> Gated:
    torch.manual_seed(4)
    return Gated()


def trained(net: nn.Module, x: Tensor, steps: int = 3) -> list[Tensor]:
    """The parameters after a few steps."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
    return [p.detach().clone() for p in net.parameters()]


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_train_alike(again: Any) -> None:
    net = model()
    assert_same(trained(again(net), data()), trained(net, data()), 0, 0)


def _train_in_process(rank: int, folder: str) -> None:
    """One of two processes, each with half of the data."""
    dist.init_process_group("gloo", f"file://{folder}/init", rank=rank, world_size=2)
    net = DistributedDataParallel(model())
    parameters = trained(net, data().chunk(2)[rank])
    torch.save(parameters, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_gloo_available(), reason="torch was built without gloo")
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    mp.spawn(_train_in_process, (str(tmp_path),), nprocs=2)
    expected = trained(model(), data())
    for rank in range(2):
        assert_same(torch.load(tmp_path / f"{rank}.pt"), expected)


def test_tensors_on_different_devices_are_an_error() -> None:
    x, beta = torch.ones(3), torch.ones(3, device="meta")
    with pytest.raises(RuntimeError, match="device"):
        generated("swish").swish(x, beta)
