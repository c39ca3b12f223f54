"""Which shapes a derivative has to know, and which tensors decide a value's shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

from symgrad.axes import BATCH, Axes, named, size_of
from symgrad.backends.torch_along import sizes
from symgrad.backends.torch_lines import kept_names, on_ctx, tensor_inputs
from symgrad.op import Op
from symgrad.program import Kind, Program


def shape_inputs(op: Op, program: Program) -> list[str]:
    """The inputs whose shape alone backward needs."""
    own = set(program.inputs.values()).intersection(program.residuals)
    kept = {program.nodes[v].data for v in own}
    if op.has_axes:
        return [n for n in _shaped(op, program) if n not in kept]
    if len(tensor_inputs(op)) < 2:
        return []
    return [i.name for i in op.inputs if i.differentiable and i.name not in kept]


def _shaped(op: Op, program: Program) -> Iterator[str]:
    """The inputs with named axes that a gradient or a size asks for the shape of."""
    seen = {size_of(a) for v in program.cotangents.values() for a in _axes(program, v)}
    wanted = {str(node.data) for node in program.nodes if node.op == "size"}
    for item in op.inputs:
        own = {size_of(axis) for axis in named(item.labels)}
        needed = item.differentiable and _asks_for_shape(op, program, item.name)
        if needed or not wanted.isdisjoint(own - seen):
            seen |= own
            yield item.name


def _asks_for_shape(op: Op, program: Program, name: str) -> bool:
    """Whether a gradient may have another shape than its input by itself."""
    own = program.nodes[program.inputs[name]].axes
    terms = program.gradients[name]
    lacking = any(program.nodes[v].axes != own for v in terms) or not terms
    return lacking or any(may_be_larger(op, program, name, v) for v in terms)


def may_be_larger(op: Op, program: Program, name: str, term: int) -> bool:
    """Whether a term of a gradient can have a batch that its input has not.

    One that lacks the cotangent is spread over all that the output has.
    """
    batched = [item.name for item in op.inputs if BATCH in item.labels]
    larger = BATCH in program.nodes[term].axes and batched != [name]
    return larger or is_spread(op, program, term)


def is_spread(op: Op, program: Program, term: int) -> bool:
    """Whether a term of an op with named axes lacks the cotangent, and so the batch."""
    return op.has_axes and not has_cotangent(program, term)


def has_cotangent(program: Program, term: int) -> bool:
    """Whether a term is in proportion to what arrives, as all but given ones are."""
    cotangents = set(program.cotangents.values())
    return not cotangents.isdisjoint(program.reachable([term]))


def _axes(program: Program, value: int) -> Axes:
    return named(program.nodes[value].axes)


def derived_leaves(
    op: Op, program: Program, arriving: Mapping[int, str], statistics: bool = True
) -> dict[int, str]:
    """What a derivative finds: residuals, what arrives, and the sizes of axes.

    ``statistics`` says whether those are at hand, or have to be computed again.
    """
    kept = kept_names(op, program)
    if not statistics:
        kept = {v: n for v, n in kept.items() if v not in program.statistics}
    found = [*reversed(kept.items()), *arriving.items()]
    held = [(f"{name}.shape", program.nodes[v].axes) for v, name in found]
    for name in shape_inputs(op, program):
        held.append((on_ctx(op, f"{name}_shape"), op.input(name).labels))
    return {**kept, **arriving, **sizes(program, held)}


def input_shape(op: Op, program: Program, name: str) -> str:
    """The shape of a differentiable input, as a derivative finds it."""
    if name in shape_inputs(op, program):
        return on_ctx(op, f"{name}_shape")
    return f"{name}.shape"


def shape_outputs(program: Program) -> list[str]:
    """The outputs that may be larger than what their tangent is computed from."""
    possible, certain = _behind(program, False), _behind(program, True)
    ends = program.outputs
    nodes = program.nodes
    return [
        n
        for n, v in program.jvps.items()
        if not certain[v] >= possible[ends[n]] or nodes[v].axes != nodes[ends[n]].axes
    ]


def in_one_batch(op: Op, program: Program) -> bool:
    """Whether an output may have no part in a batch that another has a part in.

    If they share an input, torch's generated rule for vmap is not for them.
    """
    ends = [program.outputs[f.name] for f in op.differentiable_outputs]
    if len(ends) < 2:
        return False
    possible, certain = _behind(program, False), _behind(program, True)
    moving = {program.inputs[name] for name in program.gradients}
    return any(
        possible[y] - certain[x] and possible[x] & possible[y] & moving
        for x, y in permutations(ends, 2)
    )


def _behind(program: Program, certain: bool) -> list[frozenset[int]]:
    """For each value the tensors that have a part in its shape.

    ``certain`` are those whichever branch of a Python condition is taken.
    """
    nodes = program.nodes
    tensors = {v for v in program.inputs.values() if nodes[v].kind.is_tensor}
    moving = {v: program.inputs[n] for n, v in program.tangents.items()}
    own = {v: frozenset(tensors & {moving.get(v, v)}) for v in (*tensors, *moving)}
    nothing = frozenset[int]()
    behind: list[frozenset[int]] = []
    for value, node in enumerate(nodes):
        parts = {behind[arg] for arg in node.args}
        if certain and node.op == "where" and nodes[node.args[0]].kind is Kind.BOOL:
            behind.append(behind[node.args[1]] & behind[node.args[2]])
        elif len(parts) == 1:  # as of most: that very set, to be known again at once
            behind.append(parts.pop())
        else:
            behind.append(own.get(value, nothing).union(*parts))
    return behind
