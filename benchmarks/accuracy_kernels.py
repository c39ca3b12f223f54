"""How accurate kernels are, beside the formulas that they stand for.

    python benchmarks/accuracy_kernels.py [--count N] [--update]

The expressions of the public set as ops of one spec, compiled: values and gradients on
the points of benchmarks/accuracy.py, by the module with its kernels and without.  With
--update the table goes to docs/kernels.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "kernels.md"
MARK = "<!-- printed by benchmarks/accuracy_kernels.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from accuracy import measured  # noqa: E402
from accuracy_set import PUBLIC, Case  # noqa: E402
from accuracy_subjects import Run, Subject, derivatives  # noqa: E402
from accuracy_tables import DTYPES, Figure  # noqa: E402
from pages import put  # noqa: E402
from torch import Tensor  # noqa: E402

from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text as load_module  # noqa: E402
from symgrad.measure.errors import Summary  # noqa: E402
from symgrad.op import Spec  # noqa: E402
from symgrad.spec import load_text  # noqa: E402

COUNT = 500
"""Numbers of each stratum, as in benchmarks/accuracy.py."""

ORDERS = ("value", "gradient")
RIVALS = ("kernels", "formulas")


def declared(cases: Sequence[Case], backend: str) -> Spec:
    """All cases as one spec."""
    ops = {
        case.name: {"inputs": case.declarations, "forward": {"value": case.formula}}
        for case in cases
    }
    spec = load_text(json.dumps({"symgrad": 1, "ops": ops}), "<public>")
    chosen = tuple(replace(op, backend=backend) for op in spec.ops)
    return replace(spec, ops=chosen, backend=backend)


def _loaded(spec: Spec) -> ModuleType:
    made = generate(spec)
    if made.unfused:
        raise SystemExit(f"without kernels: {made.unfused}")
    return load_module(spec.stem, made.source, made.kernels)


def subjects(cases: Sequence[Case]) -> Iterator[Subject]:
    """Each case with its two rivals."""
    spec = declared(cases, "cpu")
    modules = {
        "kernels": _loaded(spec),
        "formulas": _loaded(declared(cases, "torch")),
    }
    if modules["kernels"]._kernels() is None:
        raise SystemExit("the kernels could not be compiled")
    for case, op in zip(cases, spec.ops, strict=True):
        running = {name: _run(module, case.name) for name, module in modules.items()}
        yield Subject(case.name, op, case.wrt, case.inputs, running, {}, ORDERS)


def _run(module: ModuleType, name: str) -> Run:
    function = getattr(module, name)
    return lambda values: function(**values)


def computed(
    subject: Subject, values: Mapping[str, Any], orders: Sequence[str]
) -> dict[str, dict[str, Tensor]]:
    """What both rivals make of the same points."""
    return {
        rival: derivatives(run, values, subject.wrt, orders)
        for rival, run in subject.running.items()
    }


def page(found: Sequence[Figure], count: int) -> Iterator[str]:
    """How many are sound, and which are so by formulas alone."""
    yield f"{count} numbers of each stratum; sound, of {len(PUBLIC)}:\n"
    yield f"{'':<20}{'kernels':>9}{'formulas':>10}{'NaN, inf':>10}{'worst 99.9 %':>14}"
    for dtype, order in product(DTYPES, ORDERS):
        mine = _by_rival(found, dtype, order)
        sound = [sum(s.is_sound for s in mine[r].values()) for r in RIVALS]
        spurious = sum(s.spurious > 0 for s in mine["kernels"].values())
        high = max(s.high for s in mine["kernels"].values() if s.is_sound)
        yield (
            f"{dtype:<10}{order:<10}{sound[0]:9}{sound[1]:10}{spurious:10}{high:14.2f}"
        )
    yield ""
    yield from _worse(found)


def _by_rival(
    found: Sequence[Figure], dtype: str, order: str
) -> Mapping[str, Mapping[str, Summary]]:
    rows = [f for f in found if (f.dtype, f.order) == (dtype, order)]
    return {r: {f.case: f.summary for f in rows if f.rival == r} for r in RIVALS}


def _worse(found: Sequence[Figure]) -> Iterator[str]:
    names = []
    for dtype, order in product(DTYPES, ORDERS):
        mine = _by_rival(found, dtype, order)
        pairs = ((c, s, mine["formulas"][c]) for c, s in mine["kernels"].items())
        names += [
            f"{c} ({order}, {dtype}: {s.high:.3g} ULP for 99.9 %)"
            for c, s, other in pairs
            if other.is_sound and not s.is_sound
        ]
    yield f"sound by formulas alone: {', '.join(names) or 'none'}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    found = [
        f
        for s in subjects(PUBLIC)
        for f in measured(s, options.count, ORDERS, computed)
    ]
    text = "".join(f"{line}\n" for line in page(found, options.count))
    print(text)
    if options.update:
        put(PAGE, MARK, text)


if __name__ == "__main__":
    main()
