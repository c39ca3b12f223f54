"""Where rung 8 looks: edge values, ties of what is compared, and far out."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symgrad.op import Input, Op
from symgrad.program import COMPARISONS, Kind, viewed
from symgrad.verify import budget, elements, sampling
from symgrad.verify.kinks import watched
from symgrad.verify.points import as_tensors, is_inside, special_numbers, tie
from symgrad.verify.sampling import Number, Point
from symgrad.verify.subject import Subject, call

MOST, OF_ELEMENTS = 120, 40
"""Combinations of edge values; several inputs, or the elements of tensors, have many
more, and what those of tensors show best are whole rows alike.
"""

STARTS = 7
"""Points besides the usual one from which ties are looked for: on many of them a tie
says nothing, for what is compared does not count there."""

FAR = 12.0
"""Beyond most thresholds; plain torch has lost too many digits there to say much."""


def usual_point(op: Op, purpose: str = "edges") -> Point:
    """An ordinary point, the same one in every run."""
    rng = sampling.generator(op, purpose)
    return sampling.point(op, lambda item: sampling.ordinary(op, item, rng))


def edge_points(subject: Subject) -> Iterator[Point]:
    """Points of the domain at which an op may turn, jump or lose its derivative.

    Combinations of edge values, ties of what is compared, whole tensors of one value,
    and indices on both sides of what they are compared with.
    """
    op = subject.op
    usual = usual_point(op)
    whole = (subject.whole or subject).op
    found = itertools.chain(
        _combined(op, usual, MOST if subject.whole is None else OF_ELEMENTS),
        _ties(op, usual),
        _constant(op, whole),
        _beside_limits(subject, whole, usual),
    )
    return (point for point in found if is_inside(op, point))


def far_points(op: Op) -> Iterator[Point]:
    """Points with one input beyond where inputs usually are."""
    for item in op.inputs:
        for value in (FAR, -FAR):
            point = {**usual_point(op), item.name: value}
            if item.kind is Kind.REAL and is_inside(op, point):
                yield point


def _combined(op: Op, usual: Point, most: int) -> Iterator[Point]:
    """All combinations of edge values; a fixed choice of them if they are too many."""
    special = special_numbers(op)
    choices = [_choices(item, special, usual[item.name]) for item in op.inputs]
    count = math.prod(map(len, choices))
    rng = sampling.generator(op, "combinations")
    for number in _numbers(count, most, rng):
        point = {}
        for name, values in zip(usual, choices, strict=True):
            number, place = divmod(number, len(values))
            point[name] = values[place]
        yield point


def _numbers(count: int, most: int, rng: random.Random) -> Sequence[int]:
    """All numbers below a count, or a choice of them if they are too many."""
    if count <= most:
        return range(count)
    if count > sys.maxsize:
        return [rng.randrange(count) for _ in range(most)]
    return rng.sample(range(count), most)


def _ties(op: Op, usual: Point) -> Iterator[Point]:
    """Points where the two sides of a comparison are equal."""
    if budget.is_large(op):
        return
    rng = sampling.generator(op, "ties")
    starts = [usual, *(usual_point(op, f"edges/{k}") for k in range(STARTS))]
    nodes, pairs = watched(op.nodes)
    names = [item.name for item in op.inputs if item.kind is Kind.REAL]
    for pair in (p for p in pairs if not any(nodes[v].kind.is_complex for v in p)):
        for start in starts:
            tied = (tie(op, nodes, pair, start, name, rng) for name in names)
            yield from itertools.islice((p for p in tied if p is not None), 1)


def _choices(item: Input, special: list[float], usual: Number) -> list[Number]:
    """The edge values of an input, the usual one first."""
    if item.kind is Kind.MASK:
        return [False, True]
    more: list[Number] = []
    if item.kind.is_floating:
        more = [*special, *sampling.finite_ends(item), 1.0, -1.0]
    elif item.kind in (Kind.FLOAT, Kind.INT):
        more = [type(usual)(0), type(usual)(1)]
    return list(dict.fromkeys([usual, *more]))


def _constant(op: Op, whole: Op) -> Iterator[Point]:
    """Tensors whose elements are all alike: rows of zeros, ties of all they have.

    One tensor after the other, and all of them zero; indices are others each time.
    """
    special = special_numbers(op)
    tensors = [i for i in whole.inputs if i.kind.is_floating and i.axes]
    alike = [
        dict.fromkeys(elements.names(whole, item), value)
        for item in tensors
        for value in dict.fromkeys([*special, *sampling.finite_ends(item), 1.0, -1.0])
    ]
    names = [name for item in tensors for name in elements.names(whole, item)]
    for number, values in enumerate([*alike, dict.fromkeys(names, 0.0)]):
        yield usual_point(op, f"alike/{number}") | values


def _beside_limits(subject: Subject, whole: Op, usual: Point) -> Iterator[Point]:
    """Indices on, below and above what a condition compares them with.

    Those that the formula does not look up there: else torch has an error for them.
    """
    for item, limit in _limits(whole, usual):
        first = elements.names(whole, item)[0]
        for number in (limit - 1, limit, limit + 1):
            point = usual | {first: number}
            if _has_value(subject, point):
                yield point


def _limits(op: Op, usual: Point) -> Iterator[tuple[Input, int]]:
    """Indices, each with a whole number that it is compared with."""
    for node in op.nodes:
        for one, other in itertools.permutations(node.args, 2):
            item, value = op.nodes[viewed(op.nodes, one)], op.nodes[other]
            if node.op not in COMPARISONS or item.kind is not Kind.INDEX:
                continue
            if item.op == "input" and isinstance(value.data, Fraction):
                yield op.input(str(item.data)), int(value.data)
            elif item.op == "input" and (value.op, value.kind) == ("input", Kind.INT):
                yield op.input(str(item.data)), int(usual[str(value.data)].real)


def _has_value(subject: Subject, point: Point) -> bool:
    """Whether the formula has a value where indices may be out of range."""
    if subject.plain is None:
        return True
    try:
        call(Subject(subject.op, subject.plain), as_tensors(subject.op, [point]))
    except (IndexError, RuntimeError):
        return False
    return True
