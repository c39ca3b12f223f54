"""What large formulas cost: to derive, to hold, and to run; beside others.

    python benchmarks/scale.py [--update] [--limit SECONDS] [--formula NAME ...]

Each line is measured in a process of its own, which is ended after so many seconds.
``seconds`` are those of derivation: of symgrad from the declaration in Python to the
text of the module, of SymPy ``diff`` by each input and ``cse`` of all, of CasADi and
SymForce a reverse sweep, or a derivative by each input, and code of it.  None of them
counts what it takes to write the formula down.  ``operations`` are those of forward and
of the gradients without it.  ``run`` is forward and backward of what was derived, in
eager torch, on tensors of eight numbers.

CasADi and SymForce are left out, with a word, where they are not installed:

    pip install casadi && pip install --no-deps symforce

With --update the tables go to docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pages import put
from scale_formulas import CASES, Language, op, written

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "scale.md"
MARK = "<!-- printed by benchmarks/scale.py -->\n```text\n"
LIMIT = 60.0
EXPONENT, MEMORY = 1.1, 1024
"""Of symgrad's time over operations, at most, and MiB that it may take."""


@dataclass(frozen=True)
class Figure:
    """What one tool came to for one formula of one size.

    ``run`` is in seconds, ``memory`` in MiB; operations and run are -1 where a tool
    does not tell.
    """

    formula: str
    size: int
    tool: str
    seconds: float
    memory: float
    forward: int = -1
    gradients: int = -1
    run: float = -1.0

    @property
    def operations(self) -> int:
        """All that was derived."""
        return self.forward + self.gradients


@dataclass(frozen=True)
class Missed:
    """A formula that a tool did not get done, and why."""

    formula: str
    size: int
    tool: str
    why: str


def ours(name: str, size: int) -> Figure:
    """What symgrad comes to."""
    from symgrad.backends.torch import joint_program, module_code
    from symgrad.backends.torch_tests import test_code
    from symgrad.templates import render

    made = op(name, size)
    ops = [made._meaning]
    start = time.perf_counter()
    program = joint_program(*ops)
    text = render("torch/module.py.j2", module=module_code(ops, [program]))
    render("torch/test_module.py.j2", tests=test_code(name, ops, [program]))
    seconds, memory = time.perf_counter() - start, _memory()
    terms = [v for values in program.gradients.values() for v in values]
    return Figure(
        formula=name,
        size=size,
        tool="symgrad",
        seconds=seconds,
        memory=memory,
        forward=program.count_ops(program.outputs.values()),
        gradients=program.count_ops(terms, frozenset(program.residuals)),
        run=_run(name, text, len(program.inputs)),
    )


def _run(name: str, text: str, inputs: int) -> float:
    """Seconds of forward and backward of an emitted op, the least of three."""
    import torch

    from symgrad.in_memory import load_text

    function = getattr(load_text(name, text), name)
    tensors = [
        torch.full((8,), 0.9 + 0.1 * math.sin(k), requires_grad=True)
        for k in range(inputs)
    ]

    def once() -> float:
        start = time.perf_counter()
        found = function(*tensors)
        every = found if isinstance(found, tuple) else (found,)
        torch.autograd.grad(
            every, tensors, [torch.ones_like(y) for y in every], allow_unused=True
        )
        return time.perf_counter() - start

    return min(once() for _ in range(3))


def by_sympy(name: str, size: int) -> Figure:
    """``diff`` of each output by each input, and ``cse`` of all of them."""
    import sympy

    made = written(CASES[name].formula, size, with_lets=False)
    start = time.perf_counter()
    outputs = [*made.outputs.values()]
    inputs = [*made.inputs.values()]
    slopes = [sympy.diff(y, x) for y in outputs for x in inputs]
    _, [*whole] = sympy.cse([*outputs, *slopes], order="none")
    assert len(whole) == len(outputs) * (1 + len(inputs))
    return Figure(name, size, "sympy", time.perf_counter() - start, _memory())


def by_casadi(name: str, size: int) -> Figure:
    """The reverse sweep of CasADi's scalar expressions."""
    import casadi

    made = CASES[name].formula(Language(casadi.SX.sym, casadi.sin, casadi.cos), size)
    inputs = casadi.vertcat(*made.inputs.values())
    outputs = casadi.vertcat(*made.outputs.values())
    start = time.perf_counter()
    arriving = casadi.SX.sym("arriving", outputs.shape[0])
    gradient = casadi.jtimes(outputs, inputs, arriving, True)
    plain = casadi.Function("f", [inputs], [outputs])
    both = casadi.Function("g", [inputs, arriving], [outputs, gradient])
    seconds, memory = time.perf_counter() - start, _memory()
    forward = plain.n_instructions()
    more = both.n_instructions() - forward
    return Figure(name, size, "casadi", seconds, memory, forward, more)


def by_symforce(name: str, size: int) -> Figure:
    """The derivative of each output by each input, and code of all of them."""
    import symforce.symbolic as sf

    made = CASES[name].formula(Language(sf.Symbol, sf.sin, sf.cos), size)
    start = time.perf_counter()
    outputs = sf.Matrix([*made.outputs.values()])
    slopes = outputs.jacobian([*made.inputs.values()])
    sf.cse([*outputs.to_storage(), *slopes.to_storage()])
    return Figure(name, size, "symforce", time.perf_counter() - start, _memory())


