"""What `audit` and `verify` say of autograd Functions that published packages bring.

    python benchmarks/packages.py [--update]

Each is held to the line of mathematics in `packages.yaml` that its documentation
names.  A package that is not installed is left out, with a word: all of them are by

    pip install --no-deps entmax efficientnet_pytorch monai norse nir nirtorch h5py \
        pytorch-revgrad snntorch spikingjelly timm

With --update the tables go to docs/packages.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SPEC = Path("benchmarks/packages.yaml")
PAGE = ROOT / "docs" / "packages.md"
MARK = "<!-- printed by benchmarks/packages.py -->\n"
LIMIT = 600
"""Seconds for one run of a checker."""


@dataclass(frozen=True)
class Row:
    """A Function of a distribution, and what it is to be.

    ``module`` is a name, or the path of a file whose package needs more than it does.
    ``op`` is that of the spec which ``call`` is held to; without, it is only audited,
    with the words ``audit``.
    """

    package: str
    module: str
    function: str
    op: str = ""
    call: str = ""
    audit: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The module as the command line takes it."""
        if self.module.endswith(".py"):
            return str(distribution(self.package).locate_file(self.module))
        return self.module

    @property
    def runs(self) -> Iterator[tuple[str, list[str]]]:
        """The commands, each with its name."""
        yield "audit", [f"{self.place}:{self.function}", *self.audit]
        if self.op:
            call = self.call or f"{self.function}.apply"
            yield "verify", [f"{self.place}:{call}", "--spec", f"{SPEC}:{self.op}"]


TIMM = "timm/layers/activations_me.py"
MONAI = "monai.networks.blocks.activation"
JELLY = "spikingjelly.activation_based.surrogate"
NORSE = "norse.torch.functional"


def declared(number: str) -> tuple[str, ...]:
    """The words for a surrogate with a number."""
    return ("--declared", "--input", number)


ROWS = (
    Row("timm", TIMM, "SwishAutoFn", "swish", "swish_me"),
    Row("timm", TIMM, "MishAutoFn", "mish", "mish_me"),
    Row("timm", TIMM, "HardSigmoidAutoFn", "hard_sigmoid", "hard_sigmoid_me"),
    Row("timm", TIMM, "HardSwishAutoFn", "hard_swish", "hard_swish_me"),
    Row("timm", TIMM, "HardMishAutoFn", "hard_mish", "hard_mish_me"),
    Row(
        "efficientnet_pytorch",
        "efficientnet_pytorch.utils",
        "SwishImplementation",
        "swish",
    ),
    Row("monai", MONAI, "SwishImplementation", "swish"),
    Row(
        "snntorch",
        "snntorch.surrogate",
        "ATan",
        "atan_spike",
        audit=declared("alpha=2.0"),
    ),
    Row(
        "snntorch",
        "snntorch.surrogate",
        "FastSigmoid",
        "fast_sigmoid_spike",
        audit=declared("slope=25.0"),
    ),
    Row(
        "spikingjelly",
        JELLY,
        "atan",
        "atan_spike_from_zero",
        audit=declared("alpha=2.0"),
    ),
    Row(
        "norse",
        f"{NORSE}.superspike",
        "SuperSpike",
        "super_spike",
        audit=declared("alpha=100.0"),
    ),
    Row(
        "norse",
        f"{NORSE}.threshold",
        "HeaviTanh",
        "tanh_spike",
        audit=declared("k=2.0"),
    ),
    Row(
        "pytorch_revgrad",
        "pytorch_revgrad.functional",
        "RevGrad",
        "gradient_reversal",
        audit=("--declared",),
    ),
    Row("entmax", "entmax.activations", "SparsemaxFunction"),
    Row("entmax", "entmax.activations", "Entmax15Function"),
)


@dataclass(frozen=True)
class Said:
    """One finding of a checker about a Function."""

    row: Row
    checker: str
    rung: int
    text: str


def found(row: Row) -> Iterator[Said]:
    """What both checkers say, one line for each rung and message."""
    for checker, words in row.runs:
        command = [sys.executable, "-m", "symgrad", checker, *words, "--json"]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        for text in answer["diagnostics"]:
            raise SystemExit(f"{row.package}: {text}")
        failures = [f for report in answer["reports"] for f in report["failures"]]
        for failure in failures:
            yield Said(row, checker, failure["rung"], _line(failure))


def _line(failure: dict[str, Any]) -> str:
    """A finding in one line, its traceback and long tensors left out."""
    parts = [_first(failure["message"])]
    for name in ("inputs", "expected", "got"):
        text = _first(failure.get(name) or "")
        if text and len(text) <= 60 and not text.startswith("Traceback"):
            parts.append(f"{name} `{text}`")
    return "; ".join(parts).replace("|", "\\|")


def _first(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= 160 else f"{line[:157]}..."


def table(said: Sequence[Said], rows: Sequence[Row]) -> str:
    """Markdown: a line for each finding, and for each Function without any."""
    lines = ["| package | Function | by | rung | finding |", "|---|---|---|---|---|"]
    for row in rows:
        head = f"| {row.package} {distribution(row.package).version} | {row.function}"
        mine = list(dict.fromkeys(s for s in said if s.row == row))
        lines += [f"{head} | {s.checker} | {s.rung} | {s.text} |" for s in mine]
        if not mine:
            both = " and ".join(checker for checker, _ in row.runs)
            lines.append(f"{head} | {both} | | nothing |")
    return "\n".join(lines) + "\n"


def installed(row: Row) -> bool:
    """Whether the package is there; says so if not."""
    try:
        distribution(row.package)
    except PackageNotFoundError:
        print(f"{row.package} is not installed", file=sys.stderr)
        return False
    return True


def main() -> int:
    """Print the table, and with --update write it to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true")
    given = parser.parse_args()
    rows = [row for row in ROWS if installed(row)]
    text = table([said for row in rows for said in found(row)], rows)
    print(text, end="")
    if given.update:
        before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(before + MARK + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
