"""``forward``: the formulas, computed in at least float32 and rounded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgrad.axes import named
from symgrad.backends.torch_along import sizes
from symgrad.backends.torch_lines import (
    ANNOTATION,
    Code,
    is_untyped,
    result_type,
    returned,
    returns_several,
    scope,
    statistic_names,
    unpack,
    written,
)
from symgrad.backends.torch_names import NOT_IN_HALF, is_of_one_shape
from symgrad.backends.torch_precision import FULL, Precision, precision
from symgrad.backends.torch_spell import speller
from symgrad.layout import Layout, Statement
from symgrad.lines import LINE, assignment, bracketed, wrapped_tuple
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import ATOM, Text, binary, call, formula
from symgrad.program import LEAVES, Kind, Program, viewed

ROUNDED_INSIDE = ("log_softmax", "logsumexp", "prod")
"""Reductions of which torch rounds parts to half precision, at least on CPU."""


def is_plain(
    program: Program, values: Sequence[int], stop: frozenset[int], most: int = 1
) -> bool:
    """Whether single operators of torch, with its own promotion, are all it takes.

    Nothing of several operators rounds once; where a sum follows, ``most`` is 0.
    """
    return all(
        program.count_ops([v], stop) <= most
        and program.nodes[v].op not in ("where", "const", *ROUNDED_INSIDE)
        and program.nodes[v].data not in NOT_IN_HALF
        and not is_of_one_shape(program.nodes, program.nodes[v])
        and program.nodes[v].kind.is_tensor
        for v in values
    )


def has_products(program: Program, values: Sequence[int]) -> bool:
    """Whether a product of matrices is behind values: torch wants one dtype for it."""
    return any(program.nodes[v].op == "einsum" for v in program.reachable(values))


def casting(program: Program, values: Sequence[int], plain: bool = False) -> str:
    """The function that brings tensors to the dtype that they are computed in."""
    if not has_products(program, values):
        return "" if plain else "_opmath"
    return "_promoted" if plain else "_widened"


def anchor(op: Op) -> str:
    """The first floating tensor: where a number must be a tensor, one like this."""
    floating = [item for item in op.inputs if item.kind.is_floating]
    reals = [item.name for item in floating if item.kind is Kind.REAL]
    return reals[0] if reals else f"{floating[0].name}.real"


def input_leaves(program: Program) -> dict[int, str]:
    """The inputs by their names, and the sizes of their axes."""
    named = {value: name for name, value in program.inputs.items()}
    shapes = [(f"{n}.shape", program.nodes[v].axes) for v, n in named.items()]
    return named | sizes(program, shapes)


def forward_layout(
    op: Op, program: Program, names: Names, low: Precision = FULL
) -> Layout:
    """The layout of forward, in which only several outputs go by their names."""
    chosen = {f.name for f in op.lets}
    if len(op.outputs) > 1:
        chosen |= {f.name for f in op.outputs}
    kept = {v: n for v, n in program.names.items() if n in chosen}
    kept |= statistic_names(op, program)
    named = replace(program, names=kept, hints={})
    leaves = input_leaves(program)
    blocks = [[*program.outputs.values(), *program.statistics]]
    spell = low.spelled(program.nodes, speller(named, low.anchor(anchor(op))))
    return Layout(named, spell, formula, leaves, names, blocks)


def forward(op: Op, program: Program, kernel: Sequence[str] = ()) -> Code:
    """The static method ``forward``; ``kernel`` are lines that may spare the rest."""
    params = [f"{item.name}: {ANNOTATION[item.kind]}" for item in op.inputs]
    several = returns_several(op, program)
    result = result_type(op, len(program.statistics))
    signature = bracketed("def forward(", params, f") -> {result}:", 4)
    names = scope(op, program)
    dtype = names.claim("dtype")
    low = _precision(program, dtype)
    casts, rounding = _casts(op, program, names, low, dtype)
    layout = forward_layout(op, program, names, low)
    statements = layout.block([*program.outputs.values(), *program.statistics])
    texts = _fitted(program, layout, statements, rounding)
    body = [*kernel, *casts, *written(statements, 8)]
    body += _for_compile(op, program, names, texts, low)
    results = _results(program, texts, rounding)
    if several:
        kept = statistic_names(op, program).values()
        last = wrapped_tuple("return ", [*results, *kept], 8)
    else:
        last = returned(op.outputs[0].name, results[0], body, 8)
    return tuple(signature), (*body, *last)


def _fitted(
    program: Program,
    layout: Layout,
    statements: list[Statement],
    rounding: Mapping[str, str],
) -> dict[str, Text]:
    """The outputs, each short enough for its line of ``return`` or assignment."""
    outputs = program.outputs.items()
    rounded = len("return _rounded(, )")
    widths = {n: LINE - 8 - rounded - len(rounding[n]) for n, _ in outputs}
    fit = layout.item if len(outputs) > 1 or program.statistics else layout.root
    texts = {n: fit(value, widths[n]) for n, value in outputs}
    lines = [*written(statements, 8), *(text.text for text in texts.values())]
    if len(texts) > 1 or not is_untyped(lines):
        return texts
    extra = {n: len(f"{n}: Tensor = ") - len("return ") for n in texts}
    return {n: layout.root(value, widths[n] - extra[n]) for n, value in outputs}


def _precision(program: Program, dtype: str) -> Precision:
    """The precisions of forward."""
    leaves = input_leaves(program)
    ends = [*program.outputs.values(), *program.stand_ins.values()]
    if is_plain(program, ends, frozenset(leaves)):
        return FULL
    live = program.reachable([*ends, *program.statistics], frozenset(leaves))
    return precision(program, live, leaves, dtype)


def _casts(
    op: Op, program: Program, names: Names, low: Precision, dtype: str
) -> tuple[list[str], dict[str, str]]:
    """Lines that bring half precision to float32, and each output's way back."""
    outputs, leaves = program.outputs, frozenset(program.inputs.values())
    smooth = all(program.stand_ins[name] == v for name, v in outputs.items())
    reals = [item.name for item in op.inputs if item.kind is Kind.REAL]
    ends = list(outputs.values())
    plain = smooth and is_plain(program, ends, leaves)
    cast = casting(program, ends, plain)
    if not reals or not cast:  # nor a half precision that could be rounded to
        return [], dict.fromkeys(outputs, "")
    if plain:
        low = replace(low, narrow=frozenset(ends))
    lines, rounding = _roundings(op, program, names, low, dtype)
    texts = list(map(Text, reals))
    if low.is_mixed and not plain:
        return [*lines, *low.casts(reals, call("_promoted", texts))], rounding
    return [*lines, *unpack(reals, call(cast, texts), 8)], rounding


