"""How good torch's own functions are: the table by which patches are chosen.

    python benchmarks/primitives.py [--count N] [--update]

Every function of one argument that torch has is run on floats of every size, beside the
truth in balls.  With --update what was found goes to symgrad/primitives.json, which is
data of the package, and to docs/primitives.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import flint
import torch

ROOT = Path(__file__).parent.parent
DATA = ROOT / "symgrad" / "primitives.json"
PAGE = ROOT / "docs" / "primitives.md"
MARK = "<!-- printed by benchmarks/primitives.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from pages import put  # noqa: E402

from symgrad.backends.torch_names import options, spelling  # noqa: E402
from symgrad.balls import Ball, Number, is_nan  # noqa: E402
from symgrad.function_row import Function  # noqa: E402
from symgrad.functions import TABLE  # noqa: E402
from symgrad.measure.errors import SOUND, error  # noqa: E402
from symgrad.measure.formats import FORMATS, Format  # noqa: E402
from symgrad.measure.strata import Range, numbers  # noqa: E402
from symgrad.measure.truth import Truth, truth  # noqa: E402

DTYPES = ("float32", "float64")
COUNT = 1000
CENTRES = (0.0, 0.5, 1.0, 1.5, -1.0)
ELEMENTS = 2**18
REPEATS = 9

Function1 = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Primitive:
    """What one function is like in one dtype.

    ``ulp`` is its 99.9 % error in units in the last place, beside what the rounding of
    the argument costs; ``raw`` the worst near a zero, for an exact argument;
    ``bad`` the least and the greatest argument at which ``ulp`` is beyond 16, or a
    finite value is missed; ``flushes``: subnormal results are zero; ``cost`` is its
    time beside that of an addition.
    """

    ulp: float
    raw: float
    bad: tuple[float, float] | None
    flushes: bool
    cost: float


def rows() -> dict[str, tuple[Function, Function1]]:
    """The functions of one argument that torch has, each with its row."""
    found = {}
    for name, row in TABLE.items():
        spelled = spelling(name, False)
        if spelled is not None and len(row.args) == 1:
            found[name] = row, in_torch(name, spelled)
    return found


def in_torch(name: str, spelled: str) -> Function1:
    """A function as emitted code calls it."""
    first, *rest = spelled.split(".")
    function = {"torch": torch, "F": torch.nn.functional}[first]
    for part in rest:
        function = getattr(function, part)
    pairs = (text.split("=") for text in options(name))
    given = {key: float(value) for key, value in pairs}
    return lambda x: function(x, **given)


def measured(
    row: Function, function: Function1, fmt: Format, count: int
) -> Primitive | None:
    """A function in one format; ``None`` where torch does not have it there."""
    rng = random.Random(f"{row.name}/{fmt.name}")
    where = Range(centres=CENTRES, typical=row.sample[0])
    places = [*numbers(fmt, where, count, rng), *_low(fmt, rng)]
    dtype = getattr(torch, fmt.name)
    try:
        got = function(torch.tensor(places, dtype=dtype)).double().tolist()
    except RuntimeError:
        return None
    true = [truth(_exact(row), [x]) for x in places]
    pairs = [(x, y, t) for x, y, t in zip(places, got, true, strict=True) if t]
    return Primitive(
        ulp=_high(fmt, pairs),
        raw=_raw(fmt, pairs),
        bad=_bad(fmt, pairs),
        flushes=_flushes(fmt, pairs),
        cost=_cost(function, row, dtype),
    )


def _low(fmt: Format, rng: random.Random) -> list[float]:
    """Where an exponential, of the argument or of half its square, is subnormal."""
    low, high = -math.log(fmt.normal), -math.log(fmt.normal) + 15
    sizes = [rng.uniform(low, high) for _ in range(100)]
    sizes += [math.sqrt(2 * x) for x in sizes] + [math.sqrt(x) for x in sizes]
    return fmt.rounded(s * x for x in sizes for s in (1, -1))


def _exact(row: Function) -> Callable[[Sequence[Number]], Ball | None]:
    def value(point: Sequence[Number]) -> Ball | None:
        for bits in (128, 1024):
            with flint.ctx.workprec(bits):
                found = row.precise(flint.arb(point[0]))
            if isinstance(found, flint.acb):
                found = found.real if found.imag == 0 else flint.arb.nan()
            if is_nan(found) or found.rel_accuracy_bits() > 80 or found == 0:
                break
        return found if found.is_finite() else None

    return value


Pairs = Sequence[tuple[float, float, Truth]]


def _high(fmt: Format, pairs: Pairs) -> float:
    errors = sorted(error(fmt, y, t).conditioned for _, y, t in pairs)
    return float(f"{errors[math.ceil(0.999 * len(errors)) - 1]:.3g}")


def _raw(fmt: Format, pairs: Pairs) -> float:
    """The worst error near a zero that is not at 0; that all digits go is the most."""
    errors = [
        error(fmt, y, t).ulp
        for x, y, t in pairs
        if 1 / 8 < abs(x) < 4 and abs(t.high) < min(1 / 16, t.moved * 2**24 / 8)
    ]
    return float(f"{min(max(errors, default=0.0), 2.0**fmt.precision):.3g}")


def _bad(fmt: Format, pairs: Pairs) -> tuple[float, float] | None:
    found = [(x, error(fmt, y, t)) for x, y, t in pairs]
    bad = [x for x, e in found if e.conditioned > SOUND or e.is_spurious]
    return (min(bad), max(bad)) if bad else None


def _flushes(fmt: Format, pairs: Pairs) -> bool:
    """Whether most results are zero that should be subnormal, but not nearly zero."""
    least = 64 * fmt.ulp(0.0)
    results = [y for x, y, t in pairs if least < abs(t.high) < fmt.normal <= abs(x)]
    return bool(results) and 2 * sum(y == 0 for y in results) > len(results)


def _cost(function: Function1, row: Function, dtype: torch.dtype) -> float:
    """The time of a function beside that of a sum, to one digit; the best of some."""
    x = torch.linspace(*row.sample[0], ELEMENTS, dtype=dtype)
    pairs = [(_time(lambda: function(x)), _time(lambda: x + 1)) for _ in range(REPEATS)]
    return float(f"{min(a for a, _ in pairs) / min(b for _, b in pairs):.1g}")


def _time(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def table(found: Mapping[str, Mapping[str, Primitive]]) -> Iterator[str]:
    """The table as text."""
    yield f"{'':<14}{'dtype':<9}{'ULP':>10}{'cost':>7}  remarks"
    for name, dtypes in found.items():
        for dtype, it in dtypes.items():
            remarks = ["flushes"] * it.flushes
            remarks += ["coarse at a zero"] if it.raw > SOUND >= it.ulp else []
            remarks += (
                [f"bad from {it.bad[0]:.4g} to {it.bad[1]:.4g}"] if it.bad else []
            )
            text = f"{name:<14}{dtype:<9}{it.ulp:>10.3g}{it.cost:>7g}"
            yield f"{text}  {', '.join(remarks)}".rstrip()


def main() -> None:
    """Measure every function."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, dict[str, Primitive]] = {}
    for name, (row, function) in rows().items():
        print(name, file=sys.stderr, flush=True)
        for dtype in DTYPES:
            primitive = measured(row, function, FORMATS[dtype], options.count)
            if primitive is not None:
                found.setdefault(name, {})[dtype] = primitive
    text = "".join(f"{line}\n" for line in table(found))
    print(text)
    if options.update:
        data = {n: {d: asdict(p) for d, p in ps.items()} for n, ps in found.items()}
        lines = [f"  {json.dumps(n)}: {json.dumps(d)}" for n, d in data.items()]
        DATA.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        put(PAGE, MARK, text)


if __name__ == "__main__":
    main()
