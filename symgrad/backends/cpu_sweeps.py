"""The sweeps of a row kernel: folds, what is made of them, and what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.backends.cpu_pass import added
from symgrad.backends.cpu_rows import FOLDS, has_row, phases
from symgrad.backends.cpu_signature import Signature
from symgrad.backends.cpu_spell import constant, speller
from symgrad.backends.cpu_text import statements, wrapped
from symgrad.backends.torch_backward import formula_comment
from symgrad.layout import Layout
from symgrad.lines import LINE
from symgrad.naming import Names
from symgrad.op import Op
from symgrad.printer import SUM, Text, formula
from symgrad.program import Kind, Program

_FOLDED = {"sum": "total", "amax": "largest", "amin": "smallest"}
"""What folds are called that have no name of the user's."""


@dataclass(frozen=True, eq=False)  # two ends may be of one value
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
class Scope:
    """What is known by a name in the body so far, and which names are free."""

    program: Program
    names: Names
    elements: dict[int, str]
    known: dict[int, str]
    kept: int = 0

    def layout(self, blocks: Sequence[Sequence[int]], along: bool) -> Layout:
        """Statements of one function: with elements inside of a row, else without."""
        leaves = {**self.known, **(self.elements if along else {})}
        spell = speller(self.program, has_row)
        return Layout(
            self.program, spell, formula, leaves, self.names, blocks, constant=constant
        )


def elements(program: Program, given: Signature, rows: Sequence[int]) -> dict[int, str]:
    """What a function of one vector finds: elements of rows, and their places."""
    found = {}
    for value in rows:
        name = given.leaves[value]
        is_mask = program.nodes[value].kind is Kind.MASK
        found[value] = f"is_true({name})" if is_mask else name
    places = [v for v, node in enumerate(program.nodes) if node.op == "steps"]
    return {**found, **dict.fromkeys(places, "place")}


def numbers(
    program: Program, given: Signature, values: Sequence[int]
) -> dict[int, str]:
    """What there is one of: arguments, values of the row, its length."""
    found = {v: n for v, n in given.leaves.items() if not has_row(program.nodes[v])}
    for value in values:
        if program.nodes[value].kind is Kind.MASK:
            found[value] = f"({found[value]} != 0)"
    sizes = [v for v, node in enumerate(program.nodes) if node.op == "size"]
    return {**found, **dict.fromkeys(sizes, "length")}


def folded(inside: Scope, ends: Sequence[End], given: Signature) -> list[str]:
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
            later = _later(program, ends, live, phase, step + 1)
            lines += _fold(inside, due, given, later)
    return lines


def _later(
    program: Program,
    ends: Sequence[End],
    live: Sequence[int],
    phase: Sequence[int],
    step: int,
) -> frozenset[int]:
    """The values that sweeps after a step are made of."""
    nodes = program.nodes
    folds = [v for v in live if nodes[v].op in FOLDS and phase[v] > step]
    roots = [arg for v in folds for arg in nodes[v].args]
    roots += [v for end in ends if end.along for v in end.terms]
    return frozenset(program.reachable(roots))


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


def _row_values(inside: Scope, values: Sequence[int]) -> list[str]:
    """Statements that give values of the row their names."""
    if not values:
        return []
    layout = inside.layout([values], along=False)
    found = layout.block(values)
    names = {v: layout.named(v).text for v in values}
    inside.known |= {**layout.bound, **names}
    return statements(found, 4)


