"""See a failure again: ``python -m symgrad.verify.replay SPEC --op OP --rung N``.

Generates the module of a spec afresh and climbs again, on the same inputs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from symgrad.generate import generate
from symgrad.op import Spec
from symgrad.spec import load
from symgrad.verify import verify

RUNGS = range(1, 12)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 if all passed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m symgrad.verify.replay")
    parser.add_argument("spec")
    parser.add_argument("--op")
    parser.add_argument("--rung", type=int)
    parser.add_argument("--level", choices=("quick", "full"), default="quick")
    options = parser.parse_args(arguments)
    spec = load(options.spec)
    chosen = _chosen(spec, options.op, options.rung)
    report = verify(generate(spec).source, spec, options.level, only=chosen)
    print(report)
    return 0 if report.passed else 1


def _chosen(
    spec: Spec, op: str | None, rung: int | None
) -> list[tuple[str, int]] | None:
    """The pairs of op and rung that were asked for; ``None`` is all."""
    if op is None and rung is None:
        return None
    names = [item.name for item in spec.ops] if op is None else [op]
    return [(name, n) for name in names for n in ([rung] if rung else RUNGS)]


if __name__ == "__main__":
    sys.exit(main())
