"""Which products are lost where a factor vanishes, told by running them.

They are run on the ideal machine at numbers of every size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from symgrad import precise
from symgrad.factors import Path, product
from symgrad.families import Part
from symgrad.intervals import Interval
from symgrad.measure.formats import FORMATS, Format
from symgrad.patches.choices import Choices, Loss, hashed
from symgrad.patches.degrees import Sources, degree, domain_of, sources
from symgrad.patches.ideal import computed
from symgrad.patches.kernels import needed
from symgrad.program import Graph, Node, Program

VANISHING: Mapping[str, int] = {
    "exp": -1,
    "exp2": -1,
    "sigmoid": -1,
    "ndtr": -1,
    "erfc": 1,
    "sech": 0,
    "sech_squared": 0,
}
"""Functions that are 0 as floats far out, and on which side; 0: on both."""

GROWING: Mapping[str, int] = {"exp": 1, "exp2": 1, "expm1": 1, "cosh": 0}
"""Functions that are infinite far out; what they divide vanishes."""

HALVED = frozenset({"exp", "sigmoid"})
"""Functions that are exponentials where they vanish."""

NOTHING = 100_000
"""From here on exponentials are 0 whatever powers of floats they are multiplied by."""

MOST = 140
"""The degree of those powers, at most: a double is between exp(-745) and exp(710)."""

BUDGET = 2_000
"""Values of which products are made that are run, at most, those of each counted.

What is nearest to what is returned comes first.  Products of a formula that a person
writes have some hundred.
"""

MARGIN = 2.0**40
"""How many times the smallest normal number a product is that is halved for.

