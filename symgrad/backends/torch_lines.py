"""Lines of emitted Python that several parts of an op have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad.layout import Statement
from symgrad.lines import LINE, assignment, wrapped
from symgrad.naming import Names
from symgrad.op import Formula, Input, Op
from symgrad.printer import Text, numeral
from symgrad.program import Kind, Program

Code = tuple[tuple[str, ...], tuple[str, ...]]
"""The lines of a signature and of a body."""

ANNOTATION = {
    Kind.REAL: "Tensor",
    Kind.COMPLEX: "Tensor",
    Kind.INDEX: "Tensor",
    Kind.MASK: "Tensor",
    Kind.FLOAT: "float",
    Kind.INT: "int",
    Kind.BOOL: "bool",
}
MAXANNOTATION = 56
"""A tuple annotation longer than this is shortened to ``tuple[X, ...]``."""


def tuple_type(parts: Sequence[str], shorter: str) -> str:
    """The type of a tuple, or ``tuple[shorter, ...]`` if that would be too long."""
    exact = f"tuple[{', '.join(parts)}]"
    return exact if len(exact) <= MAXANNOTATION else f"tuple[{shorter}, ...]"


def parameter(item: Input) -> str:
    """An input in a signature: its name, its type, its default."""
    annotated = f"{item.name}: {ANNOTATION[item.kind]}"
    if not item.has_default or item.default is None:
        return annotated
    return f"{annotated} = {numeral(item.default)}"


def result_type(op: Op, statistics: int = 0) -> str:
    """The type of what an op returns, or of what forward returns beside it."""
    count = len(op.outputs) + statistics
    return "Tensor" if count == 1 else tuple_type(["Tensor"] * count, "Tensor")


def returns_several(op: Op, program: Program) -> bool:
    """Whether forward returns a tuple: outputs, and statistics behind them."""
    return len(op.outputs) + len(program.statistics) > 1


def statistic_names(op: Op, program: Program) -> dict[int, str]:
    """The statistics by names, those of the user or of ours."""
    names = Names(user_names(op))
    return {
        v: program.names.get(v) or names.claim(program.hints[v])
        for v in program.statistics
    }


def scope(op: Op, program: Program) -> Names:
    """What names are free in the code of an op."""
    return Names([*user_names(op), *statistic_names(op, program).values()])


def kept_names(op: Op, program: Program) -> dict[int, str]:
    """The residuals by the names of inputs, outputs and statistics, inputs first."""
    by_value = [*program.inputs.items(), *program.outputs.items()]
    named = {v: n for n, v in reversed(by_value) if v in program.kept}
    return named | statistic_names(op, program)


def own_name(op: Op, name: str) -> str:
    """A name of ours, another where it is one that the user has given."""
    while name in op.names:
        name = f"own_{name}"
    return name


def tangent_name(op: Op, name: str) -> str:
    """The tangent of an input or an output."""
    return own_name(op, f"tangent_{name}")


def on_ctx(op: Op, name: str) -> str:
    """An attribute of ours beside those that hold the user's numbers."""
    return f"ctx.{own_name(op, name)}"


def user_names(op: Op) -> list[str]:
    """Every name that belongs to the user in the code of an op."""
    named: list[Input | Formula] = [*op.inputs, *op.lets, *op.outputs]
    ends = [i.name for i in op.inputs] + [f.name for f in op.outputs]
    gradients = [f"{prefix}_{name}" for name in ends for prefix in ("grad", "need")]
    gradients += [tangent_name(op, item.name) for item in named]
    return [
        op.name,
        "torch",
        "ctx",
        "F",
        "math",
        *gradients,
        *(item.name for item in named),
    ]


def written(statements: Sequence[Statement], indent: int) -> list[str]:
    """The lines of statements, a note in front of its own."""
    lines: list[str] = []
    for s in statements:
        lines += [f"{' ' * indent}# {s.note}"] if s.note else []
        lines += assignment(s.target, s.value, indent)
    return lines


_UNTYPED = ("torch.special.", "F.")
"""What torch gives no return type."""


def is_untyped(lines: Iterable[str]) -> bool:
    """Whether torch leaves the type open of something in these lines."""
    return any(mark in line for mark in _UNTYPED for line in lines)


def returned(
    name: str, value: Text, before: Sequence[str], indent: int, typed: bool = True
) -> list[str]:
    """``return value``, by way of ``name: Tensor`` where torch leaves the type open.

    ``before`` are the lines that lead up to it; with ``typed`` false the type is open
    for another reason.
    """
    if typed and not is_untyped((*before, value.text)):
        return wrapped("return ", value, indent)
    return [
        *wrapped(f"{name}: Tensor = ", value, indent),
        f"{' ' * indent}return {name}",
    ]


def unpack(targets: Sequence[str], source: Text, indent: int) -> list[str]:
    """``a, b = source``, with a target a line if that is too long."""
    pad = " " * indent
    if len(targets) == 1:
        return wrapped(f"({targets[0]},) = ", source, indent)
    line = f"{pad}{', '.join(targets)} = {source.text}"
    if len(line) <= LINE:
        return [line]
    lead = f"{', '.join(targets)} = "
    if source.pieces and indent + len(f"{lead}{source.head}(") <= LINE:
        return wrapped(lead, source, indent)
    opened = [f"{pad}(", *(f"{pad}    {target}," for target in targets)]
    return [*opened, *wrapped(") = ", source, indent)]
