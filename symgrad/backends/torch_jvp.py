"""``jvp``: the tangents of the outputs, for forward mode.

It stands in a class of its own, a child of the one that the op is named after:
torch.compile takes no class that has a jvp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad.axes import named
from symgrad.backends.torch_align import aligned
from symgrad.backends.torch_context import (
    filled,
    is_rounded,
    may_be_half,
    may_miss,
    restored,
)
from symgrad.backends.torch_forward import is_plain
from symgrad.backends.torch_lines import (
    Code,
    on_ctx,
    returned,
    returns_several,
    tangent_name,
    tuple_type,
    user_names,
    written,
)
from symgrad.backends.torch_precision import FULL, Precision, precision
from symgrad.backends.torch_shapes import derived_leaves, shape_outputs
from symgrad.backends.torch_spell import speller
from symgrad.layout import Layout
from symgrad.lines import LINE, bracketed, wrapped_tuple
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import ATOM, Text, call, formula
from symgrad.program import Program, viewed


def jvp(op: Op, program: Program) -> Code:
    """The static method ``jvp``: linear in the tangents of the inputs."""
    given = [tangent_name(op, name) for name in program.tangents]
    missed = may_miss(op) and len(given) > 1
    tangent = "Tensor | None" if missed else "Tensor"
    kinds = [tangent if item.name in program.tangents else "None" for item in op.inputs]
    params = [
        f"{tangent_name(op, i.name)}: {k}"
        for i, k in zip(op.inputs, kinds, strict=True)
    ]
    signature = bracketed(
        "def jvp(", ["ctx: Any", *params], f") -> {_type(op, program)}:", 4
    )
    return tuple(signature), (*filled(op, given, "input_shapes"), *_body(op, program))


def _type(op: Op, program: Program) -> str:
    if not returns_several(op, program):
        return "Tensor"
    moving = {f.name for f in op.differentiable_outputs}
    parts = ["Tensor" if f.name in moving else "None" for f in op.outputs]
    parts += ["None"] * len(program.statistics)
    return tuple_type(parts, "Tensor | None")


def _body(op: Op, program: Program) -> list[str]:
    """The temporaries, then the tangents of the outputs."""
    values = list(program.jvps.values())
    arriving = {v: tangent_name(op, n) for n, v in program.tangents.items()}
    leaves = derived_leaves(op, program, arriving, statistics=False)
    free = {tangent_name(op, f.name) for f in (*op.lets, *op.outputs)}
    names = Names(name for name in user_names(op) if name not in free)
    low = _precision(program, values, leaves)
    anchor = low.anchor(_like(op, program))
    spell = low.spelled(program.nodes, speller(program, anchor))
    layout = Layout(program, spell, formula, leaves, names, [values])
    statements = layout.block(values)
    results = _results(op, program, layout)
    lines = restored(op, program, values, arriving, statistics=False, low=low)
    lines += written(statements, 8)
    if not returns_several(op, program):
        [(output, text)] = results.items()
        typed = all(program.nodes[v].kind.is_tensor for v in program.residuals)
        typed = typed and may_be_half(program)
        return [*lines, *returned(tangent_name(op, output), text, lines, 8, typed)]
    parts = [results.get(f.name, "None") for f in op.outputs]
    parts += ["None"] * len(program.statistics)
    return [*lines, *wrapped_tuple("return ", parts, 8)]


def _precision(
    program: Program, values: Sequence[int], leaves: Mapping[int, str]
) -> Precision:
    """The precisions of forward mode."""
    if is_plain(program, values, frozenset(leaves)):
        return FULL
    live = program.reachable(values, frozenset(leaves))
    return precision(program, live, leaves, "dtype")


def _results(op: Op, program: Program, layout: Layout) -> dict[str, Text]:
    """The tangents of the outputs: never one that arrived, and no tensor twice."""
    rounded, larger = is_rounded(op, program), shape_outputs(program)
    results: dict[str, Text] = {}
    seen = set(program.tangents.values())
    for output, value in program.jvps.items():
        dtype = on_ctx(op, f"{output}_dtype") if rounded else ""
        lead = f"{tangent_name(op, output)}: Tensor = _rounded(, )"
        fit = layout.item if returns_several(op, program) else layout.root
        text = fit(value, max(LINE - 8 - len(lead) - len(dtype), 0))
        if dtype and len(text) > LINE - 13:  # the part of a call that has its own line
            text = layout.named(value)
        if output in larger:
            shape = on_ctx(op, f"{output}_shape")
            text = _spread(op, program, output, text, shape)
        home = viewed(program.nodes, value)
        if home in seen and program.nodes[value].kind.is_tensor:
            text = Text(f"{text.within(ATOM)}.clone()", ATOM)
        seen.add(home)
        results[output] = call("_rounded", [text, Text(dtype)]) if dtype else text
    return results


def _spread(op: Op, program: Program, output: str, text: Text, shape: str) -> Text:
    """A tangent of fewer inputs than its output, in the shape of that."""
    value = program.jvps[output]
    if program.nodes[value].kind.is_tensor:
        target = named(program.nodes[program.outputs[output]].axes)
        text = aligned(text, program.nodes[value].axes, target)
        return Text(f"{text.within(ATOM)}.expand({shape})", ATOM)
    return call(f"{_like(op, program)}.new_full", [Text(shape), text])


def _like(op: Op, program: Program) -> str:
    """A floating tensor, of which numbers take the dtype."""
    name, value = next(iter(program.tangents.items()))
    return f"{tangent_name(op, name)}{'.real' * program.nodes[value].kind.is_complex}"