Less than that is lost where a factor is hardly normal itself, and not worth the code.
"""

COARSE = 2.0**-12
"""The relative error of what has lost its digits: more than roundings come to."""

POINTS, TRUTHS = 120, 16
"""Points at which a product is run, and at which the truth is asked for, at most."""

_STEPS = tuple(math.sqrt(prime) for prime in (2, 3, 5, 7, 11, 13, 17, 19))
"""Irrational, so that multiples of them come near to everything in the end."""

_SIZES = (1e-30, 1e-10, 1e-3, 0.5, 1.0, 2.5, 10.0, 50.0, 120.0, 1e3, 1e10, 1e25)

EDGE = -80
"""Where exponentials are halved; those of sigmoids are ones there, to all digits."""

INFINITE = "where a factor is 0 another may be infinite: the product is 0"
SMALL = f"beyond {EDGE} a factor underflows before the product does"


@dataclass(frozen=True)
class Lost:
    """A product, the factor that vanishes, and those that may be large there.

    ``leaves`` are what they depend on.  ``is_infinite``: the product is NaN;
    ``is_small``: it is 0 and should be none.
    """

    path: Path
    factor: Part
    others: Mapping[Path, Part]
    leaves: Sequence[int]
    is_infinite: bool
    is_small: bool


def products(
    program: Program, fewest: int, choices: Choices
) -> Iterator[tuple[int, Lost]]:
    """The products of a program that are lost somewhere, each once."""
    nodes = program.nodes
    if not any(_vanishes_somewhere(node) for node in nodes):
        return
    graph, leaves = Graph(nodes), sources(nodes)
    gradients = (value for values in program.gradients.values() for value in values)
    returned = {*program.outputs.values(), *gradients, *program.jvps.values()}
    wanted = program.reachable(returned)
    mended = {
        v for v, note in program.notes.items() if note.reason in (INFINITE, SMALL)
    }
    branches = (nodes[v].args for v in wanted if nodes[v].op == "where")
    within = {arg for args in branches if args[0] in mended for arg in args}
    budget = BUDGET
    for value in reversed(wanted):
        is_product = nodes[value].op in ("mul", "div")
        if is_product and (value in returned or value not in within) and leaves[value]:
            found = [*_candidates(graph, value, leaves, fewest)]
            inputs = frozenset(leaves.sets.values(leaves[value]) if found else ())
            inside = (found and needed(nodes, inputs, value)) or []
            budget -= len(inside) * len(found)
            if budget < 0:
                return
            steps = [v for v in inside if v not in inputs]
            run = partial(_outcome, program, value, sorted(inputs), steps, choices)
            outcomes = map(run, found)
            wrong = (lost for lost in outcomes if lost.is_infinite or lost.is_small)
            yield from ((value, lost) for lost in islice(wrong, 1))
        if is_product or (nodes[value].op == "neg" and value in within):
            within.update(nodes[value].args)


def _candidates(
    graph: Graph, value: int, leaves: Sources, fewest: int
) -> Iterator[Lost]:
    """The factors of a product that vanish where others may be large, with those."""
    factors = product(graph, value).factors
    for path, factor in factors.items():
        own = leaves[factor.value]
        if not _may_vanish(graph[factor.value], factor) or own.bit_count() < fewest:
            continue
        others = {
            there: other
            for there, other in factors.items()
            if (parts := leaves[other.value]) and not parts & ~own and there != path
        }
        if others:
            yield Lost(path, factor, others, leaves.sets.values(own), False, False)


def _vanishes_somewhere(node: Node) -> bool:
    return node.op == "call" and (node.data in VANISHING or node.data in GROWING)


def _may_vanish(node: Node, factor: Part) -> bool:
    table = GROWING if factor.inverse else VANISHING
    return node.op == "call" and node.data in table


def side_of(node: Node, factor: Part) -> int:
    """The side on which a factor vanishes, 0 for both."""
    return (GROWING if factor.inverse else VANISHING)[str(node.data)]


def _outcome(
    program: Program,
    value: int,
    leaves: Sequence[int],
    steps: Sequence[int],
    choices: Choices,
    lost: Lost,
) -> Lost:
    """What becomes of a product where a factor vanishes.

    ``steps`` are the values that it takes; of too many there are none.
    """
    if not steps:
        return lost
    powers = sum(degree(program, f.value) or math.inf for f in lost.others.values())
    places = {v: place for place, v in enumerate((*leaves, *steps))}
    asked = (
        [
            (n.op, [*map(places.get, n.args)], str(n.data))
            for n in (program.nodes[v] for v in steps)
        ],
        [str(domain_of(program, leaf)) for leaf in leaves],
        [places[leaf] for leaf in lost.leaves],
        (places[lost.factor.value], lost.factor.inverse, powers),
    )
    look = partial(_loss, program, value, leaves, steps, lost, powers)
    loss = choices.loss(hashed(*asked), look)
    return replace(lost, is_infinite=loss.is_infinite, is_small=loss.is_small)


def _loss(
    program: Program,
    value: int,
    leaves: Sequence[int],
    steps: Sequence[int],
    lost: Lost,
    powers: float,
) -> Loss:
    """The same, run; what the factor does not depend on counts as 1."""
    nodes, stop = program.nodes, frozenset(leaves)
    before = set(program.reachable([lost.factor.value], stop)) - stop
    first = [v for v in steps if v in before]
    ones, truths = dict.fromkeys(leaves, 1.0), TRUTHS
    is_infinite, is_small = False, False
    for fmt in map(FORMATS.__getitem__, ("float32", "float64")):
        for point in _points(program, lost.leaves, fmt):
            start = {**ones, **point}
            size = abs(computed(nodes, first, start, fmt)[lost.factor.value])
            if fmt.normal <= size < math.inf:  # then it does not vanish
                continue
            known = computed(nodes, steps, start, fmt)
            if math.isnan(known[value]):
                is_infinite = is_infinite or _is_beyond(nodes, lost, known)
            elif size < fmt.normal and not lost.factor.inverse and truths:
                truths -= 1
                true = precise.floats(nodes, [value], start)[0]
                is_small = is_small or _is_missed(known[value], true, fmt)
    is_halved = nodes[lost.factor.value].data in HALVED and is_small
    return Loss(is_infinite and powers <= MOST, is_halved)


def _is_beyond(nodes: Sequence[Node], lost: Lost, known: Mapping[int, float]) -> bool:
    """Whether a factor is nothing, whatever it is multiplied by."""
    node = nodes[lost.factor.value]
    [argument] = (known[arg] for arg in node.args)
    side = side_of(node, lost.factor)
    return (side * argument if side else abs(argument)) > NOTHING


def _is_missed(computed: float, true: float, fmt: Format) -> bool:
    """Whether the truth is a number well in range that was missed."""
    counts = fmt.normal * MARGIN < abs(true) < fmt.largest
    return counts and abs(computed - true) > COARSE * abs(true)


def _points(
    program: Program, leaves: Sequence[int], fmt: Format
) -> Iterator[Mapping[int, float]]:
    """Numbers of every size for the leaves, in mixed order; every other is extreme."""
    domains = [domain_of(program, leaf) for leaf in leaves]
    most = fmt.largest**0.9  # so that no sum of two of them overflows
    ends = (fmt.normal, 1.0, 1 - math.log(fmt.normal), most)
    columns = [
        [_numbers(domain, fmt, sizes) for domain in domains]
        for sizes in (ends, (2 * fmt.normal, *_SIZES, most / 2))
    ]
    for k in range(POINTS):
        yield {
            leaf: column[int(k * _STEPS[j % len(_STEPS)] % 1 * len(column))]
            for j, (leaf, column) in enumerate(zip(leaves, columns[k % 2], strict=True))
        }


def _numbers(domain: Interval, fmt: Format, sizes: Sequence[float]) -> list[float]:
    ends = [x for x in (domain.low, domain.high) if math.isfinite(x)] or [0.0]
    signed = [end + side * size for end in ends for side in (1, -1) for size in sizes]
    found = [x for x in map(fmt.nearest, signed) if x in domain]
    return found or [1.0]
