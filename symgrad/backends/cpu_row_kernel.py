"""Kernels of ops along their last axis: each row folded and mapped in the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad.axes import named
from symgrad.backends.cpu_names import called
from symgrad.backends.cpu_pass import added
from symgrad.backends.cpu_rows import FOLDS, RowProgram, has_row, phases
from symgrad.backends.cpu_signature import (
    Signature,
    backward_signature,
    forward_signature,
    like,
)
from symgrad.backends.cpu_spell import constant, speller
from symgrad.backends.cpu_text import (
    Kernel,
    commented,
    kernel,
    scope,
    statements,
    wrapped,
)
from symgrad.backends.torch_backward import formula_comment
from symgrad.backends.torch_forward import floating_inputs
from symgrad.layout import Layout
from symgrad.lines import LINE
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import SUM, Text, formula
from symgrad.program import Kind, Program

_FOLDED = {"sum": "total", "amax": "largest", "amin": "smallest"}
"""What folds are called that have no name of the user's."""


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
    looked_up = [given.leaves[v] for v in rows.places if v in given.leaves]
    name = f"{op.name}_forward"
    return _kernel(op, program, given, name, ends, comment, looked_up)


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


@dataclass(frozen=True)
class End:
    """What is written: terms to be added, what is declared of it, if it is along rows.

    ``name`` is that of the input whose gradient it is, ``need`` the flag that asks for
    it; both are empty forward.
    """

    terms: tuple[int, ...]
    declared: str
    along: bool
    name: str = ""
    need: str = ""


@dataclass
class _Scope:
    """What is known by a name in the body so far, and which names are free."""

    program: Program
    names: Names
    elements: Mapping[int, str]
    known: dict[int, str]

    def layout(self, blocks: Sequence[Sequence[int]], along: bool) -> Layout:
        """Statements of one function: with elements inside of a row, else without."""
        leaves = {**self.known, **(self.elements if along else {})}
        spell = speller(self.program, has_row)
        return Layout(
            self.program, spell, formula, leaves, self.names, blocks, constant=constant
        )


def _kernel(
    op: Op,
    program: Program,
    given: Signature,
    name: str,
    ends: Sequence[End],
    comment: Sequence[str],
    looked_up: Sequence[str] = (),
) -> Kernel:
    """The C++ function of some ends; places that are looked up must be in the row."""
    nodes = program.nodes
    kept = {v: n for v, n in program.names.items() if n not in program.outputs}
    own = called(kept.values(), given.names.values())
    shown = replace(program, names={v: own[n] for v, n in kept.items()})
    rows = [v for v in given.tensors if has_row(nodes[v])]
    values = [v for v in given.tensors if v not in rows]
    inside = _Scope(
        shown,
        scope(op, given.names.values()),
        _elements(shown, given, rows),
        _numbers(shown, given, values),
    )
    folds = _folded(inside, ends, given)
    along = [end for end in ends if end.along]
    single = [end for end in ends if not end.along]
    body = [
        *(
            f"    const double {given.leaves[v]} = row.value[{k}];"
            for k, v in enumerate(values)
        ),
        "    const double length = row.n;",
        *(f"    row.check_place({name});" for name in looked_up),
        *folds,
        *_mapped(op, inside, along, given, rows),
        *_single(inside, single),
    ]
    sizes = f"{len(rows)}, {len(values)}, {len(along)}, {len(single)}"
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


def _elements(
    program: Program, given: Signature, rows: Sequence[int]
) -> dict[int, str]:
    """What a function of one vector finds: elements of rows, and their places."""
    found = {}
    for value in rows:
        name = given.leaves[value]
        is_mask = program.nodes[value].kind is Kind.MASK
        found[value] = f"is_true({name})" if is_mask else name
    places = [v for v, node in enumerate(program.nodes) if node.op == "steps"]
    return {**found, **dict.fromkeys(places, "place")}


def _numbers(
    program: Program, given: Signature, values: Sequence[int]
) -> dict[int, str]:
    """What there is one of: arguments, values of the row, its length."""
    found = {v: n for v, n in given.leaves.items() if not has_row(program.nodes[v])}
    for value in values:
        if program.nodes[value].kind is Kind.MASK:
            found[value] = f"({found[value]} != 0)"
    sizes = [v for v, node in enumerate(program.nodes) if node.op == "size"]
    return {**found, **dict.fromkeys(sizes, "length")}


