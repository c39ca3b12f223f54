"""A Function under audit: what it takes, and runs of it at drawn points."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from symgrad.audit.given import Given, Shaped

RANGES = ((-2.5, 2.5), (0.1, 0.9), (1.1, 3.0))
"""Where tensors are drawn from: each range is taken at which the output is finite."""

SHAPE = (2, 3)
NUMBER = 0.75
"""What stands for a parameter that is no tensor and has no default."""

_DTYPES = {"int": torch.int64, "bool": torch.bool}
_NUMBERS: Mapping[str, Any] = {"float": NUMBER, "int": 2, "bool": True, "str": ""}


class Unusable(Exception):
    """A class that cannot be audited, and why."""


@dataclass(frozen=True)
class Trial:
    """A Function with arguments: tensors of float64, and whatever else it takes."""

    cls: Any
    names: tuple[str, ...]
    args: tuple[Any, ...]

    @property
    def places(self) -> list[int]:
        """Which of the arguments are floating tensors."""
        return [i for i, a in enumerate(self.args) if _is_floating(a)]

    @property
    def tensors(self) -> list[Tensor]:
        """The floating tensors among the arguments."""
        return [self.args[i] for i in self.places]

    def with_tensors(self, tensors: Sequence[Tensor]) -> Trial:
        """The same with other tensors in the places of the floating ones."""
        args = list(self.args)
        for place, tensor in zip(self.places, tensors, strict=True):
            args[place] = tensor
        return replace(self, args=tuple(args))

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Trial:
        """The same with every floating tensor changed."""
        return self.with_tensors([change(t) for t in self.tensors])

    def copied(self) -> Trial:
        """The same with tensors that may be written to."""
        args = [a.clone() if isinstance(a, Tensor) else a for a in self.args]
        return replace(self, args=tuple(args))

    def outputs(self, tensors: Sequence[Tensor] | None = None) -> tuple[Tensor, ...]:
        """The floating outputs; of copies, unless tensors are given."""
        trial = self.copied() if tensors is None else self.with_tensors(tensors)
        found = trial.cls.apply(*trial.args)
        several = found if isinstance(found, tuple) else (found,)
        return tuple(y for y in several if _is_floating(y))

    def leaves(self) -> list[Tensor]:
        """The floating tensors as leaves."""
        return [t.detach().clone().requires_grad_() for t in self.tensors]

    def gradients(
        self,
        cotangents: Sequence[Tensor] | None = None,
        leaves: Sequence[Tensor] | None = None,
        create_graph: bool = False,
    ) -> list[Tensor]:
        """The gradients of the floating inputs, zeros for those that have none."""
        inputs = self.leaves() if leaves is None else list(leaves)
        values = [y for y in self.outputs(inputs) if y.requires_grad]
        sent = weights(values) if cotangents is None else list(cotangents)
        found = torch.autograd.grad(
            values,
            inputs,
            sent,
            create_graph=create_graph,
            allow_unused=True,
            materialize_grads=True,
        )
        return list(found)


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def weights(values: Sequence[Tensor]) -> list[Tensor]:
    """Cotangents that differ from place to place, never 1."""
    return [
        (0.5 + 0.375 * (torch.arange(y.numel(), device=y.device) % 4))
        .view(y.shape)
        .to(y.dtype)
        for y in values
    ]


def trials(cls: Any, given: Given) -> list[Trial]:
    """Trials of a class, one for each range in which it is finite.

    Raises ``Unusable`` where there is none.
    """
    if not (isinstance(cls, type) and issubclass(cls, torch.autograd.Function)):
        raise Unusable("it is no torch.autograd.Function")
    parameters = _parameters(cls)
    unknown = [name for name in given if name not in parameters]
    if unknown:
        said = f"it takes {', '.join(parameters)}, and no {', '.join(unknown)}"
        raise Unusable(said)
    found: list[Trial] = []
    problem = None
    for trial in _drawn(cls, parameters, given):
        unusable = _problem(trial)
        problem = unusable or problem
        found += [] if unusable else [trial]
    if not found:
        raise Unusable(problem)
    return found


_SAY = "say what it takes with --input"


def _problem(trial: Trial) -> str | None:
    """Why nothing can be learnt from a trial."""
    try:
        found = trial.cls.apply(*trial.copied().args)
    except SystemExit as error:
        return f"it calls sys.exit({error.code})"
    except Exception as error:
        return f"it raises {type(error).__name__}: {error}; {_SAY}"
    several = found if isinstance(found, tuple) else (found,)
    return _complaint([y for y in several if y is not None])


def _complaint(outputs: Sequence[Any]) -> str | None:
    """What cannot be audited of outputs."""
    strange = [type(y).__name__ for y in outputs if not isinstance(y, Tensor)]
    floating = [y for y in outputs if _is_floating(y)]
    if strange or not outputs:
        return f"it gives {_listed(strange) or 'nothing'}: {_OUTPUTS}"
    if any(y.is_complex() for y in outputs):
        return f"an output is complex, and only real ones are audited: {_LADDER}"
    if not floating:
        return "no output is floating: there is nothing to differentiate"
    if not any(y.numel() for y in floating):
        return f"its outputs are empty; {_SAY}"
    finite = all(bool(y.isfinite().all()) for y in floating)
    return None if finite else f"its output is not finite; {_SAY}"


_OUTPUTS = "outputs are tensors, and several of them a tuple"
_LADDER = "write a spec of what it is meant to be, and use 'symgrad verify'"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"a value of type {name}" for name in dict.fromkeys(names))


def _parameters(cls: Any) -> dict[str, inspect.Parameter]:
    """What ``apply`` takes: forward without the context.

    Raises ``Unusable`` for what ``apply``, which has no keywords, cannot hand on.
    """
    signature = inspect.signature(cls.forward).parameters
    separate = cls.setup_context is not torch.autograd.Function.setup_context
    pairs = list(signature.items())[0 if separate else 1 :]
    named = [n for n, p in pairs if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if named:
        said = f"forward takes {', '.join(named)} by keyword only"
        raise Unusable(f"{said}, and apply hands on no keywords")
    return {n: p for n, p in pairs if p.kind in (p.POSITIONAL_ONLY, _BY_PLACE)}


_BY_PLACE = inspect.Parameter.POSITIONAL_OR_KEYWORD


def _drawn(
    cls: Any, parameters: Mapping[str, inspect.Parameter], given: Given
) -> Iterator[Trial]:
    for low, high in RANGES:
        torch.manual_seed(0)
        args = [
            _argument(p, given.get(name), low, high) for name, p in parameters.items()
        ]
        yield Trial(cls, tuple(parameters), tuple(args))


def _argument(
    parameter: inspect.Parameter,
    given: Shaped | float | None,
    low: float,
    high: float,
) -> Any:
    """A tensor, unless the user, the default or the annotation says otherwise."""
    if isinstance(given, (int, float)):
        return given
    annotated = str(getattr(parameter.annotation, "__name__", parameter.annotation))
    if given is None and parameter.default is not parameter.empty:
        return parameter.default
    if given is None and annotated in _NUMBERS:
        return _NUMBERS[annotated]
    wanted = Shaped(SHAPE) if given is None else given
    if wanted.kind == "float":
        return low + (high - low) * torch.rand(wanted.shape, dtype=torch.float64)
    count = torch.Size(wanted.shape).numel()
    numbers = torch.arange(count).view(wanted.shape) % 2  # which index anything
    return numbers.to(_DTYPES[wanted.kind])
