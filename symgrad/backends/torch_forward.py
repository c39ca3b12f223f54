"""The forward half of an op: ``forward``, ``setup_context`` and the public function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgrad.backends.torch_docs import function_doc
from symgrad.backends.torch_spell import speller
from symgrad.layout import LINE, Layout, Statement, assignment, bracketed, wrapped
from symgrad.naming import Names
from symgrad.op import Input, Op
from symgrad.printer import ATOM, Text, formula
from symgrad.program import LEAVES, Kind, Program

Code = tuple[tuple[str, ...], tuple[str, ...]]
"""The lines of a signature and of a body."""

_ANNOTATION = {
    Kind.REAL: "Tensor",
    Kind.COMPLEX: "Tensor",
    Kind.INDEX: "Tensor",
    Kind.MASK: "Tensor",
    Kind.FLOAT: "float",
    Kind.INT: "int",
    Kind.BOOL: "bool",
}
MAX_ANNOTATION = 56
"""A tuple annotation longer than this is shortened to ``tuple[X, ...]``."""


def tuple_type(parts: Sequence[str], shorter: str) -> str:
    """The type of a tuple, or ``tuple[shorter, ...]`` if that would be too long."""
    exact = f"tuple[{', '.join(parts)}]"
    return exact if len(exact) <= MAX_ANNOTATION else f"tuple[{shorter}, ...]"


def tensor_inputs(op: Op) -> list[Input]:
    """The inputs that are tensors, in order."""
    return [item for item in op.inputs if item.kind.is_tensor]


def user_names(op: Op) -> list[str]:
    """Every name that belongs to the user in the code of an op."""
    named = (*op.inputs, *op.lets, *op.outputs)
    gradients = [f"{prefix}_{item.name}" for item in named for prefix in ("grad", "need")]
    return [op.name, "torch", "ctx", "F", "math", *gradients, *(item.name for item in named)]


def is_plain(program: Program, values: Sequence[int], stop: frozenset[int]) -> bool:
    """Whether torch's own promotion and rounding of single operators is all it takes."""
    return all(
        program.count_ops([v], stop) <= 1
        and program.nodes[v].op not in ("where", "const")
        and program.nodes[v].kind.is_tensor
        for v in values
    )


def anchor(op: Op) -> str:
    """The first floating tensor: where a number must be a tensor, one like this."""
    return next(item.name for item in op.inputs if item.kind is Kind.REAL)


def forward_layout(op: Op, program: Program, names: Names) -> Layout:
    """The layout of forward, in which only several outputs go by their names."""
    chosen = {f.name for f in op.lets}
    if len(op.outputs) > 1:
        chosen |= {f.name for f in op.outputs}
    kept = {v: n for v, n in program.names.items() if n in chosen}
    named = replace(program, names=kept, hints={})
    leaves = {value: name for name, value in program.inputs.items()}
    blocks = [list(program.outputs.values())]
    return Layout(named, speller(named, anchor(op)), formula, leaves, names, blocks)


def forward(op: Op, program: Program) -> Code:
    """``forward``: the formulas, computed in at least float32 and rounded once."""
    params = [f"{item.name}: {_ANNOTATION[item.kind]}" for item in op.inputs]
    result = tuple_type(["Tensor"] * len(op.outputs), "Tensor") if len(op.outputs) > 1 else "Tensor"
    signature = bracketed("def forward(", params, f") -> {result}:", 4)
    names = Names(user_names(op))
    casts, rounding = _casts(op, program, names)
    layout = forward_layout(op, program, names)
    statements = layout.block(list(program.outputs.values()))
    texts = {
        output: layout.root(value, LINE - 8 - len("return ()") - len(rounding[output]))
        for output, value in program.outputs.items()
    }
    body = [*casts, *written(statements, 8)]
    surrogates = _surrogate_lines(op, program, names)
    if surrogates:
        for output, text in texts.items():
            body += assignment(output, text, 8) if text.text != output else []
            texts[output] = Text(output)
        body += surrogates
    results = _results(program, texts, rounding)
    if len(results) == 1:
        last = returned(op.outputs[0].name, results[0], body, 8)
        return tuple(signature), (*body, *last)
    texts_only = [result.text for result in results]
    return tuple(signature), (*body, *tuple_return(texts_only, 8))


def written(statements: Sequence[Statement], indent: int) -> list[str]:
    """The lines of statements."""
    return [line for s in statements for line in assignment(s.target, s.value, indent)]


