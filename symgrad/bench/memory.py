"""What a pass needs of memory: bytes kept for backward, and the peak."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.profiler import profile

from symgrad.bench.clock import Call
from symgrad.verify.eager import held_after

_QUIET = {"KINETO_LOG_LEVEL": "99"}
"""The profiler tells of its start on standard error unless told not to."""


def kept_bytes(call: Call) -> int:
    """The bytes of all storages that a forward keeps for backward, each once.

    An input that is kept counts, whoever else holds it.
    """
    return sum(tensor.untyped_storage().nbytes() for tensor in held_after(call))


def tensor_bytes(values: Iterable[Any]) -> int:
    """The bytes of tensors, each element once; numbers weigh nothing."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def peak_bytes(call: Call, device: str) -> int:
    """The most bytes that a call has allocated at one time, beside its inputs."""
    return _peak_on_cuda(call) if device == "cuda" else _peak_on_cpu(call)


def _peak_on_cuda(call: Call) -> int:
    torch.cuda.synchronize()
    before: int = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    torch.cuda.synchronize()
    peak: int = torch.cuda.max_memory_allocated()
    return peak - before


def _peak_on_cpu(call: Call) -> int:
    """By the profiler, which is told of all that torch's allocator gives and takes."""
    for name, level in _QUIET.items():
        os.environ.setdefault(name, level)
    with profile(profile_memory=True) as found:
        result = call()
    del result
    assert found.kineto_results is not None
    events = [e for e in found.kineto_results.events() if e.name() == "[memory]"]
    changes: list[int] = [
        e.nbytes() for e in sorted(events, key=lambda event: event.start_ns())
    ]
    return max((0, *itertools.accumulate(changes)))