def _roundings(
    op: Op, program: Program, names: Names, low: Precision, dtype: str
) -> tuple[list[str], dict[str, str]]:
    """Lines that find the dtypes of results, and the name of each output's."""
    lines: list[str] = []
    dtypes: dict[tuple[str, ...], str] = {}
    rounding = dict.fromkeys(program.outputs, "")
    for output, value in program.outputs.items():
        used = floating_inputs(op, program, value)
        promoted = _is_promoted(op, used)
        narrow = value in low.narrow and program.stand_ins[output] == value
        if not _is_rounded(program, value) or (narrow and promoted):
            continue
        if promoted and low.dtype == dtype:  # by which products go, too
            rounding[output] = dtype
            continue
        if used not in dtypes:
            free = not dtypes and low.dtype != dtype
            dtypes[used] = dtype if free else names.claim(f"{output}_dtype")
            lines += assignment(dtypes[used], _result_dtype(used), 8)
        rounding[output] = dtypes[used]
    return lines, rounding


def _is_rounded(program: Program, value: int) -> bool:
    """Whether an output has the dtype of floating inputs; complex ones have no half."""
    behind = program.reachable([value])
    plane = any(program.nodes[v].kind.is_complex for v in behind)
    return program.nodes[value].kind is Kind.REAL and not plane


