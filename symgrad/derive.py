"""Derivatives of a forward program: what backward returns and what jvp returns.

An elementwise op with one output is swept in reverse with the seed 1, which gives the
partials of the output themselves; the cotangent is multiplied in once, at the end.
Several outputs are swept together.  Forward mode multiplies the same partials by the
tangents, or, with several outputs, pushes the tangents through the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad import algebra
from symgrad.axes import BATCH, Axes, named
from symgrad.op import Op
from symgrad.program import Graph, Kind, Node, Program, moving_kind
from symgrad.push import push
from symgrad.sweep import Seed, Tape, shape_of, sweep, times
from symgrad.totals import total


def primal(op: Op) -> Program:
    """The forward program of an op, with the values that gradients will start from."""
    names = {f.value: f.name for f in (*op.lets, *op.outputs)}
    graph = Graph(op.nodes)
    inputs = {i.name: graph.input(i.name, i.kind, i.labels) for i in op.inputs}
    return Program(
        nodes=tuple(graph.nodes),
        inputs=inputs,
        outputs={f.name: f.value for f in op.outputs},
        names={v: n for v, n in names.items() if graph[v].op != "input"},
        stand_ins={f.name: op.stand_ins.get(f.name, f.value) for f in op.outputs},
        gradients={f.name: (f.value,) for f in op.overrides},
        domains=op.domains,
    )


def differentiate(program: Program, op: Op) -> Program:
    """Add the gradients of the inputs and the tangents of the outputs to a program.

    ``gradients`` of the result maps each differentiable input to the terms whose sum,
    each reduced to the input's shape, is its gradient; ``partials`` to what a person
    would call its derivative.  Gradients that the program brings are overrides and
    stay as they are.
    """
    graph = Graph(program.nodes, program.domains)
    every = [item.name for item in op.inputs if item.differentiable]
    seeds = {f.name: program.stand_ins[f.name] for f in op.differentiable_outputs}
    cotangents = {
        name: _moving(graph, graph.cotangent, name, program.outputs[name])
        for name in seeds
    }
    tape = Tape(
        graph=graph,
        program=program,
        edges=op.edges,
        wanted={n: program.inputs[n] for n in every if n not in program.gradients},
        hints={},
    )
    alone = has_partials(program, len(seeds))
    found = (_single if alone else _joint)(tape, cotangents)
    given = {n: _given(graph, program, n) for n in program.gradients}
    terms = {n: given.get(n) or found.get(n) or _Terms((), ()) for n in every}
    tangents = {
        name: _moving(graph, graph.tangent, name, program.inputs[name])
        for name in every
    }
    jvps = _jvps(tape, terms, cotangents, tangents, alone)
    return replace(
        program,
        nodes=tuple(graph.nodes),
        cotangents=cotangents,
        gradients={name: terms[name].gradient for name in every},
        partials={name: terms[name].partial for name in every},
        tangents=tangents if jvps else {},
        jvps=jvps,
        hints=tape.hints,
    )


def has_partials(program: Program, outputs: int) -> bool:
    """Whether gradients are partials of one output, element by element."""
    return outputs == 1 and program.is_flat and not program.in_plane


def _moving(
    graph: Graph, leaf: Callable[[str, Kind, Axes], int], name: str, value: int
) -> int:
    """The cotangent or tangent of a value, with its axes."""
    return leaf(name, moving_kind(graph[value]), graph[value].axes)


@dataclass(frozen=True)
class _Terms:
    """The terms of an input's gradient, and those of its derivative."""

    gradient: tuple[int, ...]
    partial: tuple[int, ...]


def _given(graph: Graph, program: Program, name: str) -> _Terms:
    """A gradient as given, summed over the batch where its input has none."""
    [term] = program.gradients[name]
    if BATCH in graph[program.inputs[name]].axes:
        return _Terms((term,), (term,))
    node = graph[term]
    is_placed = node.op == "place"  # what is summed is a product before it is
    summed = total(graph, node.args[0] if is_placed else term, (BATCH,))
    whole = graph.node("place", summed, data=node.data) if is_placed else summed
    return _Terms((whole,), (term,))


def _single(tape: Tape, cotangents: Mapping[str, int]) -> dict[str, _Terms]:
    """The partials of the only output; the cotangent times each of them."""
    [(output, cotangent)] = cotangents.items()
    value = tape.program.stand_ins[output]
    seed = Seed(value, tape.graph.const(1), shape_of(tape.program, value))
    return {
        name: _Terms((times(tape.graph, cotangent, slope),), (slope,))
        for name, (slope,) in sweep(tape, [seed], f"d{output}_d").items()
    }


