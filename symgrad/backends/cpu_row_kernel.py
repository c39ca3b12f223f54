"""Kernels of ops along their last axis: each row folded and mapped in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgrad.axes import named
from symgrad.backends.cpu_names import called
from symgrad.backends.cpu_rows import RowProgram, has_row
from symgrad.backends.cpu_signature import (
    Signature,
    backward_signature,
    forward_signature,
    like,
)
from symgrad.backends.cpu_sweeps import (
    End,
    Scope,
    elements,
    folded,
    mapped,
    numbers,
    single_values,
)
from symgrad.backends.cpu_text import Kernel, commented, kernel, scope, wrapped
from symgrad.backends.torch_forward import floating_inputs
from symgrad.op import Op
from symgrad.program import Program


def forward_rows(op: Op, rows: RowProgram) -> Kernel:
    """The kernel of ``forward``: outputs, and behind them the statistics."""
    program = rows.program
    given = forward_signature(op, program)
    ends = []
    for value in program.outputs.values():
        used = ", ".join(given.names[n] for n in floating_inputs(op, program, value))
        along = has_row(program.nodes[value])
        shape = "rows.shape()" if along else "rows.batch()"
        ends.append(End((value,), f"true, {shape}, promoted({{{used}}})", along))
    for value in program.statistics:
        ends.append(End((value,), _batch(program, given, value), False))
    comment = commented([f"{f.written} = {f.text}" for f in (*op.lets, *op.outputs)])
    name = f"{op.name}_forward"
    return _kernel(op, program, given, name, ends, comment, rows.places)


def _batch(program: Program, given: Signature, value: int) -> str:
    """The batch of a statistic: that of the tensors which it is made of."""
    behind = set(program.reachable([value]))
    parts: tuple[list[str], list[str]] = [], []
    for tensor in given.tensors:
        if tensor in behind:
            parts[not has_row(program.nodes[tensor])].append(given.leaves[tensor])
    along, single = (", ".join(part) for part in parts)
    return f"rows.batch_of({{{along}}}, {{{single}}})"


def backward_rows(op: Op, rows: RowProgram) -> Kernel:
    """The kernel of ``backward``: all gradients that are wanted."""
    program = rows.program
    given = backward_signature(op, program, rows.shapes)
    ends = []
    for name, terms in program.gradients.items():
        need = given.names.get(f"need_{name}", "")
        target = like(op, program, given.names, name)
        whole = target if "," in target else f"{target}.sizes(), {target}.scalar_type()"
        along = bool(named(op.input(name).labels))
        ends.append(End(terms, f"{need or 'true'}, {whole}", along, name, need))
    return _kernel(op, program, given, f"{op.name}_backward", ends, [])


def _kernel(
    op: Op,
    program: Program,
    given: Signature,
    name: str,
    ends: Sequence[End],
    comment: Sequence[str],
    places: Sequence[int] = (),
) -> Kernel:
    """The C++ function of some ends; places that are looked up must be in the row."""
    nodes = program.nodes
    kept = {v: n for v, n in program.names.items() if n not in program.outputs}
    own = called(kept.values(), given.names.values())
    shown = replace(program, names={v: own[n] for v, n in kept.items()})
    rows = [v for v in given.tensors if has_row(nodes[v])]
    values = [v for v in given.tensors if v not in rows]
    inside = Scope(
        shown,
        scope(op, given.names.values()),
        elements(shown, given, rows),
        numbers(shown, given, values),
    )
    folds = folded(inside, ends, given)
    along = [end for end in ends if end.along]
    single = [end for end in ends if not end.along]
    body = [
        *(
            f"    const double {given.leaves[v]} = row.value[{k}];"
            for k, v in enumerate(values)
        ),
        "    const double length = row.n;",
        *folds,
        *(f"    row.check_place({inside.known[v]});" for v in places),
        *mapped(op, inside, along, given, rows),
        *single_values(inside, single),
    ]
    sizes = f"{len(rows)}, {len(values)}, {len(along)}, {len(single)}, {inside.kept}"
    lists = [", ".join(given.leaves[v] for v in part) for part in (rows, values)]
    lines = [
        *wrapped(f"Rows<{sizes}> rows({{{lists[0]}}}, {{{lists[1]}}});", 2),
        *(
            wrapped_line
            for end in ends
            for wrapped_line in _declared(end, along, single)
        ),
        "  rows.run([=]<typename V, int... S>(Row<V, S...>& row) {",
        *body,
        "  });",
    ]
    returned = [
        f"rows.out({along.index(e)})" if e.along else f"rows.number({single.index(e)})"
        for e in ends
    ]
    results = [e.name or f"result{k}" for k, e in enumerate(ends)]
    return kernel(name, given.arguments, results, comment, lines, returned)


def _declared(end: End, along: Sequence[End], single: Sequence[End]) -> list[str]:
    if end.along:
        return wrapped(f"rows.output({along.index(end)}, {end.declared});", 2)
    called = "statistic" if end.declared.startswith("rows.batch_of") else "result"
    return wrapped(f"rows.{called}({single.index(end)}, {end.declared});", 2)
