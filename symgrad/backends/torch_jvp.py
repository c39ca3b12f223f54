"""``jvp``: the tangents of the outputs, for forward mode.

It stands in a class of its own, a child of the one that the op is named after:
torch.compile takes no class that has a jvp.
"""

from __future__ import annotations

from symgrad.backends.torch_context import (
    is_rounded,
    restored,
    shape_outputs,
)
from symgrad.backends.torch_lines import (
    Code,
    returned,
    tuple_type,
    unpack,
    user_names,
    written,
)
from symgrad.backends.torch_spell import speller
from symgrad.layout import LINE, Layout, bracketed, wrapped_tuple
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import ATOM, Text, call, formula
from symgrad.program import Program


def jvp(op: Op, program: Program) -> Code:
    """The static method ``jvp``: linear in the tangents of the inputs."""
    tangent = "Tensor | None" if _may_miss(op, program) else "Tensor"
    kinds = [tangent if item.name in program.tangents else "None" for item in op.inputs]
    params = [f"tangent_{i.name}: {k}" for i, k in zip(op.inputs, kinds, strict=True)]
    signature = bracketed("def jvp(", ["ctx: Any", *params], f") -> {_type(op)}:", 4)
    return tuple(signature), (*_missing(op, program), *_body(op, program))


def _type(op: Op) -> str:
    if len(op.outputs) == 1:
        return "Tensor"
    moving = {f.name for f in op.differentiable_outputs}
    parts = ["Tensor" if f.name in moving else "None" for f in op.outputs]
    return tuple_type(parts, "Tensor | None")


def _may_miss(op: Op, program: Program) -> bool:
    """With several outputs torch leaves out tangents that are zero, but not all."""
    return len(op.outputs) > 1 and len(program.tangents) > 1


def _missing(op: Op, program: Program) -> list[str]:
    """Zeros for the tangents that may be missing."""
    if not _may_miss(op, program):
        return []
    given = [f"tangent_{name}" for name in program.tangents]
    filled = call("_fill_missing", [Text("ctx.input_shapes"), *map(Text, given)])
    return unpack(given, filled, 8)


def _body(op: Op, program: Program) -> list[str]:
    """The temporaries, then the tangents of the outputs."""
    values = list(program.jvps.values())
    arriving = {v: f"tangent_{n}" for n, v in program.tangents.items()}
    by_value = [*program.inputs.items(), *program.outputs.items()]
    kept = {v: n for n, v in reversed(by_value) if v in program.residuals}
    names = Names(user_names(op))
    spell = speller(program, next(iter(arriving.values())))
    layout = Layout(program, spell, formula, kept | arriving, names, [values])
    statements = layout.block(values)
    results = {n: _result(op, program, layout, n) for n in program.jvps}
    lines = [*restored(program, values, arriving), *written(statements, 8)]
    if len(op.outputs) == 1:
        [(output, text)] = results.items()
        typed = all(program.nodes[v].kind.is_tensor for v in program.residuals)
        return [*lines, *returned(f"tangent_{output}", text, lines, 8, typed)]
    parts = [results[f.name].text if f.name in results else "None" for f in op.outputs]
    return [*lines, *wrapped_tuple("return ", parts, 8)]


def _result(op: Op, program: Program, layout: Layout, output: str) -> Text:
    """The tangent of an output, in the output's shape and dtype."""
    value = program.jvps[output]
    dtype = f"ctx.{output}_dtype" if is_rounded(op, program) else ""
    width = LINE - 8 - len(f"tangent_{output}: Tensor = _rounded(, )") - len(dtype)
    text = layout.root(value, width)
    if output in shape_outputs(program):
        text = _spread(program, value, text, f"ctx.{output}_shape")
    return call("_rounded", [text, Text(dtype)]) if dtype else text


def _spread(program: Program, value: int, text: Text, shape: str) -> Text:
    """A tangent of fewer inputs than its output, in the shape of that."""
    if program.nodes[value].kind.is_tensor:
        return Text(f"{text.within(ATOM)}.expand({shape})", ATOM)
    like = f"tangent_{next(iter(program.tangents))}"
    return call(f"{like}.new_full", [Text(shape), text])
