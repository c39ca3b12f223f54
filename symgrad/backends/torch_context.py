"""``setup_context``: what forward keeps for backward and jvp."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from symgrad import ledger
from symgrad.backends.torch_forward import casting, is_plain
from symgrad.backends.torch_lines import (
    ANNOTATION,
    Code,
    kept_names,
    on_ctx,
    result_type,
    returns_several,
    scope,
    statistic_names,
    tuple_type,
    unpack,
)
from symgrad.backends.torch_precision import FULL, Precision
from symgrad.backends.torch_shapes import shape_inputs, shape_outputs
from symgrad.lines import LINE, assignment, bracketed, wrapped_tuple
from symgrad.op import Op
from symgrad.printer import Text, call
from symgrad.program import Kind, Program


def restored(
    op: Op,
    program: Program,
    terms: Sequence[int],
    arriving: Mapping[int, str],
    most: int = 1,
    statistics: bool = True,
    low: Precision = FULL,
    unpacked: bool = False,
) -> list[str]:
    """Residuals by their names; they and what arrives, half precision as float32.

    That is left to torch where a term takes at most ``most`` operators.  Statistics
    that are not wanted get no name.  ``unpacked``: the tensors have their names.
    """
    names = kept_names(op, program)
    tensors = [v for v in program.residuals if program.nodes[v].kind.is_tensor]
    unwanted = () if statistics else program.statistics
    names |= dict.fromkeys(unwanted, "_")
    leaves = frozenset((*program.residuals, *arriving)).difference(unwanted)
    live = set(program.reachable(terms, leaves))
    given = [name for v, name in arriving.items() if v in live]
    kept = [names[v] for v in tensors]
    lines = []
    plain = is_plain(program, terms, leaves, most) or not may_be_half(program)
    cast = casting(program, terms, plain)
    if low.is_mixed:
        lines += _in_precision(program, low, given, kept)
    elif not cast:
        saves = kept and not unpacked
        lines += unpack(kept, Text("ctx.saved_tensors"), 8) if saves else []
    elif kept or given:
        saved = kept if unpacked else ["*ctx.saved_tensors"] if kept else []
        source = call(cast, [Text(name) for name in (*given, *saved)])
        lines += unpack([*given, *kept], source, 8)
    numbers = [names[v] for v in program.residuals if v not in tensors]
    for name in numbers:
        lines += assignment(name, Text(f"ctx.{name}"), 8)
    return lines


def _in_precision(
    program: Program, low: Precision, given: Sequence[str], kept: Sequence[str]
) -> list[str]:
    """What is multiplied in one dtype; statistics, which come last, are left alone."""
    count = len(kept) - len(program.statistics)
    if not program.statistics:
        saved = ["*ctx.saved_tensors"] if kept else []
        source = call("_promoted", [Text(name) for name in (*given, *saved)])
        return low.casts([*given, *kept], source)
    own = [*given, *kept[:count]]
    source = call("_promoted", list(map(Text, own)))
    return [*unpack(kept, Text("ctx.saved_tensors"), 8), *low.casts(own, source)]


def may_be_half(program: Program) -> bool:
    """Whether an input may be of half precision: no complex one is."""
    kinds = {program.nodes[value].kind for value in program.inputs.values()}
    return Kind.REAL in kinds


def may_miss(op: Op) -> bool:
    """Whether cotangents and tangents that are zero are not made by torch.

    With several outputs some are not needed as a rule.  An input without gradient may
    move all the same: then all tangents can be zero, and torch has to make them; so it
    has where some are complex and some are not.
    """
    floating = [item for item in op.inputs if item.kind.is_floating]
    kinds = [op.nodes[f.value].kind for f in op.differentiable_outputs]
    alike = len({item.kind for item in floating}) == len(set(kinds)) == 1
    return len(op.outputs) > 1 and alike and all(item.grad for item in floating)


def filled(op: Op, given: Sequence[str], shapes: str) -> list[str]:
    """Zeros for those of several cotangents or tangents that are missing."""
    if len(given) == 1 or not may_miss(op):
        return []
    source = call("_fill_missing", [Text(on_ctx(op, shapes)), *map(Text, given)])
    return unpack(given, source, 8)


def is_rounded(op: Op, program: Program) -> bool:
    """Whether a tangent may need a cast to the dtype of its output."""
    leaves = frozenset((*program.residuals, *program.tangents.values()))
    plain = is_plain(program, list(program.jvps.values()), leaves)
    alone = len(op.outputs) == 1 and not shape_outputs(program)
    nodes, ends = program.nodes, program.outputs
    flat = any(nodes[v].kind != nodes[ends[n]].kind for n, v in program.jvps.items())
    half = may_be_half(program) and not (plain and alone)
    return bool(program.jvps) and (flat or half)


def setup_context(op: Op, program: Program) -> Code:
    """``setup_context``: what backward and jvp will need."""
    names = scope(op, program)
    given, result = names.claim("inputs"), names.claim("output")
    types = [ANNOTATION[item.kind] for item in op.inputs]
    output_type = result_type(op, len(program.statistics))
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
    """Input tensors, results and Python numbers that are kept, in order."""
    inputs = {v: n for n, v in program.inputs.items()}
    outputs = {v: n for n, v in reversed(list(program.outputs.items()))}
    outputs |= statistic_names(op, program)
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
    whole = tensors == [i.name for i in op.inputs] and not results
    wanted = {*([] if whole else tensors), *numbers, *shape_inputs(op, program)}
    lines = []
    if may_miss(op) and len(program.tangents) > 1:
        wanted |= set(program.tangents)
    if wanted:
        lines += unpack(
            [i.name if i.name in wanted else "_" for i in op.inputs], Text(given), 8
        )
    if returns_several(op, program):
        used = {*results, *_unmarked(op, program)}
        shaped = may_miss(op) and len(program.cotangents) > 1
        used |= set(program.cotangents) if shaped else set()
        used |= {*shape_outputs(program)}
        used |= set(program.jvps) if is_rounded(op, program) else set()
        every = [*program.outputs, *statistic_names(op, program).values()]
        lines += unpack([n if n in used else "_" for n in every], Text(result), 8)
    return lines


def _unmarked(op: Op, program: Program) -> list[str]:
    """Results that autograd must be told have no derivative."""
    own = [f.name for f in op.outputs if f not in op.differentiable_outputs]
    return [*own, *statistic_names(op, program).values()]


def _kept(op: Op, program: Program, given: str, result: str) -> list[str]:
    tensors, results, numbers = _kept_names(op, program)
    several = returns_several(op, program)
    saved = [*tensors, *(results if several else [result] * len(results))]
    whole = tensors == [i.name for i in op.inputs] and not results
    args = [f"*{given}"] if whole else saved
    lines = _weighed(op, program) if saved else []
    for mode in ("backward", "forward") if program.jvps else ("backward",):
        lines += bracketed(f"ctx.save_for_{mode}(", args, ")", 8) if saved else []
    for name in numbers:
        lines += assignment(f"ctx.{name}", Text(name), 8)
    for name in shape_inputs(op, program):
        lines += _noted(op, name, "shape", name)
    lines += _of_outputs(op, program, result)
    return lines + (_of_several(op, program) if several else [])


def _weighed(op: Op, program: Program) -> list[str]:
    """The comment that says how much is kept."""
    total = ledger.bytes_of(ledger.kept(program, kept_names(op, program)))
    text = f"Keeps {total} bytes in single precision, for a batch of B."
    indent = "        # "
    return textwrap.wrap(text, LINE, initial_indent=indent, subsequent_indent=indent)


def _of_outputs(op: Op, program: Program, result: str) -> list[str]:
    """What forward mode must know of the outputs."""
    several = returns_several(op, program)
    called = {n: n if several else result for n in program.outputs}
    rounded = program.jvps if is_rounded(op, program) else ()
    lines: list[str] = []
    for attribute, names in (("shape", shape_outputs(program)), ("dtype", rounded)):
        for name in names:
            lines += _noted(op, name, attribute, called[name])
    return lines


def _noted(op: Op, name: str, attribute: str, called: str) -> list[str]:
    """An attribute of a tensor, kept on ctx under the tensor's name and its own."""
    kept = on_ctx(op, f"{name}_{attribute}")
    return assignment(kept, Text(f"{called}.{attribute}"), 8)


def _of_several(op: Op, program: Program) -> list[str]:
    """What an op of several results tells autograd, and keeps of shapes."""
    lines: list[str] = []
    if may_miss(op):
        lines.append("        ctx.set_materialize_grads(False)")
        roles = (("output", program.cotangents), ("input", program.tangents))
        for role, names in roles:
            shapes = [f"{name}.shape" for name in names]
            if len(shapes) > 1:
                lines += wrapped_tuple(f"{on_ctx(op, f'{role}_shapes')} = ", shapes, 8)
    marked = _unmarked(op, program)
    if marked:
        lines += bracketed("ctx.mark_non_differentiable(", marked, ")", 8)
    return lines
