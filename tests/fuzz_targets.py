"""What is fuzzed, and what counts as a fault: any text as a formula, any as a spec.

A fault is any exception but the error that the front end has for bad texts, a message
without a place in the text, and what is beyond all patience.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from symgrad.errors import Diagnostic, SpecError, render  # noqa: E402
from symgrad.parse import FormulaError, Template, parse  # noqa: E402
from symgrad.program import Graph, Kind  # noqa: E402
from symgrad.space import Space  # noqa: E402
from symgrad.spec import load_text  # noqa: E402

SLOW = 5.0
"""Seconds after which a text counts as a hang."""

MEMORY = 1024
"""MiB that a process which does nothing but read texts may have at most."""

KINDS = {
    "x": Kind.REAL,
    "y": Kind.REAL,
    "z": Kind.COMPLEX,
    "a": Kind.FLOAT,
    "n": Kind.INDEX,
    "m": Kind.MASK,
    "b": Kind.BOOL,
}
AXES = {"x": ("0:n", "1:m"), "y": ("0:n",), "n": ("0:m",), "z": (), "m": ()}
OWN = {
    "f": Template(("u", "v"), "u*sigmoid(v)"),
    "g": Template(("u",), "f(u, f(u, u))"),
}


def wrong(problem: Diagnostic) -> str | None:
    """What is wrong with a diagnostic."""
    text = render(problem)
    if not all(line.isprintable() for line in text.split("\n")):
        return f"unprintable message: {text!r}"
    span = problem.span
    if span is not None and not 1 <= span.column <= _width(problem) + 1:
        return f"place outside of the file: {span}"
    return None


def _width(problem: Diagnostic) -> int:
    """How long the line of a place is; 2**31 of a file that is no text."""
    return len(problem.lines[0]) if problem.lines else 2**31


def read_spec(text: str) -> bool:
    """Whether a text is a spec.  Raises ``AssertionError`` for a bad refusal."""
    try:
        for op in load_text(text, "fuzz.yaml").ops:
            assert op.outputs
    except SpecError as error:
        assert error.diagnostics, "no diagnostics"
        found = next(filter(None, map(wrong, error.diagnostics)), None)
        assert found is None, found
        return False
    return True


def read_formula(text: str) -> bool:
    """Whether a text is a formula, of tensors and again of tensors with named axes."""
    return _parsed(text, {}) | _parsed(text, AXES)


def _parsed(text: str, axes: Mapping[str, tuple[str, ...]]) -> bool:
    graph = Graph()
    names = {
        name: graph.input(name, kind, axes.get(name) if axes else None)
        for name, kind in KINDS.items()
    }
    space = Space(axes, frozenset("nm"), ("i",)) if axes else None
    try:
        value = parse(text, graph, names, functions=OWN, space=space)
    except FormulaError as error:
        for mistake in error.mistakes:
            assert 0 <= mistake.start < mistake.end <= max(len(text), 1) + 1, mistake
        return False
    assert graph[value].kind
    return True


TARGETS: Mapping[str, Callable[[str], bool]] = {
    "formulas": read_formula,
    "specs": read_spec,
}


def fault(text: str, read: Callable[[str], bool]) -> str | None:
    """What is wrong with how a text is taken; ``None`` if nothing is."""
    start = time.perf_counter()
    try:
        read(text)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    return f"{seconds:.1f} s" if seconds > SLOW else None


FAULTS = {name: partial(fault, read=read) for name, read in TARGETS.items()}
"""For each target, what is wrong with how it takes a text."""