def _joint(tape: Tape, cotangents: Mapping[str, int]) -> dict[str, _Terms]:
    """All outputs in one sweep, each starting from its own cotangent."""
    program = tape.program
    starts = [
        Seed(
            program.stand_ins[name],
            cotangent,
            shape_of(program, program.outputs[name], program.stand_ins[name]),
        )
        for name, cotangent in cotangents.items()
    ]
    found = sweep(tape, starts, "grad_")
    return {name: _Terms(terms, terms) for name, terms in found.items()}


# -- forward mode ----------------------------------------------------------------------


def _jvps(
    tape: Tape,
    terms: Mapping[str, _Terms],
    outputs: Iterable[str],
    tangents: Mapping[str, int],
    alone: bool,
) -> dict[str, int]:
    """The tangent of every output; none where an override has no transpose.

    That of a single output is the sum of its partials times the tangents, whose
    temporaries are those of backward.
    """
    graph, names = tape.graph, list(outputs)
    given = {n: tape.program.gradients[n] for n in tangents if n not in tape.wanted}
    overrides = {name: term for name, (term,) in given.items()}
    if not all(_has_transpose(tape, term) for term in overrides.values()):
        return {}
    moved = dict.fromkeys(names, graph.const(0))
    if not alone:
        leaves = {value: tangents[name] for name, value in tape.wanted.items()}
        ends = [tape.program.stand_ins[name] for name in names]
        moved = dict(zip(names, push(tape, leaves, ends), strict=True))
    arriving = {name: graph.cotangent(name) for name in names}
    parts = {
        n: _transposed(tape, v, tangents[n], arriving) for n, v in overrides.items()
    }
    for output in names:
        for name in tangents:
            part = parts[name].get(output) if name in parts else None
            if alone and name in tape.wanted and terms[name].partial:
                part = times(graph, tangents[name], terms[name].partial[0])
            if part is not None:
                moved[output] = algebra.add(graph, moved[output], part)
    return moved


def _has_transpose(tape: Tape, term: int) -> bool:
    """Whether an override is a linear map of cotangents that have its batch.

    In the plane that would have to be linear over the complex numbers.
    """
    program, nodes = tape.program, tape.graph.nodes
    if program.in_plane or not is_linear(nodes, term):
        return False
    behind = (nodes[value] for value in program.reachable([term]))
    arriving = [node.axes for node in behind if node.op == "cotangent"]
    return BATCH not in nodes[term].axes or all(BATCH in axes for axes in arriving)


def _transposed(
    tape: Tape, term: int, tangent: int, arriving: Mapping[str, int]
) -> dict[str, int]:
    """How an input moves outputs by its override: as cotangents move that, transposed.

    Along an axis that the override lacks it is the same for all elements.
    """
    graph = tape.graph
    lacking = set(named(graph[tangent].axes)) - set(graph[term].axes)
    seed = Seed(term, total(graph, tangent, lacking), frozenset())
    found = sweep(replace(tape, wanted=arriving), [seed], "tangent_")
    return {name: value for name, (value,) in found.items()}


_LINEAR_IN: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "neg": ((0,),),
    "add": ((0, 1),),
    "sub": ((0, 1),),
    "mul": ((0,), (1,)),
    "div": ((0,),),
    "where": ((1, 2),),
    **dict.fromkeys(("access", "place", "ordered", "select", "gather"), ((0,),)),
    **dict.fromkeys(("sum", "mean", "cumsum"), ((0,),)),
}
"""Groups of arguments in which, taken together, a primitive is linear."""


def _is_zero(node: Node) -> bool:
    return node.op == "const" and node.data == 0


def is_linear(nodes: Sequence[Node], term: int) -> bool:
    """Whether a value is a linear function of the cotangents, zero included."""
    linear, free = set[int](), set[int]()
    for value, node in enumerate(nodes[: term + 1]):
        if node.op == "cotangent" or _is_zero(node):
            linear.add(value)
        if node.op != "cotangent" and free.issuperset(node.args):
            free.add(value)
        for group in _LINEAR_IN.get(node.op, ()):
            inside = {node.args[i] for i in group}
            outside = [arg for i, arg in enumerate(node.args) if i not in group]
            if linear >= inside and free.issuperset(outside):
                linear.add(value)
    return term in linear