def _folded(inside: _Scope, ends: Sequence[End], given: Signature) -> list[str]:
    """All folds, those that wait for others after these, and what is made of them."""
    program, leaves = inside.program, given.leaves
    stop = frozenset(leaves)
    live = program.reachable([v for end in ends for v in end.terms], stop)
    phase = phases(program.nodes, leaves)
    asked = [v for v in _asked(program, live, ends) if v not in stop]
    lines: list[str] = []
    for step in range(max((phase[v] for v in live), default=0) + 1):
        now = [v for v in asked if phase[v] == step and v not in inside.known]
        lines += _row_values(inside, now)
        due = [
            v
            for v in live
            if program.nodes[v].op in FOLDS and phase[v] == step + 1 and v not in stop
        ]
        if due:
            lines += _fold(inside, due, given)
    return lines


def _asked(program: Program, live: Sequence[int], ends: Sequence[End]) -> list[int]:
    """The values of a whole row that elements, or ends, are made of."""
    nodes = program.nodes
    used = {arg for v in live if has_row(nodes[v]) for arg in nodes[v].args}
    used |= {v for end in ends for v in end.terms}
    return sorted(
        v
        for v in used
        if not has_row(nodes[v])
        and nodes[v].kind.is_tensor
        and nodes[v].op not in FOLDS
    )


def _row_values(inside: _Scope, values: Sequence[int]) -> list[str]:
    """Statements that give values of the row their names."""
    if not values:
        return []
    layout = inside.layout([values], along=False)
    found = layout.block(values)
    names = {v: layout.named(v).text for v in values}
    inside.known |= {**layout.bound, **names}
    return statements(found, 4)


def _fold(inside: _Scope, due: Sequence[int], given: Signature) -> list[str]:
    """One sweep over the row, for all that can be folded by now."""
    nodes = inside.program.nodes
    terms = [nodes[v].args[0] for v in due]
    layout = inside.layout([terms], along=True)
    found = layout.block(terms)
    texts = [_vector(inside, layout, term) for term in terms]
    sums = inside.names.claim("folded")
    kinds = ", ".join(FOLDS[nodes[v].op] for v in due)
    head = f"const auto {sums} = row.template fold<{kinds}>("
    function = "[&](const auto& in, const V& place) {"
    lines = [
        *(
            [f"    {head}{function}"]
            if len(head) + len(function) + 4 <= LINE
            else [f"    {head}", f"        {function}"]
        ),
        *_unpacked(inside, given),
        *statements(found, 6),
        *wrapped(f"return std::array<V, {len(due)}>{{{', '.join(texts)}}};", 6),
        "    });",
    ]
    for place, value in enumerate(due):
        name = inside.program.names.get(value)
        name = name or inside.names.claim(_FOLDED[nodes[value].op])
        inside.known[value] = name
        lines.append(f"    const double {name} = {sums}[{place}];")
    return lines


def _unpacked(inside: _Scope, given: Signature) -> list[str]:
    nodes = inside.program.nodes
    names = [given.leaves[v] for v in given.tensors if has_row(nodes[v])]
    return wrapped(f"const auto& [{', '.join(names)}] = in;", 6)


def _vector(inside: _Scope, layout: Layout, value: int) -> str:
    text = layout.root(value, LINE - 24)
    return text.text if has_row(inside.program.nodes[value]) else f"V({text.text})"


def _mapped(
    op: Op,
    inside: _Scope,
    ends: Sequence[End],
    given: Signature,
    rows: Sequence[int],
) -> list[str]:
    """The sweep that writes what is along the row."""
    if not ends:
        return []
    blocks = [list(end.terms) for end in ends]
    layout = inside.layout(blocks, along=True)
    body = statements(layout.block(layout.shared), 6)
    for place, end in enumerate(ends):
        body += _written(op, inside, layout, end, place)
    return [
        "    row.map([&](const auto& in, const V& place, auto& out) {",
        *_unpacked(inside, given),
        *body,
        "    });",
    ]


def _written(op: Op, inside: _Scope, layout: Layout, end: End, place: int) -> list[str]:
    """One end along the row: its comment, its own temporaries, its value."""
    indent = 8 if end.need else 6
    lines = statements(layout.block(end.terms), indent)
    if end.name:
        lines += formula_comment(op, inside.program, end.name, layout, indent, "//")
    texts = [Text(_vector(inside, layout, v), SUM) for v in end.terms] or [Text("V(0)")]
    lines += wrapped(f"out[{place}] = {added(texts).text};", indent)
    return [f"      if ({end.need}) {{", *lines, "      }"] if end.need else lines


def _single(inside: _Scope, ends: Sequence[End]) -> list[str]:
    """What there is one of for a row."""
    lines = []
    for place, end in enumerate(ends):
        texts = [inside.known.get(v) or _alone(inside, v) for v in end.terms]
        lines += wrapped(f"row.result[{place}] = {' + '.join(texts) or '0'};", 4)
    return lines


def _alone(inside: _Scope, value: int) -> str:
    layout = inside.layout([[value]], along=False)
    layout.block([value])
    return layout.root(value, LINE).within(SUM)
