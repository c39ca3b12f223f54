"""Failing inputs made small: one element if that fails too, then fewer digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from symgrad.verify.reference import joined
from symgrad.verify.subject import Fault, Tensors, Values

Check = Callable[[Values, Tensors], Any]
"""Raises ``Fault`` for inputs and cotangents that it finds wrong."""

MOST = 12
"""Elements that are tried by themselves."""

DIGITS = (0, 1, 2, 3)


def smallest(check: Check, values: Values, cotangents: Tensors, fault: Fault) -> Fault:
    """The fault again for the smallest inputs that show it, as far as is tried."""
    for alone in _elements(values, cotangents):
        found = _fault(check, *alone)
        if found is not None:
            return _with_fewer_digits(check, *alone, found)
    return fault


def _fault(check: Check, values: Values, cotangents: Tensors) -> Fault | None:
    """What a check finds; other inputs than the drawn ones may be outside a domain."""
    try:
        check(values, cotangents)
    except Fault as fault:
        return fault
    except (RuntimeError, ArithmeticError, ValueError):
        return None
    return None


def _elements(values: Values, cotangents: Tensors) -> Iterator[tuple[Values, Tensors]]:
    """Every element of the broadcast shape by itself, as 0-dim tensors."""
    tensors = [v for v in (*values.values(), *cotangents.values()) if _is_tensor(v)]
    shape = joined(torch.as_tensor(t).shape for t in tensors)
    for place in range(min(shape.numel(), MOST)):
        yield _picked(values, shape, place), _picked(cotangents, shape, place)


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _picked(tensors: Mapping[str, Any], shape: torch.Size, place: int) -> Any:
    return {
        name: t.detach().expand(shape).flatten()[place].clone() if _is_tensor(t) else t
        for name, t in tensors.items()
    }


def _with_fewer_digits(
    check: Check, values: Values, cotangents: Tensors, fault: Fault
) -> Fault:
    for digits in DIGITS:
        rounded = {name: _rounded(value, digits) for name, value in values.items()}
        found = _fault(check, rounded, cotangents)
        if found is not None and found.message == fault.message:
            return found
    return fault


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return round(value, digits)
    if _is_tensor(value) and value.is_floating_point():
        return torch.round(value, decimals=digits)
    return value
