"""One row of the judge along axes: our form and torch's operator, with one argument."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from judge_axes_differences import DIFFERENCES, MISSING, Difference
from judge_axes_ops import Form, Unmapped
from judge_axes_points import Case
from judge_axes_rows import Row
from judging import KINDS, database
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

RTOL, NOISE = 1e-8, 1e-11
"""Relative, and by the largest of a result: sums along axes cancel."""

LARGEST = 4096
"""Samples with more elements take long, and say no more."""

Results = dict[str, list[Tensor] | None]
"""Of each kind a tensor for each output, or for each input; ``None`` if refused."""


@dataclass
class Verdict:
    """Of a row: its cases, what nothing explains, and the reasons that were seen."""

    samples: int = 0
    compared: int = 0
    unexplained: list[str] = field(default_factory=list)
    seen: set[tuple[str, Difference]] = field(default_factory=set)


def verdict(row: Row) -> Verdict:
    """Compare a row with torch on all its cases."""
    found = Verdict()
    for case in itertools.chain(_sampled(row), row.cases()):
        found.samples += 1
        with contextlib.suppress(Unmapped):
            mine = outcome(_fitting(row.form, case), case)
            found.compared += 1
            _judge(row, case, mine, outcome(operator(row), case), found)
    return found


def _fitting(form: Form, case: Case) -> Form:
    """A form that has an argument for everything in a case."""
    try:
        inspect.signature(form).bind(*case.args, **case.keywords)
    except TypeError as error:
        raise Unmapped from error
    return form


def operator(row: Row) -> Callable[..., Any]:
    """Torch's."""
    return row.torch or database()[row.database].op


def stale(row: Row, found: Verdict) -> list[str]:
    """Reasons for differences that there are not."""
    given = [
        (what, d)
        for d in DIFFERENCES.get(row.name, ())
        for what in (*d.kinds.split(), *(() if d.cases == MISSING else d.cases))
    ]
    return [f"{what}: {d.reason}" for what, d in given if (what, d) not in found.seen]


def _sampled(row: Row) -> Iterator[Case]:
    """The samples of torch's database, with gradients where it asks for them."""
    if not row.database:
        return
    info = database()[row.database]
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        samples = list(info.sample_inputs("cpu", torch.float64, requires_grad=True))
    for sample in samples:
        args = (sample.input, *sample.args)
        leaves = [x for x in tree_flatten(args)[0] if isinstance(x, Tensor)]
        if all(x.numel() <= LARGEST for x in leaves):
            yield Case("sample", args, sample.kwargs)


# -- results ---------------------------------------------------------------------------


def outcome(function: Callable[..., Any], case: Case) -> Results:
    """Values, gradients, and the gradients of those."""
    args, keywords = tree_map(_own, (case.args, dict(case.keywords)))
    leaves = [x for x in tree_flatten((args, keywords))[0] if _is_leaf(x)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = function(*args, **keywords)
    values = [v for v in _tensors(found) if v.is_floating_point()]
    first = _gradients(values, leaves)
    second = None if first is None else _gradients(first, leaves)
    return {"value": values, "gradient": first, "second": second}


def refused(row: Row) -> tuple[Form, list[Tensor]]:
    """The form as a function of the smallest tensors, where torch has no second."""
    cases = [case for case in _sampled(row) if _fits(row, case) and _refuses(row, case)]
    case = min(cases, key=lambda c: sum(x.numel() for x in _leaves(c)))
    flat, shape = tree_flatten((case.args, dict(case.keywords)))

    def function(*leaves: Tensor) -> Any:
        moving = iter(leaves)
        own = [next(moving) if _is_leaf(x) else x for x in flat]
        args, keywords = tree_unflatten(own, shape)
        found = _tensors(row.form(*args, **keywords))
        return tuple(v for v in found if v.requires_grad)

    return function, _leaves(case)


def _fits(row: Row, case: Case) -> bool:
    with contextlib.suppress(Unmapped):
        outcome(_fitting(row.form, case), case)
        return all(x.numel() for x in _leaves(case))
    return False


def _refuses(row: Row, case: Case) -> bool:
    return outcome(operator(row), case)["second"] is None


def _leaves(case: Case) -> list[Tensor]:
    every = tree_flatten((case.args, dict(case.keywords)))[0]
    return [x for x in every if _is_leaf(x)]


def _is_leaf(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _own(x: Any) -> Any:
    """A leaf of the same values."""
    if not isinstance(x, Tensor):
        return x
    return x.detach().clone().requires_grad_(x.requires_grad)


def _tensors(found: Any) -> Sequence[Tensor]:
    return [found] if isinstance(found, Tensor) else list(found)


def _gradients(
    values: Sequence[Tensor], leaves: Sequence[Tensor]
) -> list[Tensor] | None:
    """Of values weighted place by place; zeros of constants, ``None`` of a refusal."""
    moving = [v for v in values if v.requires_grad]
    if not moving or not leaves:
        return [torch.zeros_like(leaf) for leaf in leaves]
    cotangents = [weights(v, k) for k, v in enumerate(moving)]
    try:
        found = torch.autograd.grad(
            moving, leaves, cotangents, create_graph=True, materialize_grads=True
        )
    except RuntimeError:
        return None
    return list(found)


def weights(value: Tensor, start: int) -> Tensor:
    """Cotangents that differ from place to place, exact, of no sum 0."""
    places = torch.arange(value.numel()) + start
    return (0.5 + 0.25 * (places * 3 % 7)).to(value.dtype).reshape(value.shape)


# -- judgement -------------------------------------------------------------------------


def _judge(row: Row, case: Case, mine: Results, theirs: Results, out: Verdict) -> None:
    """Note what differs and is not explained."""
    every = DIFFERENCES.get(row.name, ())
    for kind in KINDS:
        off = differing(mine[kind], theirs[kind])
        if off is None:
            continue
        here = [d for d in every if kind in d.kinds.split()]
        reasons = [d for d in here if d.explains(case, theirs[kind] is None)]
        out.seen.update((what, d) for d in reasons for what in (kind, case.name))
        if not reasons:
            out.unexplained.append(f"{kind} of {case} {_shown(case)}: {off}")


def differing(mine: list[Tensor] | None, theirs: list[Tensor] | None) -> str | None:
    """The first result that differs, in words."""
    if mine is None or theirs is None:
        return None if mine is theirs else "one of the two has none"
    for got, expected in zip(mine, theirs, strict=True):
        got, expected = _plain(got), _plain(expected)
        if got.shape != expected.shape:
            return f"shape {tuple(got.shape)}, torch {tuple(expected.shape)}"
        if not _close(got, expected):
            return f"{got.tolist()}, torch {expected.tolist()}"[:600]
    return None


def _plain(result: Tensor) -> Tensor:
    """A tensor with a storage, which torch's efficient zeros have not."""
    return torch.zeros(result.shape).to(result) + result.detach()


def _close(got: Tensor, expected: Tensor) -> bool:
    finite = expected[expected.isfinite()].abs()
    noise = NOISE * max(1.0, float(finite.max()) if finite.numel() else 0.0)
    return torch.allclose(got, expected, RTOL, noise, equal_nan=True)


def _shown(case: Case) -> str:
    given = (case.args, dict(case.keywords))
    return str(tree_map(_listed, given))[:240]


def _listed(x: Any) -> Any:
    return x.tolist() if isinstance(x, Tensor) else x
