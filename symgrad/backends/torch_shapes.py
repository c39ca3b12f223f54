"""Which shapes a derivative has to know, and which tensors decide a value's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import reduce
from itertools import permutations
from operator import or_

from symgrad.axes import BATCH, Axes, named, size_of
from symgrad.backends.torch_along import sizes
from symgrad.backends.torch_lines import kept_names, on_ctx
from symgrad.leaf_sets import LeafSet
from symgrad.op import Op
from symgrad.program import Kind, Program


def shape_inputs(op: Op, program: Program) -> list[str]:
    """The inputs whose shape alone backward needs."""
    if op.has_axes:
        return [n for n in _shaped(op, program) if not _is_kept(program, n)]
    if len(op.tensors) < 2:
        return []
    wanted = (item.name for item in op.inputs if item.differentiable)
    return [name for name in wanted if not _is_kept(program, name)]


def _is_kept(program: Program, name: str) -> bool:
    """Whether backward has an input itself."""
    return program.inputs[name] in program.kept


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
    larger = BATCH in program.nodes[term].axes and op.batched != (name,)
    return larger or is_spread(op, program, term)


def is_spread(op: Op, program: Program, term: int) -> bool:
    """Whether a term of an op with named axes lacks the cotangent, and so the batch."""
    return op.has_axes and not has_cotangent(program, term)


def has_cotangent(program: Program, term: int) -> bool:
    """Whether a term is in proportion to what arrives, as all but given ones are."""
    return term in program.arriving


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
    held = _is_kept(program, name) or (op.has_axes and name not in _shaped(op, program))
    alone = len(op.tensors) < 2 and not op.has_axes
    return f"{name}.shape" if held or alone else on_ctx(op, f"{name}_shape")


def shape_outputs(program: Program) -> list[str]:
    """The outputs that may be larger than what their tangent is computed from."""
    possible, certain = _shapes(program)
    ends = program.outputs
    nodes = program.nodes
    return [
        n
        for n, v in program.jvps.items()
        if possible[ends[n]] & ~certain[v] or nodes[v].axes != nodes[ends[n]].axes
    ]


def in_one_batch(op: Op, program: Program) -> bool:
    """Whether an output may have no part in a batch that another has a part in.

    If they share an input, torch's generated rule for vmap is not for them.
    """
    ends = [program.outputs[f.name] for f in op.differentiable_outputs]
    if len(ends) < 2:
        return False
    possible, certain = _shapes(program)
    moving = 0
    for name in program.gradients:
        moving |= possible[program.inputs[name]]
    kinds = Counter((possible[end], certain[end]) for end in ends)
    some = [kind for kind, count in kinds.items() for _ in range(min(count, 2))]
    return any(
        mine & ~sure and theirs & mine & moving
        for (mine, _), (theirs, sure) in permutations(some, 2)
    )


def fills_one_shape(op: Op, program: Program) -> bool:
    """Whether every output has the batch that all tensors with one broadcast to."""
    _, certain = _shapes(program)
    batched = [i.name for i in op.tensors if BATCH in i.labels]
    whole = reduce(or_, (certain[program.inputs[name]] for name in batched), 0)
    return all(certain[v] & whole == whole for v in program.outputs.values())


_Shapes = Sequence[LeafSet]
"""For each value the tensors that have a part in its shape."""


def _shapes(program: Program) -> tuple[_Shapes, _Shapes]:
    """Those that may have a part, and those that have whichever way choices go.

    Only Python conditions choose shapes.
    """
    nodes = program.nodes
    choices = {
        value
        for value, node in enumerate(nodes)
        if node.op == "where" and nodes[node.args[0]].kind is Kind.BOOL
    }
    possible = _behind(program, set())
    return possible, _behind(program, choices) if choices else possible


def _behind(program: Program, choices: Set[int]) -> _Shapes:
    """Tensors behind values; of a choice those that are behind both branches."""
    nodes = program.nodes
    tensors = [v for v in program.inputs.values() if nodes[v].kind.is_tensor]
    own = {value: 1 << place for place, value in enumerate(tensors)}
    own |= {v: own.get(program.inputs[n], 0) for n, v in program.tangents.items()}
    behind: list[LeafSet] = []
    for value, node in enumerate(nodes):
        parts = [behind[arg] for arg in node.args]
        if value in choices:
            behind.append(parts[1] & parts[2])
        else:
            behind.append(reduce(or_, parts, own.get(value, 0)))
    return behind
