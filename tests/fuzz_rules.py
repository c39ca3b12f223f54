"""What explains that a witness sees a number otherwise.

Each rule is computed: from the truth in balls, the distance to the next kink, how far
rounding moves the formula.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from fuzz_trial import Trial
from fuzz_truth import Index, Truth
from fuzz_witnesses import What

KINK, HUGE, ROUNDINGS, MOVES = 1e-6, 1e100, 32.0, 100.0
"""How near to a kink, how large, and how many roundings are an explanation.

What 5,000 specs needed was 11 times the spread of a formula under noise, which is the
largest of a few draws.
"""

TORCH = 16.0
"""How many times the error of plain torch; 9 was needed.

Both call the same kernels, and some of these are off by far more than a rounding.
"""

SQUARED = 1e150
"""How large, or one over it how small, a number's square is not."""

NOTHING, DUST = 1e-150, 1e-13
"""What counts as zero, and how much beside the largest numbers may stand for it."""


@dataclass(frozen=True)
class Difference:
    """One number that a witness sees otherwise."""

    witness: str
    what: What
    index: Index
    got: complex
    expected: complex
    trial: Trial = field(repr=False)

    @cached_property
    def truth(self) -> complex | None:
        """What balls say; NaN if they do not, ``None`` if there is no derivative."""
        return self.trial.true(self.what, self.index)

    @property
    def told(self) -> bool:
        """Whether there is a truth."""
        return self.truth is not None and cmath.isfinite(self.truth)

    @cached_property
    def rule(self) -> str | None:
        """The name of the first rule that explains it."""
        return next((name for name, holds in RULES.items() if holds(self)), None)

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return (
            f"{self.what}{place}: got {self.got:.17g}, {self.witness} says"
            f" {self.expected:.17g}, balls say {self.truth}"
        )


def _size(x: complex) -> float:
    return math.hypot(x.real, x.imag)  # where abs raises an error, this is infinite


def close(got: complex, expected: complex, rtol: float, offset: float = 0.0) -> bool:
    if cmath.isnan(got) or cmath.isnan(expected):
        return cmath.isnan(got) and cmath.isnan(expected)
    if cmath.isinf(got) or cmath.isinf(expected):
        return got == expected
    return _size(got - expected) <= rtol * _size(expected) + offset


# -- rules -----------------------------------------------------------------------------


def _true(d: Difference) -> bool:
    return d.told and close(d.got, d.truth or 0.0, 1e-9)


def _at_kink(d: Difference) -> bool:
    return any(
        bool(d.trial.gap[point] < KINK) for point in d.trial.points(d.what, d.index)
    )


def _without_derivative(d: Difference) -> bool:
    return d.truth is None


def _beyond(d: Difference) -> bool:
    """The truth, or an output, is not a number of a moderate size."""
    if d.told:
        return _size(d.truth or 0.0) > HUGE
    results = [t for what, t in d.trial.ours.items() if what.kind == "value"]
    finite = [bool(t.isfinite().all()) for t in results]
    return not all(finite) or _size(d.expected) > HUGE


def _in_both(d: Difference) -> bool:
    """Overflow in the formula itself: torch has no number either."""
    plain = d.trial.witnesses.get("torch", {}).get(d.what)
    if plain is None or cmath.isfinite(d.got):
        return False
    return not bool(plain[d.index].isfinite())


def _infinite_on_the_way(d: Difference) -> bool:
    """By the arithmetic of doubles, where balls know no infinity; torch agrees."""
    plain = d.trial.witnesses.get("torch", {}).get(d.what)
    if plain is None or not close(d.got, plain[d.index].item(), 1e-9):
        return False
    return any(not d.trial.finite[point] for point in d.trial.points(d.what, d.index))


def _outside(d: Difference) -> bool:
    """A value of the formula is infinite or NaN, and balls have no truth."""
    points = d.trial.points(d.what, d.index)
    return not d.told and any(not d.trial.finite[point] for point in points)


def _pole(d: Difference) -> bool:
    """The formula divides by zero, or the like, where it is taken."""
    points = d.trial.points(d.what, d.index)
    if not points:  # an empty tensor is among the inputs, and what has no part in it
        return not all(bool(value.isfinite().all()) for value in d.trial.values)
    return any(
        not cmath.isfinite(value) and all(map(cmath.isfinite, args))
        for point in points
        for _, value, args in d.trial.taken(point)
    )


def _beyond_squares(d: Difference) -> bool:
    """A value on the way over- or underflows when it is squared."""
    return any(
        value and not 1 / SQUARED < _size(value) < SQUARED
        for point in d.trial.points(d.what, d.index)
        for _, value, _ in d.trial.taken(point)
    )


