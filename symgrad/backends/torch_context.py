"""``setup_context``: what forward keeps for backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad.backends.torch_forward import is_plain
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
from symgrad.printer import Text, call
from symgrad.program import Program


def shape_inputs(op: Op, program: Program) -> list[str]:
    """The inputs whose shape alone backward needs."""
    if len(tensor_inputs(op)) < 2:
        return []
    kept = {program.nodes[v].data for v in program.residuals}
    return [i.name for i in op.inputs if i.differentiable and i.name not in kept]


def shape_of(op: Op, program: Program, name: str) -> str:
    """The shape of a differentiable input, as a derivative finds it."""
    if name in shape_inputs(op, program):
        return f"ctx.{name}_shape"
    return f"{name}.shape"


def restored(
    program: Program,
    terms: Sequence[int],
    arriving: Mapping[int, str],
    most: int = 1,
) -> list[str]:
    """Residuals by their names; they and what arrives, half precision as float32.

    That is left to torch where a term takes at most ``most`` operators.
    """
    by_value = [*program.inputs.items(), *program.outputs.items()]
    names = {v: n for n, v in reversed(by_value)}
    tensors = [v for v in program.residuals if program.nodes[v].kind.is_tensor]
    leaves = frozenset((*program.residuals, *arriving))
    live = set(program.reachable(terms, leaves))
    given = [name for v, name in arriving.items() if v in live]
    kept = [names[v] for v in tensors]
    lines = []
    if is_plain(program, terms, leaves, most):
        lines += unpack(kept, Text("ctx.saved_tensors"), 8) if kept else []
    elif kept or given:
        saved = ["*ctx.saved_tensors"] if kept else []
        source = call("_opmath", [Text(name) for name in (*given, *saved)])
        lines += unpack([*given, *kept], source, 8)
    numbers = [names[v] for v in program.residuals if v not in tensors]
    return lines + [f"        {name} = ctx.{name}" for name in numbers]


def is_rounded(op: Op, program: Program) -> bool:
    """Whether forward mode computes in more than the dtype of the outputs."""
    leaves = frozenset((*program.residuals, *program.tangents.values()))
    plain = is_plain(program, list(program.jvps.values()), leaves)
    return bool(program.jvps) and not (plain and len(op.outputs) == 1)


def shape_outputs(program: Program) -> list[str]:
    """The outputs that are larger than what their tangent is computed from."""
    return [n for n, v in program.jvps.items() if not _covers(program, v, n)]


def _covers(program: Program, tangent: int, output: str) -> bool:
    """Whether a tangent has the shape of its output by broadcasting alone."""
    moving = {v: program.inputs[n] for n, v in program.tangents.items()}
    behind = program.reachable([tangent])
    present = {moving.get(v, v) for v in behind}
    tensors = {v for v in program.inputs.values() if program.nodes[v].kind.is_tensor}
    return present.issuperset(
        tensors.intersection(program.reachable([program.outputs[output]]))
    )


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
    if len(op.outputs) > 1 and len(program.tangents) > 1:
        wanted, whole = wanted | set(program.tangents), False
    if wanted and not whole:
        lines += unpack(
            [i.name if i.name in wanted else "_" for i in op.inputs], Text(given), 8
        )
    if len(op.outputs) > 1:
        used = {*results, *_unmarked(op, program)}
        used |= set(program.cotangents) if len(program.cotangents) > 1 else set()
        used |= {*shape_outputs(program), *program.jvps}
        lines += unpack(
            [n if n in used else "_" for n in program.outputs], Text(result), 8
        )
    return lines


def _unmarked(op: Op, program: Program) -> list[str]:
    """Outputs that autograd must be told have no derivative."""
    return [f.name for f in op.outputs if f not in op.differentiable_outputs]


def _kept(op: Op, program: Program, given: str, result: str) -> list[str]:
    tensors, results, numbers = _kept_names(op, program)
    several = len(op.outputs) > 1
    saved = [*tensors, *(results if several else [result] * len(results))]
    whole = tensors == [i.name for i in op.inputs] and not results
    args = [f"*{given}"] if whole else saved
    lines: list[str] = []
    for mode in ("backward", "forward") if program.jvps else ("backward",):
        lines += bracketed(f"ctx.save_for_{mode}(", args, ")", 8) if saved else []
    lines += [f"        ctx.{name} = {name}" for name in numbers]
    lines += [
        f"        ctx.{name}_shape = {name}.shape" for name in shape_inputs(op, program)
    ]
    lines += _of_outputs(op, program, result)
    return lines + (_of_several(op, program) if several else [])


def _of_outputs(op: Op, program: Program, result: str) -> list[str]:
    """What forward mode must know of the outputs."""
    called = {n: n if len(op.outputs) > 1 else result for n in program.outputs}
    shapes = [
        f"        ctx.{n}_shape = {called[n]}.shape" for n in shape_outputs(program)
    ]
    rounded = program.jvps if is_rounded(op, program) else ()
    return [*shapes, *(f"        ctx.{n}_dtype = {called[n]}.dtype" for n in rounded)]


def _of_several(op: Op, program: Program) -> list[str]:
    """What an op of several outputs must tell autograd, and know of missing parts."""
    lines = ["        ctx.set_materialize_grads(False)"]
    for role, names in (("output", program.cotangents), ("input", program.tangents)):
        shapes = [f"{name}.shape" for name in names]
        if len(shapes) > 1:
            lines += wrapped_tuple(f"ctx.{role}_shapes = ", shapes, 8)
    marked = _unmarked(op, program)
    if marked:
        lines += bracketed("ctx.mark_non_differentiable(", marked, ")", 8)
    return lines
