"""The backward half of an op: one gradient for every differentiable input."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

from symgrad.axes import BATCH, named
from symgrad.backends.torch_align import aligned
from symgrad.backends.torch_context import (
    filled,
    may_be_half,
    may_miss,
    restored,
)
from symgrad.backends.torch_forward import is_plain
from symgrad.backends.torch_lines import (
    Code,
    returned,
    scope,
    tuple_type,
    unpack,
    written,
)
from symgrad.backends.torch_precision import FULL, Precision, precision
from symgrad.backends.torch_shapes import (
    derived_leaves,
    has_cotangent,
    input_shape,
    is_spread,
    may_be_larger,
)
from symgrad.backends.torch_spell import speller
from symgrad.backends.torch_statistics import computed_again
from symgrad.derive import has_partials
from symgrad.layout import Layout
from symgrad.lines import LINE, bracketed, wrapped, wrapped_tuple
from symgrad.op import Op
from symgrad.printer import ATOM, Text, call, formula
from symgrad.program import Program


def backward(op: Op, program: Program, kernel: Sequence[str] = ()) -> Code:
    """``backward``: guarded where an input may not need its gradient.

    ``kernel`` are lines that may spare the rest; they unpack what is saved.
    """
    optional = "Tensor | None" if may_miss(op) else "Tensor"
    params = ["ctx: Any", *(f"grad_{f.name}: {optional}" for f in op.outputs)]
    params += [f"*{scope(op, program).claim('rest')}: Any"] * bool(program.statistics)
    signature = bracketed("def backward(", params, f") -> {_result_type(op)}:", 4)
    wanted = program.gradients.keys()
    terms = [v for values in program.gradients.values() for v in values]
    arriving = {v: f"grad_{n}" for n, v in program.cotangents.items()}
    given = [f"grad_{name}" for name in program.cotangents]
    most = _most_operators(op)
    body = [*_missing(op, given), *filled(op, given, "output_shapes")]
    low = _precision(op, program, arriving)
    body += kernel
    body += restored(op, program, terms, arriving, most, low=low, unpacked=bool(kernel))
    body += computed_again(op, program, low, _like(program))
    if len(wanted) > 1:
        body += _guards(op, wanted, unpacked=bool(kernel))
    body += _gradients(op, program, low)
    return tuple(signature), (*body, *_returned(op, wanted))


def _missing(op: Op, given: Sequence[str]) -> list[str]:
    """Where no cotangent has arrived there is nothing to compute."""
    if not may_miss(op):
        return []
    test = [f"{name} is None" for name in given]
    condition = Text(" and ".join(test), 0, (test[0], *(f"and {t}" for t in test[1:])))
    lines = wrapped("if ", condition, 8, ":")
    return [*lines, *wrapped_tuple("return ", ["None"] * len(op.inputs), 12)]


def _result_type(op: Op) -> str:
    if len(op.inputs) == 1:
        return "Tensor | None" if may_miss(op) else "Tensor"
    parts = ["Tensor | None" if item.differentiable else "None" for item in op.inputs]
    return tuple_type(parts, "Tensor | None")


def _guards(op: Op, wanted: Collection[str], unpacked: bool) -> list[str]:
    targets = [f"need_{i.name}" if i.name in wanted else "_" for i in op.inputs]
    lines = [] if unpacked else unpack(targets, Text("ctx.needs_input_grad"), 8)
    unset = f"        {' = '.join(f'grad_{name}' for name in wanted)} = None"
    if len(unset) <= LINE:
        return [*lines, unset, ""]
    return [*lines, *(f"        grad_{name} = None" for name in wanted), ""]


def _precision(op: Op, program: Program, arriving: Mapping[int, str]) -> Precision:
    """The precisions of backward, what it computes again included."""
    leaves = derived_leaves(op, program, arriving)
    terms = [v for values in program.gradients.values() for v in values]
    if is_plain(program, terms, frozenset(leaves), _most_operators(op)):
        return FULL
    bare = frozenset(leaves).difference(program.statistics)
    live = {
        *program.reachable(terms, frozenset(leaves)),
        *program.reachable(program.statistics, bare),
    }
    return precision(program, sorted(live), leaves, "dtype")


def _most_operators(op: Op) -> int:
    """How many operators leave rounding to torch: a sum after one would round twice."""
    return 1 if len(op.tensors) == 1 else 0


def _gradients(op: Op, program: Program, low: Precision) -> list[str]:
    """The shared statements, then each gradient with what it alone needs."""
    names = scope(op, program)
    arriving = {v: f"grad_{n}" for n, v in program.cotangents.items()}
    leaves = derived_leaves(op, program, arriving)
    blocks = [[*terms] for terms in program.gradients.values()]
    anchor = low.anchor(_like(program))
    spell = low.spelled(program.nodes, speller(program, anchor))
    layout = Layout(program, spell, formula, leaves, names, blocks)
    lines = written(layout.block(layout.shared), 8)
    guarded = len(program.gradients) > 1
    for name in program.gradients:
        indent = 12 if guarded else 8
        if guarded:
            lines.append(f"        if need_{name}:")
        lines += _gradient(op, program, layout, name, lines, indent)
    return lines


def _gradient(
    op: Op,
    program: Program,
    layout: Layout,
    name: str,
    before: Sequence[str],
    indent: int,
) -> list[str]:
    """One gradient: its comment, its own temporaries, its value."""
    terms = program.gradients[name]
    statements = layout.block(terms)
    lines = written(statements, indent)
    lines += formula_comment(op, program, name, layout, indent)
    larger = any(may_be_larger(op, program, name, term) for term in terms)
    reduce = _reduction(op, program, name) if larger else ""
    lead = f"grad_{name} = "
    room = LINE - indent - len(lead)
    room -= len(f"grad_{name} + ") if len(terms) > 1 else 0
    own = len(statements)  # fitting the gradient into its line may add to them
    parts = []
    for term in terms:
        summed = reduce if may_be_larger(op, program, name, term) else ""
        width = room - (len(f"().sum_to_size({summed})") if summed else 0)
        text = layout.root(term, width)
        if summed and len(text) > width:
            text = layout.named(term)
        text = _along_axes(op, program, name, term, text)
        parts.append(text if is_spread(op, program, term) else _reduced(text, summed))
    first, *others = parts or [Text(_zeros(op, program, name))]
    lines += written(statements[own:], indent)
    if len(op.inputs) == 1:
        typed = may_be_half(program)  # else ctx.saved_tensors are used as they are
        before = [*before, *lines]
        return [*lines, *returned(f"grad_{name}", first, before, indent, typed)]
    lines += wrapped(lead, first, indent)
    for other in others:
        lines += wrapped(f"{lead}grad_{name} + ", other, indent)
    if reduce and any(is_spread(op, program, term) for term in terms):
        lines += wrapped(lead, _reduced(Text(f"grad_{name}"), reduce), indent)
    return lines


def _along_axes(op: Op, program: Program, name: str, term: int, text: Text) -> Text:
    """A term with the dimensions of its input, also where it is the same along some."""
    node, target = program.nodes[term], named(op.input(name).labels)
    if has_cotangent(program, term):
        text = aligned(text, node.axes, target)
        whole = set(target) <= set(node.axes)
        shape = Text(input_shape(op, program, name))
        return text if whole else call("_spread", [text, shape])
    if not op.has_axes:
        return _shaped(program, term, text)
    shape = Text(_whole_shape(op, program, name))
    if not node.kind.is_tensor:
        return call(f"{_like(program)}.new_full", [shape, text])
    return call("_spread", [aligned(text, node.axes, target), shape])


def _reduction(op: Op, program: Program, name: str) -> str:
    """The shape that a gradient is to be summed to, if it may have another."""
    if len(op.tensors) < 2:
        return ""
    return input_shape(op, program, name)


def _reduced(value: Text, shape: str) -> Text:
    if not shape:
        return value
    head = f"{value.within(ATOM)}.sum_to_size"
    return Text(f"{head}({shape})", ATOM, (shape,), head)


def _shaped(program: Program, term: int, text: Text) -> Text:
    """A term of the output's shape: one without a cotangent may be smaller."""
    like = _like(program)
    if not program.nodes[term].kind.is_tensor:
        return Text(f"torch.full_like({like}, {text.text})")
    return Text(f"{text.within(ATOM)}.expand_as({like})")


