"""Failing inputs made small: fewer elements, then rounder numbers.

A rung hands in the check that it makes, with all tensors that go into it.  If that
fails, it is made again at smaller and simpler inputs, as long as it fails in the same
way; the work is bounded, and so is the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from symgrad.op import Op
from symgrad.verify.kinks import smooth_elements
from symgrad.verify.reference import Value, joined
from symgrad.verify.subject import Fault, show

Case = Mapping[str, Mapping[str, Any]]
"""Inputs by name under the empty name, and whatever else goes into a check: groups of
tensors, whose names stand before those of their members in a report."""

Change = Callable[[Case], Case]

MOST = 60
"""Inputs that are tried."""

SECONDS = 5.0

HALVINGS = 6
ALONE = 12
"""Elements that are tried by themselves, when halves have done what they can."""

DIGITS = (1, 2, 3)

_T = TypeVar("_T")


def shrinking(
    op: Op,
    check: Callable[..., _T],
    values: Mapping[str, Value],
    sent: Mapping[str, Mapping[str, Any]] | None = None,
    smooth: bool = True,
) -> _T:
    """What a check returns; where it raises, it does so for the smallest input found.

    It takes the values, then the groups of ``sent``, as copies that it may spoil.
    ``smooth`` says that other points than smooth ones prove nothing.
    """
    case: Case = {"": values, **(sent or {})}
    try:
        return check(*_copies(case))
    except MemoryError:
        raise
    except Exception as error:
        first = error

    def again(smaller: Case) -> Exception | None:
        admitted = _is_admitted(op, smaller[""], smooth)
        return _like(first, check, smaller) if admitted else None

    raise _placed(*_smallest(again, case, first, not op.has_axes)) from None


def place(error: Exception) -> str:
    """The smallest input at which something was raised that is no ``Fault``."""
    return str(vars(error).get("symgrad_inputs", ""))


def _placed(case: Case, error: Exception) -> Exception:
    """The error with the input in it, as text."""
    said = error.inputs if isinstance(error, Fault) else ""
    parts = [said or show(case[""])]
    for group, tensors in list(case.items())[1:]:
        named = {f"{group}_{n}": t for n, t in tensors.items() if not _is_one(t)}
        parts += [show(named)] if named else []
    text = ", ".join(parts)
    if isinstance(error, Fault):
        error.inputs = text
    else:
        vars(error)["symgrad_inputs"] = text
    return error


def _smallest(
    again: Callable[[Case], Exception | None],
    case: Case,
    error: Exception,
    divided: bool,
) -> tuple[Case, Exception]:
    """Each change is kept that leaves the failure what it is.

    ``divided`` says that elements are tried by themselves, for no axes hold them
    together.
    """
    end = time.monotonic() + SECONDS
    left = MOST
    for change in _changes(case, divided):
        smaller = change(case)
        if _is_same(smaller, case):
            continue
        if not left or time.monotonic() > end:
            break
        left -= 1
        found = again(smaller)
        if found is not None:
            case, error = smaller, found
    return case, error


def _like(first: Exception, check: Callable[..., Any], case: Case) -> Exception | None:
    """The same failure, if a check has it at an input."""
    try:
        check(*_copies(case))
    except Exception as error:
        alike = type(error) is type(first)
        if isinstance(error, Fault) and isinstance(first, Fault):
            alike = error.message == first.message
        return error if alike else None
    return None


def _is_admitted(op: Op, values: Mapping[str, Value], smooth: bool) -> bool:
    """Whether a failure at an input says something of the op."""
    for item in op.inputs:
        numbers = torch.as_tensor(values[item.name]).flatten().tolist()
        if not all(map(item.admits, numbers)):
            return False
    return not smooth or bool(smooth_elements(op, values).all())


# -- changes ---------------------------------------------------------------------------


def _changes(case: Case, divided: bool) -> Iterator[Change]:
    """What makes a case smaller, in order; what does nothing is passed over."""
    if divided:
        yield from [partial(_half, side=side) for side in (0, 1)] * HALVINGS
        yield from (partial(_element, number=number) for number in range(ALONE))
    yield from (partial(_ones, group=group) for group in case if group)
    for group in case:
        yield from (partial(_rounded, group=group, digits=d) for d in DIGITS)
    for name in case[""]:
        yield from (partial(_rounded, group="", digits=d, name=name) for d in DIGITS)


def _half(case: Case, side: int) -> Case:
    """One half of all tensors along the longest dimension."""
    shape = _shape(case)
    size = max(shape, default=1)
    if size < 2:
        return case
    dim = shape.index(size) - len(shape)  # from the end, as shapes are joined
    start, stop = ((0, size // 2), (size // 2, size))[side]

    def cut(t: Tensor) -> Tensor:
        there = t.dim() >= -dim and t.shape[dim] > 1
        return t.narrow(dim, start, stop - start) if there else t

    return _everywhere(case, cut)


def _element(case: Case, number: int) -> Case:
    """One element of the broadcast shape by itself, as 0-dim tensors."""
    shape = _shape(case)
    if not len(shape) or number >= shape.numel():
        return case
    return _everywhere(case, lambda t: t.expand(shape).flatten()[number])


def _ones(case: Case, group: str) -> Case:
    """All ones in place of what is sent: the derivative itself."""
    return _changed(
        case, group, lambda v: torch.ones_like(v) if _is_tensor(v) else type(v)(1)
    )


def _rounded(case: Case, group: str, digits: int, name: str = "") -> Case:
    """A group, or one member of it, with so many digits at most."""

    def rounded(value: Any) -> Any:
        if isinstance(value, Tensor) and (
            value.is_floating_point() or value.is_complex()
        ):
            numbers = [_short(v, digits) for v in value.flatten().tolist()]
            return torch.tensor(numbers, dtype=value.dtype).reshape(value.shape)
        return _short(value, digits) if type(value) in (float, complex) else value

    return _changed(case, group, rounded, name)


def _short(value: complex, digits: int) -> complex:
    if isinstance(value, complex):
        return complex(_short(value.real, digits), _short(value.imag, digits))
    return float(f"{value:.{digits}g}")


def _changed(
    case: Case, group: str, change: Callable[[Any], Any], name: str = ""
) -> Case:
    members = {
        n: change(value) if name in ("", n) else value
        for n, value in case[group].items()
    }
    return {**case, group: members}


def _everywhere(case: Case, change: Callable[[Tensor], Tensor]) -> Case:
    return {
        group: {n: change(v) if _is_tensor(v) else v for n, v in members.items()}
        for group, members in case.items()
    }


# -- cases -----------------------------------------------------------------------------


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _is_one(value: Any) -> bool:
    return bool((torch.as_tensor(value) == 1).all())


def _tensors(case: Case) -> Iterable[Tensor]:
    return (v for g in case.values() for v in g.values() if isinstance(v, Tensor))


def _shape(case: Case) -> torch.Size:
    """The shape that all tensors broadcast to."""
    return joined(t.shape for t in _tensors(case))


def _copies(case: Case) -> list[Mapping[str, Any]]:
    """The groups, which a check may write to."""
    return list(_everywhere(case, lambda t: t.detach().clone()).values())


def _is_same(a: Case, b: Case) -> bool:
    """Whether a change has changed nothing."""
    pairs = [(a[g][n], b[g][n]) for g in a for n in a[g]]
    return all(torch.equal(x, y) if isinstance(x, Tensor) else x == y for x, y in pairs)
