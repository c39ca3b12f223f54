"""Random formulas over named axes, grown from the names and indices at hand."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fuzz_axes_terms import (
    FEWER,
    HIDDEN,
    KEEPING,
    MASKED,
    POINTWISE,
    REDUCTIONS,
    SIZED,
    Term,
    access,
    bounded,
    reduced,
)

INDICES = (*"ijkabcstuvwdgh", "row", "col")


@dataclass
class Scope:
    """What a term may use: indices by axis, and names with their axes."""

    rng: random.Random
    indices: dict[str, str]
    numbers: dict[str, tuple[str, ...]]
    integers: dict[str, tuple[str, ...]]
    masks: dict[str, tuple[str, ...]]
    sizes: Mapping[str, int]
    taken: set[str] = field(default_factory=set)

    def inside(self, fresh: Mapping[str, str]) -> Scope:
        """The scope in a reduction of fresh indices."""
        indices = {**self.indices, **fresh}
        return replace(self, indices=indices, taken=self.taken | set(fresh))

    def fresh(self, axis: str) -> str:
        """An index that means nothing here."""
        free = [i for i in INDICES if i not in self.taken]
        return self.rng.choice(free)

    def of(self, axis: str) -> list[str]:
        """The indices that run over an axis."""
        return [i for i, a in self.indices.items() if a == axis]


def picked(rng: random.Random, weights: Mapping[str, int]) -> str:
    """A key, drawn by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def number(scope: Scope, size: int) -> Term:
    """A term of about so many operations."""
    rng = scope.rng
    if size <= 1:
        return leaf(scope, scope.numbers)
    kind = rng.random()
    if kind < 0.05 and len(scope.taken) < 6:
        return limited(scope, size - 1)
    if kind < 0.42 and len(scope.taken) < 6:
        return reduction(scope, size - 1)
    if kind < 0.5 and scope.indices:
        return kept(scope, size - 1)
    if kind < 0.58 and scope.masks:
        form = picked(rng, MASKED)
        return Term(form, (leaf(scope, scope.masks), *split(scope, form, size - 2, 1)))
    if kind < 0.64:
        axis = rng.choice(sorted(scope.sizes))
        part = number(scope, size - 2)
        return Term(picked(rng, SIZED), (part, Term("size", (), axis)))
    form = picked(rng, POINTWISE)
    return Term(form, split(scope, form, size - 1))


def split(scope: Scope, form: str, size: int, start: int = 0) -> tuple[Term, ...]:
    """Terms for the places of a form."""
    count = sum(f"{{{k}}}" in form for k in range(start, 4))
    cuts = sorted(scope.rng.randint(0, max(size, 0)) for _ in range(count - 1))
    sizes = [b - a for a, b in zip((0, *cuts), (*cuts, size), strict=True)]
    return tuple(number(scope, max(part, 1)) for part in sizes)


def leaf(scope: Scope, names: Mapping[str, tuple[str, ...]]) -> Term:
    """A name with its indices; where none is at hand it selects, gathers or sums."""
    rng = scope.rng
    name = rng.choice(sorted(names))
    places: list[str | int | Term] = []
    extra: dict[str, str] = {}
    for axis in names[name]:
        known = scope.of(axis)
        chance = rng.random()
        if scope.integers and chance < 0.15 and names is not scope.integers:
            places.append(whole(scope.inside(extra), extra))
        elif known and chance < 0.9:
            places.append(rng.choice(known))
        elif chance < 0.95 and names is scope.numbers:
            index = scope.inside(extra).fresh(axis)
            extra[index] = axis
            places.append(index)
        else:
            places.append(rng.randrange(scope.sizes[axis]))
    term = access(name, *places)
    if not extra:
        return term
    op = rng.choice(("sum", "sum", "sum", "mean", "amax", "prod", "logsumexp"))
    return reduced(op, term, tuple(extra))


def whole(scope: Scope, extra: dict[str, str]) -> Term:
    """Integers to gather by."""
    rng = scope.rng
    name = rng.choice(sorted(scope.integers))
    places: list[str | int | Term] = [
        whole(scope, extra)
        if rng.random() < 0.1
        else rng.choice(scope.of(axis) or [rng.randrange(scope.sizes[axis])])
        for axis in scope.integers[name]
    ]
    term = access(name, *places)
    if scope.masks and rng.random() < 0.2:
        bare = replace(scope, integers={})
        return Term(FEWER, (leaf(bare, scope.masks), term))
    return term


def reduction(scope: Scope, size: int) -> Term:
    """A reduction of one, two or three axes; often a contraction."""
    rng = scope.rng
    fresh: dict[str, str] = {}
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        axis = rng.choice(sorted(scope.sizes))
        fresh[scope.inside(fresh).fresh(axis)] = axis
    inner = scope.inside(fresh)
    op = rng.choice(("sum", "sum", "sum", *sorted(REDUCTIONS - KEEPING)))
    if rng.random() < 0.5:
        count = rng.choice((2, 2, 3, 4))
        body = Term("*".join(f"{{{k}}}" for k in range(count)), _factors(inner, count))
        body = body if count < 4 else _nested(body.parts)
    else:
        body = number(inner, size)
    bound = tuple(i for i in fresh if i in body.free)
    if not bound:
        return body
    return reduced(op, body, bound, _freedom(rng, op))


def limited(scope: Scope, size: int) -> Term:
    """A sum over a part of an axis, or up to another index of it."""
    rng = scope.rng
    axis = rng.choice(sorted(scope.sizes))
    index = scope.fresh(axis)
    body = number(scope.inside({index: axis}), size)
    if index not in body.free:
        return body
    places = sorted(rng.choices(range(scope.sizes[axis]), k=2))
    ends = (f"1, {axis} - 1", f"0, {axis} - 2", f"{places[0]}, {places[1]}")
    along = (t for t in body.walked() if t.op in KEEPING)
    whole = any(index in t.places for t in along)  # these go along the whole axis
    if others := scope.of(axis):
        ends = (*ends, *others) if not whole else tuple(others)
    elif whole:
        return reduced("sum", body, (index,))
    return bounded(body, index, rng.choice(ends))


def _factors(scope: Scope, count: int) -> tuple[Term, ...]:
    return tuple(leaf(scope, scope.numbers) for _ in range(count))


def _nested(parts: Sequence[Term]) -> Term:
    first, *rest = parts
    for part in rest:
        first = Term("{0}*{1}", (first, part))
    return first


def _freedom(rng: random.Random, op: str) -> str:
    return rng.choice((", 0", "")) if op in ("var", "std") else ""


def kept(scope: Scope, size: int) -> Term:
    """A softmax or cumsum along an index that is at hand."""
    rng = scope.rng
    body = number(scope, size)
    if not body.free:
        return body
    op = rng.choice(sorted(KEEPING))
    if op == "softmax" and scope.masks and rng.random() < 0.3:
        body = Term(HIDDEN, (leaf(scope, scope.masks), body))
    return reduced(op, body, (rng.choice(body.free),))
