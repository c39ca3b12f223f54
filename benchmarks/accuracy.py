"""How accurate values and derivatives are over the whole range of floats.

    python benchmarks/accuracy.py [--count N] [--update] [--page FILE] [NAME ...]

Each of the public expressions is run as generated, by torch's autograd of the formula
as it is written, by torch's own operator where there is one, by the derivative that
SymPy prints, and by the best forms that one writes by hand; on the same points, in
float32 and float64.  More sets, of formulas of many fields and of the ops of examples/,
are counted as a whole.  The truth is ball arithmetic; an error is divided
by one more than what the rounding of the inputs may cost.

With --update the tables also go to docs/accuracy.md, and the plots beside it; or to
another page and beside that.  Plots need matplotlib: the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
MARK = "<!-- printed by benchmarks/accuracy.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import accuracy_examples as examples  # noqa: E402
import accuracy_forms as forms  # noqa: E402
import accuracy_plots as plots  # noqa: E402
from accuracy_fields import FIELDS  # noqa: E402
from accuracy_others import OTHERS  # noqa: E402
from accuracy_practice import PRACTICE  # noqa: E402
from accuracy_set import PUBLIC, Case  # noqa: E402
from accuracy_subjects import (  # noqa: E402
    Subject,
    computed,
    exact_functions,
    of_case,
    of_pair,
    tensors,
)
from accuracy_tables import DTYPES, FULL, ORDERS, Figure, page  # noqa: E402
from pages import put  # noqa: E402
from torch import Tensor  # noqa: E402

from symgrad.measure.errors import Summary, error, summary  # noqa: E402
from symgrad.measure.formats import FORMATS, Format  # noqa: E402
from symgrad.measure.strata import points  # noqa: E402
from symgrad.measure.truth import Truth, truth  # noqa: E402

COUNT = 500
"""Numbers of each stratum."""

SOME = 5
"""Of the later sets, one number in so many."""

PART = 20
"""Of the examples, one in so many: there are many, and they are counted as a whole."""


Computed = Callable[..., dict[str, dict[str, Tensor]]]
"""What every rival makes of the inputs of a subject, up to some order."""


def figures(
    case: Case,
    count: int = COUNT,
    orders: Sequence[str] = ORDERS,
    with_compiled: bool = False,
) -> Iterator[Figure]:
    """Every rival of a case, in every dtype."""
    return measured(of_case(case, with_compiled), count, orders)


def measured(
    subject: Subject,
    count: int,
    orders: Sequence[str] = ORDERS,
    compute: Computed = computed,
) -> Iterator[Figure]:
    """Every rival of ``compute`` in every dtype."""
    exact = exact_functions(subject.op, subject.wrt)
    for name in DTYPES:
        places = places_of(subject, name, count)
        got = compute(subject, tensors(subject, places, name), orders)
        for order in (o for o in orders if o in subject.orders):
            true = [truth(exact[order], place) for place in places]
            for rival in (r for r in got if order in got[r]):
                found = got[rival][order].double().expand(len(places)).tolist()
                figures_of = _sum(FORMATS[name], found, true)
                yield Figure(subject.name, name, order, rival, figures_of)


def places_of(subject: Subject, name: str, count: int) -> list[tuple[float, ...]]:
    """Points of all inputs in their order."""
    rng = random.Random(f"{subject.name}/{name}")
    drawn = points(FORMATS[name], list(subject.ranges.values()), count, rng)
    return [_whole(subject, place) for place in drawn]


def _whole(subject: Subject, place: Sequence[float]) -> tuple[float, ...]:
    known = {**subject.fixed, **dict(zip(subject.ranges, place, strict=True))}
    return tuple(known[item.name] for item in subject.op.inputs)


def _sum(
    fmt: Format, numbers: Sequence[float], true: Sequence[Truth | None]
) -> Summary:
    pairs = zip(numbers, true, strict=True)
    return summary([error(fmt, x, t) for x, t in pairs if t is not None])


# The whole


def collected(options: argparse.Namespace) -> dict[str, list[Figure]]:
    """The figures of each set, as far as anything of it was asked for."""
    found: dict[str, list[Figure]] = {}
    for title, subject, count in chosen(options):
        print(subject.name, file=sys.stderr, flush=True)
        found.setdefault(title, []).extend(measured(subject, count))
    return found


def chosen(options: argparse.Namespace) -> Iterator[tuple[str, Subject, int]]:
    """What is measured, the set it is of, and with how many numbers."""
    wanted, count = options.names, options.count
    cases = {
        FULL: (PUBLIC, 1),
        "second set": (OTHERS, 1),
        "third set": (FIELDS, SOME),
        "fourth set": (PRACTICE, SOME),
    }
    for title, (set_, part) in cases.items():
        for case in set_:
            if not wanted or case.name in wanted:
                yield title, of_case(case), max(count // part, 10)
    for pair in examples.pairs(examples.specs()):
        if not wanted or pair.name in wanted:
            yield "examples", of_pair(pair), max(count // PART, 10)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.update:
        plots.require()
    found = collected(options)
    notes = [examples.left_out(examples.specs())]
    shown = [c for c in PUBLIC if not options.names or c.name in options.names]
    lines = [*page(found, options.count, notes), *forms.page(shown)]
    text = "".join(f"{line}\n" for line in lines)
    print(text)
    if options.update:
        put(options.page, MARK, text)
        plots.draw_all(options.page.parent / "plots")


if __name__ == "__main__":
    main()
