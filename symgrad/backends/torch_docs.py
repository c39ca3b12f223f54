"""Docstrings of emitted code.  User text only ever stands inside string literals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from math import isinf

from symgrad.axes import BATCH
from symgrad.functions import TABLE, Function, Kink
from symgrad.op import Input, Op
from symgrad.partials import edge_value, on_kink
from symgrad.partials import formula as parsed
from symgrad.printer import Text
from symgrad.printer import formula as written
from symgrad.program import Graph, Kind, Program, Weakness, depending_on

WIDTH = 84

_QUOTES = '"""'


def escaped(text: str) -> str:
    """Text that means itself inside a triple-quoted string."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _filled(
    text: str, indent: str = "", hanging: str = "", opening: str = ""
) -> list[str]:
    return textwrap.wrap(
        escaped(text),
        width=WIDTH,
        initial_indent=opening or indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraphs(text: str) -> list[str]:
    """A user's text, refilled, its paragraphs kept apart, with room for the quotes."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        opening = "" if lines else _QUOTES
        if lines:
            lines.append("")
        lines += _filled(" ".join(paragraph.split()), opening=opening)
    return [line.removeprefix(_QUOTES) for line in lines]


def module_doc(ops: Sequence[Op]) -> list[str]:
    """The module docstring: the ops, each with its first sentence."""
    if len(ops) == 1:
        return [f'"""Differentiable op: {ops[0].name}."""']
    lines = ['"""Differentiable ops:', ""]
    for op in ops:
        summary = " ".join(op.doc.strip().split("\n\n")[0].split())
        text = f"- {op.name}: {summary}" if summary else f"- {op.name}"
        lines += _filled(text, hanging="  ")
    return [*lines, '"""']


def function_doc(op: Op, program: Program) -> list[str]:
    """The docstring of the public function, indented by four."""
    body = _paragraphs(op.doc) or [f"The op {op.name}."]
    sections = [body, _formulas(op), _arguments(op.inputs), _derivatives(op, program)]
    lines: list[str] = []
    for section in sections:
        lines += [*([""] if lines and section else []), *section]
    return indented(lines)


def indented(lines: Sequence[str]) -> list[str]:
    """A docstring, indented by four; its lines are literal text already."""
    if len(lines) == 1 and len(lines[0]) <= WIDTH - len('""""""'):
        return [f'    """{lines[0]}"""']
    opened = [f'"""{lines[0]}', *lines[1:]]
    return [*(f"    {line}".rstrip() for line in opened), '    """']


def _formulas(op: Op) -> list[str]:
    lines = []
    for formula in (*op.lets, *op.outputs):
        lines += _filled(f"{formula.written} = {formula.text}", "    ", "    ")
    return lines


_KINDS = {
    Kind.REAL: "floating tensor",
    Kind.COMPLEX: "complex tensor",
    Kind.INDEX: "integer tensor, no gradient",
    Kind.MASK: "bool tensor, no gradient",
    Kind.FLOAT: "Python float",
    Kind.INT: "Python int",
    Kind.BOOL: "Python bool",
}


def _arguments(inputs: Iterable[Input]) -> list[str]:
    lines = ["Args:"]
    for item in inputs:
        text = f"{item.name}: {_KINDS[item.kind]}"
        if item.axes is not None:
            text += f" [{', '.join(item.axes)}]"
        if item.domain is not None:
            text += f" in {item.domain}"
        if not item.grad and item.kind is Kind.REAL:
            text += ", no gradient"
        if item.has_default:
            text += f", {item.default!r} by default"
        lines += _filled(f"{text}.", "    ", "    ")
    if sum(item.kind.is_tensor for item in inputs) > 1:
        lines += ["", *_filled(_shapes(inputs))]
    return lines


def _shapes(inputs: Iterable[Input]) -> str:
    own = "each gradient has its input's shape."
    if all(item.axes is None for item in inputs):
        return f"Tensors broadcast; {own}"
    if any(BATCH in (item.axes or ()) for item in inputs):
        return f"Axes of one name have one size, those of the batch broadcast; {own}"
    return f"Axes of one name have one size; {own}"


