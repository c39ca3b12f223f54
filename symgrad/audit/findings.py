"""What checks of an audit say, and how they compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.autograd.gradcheck import GradcheckError

from symgrad.audit.trial import Trial


class Absent(Exception):
    """Something that a Function does not offer, in the words of torch."""


_SHORT = {
    "it must override the setup_context": "it has no setup_context",
    "it does not have vmap support": "it has no rule for vmap",
    "You must implement the jvp": "it has no jvp",
}
"""What torch says at length of what is missing, by a part of that."""


def line(error: Exception) -> str:
    """The beginning of what torch says, on one line."""
    said = " ".join(str(error).split())
    return next((short for part, short in _SHORT.items() if part in said), said[:300])


ROUGH = {"eps": 2**-7, "atol": 1e-2, "rtol": 1e-2}
"""For outputs of less than double precision, in which small steps are lost."""


def checked(
    what: str, check: Callable[..., bool], trial: Trial, **options: bool
) -> Iterator[str]:
    """What torch's own check finds."""
    exact = all(y.dtype == torch.float64 for y in trial.outputs())
    steps = {} if exact else ROUGH
    try:
        check(lambda *t: trial.outputs(t), trial.leaves(), **options, **steps)
    except GradcheckError as error:
        yield f"{what} is wrong: {line(error)}"


def differing(
    what: str, got: Sequence[Tensor], expected: Sequence[Tensor]
) -> Iterator[str]:
    """Whether two ways to the same numbers gave others."""
    pairs = list(zip(got, expected, strict=True))
    close = [a.shape == b.shape and torch.allclose(a, b, 1e-9, 1e-11) for a, b in pairs]
    if not all(close):
        yield f"the result is another {what}"


def pulled(
    values: Sequence[Tensor], leaves: Sequence[Tensor], sent: Sequence[Tensor]
) -> list[Tensor]:
    """Gradients as tensors of their own; the graph stays."""
    found = torch.autograd.grad(
        values,
        leaves,
        sent,
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return [g.clone() for g in found]


def is_once_differentiable(trial: Trial) -> bool:
    """Whether backward is wrapped to refuse its own derivative."""
    code = getattr(trial.cls.backward, "__code__", None)
    own = once_differentiable.__code__.co_filename
    return code is not None and code.co_filename == own
