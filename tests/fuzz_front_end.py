"""Any text as a spec, for as long as one likes: there is a spec, or there are errors.

    python tests/fuzz_front_end.py --seconds 60 --seed 1

Good specs are cut, doubled and spliced with each other and with pieces that mean
something to YAML or to formulas.  The text of a fault is printed.  What is guided by
coverage, and reads formulas alone as well, is tests/fuzz_coverage.py.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence

from fuzz_targets import FAULTS, ROOT

fault = FAULTS["specs"]
"""What is wrong with how a text is taken; ``None`` if nothing is."""

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