def _fold(
    inside: Scope, due: Sequence[int], given: Signature, later: frozenset[int]
) -> list[str]:
    """One sweep over the row, for all that can be folded by now.

    What takes long and is asked for ``later`` is kept in a row of its own.
    """
    nodes = inside.program.nodes
    terms = [nodes[v].args[0] for v in due]
    layout = inside.layout([terms], along=True)
    found = layout.block(terms)
    kept = _worth_keeping(inside, terms, later)
    names = {v: layout.named(v).text for v in kept}
    keeping = [
        f"      kept[{inside.kept + k}] = {names[v]};" for k, v in enumerate(kept)
    ]
    texts = [_vector(inside, layout, term) for term in terms]
    sums = inside.names.claim("folded")
    kinds = ", ".join(FOLDS[nodes[v].op] for v in due)
    head = f"const auto {sums} = row.template fold<{kinds}>({len(kept)}, "
    function = "[&](const auto& in, const V& place, auto& kept) {"
    lines = [
        *(
            [f"    {head}{function}"]
            if len(head) + len(function) + 4 <= LINE
            else [f"    {head.rstrip()}", f"        {function}"]
        ),
        *_unpacked(inside, given),
        *statements(found, 6),
        *keeping,
        *wrapped(f"return std::array<V, {len(due)}>{{{', '.join(texts)}}};", 6),
        "    });",
    ]
    inside.elements |= {v: f"kept[{inside.kept + k}]" for k, v in enumerate(kept)}
    inside.kept += len(kept)
    for place, value in enumerate(due):
        name = inside.program.names.get(value)
        name = name or inside.names.claim(_FOLDED[nodes[value].op])
        inside.known[value] = name
        lines.append(f"    const double {name} = {sums}[{place}];")
    return lines


def _worth_keeping(
    inside: Scope, terms: Sequence[int], later: frozenset[int]
) -> list[int]:
    """What sweeps to come would compute again, and that has a function in it.

    Of values that are made of each other the last is enough.
    """
    nodes, leaves = inside.program.nodes, {**inside.known, **inside.elements}
    live = inside.program.reachable(terms, leaves)
    costly = set[int]()
    for value in live:
        node = nodes[value]
        slow = node.op == "call" and node.data not in _QUICK
        if value not in leaves and has_row(node):
            costly |= {value} if slow or not costly.isdisjoint(node.args) else set()
    shared = costly & later
    inner = {arg for v in shared for arg in nodes[v].args}
    return sorted(shared - inner)


_QUICK = frozenset({"abs", "Max", "Min", "clamp", "relu", "sign", "square"})
"""Functions that are computed again in less time than it takes to keep them."""


def _unpacked(inside: Scope, given: Signature) -> list[str]:
    nodes = inside.program.nodes
    names = [given.leaves[v] for v in given.tensors if has_row(nodes[v])]
    return wrapped(f"const auto& [{', '.join(names)}] = in;", 6)


def _vector(inside: Scope, layout: Layout, value: int) -> str:
    text = layout.root(value, LINE - 24)
    return text.text if has_row(inside.program.nodes[value]) else f"V({text.text})"


def mapped(
    op: Op,
    inside: Scope,
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
        "    row.map([&](const auto& in, const V& place, auto& kept, auto& out) {",
        *_unpacked(inside, given),
        *body,
        "    });",
    ]


def _written(op: Op, inside: Scope, layout: Layout, end: End, place: int) -> list[str]:
    """One end along the row: its comment, its own temporaries, its value."""
    indent = 8 if end.need else 6
    lines = statements(layout.block(end.terms), indent)
    if end.name:
        lines += formula_comment(op, inside.program, end.name, layout, indent, "//")
    texts = [Text(_vector(inside, layout, v), SUM) for v in end.terms] or [Text("V(0)")]
    lines += wrapped(f"out[{place}] = {added(texts).text};", indent)
    return [f"      if ({end.need}) {{", *lines, "      }"] if end.need else lines


def single_values(inside: Scope, ends: Sequence[End]) -> list[str]:
    """What there is one of for a row."""
    lines = []
    for place, end in enumerate(ends):
        texts = [inside.known.get(v) or _alone(inside, v) for v in end.terms]
        lines += wrapped(f"row.result[{place}] = {' + '.join(texts) or '0'};", 4)
    return lines


def _alone(inside: Scope, value: int) -> str:
    layout = inside.layout([[value]], along=False)
    layout.block([value])
    return layout.root(value, LINE).within(SUM)