def _casts(op: Op, program: Program, names: Names) -> tuple[list[str], dict[str, str]]:
    """Lines that bring half precision to float32, and each output's way back."""
    outputs = program.outputs
    leaves = frozenset(program.inputs.values())
    same = all(program.stand_ins[n] == v for n, v in outputs.items())
    if same and is_plain(program, list(outputs.values()), leaves):
        return [], dict.fromkeys(outputs, "")
    reals = [item.name for item in op.inputs if item.kind is Kind.REAL]
    lines: list[str] = []
    dtypes: dict[tuple[str, ...], str] = {}
    rounding: dict[str, str] = {}
    for output, value in outputs.items():
        if program.nodes[value].kind is Kind.INDEX:
            rounding[output] = ""
            continue
        behind = set(program.reachable([value]))
        used = tuple(n for n in reals if program.inputs[n] in behind) or tuple(reals)
        if used not in dtypes:
            dtypes[used] = names.claim("dtype" if not dtypes else f"{output}_dtype")
            lines += assignment(dtypes[used], _result_dtype(used), 8)
        rounding[output] = f".to({dtypes[used]})"
    target = f"({reals[0]},)" if len(reals) == 1 else ", ".join(reals)
    lines += assignment(target, Text(f"_opmath({', '.join(reals)})", pieces=tuple(reals), head="_opmath"), 8)
    return lines, rounding


def _result_dtype(inputs: Sequence[str]) -> Text:
    if len(inputs) == 1:
        return Text(f"{inputs[0]}.dtype")
    return Text(f"_result_dtype({', '.join(inputs)})", pieces=tuple(inputs), head="_result_dtype")


def _surrogate_lines(op: Op, program: Program, names: Names) -> list[str]:
    """For outputs with a surrogate: what becomes of them while torch.compile traces."""
    stand_ins = {n: v for n, v in program.stand_ins.items() if v != program.outputs[n]}
    if not stand_ins:
        return []
    leaves = {value: name for name, value in program.inputs.items()}
    unnamed = replace(program, names={}, hints={})
    values = list(stand_ins.values())
    spell = speller(unnamed, anchor(op))
    layout = Layout(unnamed, spell, formula, leaves, names, [values])
    statements = layout.block(values)
    assigned: list[str] = []
    for output, value in stand_ins.items():
        smooth = names.claim("surrogate")
        text = layout.root(value, LINE - 12 - len(smooth) - 3)
        assigned += assignment(smooth, text, 12)
        assigned.append(f"            {output} = {smooth} + ({output} - {smooth}).detach()")
    return [
        "        if torch.compiler.is_compiling():",
        "            # torch.func under torch.compile differentiates what it traces.",
        *written(statements, 12),
        *assigned,
    ]


def _results(
    program: Program, texts: Mapping[str, Text], rounding: Mapping[str, str]
) -> list[Text]:
    """What forward returns: never an input itself, and no tensor twice."""
    results: list[Text] = []
    seen: set[int] = set()
    for output, value in program.outputs.items():
        text = texts[output]
        if program.nodes[value].op in LEAVES or value in seen:
            text = Text(f"{text.within(ATOM)}.clone()")
        if rounding[output]:
            text = Text(f"{text.within(ATOM)}{rounding[output]}")
        seen.add(value)
        results.append(text)
    return results


_UNTYPED = ("torch.special.", "F.")
"""What torch gives no return type."""


def returned(name: str, value: Text, before: Sequence[str], indent: int) -> list[str]:
    """``return value``, by way of ``name: Tensor`` where torch leaves the type open.

    ``before`` are the lines that lead up to it.
    """
    if not any(mark in line for mark in _UNTYPED for line in (*before, value.text)):
        return wrapped("return ", value, indent)
    return [*wrapped(f"{name}: Tensor = ", value, indent), f"{' ' * indent}return {name}"]


def tuple_return(parts: Sequence[str], indent: int) -> list[str]:
    """``return a, b``, or an item a line."""
    pad = " " * indent
    line = f"{pad}return {', '.join(parts)}"
    if len(line) <= LINE:
        return [line]
    return [f"{pad}return (", *(f"{pad}    {part}," for part in parts), f"{pad})"]


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
    types = [_ANNOTATION[item.kind] for item in op.inputs]
    several = len(op.outputs) > 1
    output_type = tuple_type(["Tensor"] * len(op.outputs), "Tensor") if several else "Tensor"
    params = ["ctx: Any", f"{given}: {tuple_type(types, 'Any')}", f"{result}: {output_type}"]
    signature = bracketed("def setup_context(", params, ") -> None:", 4)
    body = _unpacked(op, program, given, result) + _kept(op, program, given, result)
    return tuple(signature), tuple(body or ["        pass  # the gradient needs nothing of forward"])


