"""Any text as a spec, for as long as one likes: there is a spec, or there are errors.

    python tests/fuzz_front_end.py --seconds 60 --seed 1

Good specs are cut, doubled and spliced with each other and with pieces that mean
something to YAML or to formulas.  A fault is any exception but ``SpecError``, an error
outside of the file, or a text that takes too long; its text is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from symgrad.errors import Diagnostic, SpecError, render  # noqa: E402
from symgrad.spec import load_text  # noqa: E402

SLOW = 5.0
"""Seconds after which a text counts as a hang."""

SEEDS = tuple(
    path.read_text("utf-8")
    for folder in (ROOT / "examples", ROOT / "tests" / "cases" / "errors")
    for path in sorted(folder.glob("*.yaml"))
)
_WORDS = """
: - | >- << '' {} [] null true 0x1 1e999 -oo oo nan = /0 *0 1/ **9 **-1 10**9 9**9
symgrad ops inputs let forward surrogate backward functions edges save domain kind
real float mask index complex bool int in default grad if else not and
sqrt(-1) log( gamma( where( Piecewise(( Max( stop_gradient( f0( 1e308 1e-320 2**500
"""
PIECES = (
    *"(){}[]:,'\"|>&*!%#?-+/~^\n\t \\",
    *_WORDS.split(),
    *(f" {word} " for word in _WORDS.split()),
    "---\n",
    "\u200b",
    "é",
    "\r",
    "\x00",
    "\ud800",
)


def mutated(random_: random.Random) -> str:
    """A seed after a few changes."""
    text = random_.choice(SEEDS)
    for _ in range(random_.randint(1, 8)):
        at, size = random_.randint(0, len(text)), random_.choice([0, 0, 1, 3, 20])
        other = random_.choice(SEEDS)
        start = random_.randint(0, len(other))
        inserted = random_.choice(
            [
                "",
                random_.choice(PIECES),
                random_.choice(PIECES) * random_.randint(2, 70),
                text[at : at + 30],
                other[start : start + random_.randint(1, 60)],
            ]
        )
        text = text[:at] + inserted + text[at + size :]
    return text


def fault(text: str) -> str | None:
    """What is wrong with how a text is taken; ``None`` if nothing is."""
    start = time.perf_counter()
    try:
        for op in load_text(text, "fuzz.yaml").ops:
            assert op.outputs
    except SpecError as error:
        found = next(filter(None, map(wrong, error.diagnostics)), None)
        if found or not error.diagnostics:
            return found or "no diagnostics"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    return f"{seconds:.1f} s" if seconds > SLOW else None


def wrong(problem: Diagnostic) -> str | None:
    """What is wrong with a diagnostic."""
    text = render(problem)
    if not all(line.isprintable() for line in text.split("\n")):
        return f"unprintable message: {text!r}"
    span = problem.span
    if span is not None and (span.line < 1 or span.column < 1):
        return f"place outside of the file: {span}"
    return None


def main(words: Sequence[str] | None = None) -> int:
    """Run for a while; 1 if a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    random_ = random.Random(given.seed)
    end = time.monotonic() + given.seconds
    counts: Counter[str] = Counter()
    while time.monotonic() < end:
        text = mutated(random_)
        found = fault(text)
        if found:
            print(f"{found}\n{text!r}")
            return 1
        counts["texts"] += 1
    print(f"{counts['texts']} texts, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
