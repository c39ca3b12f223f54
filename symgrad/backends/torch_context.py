"""``setup_context``: what forward keeps for backward."""

from __future__ import annotations

from symgrad.backends.torch_lines import (
    ANNOTATION,
    Code,
    tensor_inputs,
    tuple_type,
    unpack,
    user_names,
)
from symgrad.layout import bracketed, wrapped_tuple
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import Text
from symgrad.program import Kind, Program


def shape_inputs(op: Op, program: Program) -> list[str]:
    """The inputs whose shape alone backward needs."""
    if len(tensor_inputs(op)) < 2:
        return []
    kept = {program.nodes[v].data for v in program.residuals}
    return [i.name for i in op.inputs if i.differentiable and i.name not in kept]


def setup_context(op: Op, program: Program) -> Code:
    """``setup_context``: what backward will need."""
    names = Names(user_names(op))
    given, result = names.claim("inputs"), names.claim("output")
    types = [ANNOTATION[item.kind] for item in op.inputs]
    several = len(op.outputs) > 1
    output_type = (
        tuple_type(["Tensor"] * len(op.outputs), "Tensor") if several else "Tensor"
    )
    params = [
        "ctx: Any",
        f"{given}: {tuple_type(types, 'Any')}",
        f"{result}: {output_type}",
    ]
    signature = bracketed("def setup_context(", params, ") -> None:", 4)
    body = _unpacked(op, program, given, result) + _kept(op, program, given, result)
    return tuple(signature), tuple(
        body or ["        pass  # the gradient needs nothing of forward"]
    )


def _kept_names(op: Op, program: Program) -> tuple[list[str], list[str], list[str]]:
    """Input tensors, outputs and Python numbers that are kept, in order."""
    inputs = {v: n for n, v in program.inputs.items()}
    outputs = {v: n for n, v in reversed(list(program.outputs.items()))}
    kept = program.residuals
    tensors = [
        inputs[v] for v in kept if v in inputs and program.nodes[v].kind.is_tensor
    ]
    results = [outputs[v] for v in kept if v not in inputs]
    numbers = [
        inputs[v] for v in kept if v in inputs and not program.nodes[v].kind.is_tensor
    ]
    return tensors, results, numbers


def _unpacked(op: Op, program: Program, given: str, result: str) -> list[str]:
    tensors, results, numbers = _kept_names(op, program)
    wanted = {*tensors, *numbers, *shape_inputs(op, program)}
    lines = []
    whole = tensors == [i.name for i in op.inputs] and not results
    if wanted and not whole:
        lines += unpack(
            [i.name if i.name in wanted else "_" for i in op.inputs], Text(given), 8
        )
    if len(op.outputs) > 1:
        used = {*results, *_unmarked(op, program)}
        used |= set(program.cotangents) if len(program.cotangents) > 1 else set()
        lines += unpack(
            [n if n in used else "_" for n in program.outputs], Text(result), 8
        )
    return lines


def _unmarked(op: Op, program: Program) -> list[str]:
    """Outputs that autograd must be told have no derivative."""
    integer = [
        n for n, v in program.outputs.items() if program.nodes[v].kind is Kind.INDEX
    ]
    return [
        f.name
        for f in op.outputs
        if f.name in op.nondifferentiable or f.name in integer
    ]


def _kept(op: Op, program: Program, given: str, result: str) -> list[str]:
    tensors, results, numbers = _kept_names(op, program)
    several = len(op.outputs) > 1
    saved = [*tensors, *(results if several else [result] * len(results))]
    whole = tensors == [i.name for i in op.inputs] and not results
    lines: list[str] = []
    if saved:
        args = [f"*{given}"] if whole else saved
        lines += bracketed("ctx.save_for_backward(", args, ")", 8)
    lines += [f"        ctx.{name} = {name}" for name in numbers]
    lines += [
        f"        ctx.{name}_shape = {name}.shape" for name in shape_inputs(op, program)
    ]
    if several:
        shapes = [f"{name}.shape" for name in program.cotangents]
        lines.append("        ctx.set_materialize_grads(False)")
        if len(shapes) > 1:
            lines += wrapped_tuple("ctx.output_shapes = ", shapes, 8)
        marked = _unmarked(op, program)
        if marked:
            lines += bracketed("ctx.mark_non_differentiable(", marked, ")", 8)
    return lines