def _whole_shape(op: Op, program: Program, name: str) -> str:
    """The named axes of an input, and in front of them the batch of the op."""
    output, value = next(iter(program.cotangents.items()))
    shape, axes = input_shape(op, program, name), program.nodes[value].axes
    if BATCH not in axes or len(op.tensors) < 2:
        return shape
    own, behind = len(named(op.input(name).labels)), len(named(axes))
    lead = f"grad_{output}.shape" + (f"[:-{behind}]" if behind else "")
    return f"{lead} + {shape}[-{own}:]" if own else lead


def _like(program: Program) -> str:
    """A floating tensor of the first output's shape."""
    output, value = next(iter(program.cotangents.items()))
    return f"grad_{output}{'.real' * program.nodes[value].kind.is_complex}"


def _zeros(op: Op, program: Program, name: str) -> str:
    like = _like(program)
    if len(op.tensors) < 2 and not op.has_axes:
        return f"torch.zeros_like({like})"
    return f"{like}.new_zeros({input_shape(op, program, name)})"


def formula_comment(
    op: Op, program: Program, name: str, layout: Layout, indent: int, mark: str = "#"
) -> list[str]:
    """The formula that the lines below compute."""
    shown = [layout.shown(value) for value in program.partials[name]]
    given = [f for f in op.overrides if f.name == name]
    if given:
        text = f"grad_{given[0].written} = {given[0].text}, as the spec says"
    elif has_partials(program, len(program.cotangents)):
        [output] = program.cotangents
        text = f"d{output}/d{name} = {shown[0] if shown else 0}"
    else:
        text = f"grad_{name} = {' + '.join(shown) or 0}"
    pad = " " * indent
    return textwrap.wrap(
        text,
        width=LINE,
        initial_indent=f"{pad}{mark} ",
        subsequent_indent=f"{pad}{mark}     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _returned(op: Op, wanted: Collection[str]) -> list[str]:
    if len(op.inputs) == 1:
        return []
    parts = [f"grad_{i.name}" if i.name in wanted else "None" for i in op.inputs]
    return wrapped_tuple("return ", parts, 8)
