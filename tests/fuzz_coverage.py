"""Any text as a formula or a spec, guided by what code it reaches (libFuzzer).

    pip install 'symgrad[fuzz]'
    python tests/fuzz_coverage.py formulas --seconds 600
    python tests/fuzz_coverage.py specs --seconds 600 --figures

The corpus of tests/corpus/front_end is where it begins; `--keep` writes the smallest
corpus that reaches the same, within bounds.  A fault ends the run with 1, and its text
is printed.  `--figures` adds the run to tests/corpus/figures.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import mmap
import platform
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

from fuzz_targets import MEMORY, SLOW, TARGETS

HERE = Path(__file__).parent
CORPUS = HERE / "corpus" / "front_end"
FIGURES = HERE / "corpus" / "figures.json"
LARGEST = {"formulas": 90_000, "specs": 90_000}
"""Bytes of a corpus that is checked in."""

_LONGEST = {"formulas": 400, "specs": 1_500}
"""Bytes of one text."""

_WORDS = """
symgrad ops inputs let forward surrogate backward functions edges save domain kind doc
nondifferentiable samples range shape accuracy module params init value default grad
real float mask index complex bool int in if else not and or True pi oo E I
where( Piecewise(( sum( softmax( cumsum( Max( stop_gradient( polygamma( log( sqrt( i0(
x y z a n m b x[i,j] y[i] x[i,n[j]] ,i) (i,0,3) f( g( ** // <= 1e308 1e-320 0x1f 9**9
{ } [ ] ' " | > >- |2 >+1 & * ! % # ? : - --- ... \\u2028 << ~ null true
"""
WORDS = tuple(_WORDS.split())
"""What means something to formulas or to YAML."""

_TALLY = struct.Struct("<QQd")
"""Inputs, those accepted, seconds of the slowest."""


def corpus(target: str) -> list[str]:
    """The texts that are checked in: JSON strings, one in a line."""
    lines = (CORPUS / f"{target}.txt").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def main(words: Sequence[str] | None = None) -> int:
    """Fuzz one target for a while; 1 if a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="a folder to go on in later")
    parser.add_argument("--keep", action="store_true", help="write the corpus anew")
    parser.add_argument("--figures", action="store_true", help="add to the figures")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given, others = parser.parse_known_args(words)
    if given.child is not None:
        _child(given.target, given.child, others)
    with _folder(given.work) as work:
        run = _run(given.target, work, given.seconds, given.seed)
        print(json.dumps(run))
        if given.keep:
            _keep(given.target, work)
    if given.figures:
        _add(given.target, run)
    return 1 if run["faults"] else 0


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is None:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
    else:
        yield given


def _run(target: str, work: Path, seconds: int, seed: int) -> dict[str, Any]:
    """One run in a process of its own, which libFuzzer ends as it likes."""
    found, faults = work / target, work / f"{target}_faults"
    for folder in (found, faults):
        folder.mkdir(parents=True, exist_ok=True)
    _write(found, corpus(target))
    words = work / "words"
    words.write_text("\n".join(map(_quoted, WORDS)) + "\n")
    tally = work / "tally"
    tally.write_bytes(bytes(_TALLY.size))
    options = {
        "max_total_time": seconds,
        "timeout": 10 * int(SLOW),  # of a machine that may have more to do
        "rss_limit_mb": MEMORY,
        "max_len": _LONGEST[target],
        "seed": seed,
        "dict": words,
        "artifact_prefix": f"{faults}/",
    }
    start = time.monotonic()
    done = _fuzzer(target, tally, found, options)
    inputs, accepted, slowest = _TALLY.unpack(tally.read_bytes())
    # what was slow only for want of a processor is left there as well
    texts = [p.read_bytes() for p in sorted(faults.iterdir()) if "slow" not in p.name]
    if done.returncode != 0:
        print(done.stderr[-3000:])
    print("".join(f"{text!r}\n" for text in texts), end="")
    peak = re.findall(r"rss: (\d+)Mb", done.stderr)
    return {
        "inputs": inputs,
        "accepted": accepted,
        "faults": len(texts) + (done.returncode != 0 and not texts),
        "slowest_seconds": round(slowest, 2),
        "peak_mib": max(map(int, peak), default=0),
        "seconds": round(time.monotonic() - start),
        "python": platform.python_version(),
    }


def _fuzzer(
    target: str, tally: Path, found: Path, options: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, __file__, target, "--child", str(tally)]
    line += [*(f"-{name}={value}" for name, value in options.items()), str(found)]
    return subprocess.run(line, stderr=subprocess.PIPE, text=True, errors="replace")


def _quoted(word: str) -> str:
    text = "".join(f"\\x{byte:02x}" for byte in word.encode())
    return f'"{text}"'


def _write(folder: Path, texts: Iterable[str]) -> None:
    for text in texts:
        raw = text.encode("utf-8", "replace")
        (folder / hashlib.sha256(raw).hexdigest()[:16]).write_bytes(raw)


def _child(target: str, tally: Path, options: Sequence[str]) -> None:
    """Fuzz; the tally is a file, for libFuzzer ends the process without a word."""
    import atheris

    with tally.open("r+b") as stream:
        shared = mmap.mmap(stream.fileno(), _TALLY.size)
    read, counts = TARGETS[target], [0, 0, 0.0]

    def one(raw: bytes) -> None:
        start = time.process_time()
        counts[1] += read(raw.decode("utf-8", "replace"))
        counts[0] += 1
        seconds = time.process_time() - start
        counts[2] = max(counts[2], seconds)
        _TALLY.pack_into(shared, 0, *counts)
        assert seconds < SLOW

    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in ("symgrad", "yaml"):
            _instrument(atheris, module)
    # what libFuzzer runs, by a shell, for each attempt to merge
    again = shlex.join([sys.executable, __file__, target, "--child", str(tally)])
    atheris.Setup([again, *options], one)
    atheris.Fuzz()


def _instrument(atheris: Any, module: Any) -> None:
    """Every function of a module tells libFuzzer of the branches that it takes."""
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        owners = vars(value).items() if isinstance(value, type) else [(name, value)]
        for _, function in owners:
            function = getattr(function, "__wrapped__", function)
            if isinstance(function, FunctionType):
                atheris.instrument_func(function)


def _keep(target: str, work: Path) -> None:
    """Of all texts that were found, the fewest that reach the same code."""
    small = work / f"{target}_small"
    small.mkdir(exist_ok=True)
    for path in small.iterdir():
        path.unlink()
    line = [sys.executable, __file__, target, "--child", str(work / "tally")]
    line += ["-merge=1", f"-max_len={_LONGEST[target]}", str(small)]
    subprocess.run([*line, str(work / target)], check=True, stderr=subprocess.DEVNULL)
    raws = sorted((path.read_bytes() for path in small.iterdir()), key=len)
    lines = [json.dumps(raw.decode("utf-8", "replace")) for raw in raws]
    size = 0
    kept = [line for line in lines if (size := size + len(line) + 1) < LARGEST[target]]
    text = "".join(f"{line}\n" for line in kept)
    (CORPUS / f"{target}.txt").write_text(text, encoding="utf-8")


def _add(target: str, run: dict[str, Any]) -> None:
    """The figures of all runs of a target together."""
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    old = figures.get(target, {})
    summed = ("inputs", "accepted", "faults", "seconds")
    largest = ("slowest_seconds", "peak_mib")
    total = {name: old.get(name, 0) + run[name] for name in summed}
    total |= {name: max(old.get(name, 0), run[name]) for name in largest}
    figures[target] = {**total, "python": run["python"]}
    FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