def _derivatives(op: Op, program: Program) -> list[str]:
    """What a reader could not guess: conventions, surrogates, gradients as given."""
    notes = [f"The derivative of {f.name} is that of {f.text}." for f in op.surrogates]
    notes += [
        f"The gradient of {f.written} is given: {f.text}."
        " (torch.func under torch.compile cannot see it.)"
        for f in op.overrides
    ]
    unmoved = [f.name for f in op.outputs if f not in op.differentiable_outputs]
    if unmoved:
        notes.append(f"Without derivative: {', '.join(unmoved)}.")
    conventions = _conventions(op)
    notes += _weaknesses(program)
    lines = [line for note in notes for line in _filled(note)]
    if conventions:
        lines += ["", *conventions] if lines else conventions
    return lines


def _weaknesses(program: Program) -> list[str]:
    """Where which values have few digits, in the words of a spec."""
    said: dict[str, list[str]] = {}
    for weak in program.weak:
        near = said.setdefault(_near(program, weak), [])
        near += [name for name in _made_of(program, weak.value) if name not in near]
    return [
        f"Inaccurate {near}: {', '.join(names)}."
        for near, names in said.items()
        if names
    ]


def _near(program: Program, weak: Weakness) -> str:
    texts: dict[int, Text] = {}
    for value in program.reachable([weak.leaf]):
        node = program.nodes[value]
        texts[value] = written(node, [texts[arg] for arg in node.args])
    leaf = texts[weak.leaf].text
    if isinf(weak.centre):
        return f"for some large {leaf}"
    return f"near {leaf} = {weak.centre:g}"


def _made_of(program: Program, value: int) -> list[str]:
    """The outputs and the gradients that a value is part of."""
    outputs = [n for n, v in program.outputs.items() if value in program.reachable([v])]
    gradients = [
        f"the gradient by {name}"
        for name, terms in program.gradients.items()
        if value in program.reachable(terms)
    ]
    return outputs + gradients


def _given(op: Op) -> set[str]:
    return {formula.name for formula in op.overrides}


def _conventions(op: Op) -> list[str]:
    """The derivative at each kink of the functions that gradients go through."""
    derived = any(i.differentiable for i in op.inputs if i.name not in _given(op))
    ends = [op.stand_ins[f.name] for f in op.differentiable_outputs if derived]
    behind = Program(op.nodes, {}, {}).reachable(ends)
    moving = depending_on(op.nodes, _moving_inputs(op))
    graph = Graph(op.nodes, op.domains)
    met: dict[tuple[str, Kink], set[bool]] = {}
    for value in (v for v in behind if op.nodes[v].op == "call"):
        node = op.nodes[value]
        alone = sum(arg in moving for arg in node.args) == 1
        for kink in TABLE[str(node.data)].kinks:
            if on_kink(graph, value, kink) is not False:
                met.setdefault((str(node.data), kink), set()).add(alone)
    lines = [
        line
        for (name, kink), alone in met.items()
        for line in _convention(op, TABLE[name], kink, alone == {True})
    ]
    return ["At kinks:", *lines] if lines else []


def _moving_inputs(op: Op) -> list[int]:
    wanted = {item.name for item in op.inputs if item.differentiable}
    return [v for v, n in enumerate(op.nodes) if n.op == "input" and n.data in wanted]


def _tidy(row: Function, text: str) -> str:
    """A text that was put together, without the parentheses that took."""
    if "(" not in text:
        return text
    nodes, root = parsed(text, (*row.args, "y"))
    texts: list[Text] = []
    for node in nodes[: root + 1]:
        texts.append(written(node, [texts[arg] for arg in node.args]))
    return texts[root].text


def _convention(op: Op, row: Function, kink: Kink, alone: bool) -> list[str]:
    """What is taken at one kink, by each argument."""
    policy = op.edges.get(row.name, op.edges.get("*", "torch"))
    values = [edge_value(kink, policy, i, alone) for i in range(len(row.args))]
    pairs = zip(row.args, values, strict=True)
    shown = ", ".join(f"d/d{name} = {_tidy(row, value)}" for name, value in pairs)
    call = f"{row.name}({', '.join(row.args)})"
    return _filled(f"{call} where {kink.when}: {shown}.", "    ", "    ")
