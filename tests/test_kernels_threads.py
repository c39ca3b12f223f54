"""Kernels in two threads, and called from several."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from kernel_cases import Compiled, inputs
from kernel_checks import CLOSE, check, run

LARGE: dict[str, tuple[int, ...]] = {
    **{"x": (300, 257), "scale": (257,), "shift": (300, 1), "keep": (1, 257)},
    **{"new": (300, 257), "Tensor": (), "errno": (257,), "w": (300, 257)},
    **{"a": (1, 257), "b": (300, 257)},
}
"""More elements than one thread computes."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "dtype", (torch.float32, torch.float64, torch.bfloat16), ids=str
)
@pytest.mark.parametrize("name", ("three", "named", "chosen", "unkept"))
def test_two_threads_compute_what_one_does(
    kernels: Compiled, name: str, dtype: torch.dtype
) -> None:
    given = inputs(kernels.spec, name, LARGE, dtype=dtype)
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results, gradients = run(getattr(kernels.module, name), given, torch.clone)
        found.append([*results, *gradients.values()])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=CLOSE[dtype][0], atol=1e-3)
    if dtype is not torch.bfloat16:
        check(kernels, name, given)


def test_several_python_threads_at_once(kernels: Compiled) -> None:
    torch.set_num_threads(2)
    given = [inputs(kernels.spec, "three", LARGE, dtype=d) for d in CLOSE]
    expected = [run(kernels.module.three, g, torch.clone) for g in given]
    wrong: list[object] = []

    def work(number: int) -> None:
        for _ in range(5):
            results, gradients = run(kernels.module.three, given[number], torch.clone)
            pairs = [(results[0], expected[number][0][0])]
            pairs += [(gradients[n], expected[number][1][n]) for n in gradients]
            wrong.extend(a for a, b in pairs if not torch.allclose(a, b, 1e-3, 1e-2))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(len(given))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
