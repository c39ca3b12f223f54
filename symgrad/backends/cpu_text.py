"""Arguments, statements and functions of kernels as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad.backends.cpu_names import RESERVED
from symgrad.layout import Statement
from symgrad.lines import LINE
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.program import Kind

_TYPES = {Kind.FLOAT: "float", Kind.INT: "float", Kind.BOOL: "bool"}
"""Types of numbers in the schema of an operator: in C++ an integer is a double."""

_IN_CPP = {
    "Tensor": "const Tensor& ",
    "float": "double ",
    "bool": "bool ",
    "int[]": "at::IntArrayRef ",
}


@dataclass(frozen=True)
class Argument:
    """An argument of a kernel.

    ``name`` is that of C++ and of the schema, ``type`` that of the schema, ``given``
    what stands for it in the method that calls the kernel.
    """

    name: str
    type: str
    given: str


@dataclass(frozen=True)
class Kernel:
    """An operator: its name, its arguments, its results, and its text in C++."""

    name: str
    arguments: tuple[Argument, ...]
    results: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def schema(self) -> str:
        """The schema by which torch knows the operator."""
        arguments = ", ".join(f"{a.type} {a.name}" for a in self.arguments)
        types = ", ".join("Tensor" for _ in self.results)
        results = types if len(self.results) == 1 else f"({types})"
        return f"{self.name}({arguments}) -> {results}"


def argument(op: Op, name: str, called: str, given: str) -> Argument:
    """An input as an argument."""
    kind = next((i.kind for i in op.inputs if i.name == name), Kind.REAL)
    return Argument(called, _TYPES.get(kind, "Tensor"), given)


def scope(op: Op, taken: Iterable[str]) -> Names:
    """What names are free in a kernel."""
    return Names([*RESERVED, *taken, *op.names])


def statements(found: Sequence[Statement], indent: int) -> list[str]:
    """The lines of statements, a note in front of its own."""
    lines: list[str] = []
    for s in found:
        lines += [f"{' ' * indent}// {s.note}"] if s.note else []
        lines += wrapped(f"const auto {s.target} = {s.value.text};", indent)
    return lines


def wrapped(line: str, indent: int) -> list[str]:
    """A statement over as many lines as it takes."""
    return textwrap.wrap(
        line,
        LINE,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def commented(lines: Sequence[str]) -> list[str]:
    """Lines of comment."""
    return [
        part
        for line in lines
        for part in textwrap.wrap(
            line,
            LINE,
            initial_indent="// ",
            subsequent_indent="//     ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def kernel(
    name: str,
    arguments: Sequence[Argument],
    results: Sequence[str],
    comment: Sequence[str],
    body: Sequence[str],
    returned: Sequence[str],
) -> Kernel:
    """The function around a body."""
    given = ", ".join(f"{_IN_CPP[a.type]}{a.name}".replace(" ", "~") for a in arguments)
    types = ", ".join("Tensor" for _ in results)
    result = "Tensor" if len(results) == 1 else f"std::tuple<{types}>"
    head = [s.replace("~", " ") for s in wrapped(f"{result} {name}({given}) {{", 0)]
    last = returned[0] if len(returned) == 1 else f"{{{', '.join(returned)}}}"
    lines = [*comment, *head, *body, *wrapped(f"return {last};", 2), "}"]
    return Kernel(name, tuple(arguments), tuple(results), tuple(lines))