_CUTS: Mapping[str, Callable[[complex], bool]] = {
    **dict.fromkeys(
        ("log", "log2", "log10", "sqrt", "rsqrt", "pow", "arg"),
        lambda z: z.real <= 0 and _is_nothing(z.imag, z),
    ),
    "log1p": lambda z: z.real <= -1 and _is_nothing(z.imag, z),
    "acosh": lambda z: z.real <= 1 and _is_nothing(z.imag, z),
    **dict.fromkeys(
        ("asin", "acos", "atanh"),
        lambda z: abs(z.real) >= 1 and _is_nothing(z.imag, z),
    ),
    **dict.fromkeys(
        ("atan", "asinh"), lambda z: abs(z.imag) >= 1 and _is_nothing(z.real, z)
    ),
}
"""Where functions of the plane jump: the side is that of the sign of a zero."""


def _is_nothing(part: float, z: complex) -> bool:
    return abs(part) <= 1e-9 * _size(z)


def _at_cut(d: Difference) -> bool:
    """A complex argument lies on a cut: which side it is on is left to rounding."""
    return any(
        str(node.data) in _CUTS and _CUTS[str(node.data)](complex(args[0]))
        for point in d.trial.points(d.what, d.index)
        for node, _, args in d.trial.taken(point)
        if node.op == "call" and isinstance(args[0], complex)
    )


def _dust(d: Difference) -> bool:
    """Terms that cancel have left their last digits where the truth is nothing."""
    sizes = [d.trial.ours[d.what], *d.trial.place.tensors]
    moduli = [t.to(torch.complex128).abs().nan_to_num(0, 0, 0) for t in sizes]
    largest = max(float(t.max()) for t in moduli if t.numel())
    return (
        d.told
        and _size(d.truth or 0.0) < NOTHING
        and _size(d.got) <= DUST * (1 + largest)
    )


def _rounding(d: Difference) -> bool:
    spread = d.trial.spread.get(d.what)
    if spread is None:
        return False
    allowed = ROUNDINGS * float(spread[d.index])
    true = d.truth if d.told else d.expected
    return _size(d.got - (true or 0.0)) <= allowed


def _off_too(d: Difference) -> bool:
    """Plain torch is about as far from the truth."""
    return _as_far(d, d.trial.witnesses.get("torch", {}).get(d.what))


def _second_by_torch(d: Difference) -> bool:
    """So is torch's second derivative of what we write: that is torch's own.

    It has that of ``expm1`` from ``y + 1``, which is nothing where ``exp(x)`` is small.
    """
    again = d.told and d.what.kind in ("second", "turned")
    return again and _as_far(d, d.trial.rewritten.get(d.what))


def _as_far(d: Difference, plain: torch.Tensor | None) -> bool:
    """Whether another is about as far from the truth."""
    if plain is None or not d.told:
        return False
    true, theirs = d.truth or 0.0, plain[d.index].item()
    near = _size(d.got - true) <= TORCH * _size(theirs - true)
    return near and cmath.isfinite(theirs)


def _sensitive(d: Difference) -> bool:
    """The truth moves as much when the inputs move by a unit in the last place."""
    if not d.told:
        return False
    moved = [m for m in _beside(d) if m is not None and cmath.isfinite(m)]
    reach = max((_size(m - (d.truth or 0.0)) for m in moved), default=0.0)
    return _size(d.got - (d.truth or 0.0)) <= MOVES * reach


def _beside(d: Difference) -> Iterator[complex | None]:
    values = d.trial.place.values
    for name, side in itertools.product(d.trial.place.tangents, (1, -1)):
        moved = {**values, name: values[name] * (1 + side * 2.0**-52)}
        yield Truth(replace(d.trial.place, values=moved)).at(d.what, d.index)


RULES: Mapping[str, Callable[[Difference], bool]] = {
    "balls agree with us": _true,
    "at a kink": _at_kink,
    "no derivative": _without_derivative,
    "zero but for rounding": _dust,
    "huge or not finite": _beyond,
    "overflow in the formula": _in_both,
    "outside of the domain": _outside,
    "infinite on the way": _infinite_on_the_way,
    "a pole on the way": _pole,
    "beyond squares on the way": _beyond_squares,
    "at a cut": _at_cut,
    "rounding of the formula": _rounding,
    "rounding of torch too": _off_too,
    "torch's second derivative": _second_by_torch,
    "rounding of the inputs": _sensitive,
}
"""What explains a difference, cheap rules first."""
