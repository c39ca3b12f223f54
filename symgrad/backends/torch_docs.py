"""Docstrings of emitted code.  User text only ever stands inside string literals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from math import isinf

from symgrad.axes import BATCH
from symgrad.conventions import conventions
from symgrad.op import Input, Op
from symgrad.printer import Text
from symgrad.printer import formula as written
from symgrad.program import Kind, Program, Weakness

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
    lines = [line for remark in remarks(op, program) for line in _filled(remark)]
    if kinks := _conventions(op):
        lines += ["", *kinks] if lines else kinks
    return lines


def remarks(op: Op, program: Program) -> list[str]:
    """Surrogates, gradients as given, what has no derivative, and where digits are few.

    Each is a sentence or two.
    """
    notes = [f"The derivative of {f.name} is that of {f.text}." for f in op.surrogates]
    notes += [
        f"The gradient of {f.written} is given: {f.text}."
        " (torch.func under torch.compile cannot see it.)"
        for f in op.overrides
    ]
    unmoved = [f.name for f in op.outputs if f not in op.differentiable_outputs]
    if unmoved:
        notes.append(f"Without derivative: {', '.join(unmoved)}.")
    return [*notes, *_weaknesses(program)]


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


def _conventions(op: Op) -> list[str]:
    """The derivative at each kink of the functions that gradients go through."""
    found = conventions(op)
    lines = [line for kink in found for line in _filled(str(kink), "    ", "    ")]
    return ["At kinks:", *lines] if lines else []
