"""Kernels of elementwise ops: one pass over memory, a vector at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from symgrad.backends.cpu_names import called
from symgrad.backends.cpu_signature import (
    Signature,
    backward_signature,
    forward_signature,
    like,
)
from symgrad.backends.cpu_spell import constant, is_written, speller
from symgrad.backends.cpu_text import (
    Kernel,
    commented,
    kernel,
    scope,
    statements,
    wrapped,
)
from symgrad.backends.torch_backward import formula_comment
from symgrad.backends.torch_forward import floating_inputs
from symgrad.backends.torch_shapes import shape_inputs
from symgrad.layout import Layout
from symgrad.lines import LINE
from symgrad.op import Op
from symgrad.printer import SUM, Text, binary, formula
from symgrad.program import Graph, Kind, Node, Program
from symgrad.rebuild import copied, rebuild

STANDS_FOR = {"guard": 1, "clamped": 0, "stop_gradient": 0}
"""Primitives that only derivatives know of, and the argument that each stands for.

Nothing differentiates a kernel, and what is not chosen is blended away, NaN or not.
"""


def as_pass(op: Op, program: Program) -> Program | None:
    """The program as one pass over elements computes it, if that can be."""
    nodes = program.nodes
    terms = [v for values in program.gradients.values() for v in values]
    ends = [*program.outputs.values(), *terms]
    if op.has_axes or program.in_plane or program.statistics:
        return None
    real = all(nodes[v].kind is Kind.REAL for v in program.outputs.values())
    if real and all(is_written(nodes[v]) for v in program.reachable(ends)):
        return _bare(program)
    return None


def _bare(program: Program) -> Program:
    """A program without what only derivatives of it would need."""

    def visit(graph: Graph, _: int, node: Node, args: tuple[int, ...]) -> int:
        place = STANDS_FOR.get(node.op)
        return copied(graph, node, args) if place is None else args[place]

    return rebuild(program, visit)


def forward_pass(op: Op, program: Program) -> Kernel:
    """The kernel of ``forward``."""
    given = forward_signature(op, program)
    values = list(program.outputs.values())
    own = {f.name for f in op.lets}
    layout = _layout(op, program, given, [values], lambda name: name in own)
    body = statements(layout.block(values), 4)
    ends = []
    for place, value in enumerate(values):
        body += _assigned(place, _whole(program, value, layout), 4)
        used = [given.names[n] for n in floating_inputs(op, program, value)]
        ends.append(f"  pass.output({place}, promoted({{{', '.join(used)}}}));")
    comment = commented([f"{f.name} = {f.text}" for f in (*op.lets, *op.outputs)])
    return _kernel(
        f"{op.name}_forward", given, list(program.outputs), comment, ends, body
    )


def backward_pass(op: Op, program: Program) -> Kernel:
    """The kernel of ``backward``: all gradients that are wanted, in one pass."""
    given = backward_signature(op, program, shape_inputs(op, program))
    blocks = [[*terms] for terms in program.gradients.values()]
    layout = _layout(op, program, given, blocks, lambda _: True)
    body = statements(layout.block(layout.shared), 4)
    ends = []
    for place, name in enumerate(program.gradients):
        need = given.names.get(f"need_{name}", "")
        body += _gradient(op, program, layout, name, place, need)
        target = like(op, program, given.names, name)
        ends.append(f"  pass.gradient({place}, {need or 'true'}, {target});")
    results = [f"grad_{name}" for name in program.gradients]
    return _kernel(f"{op.name}_backward", given, results, [], ends, body)


def _layout(
    op: Op,
    program: Program,
    given: Signature,
    blocks: Sequence[Sequence[int]],
    is_kept: Callable[[str], bool],
) -> Layout:
    """Statements of a body, in which some names of the user's are kept."""
    kept = {v: n for v, n in program.names.items() if is_kept(n)}
    own = called(kept.values(), given.names.values())
    hints = program.hints if len(kept) == len(program.names) else {}
    shown = replace(program, names={v: own[n] for v, n in kept.items()}, hints=hints)
    leaves = {v: _leaf(program, v, name) for v, name in given.leaves.items()}
    names = scope(op, given.names.values())
    spell = speller(shown)
    return Layout(shown, spell, formula, leaves, names, blocks, constant=constant)


def _leaf(program: Program, value: int, name: str) -> str:
    """What stands for a leaf: a mask comes as numbers."""
    return f"is_true({name})" if program.nodes[value].kind is Kind.MASK else name


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
    lines = statements(layout.block(terms), indent)
    lines += formula_comment(op, program, name, layout, indent, mark="//")
    texts = [_whole(program, term, layout) for term in terms] or [Text("V(0)")]
    lines += _assigned(place, added(texts), indent)
    return [f"    if ({need}) {{", *lines, "    }"] if need else lines


def added(texts: Sequence[Text]) -> Text:
    """The sum of some terms."""
    value = texts[0]
    for text in texts[1:]:
        value = binary("add", Text(value.within(SUM), SUM), text)
    return value


def _assigned(place: int, value: Text, indent: int) -> list[str]:
    return wrapped(f"out[{place}] = {value.text};", indent)


def _kernel(
    name: str,
    given: Signature,
    results: Sequence[str],
    comment: Sequence[str],
    ends: Sequence[str],
    body: Sequence[str],
) -> Kernel:
    """The C++ function around a body."""
    tensors = ", ".join(given.leaves[v] for v in given.tensors)
    ins, outs = len(given.tensors), len(results)
    lines = [
        *wrapped(f"Pass<{ins}, {outs}> pass({{{tensors}}});", 2),
        *ends,
        "  pass.run([=]<typename V>("
        f"const std::array<V, {ins}>& in, std::array<V, {outs}>& out) {{",
        *wrapped(f"const auto& [{tensors}] = in;", 4),
        *body,
        "  });",
    ]
    returned = [f"pass.out({k})" for k in range(outs)]
    return kernel(name, given.arguments, results, comment, lines, returned)
