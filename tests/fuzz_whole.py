"""Random ops, generated and held to torch's autograd and to ball arithmetic.

    python tests/fuzz_whole.py --count 10000 --seed 0

A spec may be refused by an error of its own.  Else values, gradients and tangents of
the generated op are compared with plain torch; where the two differ, ball arithmetic
says who is right.  What no rule explains is shown, made as small as it will go.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzz_specs import Case, case  # noqa: E402

from symgrad import precise  # noqa: E402
from symgrad.errors import SpecError, SymgradError  # noqa: E402
from symgrad.generate import generate  # noqa: E402
from symgrad.in_memory import load_text as load_module  # noqa: E402
from symgrad.objective import objective  # noqa: E402
from symgrad.op import Op  # noqa: E402
from symgrad.spec import load_text  # noqa: E402
from symgrad.verify import forward_mode, reference  # noqa: E402
from symgrad.verify.report import TOO_FEW_POINTS  # noqa: E402
from symgrad.verify.subject import (  # noqa: E402
    Fault,
    Subject,
    backward,
    call,
    random_cotangents,
    smooth_values,
    subjects,
)

SAME = 1e-9
"""Relative to the size of the result: what needs no explanation."""

RIGHT = 1e-8
MOVE = 1e-13
"""How far inputs are moved, relatively, to see how well a result is determined."""

POINTS = 5


class Different(Exception):
    """A difference that nothing explains."""


def examine(made: Case, seed: int, seen: Counter[str]) -> None:
    """Compare one case with the witnesses.  Raises ``Different``."""
    try:
        spec = load_text(made.yaml(), "fuzz.yaml")
        source = generate(spec).source
    except SpecError:
        seen["refused"] += 1
        return
    except SymgradError as error:
        raise Different(f"not generated: {error}") from error
    [subject] = subjects(load_module("fuzz", source), spec)
    try:
        _compare(subject, random.Random(seed), seen)
        forward_mode.run(subject)
    except Fault as fault:
        if fault.code != TOO_FEW_POINTS:
            raise Different(str(fault.message)) from fault
        seen["no smooth points"] += 1
    else:
        seen["compared"] += 1


def _compare(subject: Subject, rng: random.Random, seen: Counter[str]) -> None:
    op = subject.op
    shapes = {item.name: (POINTS,) for item in op.inputs if item.kind.is_tensor}
    values = smooth_values(op, shapes, rng)
    results = reference.named_outputs(op, values)
    cotangents = random_cotangents(op, results, rng)
    got: dict[str, Tensor] = dict(call(subject, values))
    plain: dict[str, Tensor] = dict(results)
    got |= {f"grad_{n}": g for n, g in backward(subject, values, cotangents).items()}
    native = reference.plain(reference.guarded(op), values, cotangents)
    plain |= {f"grad_{n}": g for n, g in native.items()}
    for name, tensor in got.items():
        for place in _differing(tensor, plain[name]):
            reason = _reason(op, name, values, cotangents, place, tensor)
            if reason is None:
                point = _at(values, place)
                said = f"{name} at {point}: {_number(tensor, place)!r}"
                raise Different(f"{said}, torch {_number(plain[name], place)!r}")
            seen[reason] += 1
        seen["numbers"] += tensor.numel()


def _differing(ours: Tensor, theirs: Tensor) -> Iterator[int]:
    if ours.shape != theirs.shape:
        raise Different(f"shape {tuple(ours.shape)} for {tuple(theirs.shape)}")
    size = ours.abs().nan_to_num().max() + 1
    off = ~((ours - theirs).abs() <= SAME * (theirs.abs() + 1e-3 * size))
    off &= ~(ours.isnan() & theirs.isnan())
    yield from off.flatten().nonzero().flatten().tolist()


def _number(tensor: Tensor, place: int) -> Any:
    return tensor.expand(POINTS).flatten()[place].item()


def _at(tensors: Any, place: int) -> dict[str, Any]:
    return {
        n: _number(t, place) if isinstance(t, Tensor) else t for n, t in tensors.items()
    }


def _reason(
    op: Op, name: str, values: Any, cotangents: Any, place: int, ours: Tensor
) -> str | None:
    """Why a number is another than torch's, if there is a reason."""
    point, sent = _at(values, place), _at(cotangents, place)
    truth = _truth(op, name, point, sent)
    if truth is None or truth != truth or abs(truth) > 1e100:
        return "no truth there"
    got = _number(ours, place)
    size = abs(truth) + 1e-12
    if abs(got - truth) <= RIGHT * size:
        return "torch is inexact"
    for sign in (1, -1):
        moved = {n: _moved(v, sign) for n, v in point.items()}
        near = _truth(op, name, moved, sent)
        if near is None or abs(near - truth) * 10 >= abs(got - truth):
            return "ill-conditioned"
    return None


def _moved(value: Any, sign: int) -> Any:
    return value * (1 + sign * MOVE) if isinstance(value, float | complex) else value


def _truth(op: Op, name: str, point: Any, sent: Any) -> Any:
    """A value or a gradient in ball arithmetic; ``None`` where there is none."""
    nodes, root = objective(op)
    given = {"input": point, "cotangent": sent}
    leaves = {v: given[n.op][str(n.data)] for v, n in enumerate(nodes) if n.op in given}
    formulas = {f.name: f.value for f in op.outputs}
    formulas |= {f"grad_{f.name}": f.value for f in op.overrides}
    if name in formulas:
        return precise.floats(nodes, [formulas[name]], leaves)[0]
    wrt = [
        v for v, n in enumerate(nodes) if n.op == "input" and f"grad_{n.data}" == name
    ]
    return precise.slope(nodes, root, wrt[0], leaves) if wrt else 0.0


def smallest(made: Case, seed: int) -> Case:
    """The smallest case found that still differs."""
    for less in made.smaller():
        if failure(less, seed, Counter()):
            return smallest(less, seed)
    return made


def failure(made: Case, seed: int, seen: Counter[str]) -> str:
    """What is wrong with a case; empty if nothing is."""
    try:
        examine(made, seed, seen)
    except Different as difference:
        return str(difference)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return ""


def run(seeds: Sequence[int], seconds: float) -> tuple[Counter[str], list[str]]:
    """Examine cases until the time is over; figures, and what nothing explains."""
    start, seen, found = time.monotonic(), Counter[str](), list[str]()
    for seed in seeds:
        if time.monotonic() - start > seconds:
            break
        seen["specs"] += 1
        made = case(seed)
        if failure(made, seed, seen):
            less = smallest(made, seed)
            said = failure(less, seed, Counter())
            found.append(f"seed {seed}: {said}\n{less.yaml()}")
        if sys.stderr.isatty() and seed % 20 == 0:
            print(
                f"\r{seen['specs']:,} specs, {len(found)} found",
                end="",
                file=sys.stderr,
            )
    return seen, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    seeds = range(options.seed, options.seed + options.count)
    seen, found = run(seeds, options.seconds)
    print("\n\n".join(found))
    print(", ".join(f"{name}: {count:,}" for name, count in sorted(seen.items())))
    print(f"unexplained: {len(found)}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
