"""The least that an op moves: what it reads and writes, once each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from symgrad.bench.memory import kept_bytes, tensor_bytes
from symgrad.bench.paired import Pass, gradients, outputs_of


def least_bytes(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    cotangents: Sequence[Tensor | None],
) -> Mapping[Pass, int]:
    """Bytes that each pass must move at least, given what ``function`` keeps.

    Forward reads the inputs and writes the outputs; backward reads what is kept and
    the cotangents, and writes the gradients.
    """
    outputs = outputs_of(function(*inputs))
    forward = tensor_bytes((*inputs, *outputs))
    kept = kept_bytes(lambda: function(*inputs))
    found = gradients(function, inputs, cotangents)
    backward = kept + tensor_bytes((*cotangents, *found))
    return {"forward": forward, "backward": backward, "both": forward + backward}
