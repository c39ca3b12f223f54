"""One kernel in C++: its arguments, its ends, and what it computes of one vector."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symgrad.backends.cpu_names import RESERVED, called
from symgrad.backends.cpu_spell import constant, is_written, speller
from symgrad.backends.torch_backward import formula_comment
from symgrad.backends.torch_forward import floating_inputs
from symgrad.backends.torch_lines import kept_names, own_name
from symgrad.backends.torch_shapes import fills_one_shape, shape_inputs
from symgrad.layout import Layout, Statement
from symgrad.lines import LINE
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import SUM, Text, binary, formula
from symgrad.program import Graph, Kind, Node, Program
from symgrad.rebuild import copied, rebuild

_STANDS_FOR = {"guard": 1, "clamped": 0, "stop_gradient": 0}
"""Primitives that only derivatives know of, and the argument that each stands for.

Nothing differentiates a kernel, and what is not chosen is blended away, NaN or not.
"""

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
    """An operator: its name, its arguments, how many results, and its text in C++."""

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


@dataclass(frozen=True)
class Kernels:
    """The two kernels of an op.

    ``alike``: whatever shapes its inputs have, all outputs have that which they
    broadcast to; else all inputs must have one shape.
    """

    forward: Kernel
    backward: Kernel
    alike: bool


def kernels(op: Op, program: Program) -> Kernels | None:
    """The kernels of an op, if one pass over elements computes it."""
    if not is_possible(op, program):
        return None
    bare = _bare(program)
    alike = fills_one_shape(op, program)
    return Kernels(forward_kernel(op, bare), backward_kernel(op, bare), alike)


def is_possible(op: Op, program: Program) -> bool:
    """Whether one pass over elements computes an op: no axes, nothing complex."""
    nodes = program.nodes
    ends = [*program.outputs.values(), *_terms(program)]
    if op.has_axes or program.in_plane or program.statistics:
        return False
    real = all(nodes[v].kind is Kind.REAL for v in program.outputs.values())
    return real and all(is_written(nodes[v]) for v in program.reachable(ends))


def _terms(program: Program) -> list[int]:
    return [v for terms in program.gradients.values() for v in terms]


def forward_kernel(op: Op, program: Program) -> Kernel:
    """The kernel of ``forward``."""
    inputs = [item.name for item in op.inputs]
    names = called(inputs)
    tensors = [i.name for i in op.tensors]
    leaves = {v: _leaf(program, v, names[n]) for n, v in program.inputs.items()}
    arguments = [_argument(op, name, names[name], name) for name in inputs]
    chosen = {f.name for f in op.lets}
    kept = {v: n for v, n in program.names.items() if n in chosen}
    free = _scope(op, names.values())
    local = called(kept.values(), [*names.values()])
    shown = replace(program, names={v: local[n] for v, n in kept.items()}, hints={})
    values = list(program.outputs.values())
    layout = _layout(shown, leaves, free, [values])
    body = _statements(layout.block(values), 4)
    for place, value in enumerate(values):
        body += _assigned(place, _whole(program, value, layout), 4)
    ends = []
    for place, value in enumerate(values):
        used = [names[n] for n in floating_inputs(op, program, value)]
        ends.append(f"  pass.output({place}, promoted({{{', '.join(used)}}}));")
    comment = [f"{f.name} = {f.text}" for f in (*op.lets, *op.outputs)]
    return _kernel(
        f"{op.name}_forward",
        arguments,
        [names[name] for name in tensors],
        tuple(program.outputs),
        [*_commented(comment)],
        ends,
        body,
    )


def backward_kernel(op: Op, program: Program) -> Kernel:
    """The kernel of ``backward``: all gradients that are wanted, in one pass."""
    kept = kept_names(op, program)
    arriving = {v: f"grad_{n}" for n, v in program.cotangents.items()}
    shapes = {n: own_name(op, f"{n}_shape") for n in shape_inputs(op, program)}
    wanted = list(program.gradients)
    needs = [f"need_{name}" for name in wanted] if len(wanted) > 1 else []
    own = [*arriving.values(), *kept.values(), *shapes.values(), *needs]
    names = called(dict.fromkeys(own))
    leaves = {v: _leaf(program, v, names[n]) for v, n in {**kept, **arriving}.items()}
    tensors = [*arriving.values()]
    tensors += [kept[v] for v in program.residuals if program.nodes[v].kind.is_tensor]
    numbers = [kept[v] for v in program.residuals if kept[v] not in tensors]
    arguments = [Argument(names[n], "Tensor", n) for n in tensors]
    arguments += [_argument(op, n, names[n], f"ctx.{n}") for n in numbers]
    arguments += [Argument(names[n], "int[]", f"ctx.{n}") for n in shapes.values()]
    arguments += [Argument(names[n], "bool", n) for n in needs]
    free = _scope(op, names.values())
    hidden = called(program.names.values(), names.values())
    shown = replace(program, names={v: hidden[n] for v, n in program.names.items()})
    layout = _layout(shown, leaves, free, [[*v] for v in program.gradients.values()])
    body = _statements(layout.block(layout.shared), 4)
    for place, name in enumerate(wanted):
        body += _gradient(op, shown, layout, name, place, names.get(f"need_{name}", ""))
    ends = [_end(op, program, names, n, k, arriving) for k, n in enumerate(wanted)]
    return _kernel(
        f"{op.name}_backward",
        arguments,
        [names[n] for n in tensors],
        tuple(f"grad_{name}" for name in wanted),
        [],
        ends,
        body,
    )


def _leaf(program: Program, value: int, name: str) -> str:
    """What stands for a leaf: a mask comes as numbers."""
    return f"is_true({name})" if program.nodes[value].kind is Kind.MASK else name


def _argument(op: Op, name: str, called: str, given: str) -> Argument:
    kinds = {item.name: item.kind for item in op.inputs}
    return Argument(called, _TYPES.get(kinds.get(name, Kind.REAL), "Tensor"), given)


def _scope(op: Op, taken: Iterable[str]) -> Names:
    return Names([*RESERVED, *taken, *op.names])


def _layout(
    program: Program, leaves: dict[int, str], names: Names, blocks: list[list[int]]
) -> Layout:
    return Layout(
        program, speller(program), formula, leaves, names, blocks, constant=constant
    )


def _whole(program: Program, value: int, layout: Layout) -> Text:
    """An end as a vector."""
    text = layout.root(value, LINE - 20)
    return text if program.nodes[value].kind.is_tensor else Text(f"V({text.text})")


def _gradient(
    op: Op, program: Program, layout: Layout, name: str, place: int, need: str
) -> list[str]:
    """One gradient: its comment, its own temporaries, its value."""
    indent = 6 if need else 4
    terms = program.gradients[name]
    lines = _statements(layout.block(terms), indent)
    lines += formula_comment(op, program, name, layout, indent, mark="//")
    texts = [_whole(program, term, layout) for term in terms] or [Text("V(0)")]
    value = texts[0]
    for text in texts[1:]:
        value = binary("add", Text(value.within(SUM), SUM), text)
    lines += _assigned(place, value, indent)
    return [f"    if ({need}) {{", *lines, "    }"] if need else lines


def _end(
    op: Op,
    program: Program,
    names: dict[str, str],
    name: str,
    place: int,
    arriving: dict[int, str],
) -> str:
    """The line that says what a gradient is like."""
    need = names.get(f"need_{name}", "true")
    first = names[next(iter(arriving.values()))]
    if program.inputs[name] in program.kept:
        like = names[name]
    elif len(op.tensors) < 2:
        like = first
    else:
        shape = names[own_name(op, f"{name}_shape")]
        like = f"{shape}, {first}.scalar_type()"
    return f"  pass.gradient({place}, {need}, {like});"


def _statements(statements: Sequence[Statement], indent: int) -> list[str]:
    lines: list[str] = []
    for s in statements:
        lines += [f"{' ' * indent}// {s.note}"] if s.note else []
        lines += _wrapped(f"const auto {s.target} = {s.value.text};", indent)
    return lines


def _assigned(place: int, value: Text, indent: int) -> list[str]:
    return _wrapped(f"out[{place}] = {value.text};", indent)


def _wrapped(line: str, indent: int) -> list[str]:
    """A statement over as many lines as it takes."""
    return textwrap.wrap(
        line,
        LINE,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _commented(lines: Sequence[str]) -> list[str]:
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


def _kernel(
    name: str,
    arguments: Sequence[Argument],
    tensors: Sequence[str],
    results: tuple[str, ...],
    comment: list[str],
    ends: list[str],
    body: list[str],
) -> Kernel:
    """The C++ function around a body."""
    given = ", ".join(f"{_IN_CPP[a.type]}{a.name}".replace(" ", "~") for a in arguments)
    types = ", ".join("Tensor" for _ in results)
    result = "Tensor" if len(results) == 1 else f"std::tuple<{types}>"
    outs = [f"pass.out({k})" for k in range(len(results))]
    last = outs[0] if len(outs) == 1 else f"{{{', '.join(outs)}}}"
    ins, count = len(tensors), len(results)
    head = [s.replace("~", " ") for s in _wrapped(f"{result} {name}({given}) {{", 0)]
    vectors = f"const std::array<V, {ins}>& in, std::array<V, {count}>& out"
    lines = [
        *comment,
        *head,
        *_wrapped(f"Pass<{ins}, {count}> pass({{{', '.join(tensors)}}});", 2),
        *ends,
        f"  pass.run([=]<typename V>({vectors}) {{",
        *_wrapped(f"const auto& [{', '.join(tensors)}] = in;", 4),
        *body,
        "  });",
        *_wrapped(f"return {last};", 2),
        "}",
    ]
    return Kernel(name, tuple(arguments), results, tuple(lines))


def _bare(program: Program) -> Program:
    """A program without what only derivatives of it would need."""

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        place = _STANDS_FOR.get(node.op)
        return copied(graph, node, args) if place is None else args[place]

    return rebuild(program, visit)
