"""How accurate values and derivatives are over the whole range of floats.

    python benchmarks/accuracy.py [--count N] [--update] [NAME ...]

Each of the public expressions is run as generated, by torch's autograd of the formula
as it is written, by torch's own operator where there is one, and by the derivative
that SymPy prints; on the same points, in float32 and float64.  A second set, of
formulas of many fields, is counted as a whole.  The truth is ball arithmetic; an error
is divided by one more than what the rounding of the inputs may cost.  With --update
the tables also go to docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
MARK = "<!-- printed by benchmarks/accuracy.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import accuracy_sympy  # noqa: E402
from accuracy_others import OTHERS  # noqa: E402
from accuracy_set import PUBLIC, Case  # noqa: E402
from pages import put  # noqa: E402

from symgrad import precise  # noqa: E402
from symgrad.derive import differentiate, primal  # noqa: E402
from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text as load_module  # noqa: E402
from symgrad.measure.errors import SOUND, Summary, error, summary  # noqa: E402
from symgrad.measure.formats import FORMATS, Format  # noqa: E402
from symgrad.measure.strata import points  # noqa: E402
from symgrad.measure.truth import Exact, Truth, truth  # noqa: E402
from symgrad.op import Op, Spec  # noqa: E402
from symgrad.spec import load_text  # noqa: E402
from symgrad.verify import reference  # noqa: E402

DTYPES = ("float32", "float64")
ORDERS = ("value", "gradient", "second")
RIVALS = ("symgrad", "autograd", "fused", "sympy")

COUNT = 500
"""Numbers of each stratum."""

Run = Callable[[Mapping[str, Tensor]], Tensor]
"""A function of all inputs by name."""


@dataclass(frozen=True)
class Figure:
    """What one rival comes to in one dtype, in its values or in a derivative."""

    case: str
    dtype: str
    order: str
    rival: str
    summary: Summary


# What is measured


def declared(case: Case) -> Spec:
    """The spec of a case."""
    op = {"inputs": case.declarations, "forward": {"value": case.formula}}
    text = json.dumps({"symgrad": 1, "ops": {case.name: op}})
    return load_text(text, f"<{case.name}>")


def rivals(case: Case, spec: Spec, with_compiled: bool = False) -> dict[str, Run]:
    """The functions that are measured, by name."""
    [op] = spec.ops
    ours = getattr(load_module(case.name, generate(spec).source), case.name)
    found: dict[str, Run] = {
        "symgrad": lambda values: ours(**values),
        "autograd": lambda values: reference.outputs(op, values)[0],
    }
    if case.fused is not None:
        fused = case.fused
        found["fused"] = lambda values: fused(*values.values())
    if with_compiled:
        compiled = torch.compile(ours, fullgraph=True)
        found["compiled"] = lambda values: compiled(**values)
    return found


def derivatives(
    run: Run, values: Mapping[str, Tensor], wrt: str, orders: Sequence[str] = ORDERS
) -> dict[str, Tensor]:
    """A function's value, and its first and second derivative by autograd."""
    leaf = values[wrt].clone().requires_grad_()
    result = run({**values, wrt: leaf})
    found = {ORDERS[0]: result.detach()}
    for order in orders[1:]:
        if result.requires_grad:
            [result] = torch.autograd.grad(
                result.sum(),
                leaf,
                create_graph=order != orders[-1],
                materialize_grads=True,
            )
        else:
            result = torch.zeros_like(leaf)
        found[order] = result.detach()
    return found


# What is true


def exact_functions(op: Op, wrt: str) -> dict[str, Exact]:
    """An op's value and derivatives in balls, each by its order.

    The first derivative is the limit of differences of the value, by nothing that was
    derived; the second that of the first by the function table.
    """
    [output] = op.outputs
    program = differentiate(primal(op), op)
    leaves = {str(n.data): v for v, n in enumerate(op.nodes) if n.op == "input"}
    slopes = program.partials[wrt]
    second = partial(precise.derivative, program.nodes, *slopes, program.inputs[wrt])
    first = partial(precise.derivative, op.nodes, output.value, leaves[wrt])
    value = partial(precise.value, op.nodes, output.value)
    return {
        "value": _at(value, leaves, op),
        "gradient": _at(first, leaves, op),
        "second": _at(second, program.inputs, op),
    }


def _at(function: Callable[..., Any], leaves: Mapping[str, int], op: Op) -> Exact:
    places = [leaves[item.name] for item in op.inputs]
    return lambda point: function(dict(zip(places, point, strict=True)))


# Figures