def _kept_names(op: Op, program: Program) -> tuple[list[str], list[str], list[str]]:
    """Input tensors, outputs and Python numbers that are kept, in order."""
    inputs = {v: n for n, v in program.inputs.items()}
    outputs = {v: n for n, v in reversed(program.outputs.items())}
    kept = program.residuals
    tensors = [inputs[v] for v in kept if v in inputs and program.nodes[v].kind.is_tensor]
    results = [outputs[v] for v in kept if v not in inputs]
    numbers = [inputs[v] for v in kept if v in inputs and not program.nodes[v].kind.is_tensor]
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
    marked = _unmarked(op, program)
    needs_outputs = {*results, *marked} | (set(program.outputs) if len(op.outputs) > 1 else set())
    if len(op.outputs) > 1 and needs_outputs:
        shaped = set(program.cotangents) | set(results) | set(marked)
        lines += unpack(
            [n if n in shaped else "_" for n in program.outputs], Text(result), 8
        )
    return lines


def _unmarked(op: Op, program: Program) -> list[str]:
    """Outputs that autograd must be told have no derivative."""
    integer = [n for n, v in program.outputs.items() if program.nodes[v].kind is Kind.INDEX]
    return [f.name for f in op.outputs if f.name in op.nondifferentiable or f.name in integer]


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
    lines += [f"        ctx.{name}_shape = {name}.shape" for name in shape_inputs(op, program)]
    if several:
        shapes = [f"{name}.shape" for name in program.cotangents]
        lines.append("        ctx.set_materialize_grads(False)")
        if len(shapes) > 1:
            lines += wrapped("ctx.output_shapes = ", Text(", ".join(shapes), 0), 8)
        marked = _unmarked(op, program)
        if marked:
            lines += bracketed("ctx.mark_non_differentiable(", marked, ")", 8)
    return lines


def unpack(targets: Sequence[str], source: Text, indent: int) -> list[str]:
    """``a, b = source``, with a target a line if that is too long."""
    pad = " " * indent
    if len(targets) == 1:
        return wrapped(f"({targets[0]},) = ", source, indent)
    line = f"{pad}{', '.join(targets)} = {source.text}"
    if len(line) <= LINE:
        return [line]
    opened = [f"{pad}(", *(f"{pad}    {target}," for target in targets)]
    return [*opened, *wrapped(") = ", source, indent)]


def function(op: Op, program: Program, class_name: str) -> Code:
    """The public function: checks its arguments, then applies the Function."""
    params = [_parameter(item) for item in op.inputs]
    several = len(op.outputs) > 1
    result = tuple_type(["Tensor"] * len(op.outputs), "Tensor") if several else "Tensor"
    signature = bracketed(f"def {op.name}(", params, f") -> {result}:", 0)
    args = [item.name for item in op.inputs]
    names = Names(user_names(op))
    local = names.claim("outputs") if several else op.outputs[0].name
    body = [*function_doc(op, program), *_checks(op)]
    if _may_skip(op, program):
        body.append("    if not torch.is_grad_enabled():")
        body += bracketed(f"return {class_name}.forward(", args, ")", 8)
    applied = bracketed(f"{local}: {result} = {class_name}.apply(", args, ")", 4)
    ignore = "  # type: ignore[no-untyped-call]"
    applied[0] += ignore
    return tuple(signature), (*body, *applied, f"    return {local}")


def _may_skip(op: Op, program: Program) -> bool:
    """Whether native autograd of forward is right, as forward mode without grad needs."""
    detached = any(node.op == "stop_gradient" for node in program.nodes)
    return not (op.has_surrogate_derivative or op.overrides or detached)


def _parameter(item: Input) -> str:
    annotated = f"{item.name}: {_ANNOTATION[item.kind]}"
    return f"{annotated} = {item.default!r}" if item.has_default else annotated


_CHECKS = {
    Kind.REAL: "_check_floating",
    Kind.COMPLEX: "_check_floating",
    Kind.INDEX: "_check_integer",
    Kind.MASK: "_check_mask",
}


def _checks(op: Op) -> list[str]:
    lines: list[str] = []
    for check in dict.fromkeys(_CHECKS.values()):
        names = [i.name for i in op.inputs if _CHECKS.get(i.kind) == check]
        if names:
            args = [f'"{op.name}"', *(f"{name}={name}" for name in names)]
            lines += bracketed(f"{check}(", args, ")", 4)
    for kind, python in ((Kind.FLOAT, "float"), (Kind.INT, "int"), (Kind.BOOL, "bool")):
        names = [i.name for i in op.inputs if i.kind is kind]
        if names:
            args = [f'"{op.name}"', python, *(f"{name}={name}" for name in names)]
            lines += bracketed("_check_number(", args, ")", 4)
    return lines