TOOLS: Mapping[str, Callable[[str, int], Figure]] = {
    "symgrad": ours,
    "sympy": by_sympy,
    "casadi": by_casadi,
    "symforce": by_symforce,
}


def _memory() -> float:
    """The most that this process has held so far, in MiB.

    On Linux as the kernel says of its own pages: ``getrusage`` also counts those of the
    process that it was forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        [most] = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(most) / 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def apart(tool: str, name: str, size: int, limit: float | None) -> Figure | Missed:
    """A figure from a process of its own, unless that takes too long or fails."""
    words = [sys.executable, __file__, "--one", tool, name, str(size)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return Missed(name, size, tool, f"more than {limit:g} s")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        return Missed(name, size, tool, last.partition(":")[0])
    return Figure(**json.loads(done.stdout.splitlines()[-1]))


def measured(
    tools: Sequence[str], names: Sequence[str], limit: float
) -> Iterator[Figure | Missed]:
    """All figures; where a size was too much, the larger ones are not tried."""
    for name in names:
        for tool in tools:
            for size in CASES[name].sizes:
                found = apart(tool, name, size, None if tool == "symgrad" else limit)
                yield found
                if isinstance(found, Missed):
                    break


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of a straight line through points on logarithmic scales."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    x0, y0 = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    above = sum((x - x0) * (y - y0) for x, y in logs)
    return above / sum((x - x0) ** 2 for x, _ in logs)


def line(found: Figure | Missed) -> str:
    """A line of the table."""
    head = f"{found.formula:12}{found.size:6}  {found.tool:9}"
    if isinstance(found, Missed):
        return f"{head}  {found.why}"
    counts = [
        f"{n:9,}" if n >= 0 else f"{'':9}" for n in (found.forward, found.gradients)
    ]
    run = f"{1e3 * found.run:9.1f} ms" if found.run >= 0 else ""
    cost = f"{found.seconds:9.2f} s{found.memory:7.0f} MiB"
    return f"{head}{counts[0]}{counts[1]}{cost}{run}".rstrip()


HEAD = (
    f"{'formula':12}{'size':>6}  {'tool':9}{'forward':>9}{'gradients':>9}"
    f"{'seconds':>11}{'memory':>11}{'run':>12}"
)


def growth(found: Sequence[Figure | Missed]) -> Iterator[str]:
    """How symgrad's time and memory grow with operations, and the worst of each."""
    mine = [f for f in found if isinstance(f, Figure) and f.tool == "symgrad"]
    worst: dict[str, tuple[float, str]] = {}
    yield "growth of symgrad over the operations of forward and gradients"
    for name in dict.fromkeys(f.formula for f in mine):
        here = [f for f in mine if f.formula == name]
        if len(here) < 2:
            continue
        time_ = exponent([(f.operations, f.seconds) for f in here])
        sizes = exponent([(f.forward, f.gradients) for f in here])
        last = here[-1]
        yield (
            f"{name:12}  time {time_:5.2f}  gradients over forward {sizes:5.2f}"
            f"  {1e6 * last.seconds / last.operations:6.0f} us an operation"
        )
        for what, value in (("exponent", time_), ("MiB", last.memory)):
            worst[what] = max(worst.get(what, (-math.inf, "")), (value, name))
    for what, limit in (("exponent", EXPONENT), ("MiB", MEMORY)):
        if what in worst:
            value, name = worst[what]
            yield f"worst {what}: {value:.2f}, {name}; {limit} is the limit"


def machine() -> str:
    """Where this was measured."""
    kinds = ("symgrad", "torch", "sympy", "casadi", "symforce")
    known = [f"{kind} {version(kind)}" for kind in kinds if _is_installed(kind)]
    return (
        f"{platform.machine()}, {os.cpu_count()} processors,"
        f" Python {platform.python_version()}, {', '.join(known)}"
    )


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def main() -> None:
    """Print the tables, and with --update write them to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--limit", type=float, default=LIMIT)
    parser.add_argument("--formula", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--one", nargs=3, metavar=("TOOL", "FORMULA", "SIZE"))
    options = parser.parse_args()
    if options.one:
        tool, name, size = options.one
        print(json.dumps(asdict(TOOLS[tool](name, int(size)))))
        return
    tools = [t for t in TOOLS if _is_installed(t)]
    for tool in TOOLS.keys() - tools:
        print(f"{tool} is not installed", file=sys.stderr)
    found: list[Figure | Missed] = []
    lines = [machine(), "", HEAD]
    print(*lines, sep="\n")
    for here in measured(tools, options.formula, options.limit):
        found.append(here)
        lines.append(line(here))
        print(lines[-1], flush=True)
    more = ["", *growth(found)]
    print(*more, sep="\n")
    if options.update:
        put(PAGE, MARK, "".join(f"{text}\n" for text in (*lines, *more)))


if __name__ == "__main__":
    main()
