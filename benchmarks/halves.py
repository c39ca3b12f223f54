"""Every bfloat16 and every float16 through the public expressions of one variable.

    python benchmarks/halves.py [--update] [NAME ...]

What comes out should be the truth, rounded once: within 0.501 units in the last place,
the 0.001 being what float32 leaves between.  The truth is the op in float64, which the
benchmark of accuracy measures.  With --update the table goes to docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
MARK = "<!-- printed by benchmarks/halves.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from accuracy_set import PUBLIC, Case  # noqa: E402
from accuracy_subjects import declared  # noqa: E402
from pages import put  # noqa: E402

from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text  # noqa: E402
from symgrad.measure.formats import FORMATS, Format  # noqa: E402

ONCE = 0.501
"""Units in the last place of what is rounded once, by way of float32."""

DTYPES = (torch.bfloat16, torch.float16)
ORDERS = ("value", "gradient")


@dataclass(frozen=True)
class Figure:
    """One case in one dtype: how many results, how many are off, and the worst."""

    case: str
    dtype: str
    order: str
    results: int
    off: int
    worst: float


def every(case: Case, dtype: torch.dtype) -> Tensor:
    """All numbers of a dtype in the domain of a case."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    numbers = bits.view(dtype)
    [where] = case.inputs.values()
    inside = [x in where.domain for x in numbers.tolist()]
    return numbers[numbers.isfinite() & torch.tensor(inside)]


def units(got: Tensor, true: Tensor, fmt: Format) -> Tensor:
    """The errors in units in the last place of the truth, 0 where both have none."""
    exponent = torch.frexp(true)[1].clamp(min=fmt.least + 1) - fmt.precision
    unit = torch.ldexp(torch.ones_like(true), exponent)
    rounded = true.to(got.dtype).double()
    alike = (got.double() == rounded) | (got.isnan() & true.isnan())
    return torch.where(alike, 0.0, ((got.double() - true) / unit).abs())


def figures(case: Case) -> Iterator[Figure]:
    """A case in both dtypes, its value and its derivative."""
    function = getattr(load_text(case.name, generate(declared(case)).source), case.name)
    for dtype in DTYPES:
        low, name = every(case, dtype), str(dtype).removeprefix("torch.")
        results = []
        for x in (low, low.double()):
            leaf = x.clone().requires_grad_()
            value = function(leaf)
            [slope] = torch.autograd.grad(value, leaf, torch.ones_like(value))
            results.append((value.detach(), slope))
        for order, got, true in zip(ORDERS, *results, strict=True):
            off = units(got, true, FORMATS[name])
            off = off[~off.isnan()] if true.isnan().all() else off.nan_to_num(torch.inf)
            wrong = int((off > ONCE).sum())
            yield Figure(case.name, name, order, len(off), wrong, float(off.max()))


def table(found: Sequence[Figure]) -> Iterator[str]:
    """All together, then every case that has results that are off."""
    for dtype in dict.fromkeys(f.dtype for f in found):
        for order in ORDERS:
            mine = [f for f in found if (f.dtype, f.order) == (dtype, order)]
            right = sum(not f.off for f in mine)
            yield (
                f"{dtype:<10}{order:<10}{right:3} of {len(mine)} rounded once,"
                f" {sum(f.off for f in mine)} of {sum(f.results for f in mine)} are off"
            )
    yield ""
    for f in found:
        if f.off:
            yield (
                f"{f.case:<22}{f.dtype:<10}{f.order:<10}"
                f"{f.off:6} of {f.results}, the worst by {f.worst:.3g}"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    chosen = [c for c in PUBLIC if len(c.inputs) == 1]
    chosen = [c for c in chosen if c.name in options.names or not options.names]
    found = [figure for case in chosen for figure in figures(case)]
    text = "".join(f"{line}\n" for line in table(found))
    print(text)
    if options.update:
        put(PAGE, MARK, text)


if __name__ == "__main__":
    main()