def figures(
    case: Case,
    count: int = COUNT,
    orders: Sequence[str] = ORDERS,
    with_compiled: bool = False,
) -> Iterator[Figure]:
    """Every rival of a case, in every dtype."""
    spec = declared(case)
    [op] = spec.ops
    exact, running = exact_functions(op, case.wrt), rivals(case, spec, with_compiled)
    for name in DTYPES:
        fmt, dtype = FORMATS[name], getattr(torch, name)
        rng = random.Random(f"{case.name}/{name}")
        places = points(fmt, list(case.inputs.values()), count, rng)
        columns = zip(*places, strict=True)
        tensors = [torch.tensor(column, dtype=dtype) for column in columns]
        values = dict(zip(case.inputs, tensors, strict=True))
        got = {
            r: derivatives(run, values, case.wrt, orders) for r, run in running.items()
        }
        got["sympy"] = accuracy_sympy.derivatives(op, values, case.wrt, orders)
        for order in orders:
            true = [truth(exact[order], place) for place in places]
            for rival in (name for name in got if order in got[name]):
                found = got[rival][order].double().expand(len(places)).tolist()
                yield Figure(case.name, name, order, rival, _sum(fmt, found, true))


def _sum(
    fmt: Format, numbers: Sequence[float], true: Sequence[Truth | None]
) -> Summary:
    pairs = zip(numbers, true, strict=True)
    return summary([error(fmt, x, t) for x, t in pairs if t is not None])


# Tables


def totals(found: Sequence[Figure]) -> Iterator[str]:
    """How many expressions are sound, by dtype, order and rival."""
    yield f"{'':<28}{'sound':>8}{'of':>5}{'NaN, inf':>11}{'wrong zeros':>13}"
    for dtype, order, rival in product(DTYPES, ORDERS, RIVALS):
        key = (dtype, order, rival)
        mine = [f.summary for f in found if (f.dtype, f.order, f.rival) == key]
        if mine:
            yield (
                f"{dtype:<9}{order:<10}{rival:<9}"
                f"{sum(s.is_sound for s in mine):8}{len(mine):5}"
                f"{sum(s.spurious > 0 for s in mine):11}"
                f"{sum(s.wrong_zeros > 0 for s in mine):13}"
            )


def table(found: Sequence[Figure], dtype: str, order: str) -> Iterator[str]:
    """Expression by expression: bad points of each rival, and the errors of ours."""
    yield (
        f"{f'{order}, {dtype}':<22}"
        + "".join(f"{r + ' %':>12}" for r in RIVALS)
        + (f"{'99.9 %':>11}{'worst':>11}")
    )
    for case in dict.fromkeys(f.case for f in found):
        key = (case, dtype, order)
        mine = {f.rival: f.summary for f in found if (f.case, f.dtype, f.order) == key}
        shares = [
            f"{100 * mine[r].bad:12.2f}" if r in mine else " " * 12 for r in RIVALS
        ]
        ours = mine["symgrad"]
        mark = "" if ours.is_sound else "  not sound"
        yield f"{case:<22}{''.join(shares)}{ours.high:11.3g}{ours.worst:11.3g}{mark}"


def page(found: Sequence[Figure], count: int) -> Iterator[str]:
    """The tables: first all expressions together, then each of the public set."""
    yield f"{count} numbers of each stratum, bad: more than {SOUND:g} ULP\n"
    names = {case.name for case in PUBLIC}
    public = [f for f in found if f.case in names]
    others = [f for f in found if f.case not in names]
    for title, of_set in (("public set", public), ("second set", others)):
        if of_set:
            yield title
            yield from totals(of_set)
            yield ""
    for order, dtype in product(("gradient", "value", "second"), DTYPES):
        if public:
            yield from table(public, dtype, order)
            yield ""
    if others:
        yield "not sound, of the second set"
        yield from failing(others)


def failing(found: Sequence[Figure]) -> Iterator[str]:
    """Expressions by what of theirs is not sound, as generated."""
    for dtype, order in product(DTYPES, ORDERS):
        names = [
            f.case
            for f in found
            if (f.dtype, f.order, f.rival) == (dtype, order, "symgrad")
            and not f.summary.is_sound
        ]
        yield from textwrap.wrap(
            f"{dtype} {order}: {', '.join(names)}", 88, subsequent_indent="  "
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    every = (*PUBLIC, *OTHERS)
    chosen = [c for c in every if c.name in options.names or not options.names]
    found = []
    for case in chosen:
        print(case.name, file=sys.stderr, flush=True)
        found += figures(case, options.count)
    text = "".join(f"{line}\n" for line in page(found, options.count))
    print(text)
    if options.update:
        put(PAGE, MARK, text)


if __name__ == "__main__":
    main()
