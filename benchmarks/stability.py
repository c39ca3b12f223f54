"""What accuracy costs: the time of each op as `stable` and `max`, beside `fast`.

    python benchmarks/stability.py [--update]

Forward and backward of the public expressions on float32, one thread, in turn in one
run; ratios of the fastest of each.  With --update the table also goes to
docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
MARK = "<!-- printed by benchmarks/stability.py -->\n```text\n"
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from accuracy_set import PUBLIC, Case  # noqa: E402
from pages import put  # noqa: E402

from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text as load_module  # noqa: E402
from symgrad.spec import load_text  # noqa: E402

LEVELS = ("fast", "stable", "max")

SIZE, ROUNDS = 1 << 17, 25
"""Elements, and how often each is run."""


@dataclass(frozen=True)
class Cost:
    """Times of an op in seconds, by level."""

    case: str
    seconds: Mapping[str, float]

    def ratio(self, level: str) -> float:
        """The time at a level over that of `fast`."""
        return self.seconds[level] / self.seconds["fast"]


def function(case: Case, level: str) -> Callable[..., Tensor]:
    """The op of a case, generated for a level of accuracy."""
    op = {
        "inputs": case.declarations,
        "forward": {"value": case.formula},
        "accuracy": level,
    }
    text = json.dumps({"symgrad": 1, "ops": {case.name: op}})
    module = load_module(case.name, generate(load_text(text, f"<{case.name}>")).source)
    found: Callable[..., Tensor] = getattr(module, case.name)
    return found


def inputs(case: Case, size: int) -> list[Tensor]:
    """Ordinary numbers of each input, all of them to be differentiated by."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for where in case.inputs.values():
        low, high = where.typical
        part = torch.rand(size, generator=generator)
        found.append((low + (high - low) * part).requires_grad_())
    return found


def seconds(
    run: Callable[..., Tensor], leaves: list[Tensor], cotangent: Tensor
) -> float:
    """The time of one forward and backward."""
    start = time.perf_counter()
    torch.autograd.grad(run(*leaves), leaves, cotangent)
    return time.perf_counter() - start


def cost(case: Case, size: int = SIZE, rounds: int = ROUNDS) -> Cost:
    """The times of a case, its levels in turn."""
    running = {level: function(case, level) for level in LEVELS}
    leaves, cotangent = inputs(case, size), torch.ones(size)
    times: dict[str, list[float]] = {level: [] for level in LEVELS}
    for _ in range(rounds + 1):
        for level, run in running.items():
            times[level].append(seconds(run, leaves, cotangent))
    # the first of each warms up
    return Cost(case.name, {k: min(t[1:]) for k, t in times.items()})


def table(found: list[Cost]) -> Iterator[str]:
    """Op by op, and the geometric mean."""
    yield f"{'time over that of fast':<24}{'stable':>8}{'max':>8}"
    for item in found:
        ratios = (item.ratio(level) for level in LEVELS[1:])
        yield f"{item.case:<24}" + "".join(f"{r:8.2f}" for r in ratios)
    means = (
        math.exp(statistics.mean(math.log(item.ratio(level)) for item in found))
        for level in LEVELS[1:]
    )
    yield f"{'geometric mean':<24}" + "".join(f"{m:8.2f}" for m in means)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = "".join(f"{line}\n" for line in table([cost(case) for case in PUBLIC]))
    print(text)
    if options.update:
        put(PAGE, MARK, text)


if __name__ == "__main__":
    main()