def floating_inputs(op: Op, program: Program, value: int) -> tuple[str, ...]:
    """The floating inputs behind a value; all of them if there is none."""
    behind = set(program.reachable([value]))
    reals = [item.name for item in op.inputs if item.kind is Kind.REAL]
    return tuple(n for n in reals if program.inputs[n] in behind) or tuple(reals)


def _is_promoted(op: Op, used: Sequence[str]) -> bool:
    """Whether an output of these inputs has the dtype that products have.

    In that take part all inputs, and those too that may be 0-dim.
    """
    reals = [item for item in op.inputs if item.kind is Kind.REAL]
    return len(used) == len(reals) and all(named(item.labels) for item in reals)


def _result_dtype(inputs: Sequence[str]) -> Text:
    if len(inputs) == 1:
        return Text(f"{inputs[0]}.dtype")
    return call("_result_dtype", list(map(Text, inputs)))


def _for_compile(
    op: Op, program: Program, names: Names, texts: dict[str, Text], low: Precision
) -> list[str]:
    """For outputs with a surrogate: what becomes of them while torch.compile traces.

    Outputs that this concerns get a variable of their name, also in ``texts``.
    """
    stand_ins = {n: v for n, v in program.stand_ins.items() if v != program.outputs[n]}
    if not stand_ins:
        return []
    lines: list[str] = []
    for name, text in texts.items():
        lines += assignment(name, text, 8) if text.text != name else []
        texts[name] = Text(name)
    return [
        *lines,
        "        if torch.compiler.is_compiling():",
        "            # torch.func under torch.compile differentiates what it traces.",
        *_smoothed(op, program, names, stand_ins, low),
    ]


def _smoothed(
    op: Op,
    program: Program,
    names: Names,
    stand_ins: Mapping[str, int],
    low: Precision,
) -> list[str]:
    """Each output as its surrogate plus a difference that has no derivative."""
    unnamed = replace(program, names={}, hints={})
    leaves = input_leaves(program)
    values = list(stand_ins.values())
    spell = low.spelled(program.nodes, speller(unnamed, low.anchor(anchor(op))))
    layout = Layout(unnamed, spell, formula, leaves, names, [values])
    statements = layout.block(values)
    lines: list[str] = []
    for output, value in stand_ins.items():
        smooth = names.claim("surrogate")
        lines += assignment(smooth, layout.root(value, LINE - 12 - len(smooth) - 3), 12)
        gap = binary("sub", Text(output), Text(smooth))
        held = Text(f"({gap.text}).detach()")
        if len(held) > LINE - 18:  # after "+ ", on a line of its own
            name = names.claim("gap")
            lines += assignment(name, gap, 12)
            held = Text(f"{name}.detach()")
        lines += assignment(output, binary("add", Text(smooth), held), 12)
    return [*written(statements, 12), *lines]


def _results(
    program: Program, texts: Mapping[str, Text], rounding: Mapping[str, str]
) -> list[Text]:
    """What forward returns: never an input itself, and no tensor twice."""
    results: list[Text] = []
    seen = {viewed(program.nodes, value) for value in program.statistics}
    for output, value in program.outputs.items():
        text = texts[output]
        home = viewed(program.nodes, value)
        aliased = home in seen or program.nodes[home].op in LEAVES
        part = program.nodes[value].data
        if part == "conjugate":
            text = Text(f"{text.within(ATOM)}.resolve_conj()")  # torch only marks it
        elif aliased or part in ("re", "im"):
            text = Text(f"{text.within(ATOM)}.clone()")
        if rounding[output]:
            text = call("_rounded", [text, Text(rounding[output])])
        seen.add(home)
        results.append(text)
    return results
