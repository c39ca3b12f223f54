"""One reverse sweep over a straight-line program.

Each value passes its cotangent on to its arguments, last value first, times a
*local* partial.  Nothing is ever differentiated as a whole, so the work, and the
size of what comes out, is linear in the size of the program.

Where the shapes of several outputs may differ, cotangents of different shapes must
not be added before they are reduced: broadcasting would count one of them more than
once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symgrad import algebra, along, conditions, formulas
from symgrad.axes import BATCH
from symgrad.functions import TABLE
from symgrad.op import EdgePolicy
from symgrad.partials import conjugate_partial, partial
from symgrad.program import Graph, Program, depending_on
from symgrad.regions import Places, Region, edge_regions, find_places, find_regions
from symgrad.totals import total

Contribution = tuple[Region, int]
"""A part of a cotangent, and the branches in which it counts."""

Shape = frozenset[int]
"""The tensor inputs whose shapes broadcast to the shape meant."""

_Pending = dict[Shape, list[Contribution]]
"""What has arrived at a value so far."""


@dataclass(frozen=True)
class Tape:
    """What a reverse sweep works on.

    The names that would suit new values are collected in ``hints``.
    """

    graph: Graph
    program: Program
    edges: Mapping[str, EdgePolicy]
    wanted: Mapping[str, int]
    hints: dict[int, str]

    @cached_property
    def places(self) -> Mapping[int, Places]:
        """Where the values count that are differentiated."""
        return find_places(self.program.nodes, self.program.stand_ins.values())


@dataclass(frozen=True)
class Seed:
    """Where a sweep starts: a value, its cotangent, and the shape of both."""

    value: int
    cotangent: int
    shape: Shape


def sweep(tape: Tape, seeds: Sequence[Seed], label: str) -> dict[str, tuple[int, ...]]:
    """One reverse sweep from the seeds to the wanted inputs.

    The cotangent of a value that a person named is called that after ``label``.

    Cotangents of different shapes travel side by side and meet only where one of
    them can be reduced: at an output, or, by who prints the code, at an input.  An
    input whose derivative is zero is left out.
    """
    graph = tape.graph
    end = max(seed.value for seed in seeds) + 1
    active = depending_on(graph.nodes[:end], tape.wanted.values())
    ends = [*(seed.value for seed in seeds), *tape.wanted.values()]
    regions = find_regions(graph.nodes[:end], ends)
    pending: dict[int, _Pending] = defaultdict(lambda: defaultdict(list))
    for seed in reversed(seeds):
        pending[seed.value][seed.shape].append(((), seed.cotangent))
    starting: dict[int, list[Seed]] = defaultdict(list)
    for seed in seeds:
        starting[seed.value].append(seed)
    arrived: dict[int, tuple[int, ...]] = {}
    for value in range(end - 1, -1, -1):
        if value not in pending or value not in active:
            continue
        meeting = _reduced(graph, pending.pop(value), starting.get(value, ()))
        step = 1 if len(seeds) == 1 else -1  # outputs in their order read best
        cotangents = {
            shape: _within(graph, value, combine(graph, parts[::step]))
            for shape, parts in meeting.items()
        }
        arrived[value] = tuple(cotangents.values())
        used_in = edge_regions(graph[value], regions[value])
        for shape, cotangent in cotangents.items():
            _suggest(tape, value, cotangent, label)
            for index, part in _pulled_back(tape, value, cotangent, active):
                arg = graph[value].args[index]
                outside = used_in[index][len(regions[arg]) :]
                lost = _lost_axes(graph, value, arg, part)
                if lost:
                    part = total(graph, combine(graph, [(outside, part)]), lost)
                    outside = ()
                whole = frozenset[int]() if BATCH in lost else shape
                pending[arg][whole].append((outside, part))
    found = {n: arrived[v] for n, v in tape.wanted.items() if v in arrived}
    nonzero = {
        n: tuple(v for v in terms if algebra.number(graph, v) != 0)
        for n, terms in found.items()
    }
    return {name: terms for name, terms in nonzero.items() if terms}


def _lost_axes(graph: Graph, value: int, arg: int, part: int) -> set[str]:
    """The axes along which a part of a cotangent is summed before it meets others."""
    apart = graph[value].op in along.RULES
    if not apart and graph[value].axes == graph[arg].axes:
        return set()
    return set(graph[part if apart else value].axes) - set(graph[arg].axes)


def _reduced(graph: Graph, pending: _Pending, seeds: Sequence[Seed]) -> _Pending:
    """At an output, what came from larger shapes is summed to the output's own.

    Of several outputs with that value, the smallest can be summed to.
    """
    if not seeds or len(pending) == 1:
        return pending
    own = min(reversed(seeds), key=lambda seed: len(seed.shape))
    meeting = {own.shape: list(pending[own.shape])}
    for shape, parts in pending.items():
        if shape > own.shape:
            total = combine(graph, parts)
            if total != graph.const(0):  # which a branch that is never taken sends
                summed = graph.node("reduce", total, own.cotangent)
                meeting[own.shape].append(((), summed))
        elif shape != own.shape:
            meeting[shape] = parts
    return meeting


def _within(graph: Graph, value: int, cotangent: int) -> int:
    """The part of a cotangent that moves a value: the real one of a real value."""
    if graph[value].kind.is_complex:
        return cotangent
    return formulas.real_part(graph, cotangent)


def _suggest(tape: Tape, value: int, cotangent: int, label: str) -> None:
    """The cotangent of a value that a person named bears that name."""
    if value in tape.program.names:
        tape.hints.setdefault(cotangent, f"{label}{tape.program.names[value]}")


def combine(graph: Graph, parts: Sequence[Contribution]) -> int:
    """Sum contributions; what counts in one branch only is masked by its condition."""
    total: int | None = None
    branches: dict[int, tuple[list[Contribution], list[Contribution]]] = {}
    for region, value in parts:
        if not region:
            total = value if total is None else algebra.add(graph, total, value)
            continue
        (condition, taken), *rest = region
        sides = branches.setdefault(condition, ([], []))
        sides[0 if taken else 1].append((tuple(rest), value))
    zero = graph.const(0)
    for condition, sides in branches.items():
        holds, fails = (combine(graph, side) if side else zero for side in sides)
        masked = conditions.where(graph, condition, holds, fails)
        total = masked if total is None else algebra.add(graph, total, masked)
    assert total is not None
    return total


def _pulled_back(
    tape: Tape, value: int, cotangent: int, active: set[int]
) -> Iterator[tuple[int, int]]:
    """The adjoint rule of one value: argument index and its part of the cotangent."""
    for index, arg in enumerate(tape.graph[value].args):
        if arg in active:
            part = scaled(tape, value, index, cotangent, active, adjoint=True)
            if algebra.number(tape.graph, part) != 0:
                yield index, part


def scaled(
    tape: Tape,
    value: int,
    index: int,
    moved: int,
    active: set[int],
    adjoint: bool = False,
) -> int:
    """A tangent times the local partial by one argument.

    In the plane that is a linear map; ``adjoint`` asks for its adjoint, which is how a
    cotangent travels.  ``active`` are the values that derivatives are taken through.
    """
    graph, node = tape.graph, tape.graph[value]
    if node.op in along.RULES:
        if algebra.number(graph, moved) == 0:
            return moved  # which has no axes
        rule = along.RULES[node.op]
        return (rule.pull if adjoint else rule.push)(graph, value, moved)
    if node.op != "call":
        return _scaled_by_primitive(graph, value, index, moved, adjoint)
    others = {*node.args[:index], *node.args[index + 1 :]}
    alone, places = others.isdisjoint(active), tape.places.get(value, ((),))
    slope = partial(graph, value, index, tape.edges, alone, places)
    tape.hints.setdefault(slope, f"d{TABLE[str(node.data)].stem}")
    part = times(graph, moved, formulas.conj(graph, slope) if adjoint else slope)
    turned = conjugate_partial(graph, value, index)
    if algebra.number(graph, turned) != 0:
        mirrored = times(graph, formulas.conj(graph, moved), turned)
        part = algebra.add(graph, part, mirrored)
    return part if adjoint else _within(graph, value, part)


def _scaled_by_primitive(
    graph: Graph, value: int, index: int, moved: int, adjoint: bool
) -> int:
    op, args = graph[value].op, graph[value].args

    def facing(factor: int) -> int:
        return formulas.conj(graph, factor) if adjoint else factor

    if op == "mul":
        return algebra.mul(graph, moved, facing(args[1 - index]))
    if op == "div" and index == 0:
        return algebra.div(graph, moved, facing(args[1]))
    if op == "div":
        product = algebra.mul(graph, moved, facing(value))
        return algebra.neg(graph, algebra.div(graph, product, facing(args[1])))
    if op == "neg" or (op == "sub" and index == 1):
        return algebra.neg(graph, moved)
    return moved  # add, the first of sub, the branches of where, guard


def shape_of(program: Program, *values: int) -> Shape:
    """The tensor inputs behind values, whose batches broadcast to theirs."""
    tensors = {v for v in program.inputs.values() if BATCH in program.nodes[v].axes}
    return frozenset(tensors.intersection(program.reachable(values)))


def times(graph: Graph, cotangent: int, slope: int) -> int:
    """The cotangent times a partial; where that is a choice of numbers, a choice.

    So an infinite cotangent that is not passed on leaves 0, not 0*inf: the gradient
    of ``sqrt(relu(x))`` is 0 at a negative x.
    """
    node = graph[slope]
    if node.data == "nan":
        return slope  # not a product: the derivative of that is NaN in every branch
    if node.op == "where" and all(_is_choice(graph, arg) for arg in node.args[1:]):
        branches = [times(graph, cotangent, arg) for arg in node.args[1:]]
        return conditions.where(graph, node.args[0], *branches)
    return algebra.mul(graph, cotangent, slope)


def _is_choice(graph: Graph, value: int) -> bool:
    """Whether a value is a number, or one of several numbers."""
    node = graph[value]
    if not node.kind.is_tensor:
        return True
    return node.op == "where" and all(_is_choice(graph, arg) for arg in node.args[1:])
