"""What the passes wrote otherwise: told by the rewrite table, or seen in programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from symgrad.explain.brief import brief
from symgrad.explain.tree import Rewrite
from symgrad.functions import TABLE
from symgrad.passes import stabilise
from symgrad.program import Graph, Node, Program
from symgrad.rule import Rule
from symgrad.to_sympy import needed

Steps = Sequence[tuple[str, Program]]
"""The program after each pass, by the name of the pass."""

_Found = Iterator[tuple[str, ...]]
"""Before, after, why, and the rule where there is one."""


def rewrites(made: Steps) -> list[Rewrite]:
    """All that was rewritten, in the order of the passes, each thing once."""
    found: dict[Rewrite, None] = {}  # in order, as sets are not
    for (_, before), (name, after) in pairwise(made):
        for said in _SEEN[name](before, after) if name in _SEEN else ():
            found[Rewrite(name, *said)] = None
    return list(found)


def _of_forward_mode(nodes: Sequence[Node], value: int) -> bool:
    """Whether a tangent is in a value: what is done to cotangents is done to those."""
    return any(nodes[v].op == "tangent" for v in needed(nodes, [value], ()))


def _by_rules(before: Program, _: Program) -> _Found:
    """The rules of the rewrite table that were applied, which takes another run."""
    found: list[tuple[str, ...]] = []

    def heard(graph: Graph, old: int, new: int, rule: Rule) -> None:
        if _of_forward_mode(graph.nodes, old):
            return
        shown = f"{rule.pattern} -> {rule.replacement}"
        shown += f" where {rule.where}" if rule.where else ""
        found.append(
            (brief(graph.nodes, old), brief(graph.nodes, new), rule.why, shown)
        )

    stabilise(before, heard)
    yield from found


_UNTAKEN = "computed where it is not taken, too: NaN would reach the derivatives"


def _guarded(_: Program, after: Program) -> _Found:
    """Functions and quotients that are fed harmless values."""
    nodes = after.nodes
    for value, node in enumerate(nodes):
        if any(nodes[arg].op == "guard" for arg in node.args):
            yield brief(nodes, value), brief(nodes, value, guarded=True), _UNTAKEN


_NO_OPERATOR = "torch has no operator for it, or none that is as accurate"


def _lowered(before: Program, after: Program) -> _Found:
    """Functions that are written by their definitions."""
    left = _called(after)
    rows = [TABLE[name] for name in _called(before) if name not in left]
    for row in (row for row in rows if row.definition):
        yield f"{row.name}({', '.join(row.args)})", str(row.definition), _NO_OPERATOR


def _called(program: Program) -> dict[str, None]:
    return {str(node.data): None for node in program.nodes if node.op == "call"}


def _patched(before: Program, after: Program) -> _Found:
    """Values that have another form somewhere, by the notes that say so."""
    nodes, old = after.nodes, set(before.notes.values())
    notes = {v: n.reason for v, n in after.notes.items() if n.reason and n not in old}
    chosen = [v for v, n in enumerate(nodes) if n.op == "where" and n.args[0] in notes]
    for test, instead, otherwise in (nodes[value].args for value in chosen):
        where = f"{brief(nodes, instead)} where {brief(nodes, test)}"
        yield brief(nodes, otherwise), where, notes[test]
    told = {nodes[value].args[0] for value in chosen}
    for value in sorted(notes.keys() - told):
        yield "", brief(nodes, value), notes[value]


_ONE_OPERATOR = "one operator of torch, which is faster than a choice"


def _cheapened(_: Program, after: Program) -> _Found:
    """Choices that became an operator of torch's."""
    for value, node in enumerate(after.nodes):
        if node.op not in _OPERATOR or _of_forward_mode(after.nodes, value):
            continue
        args = [brief(after.nodes, arg) for arg in node.args]
        yield (*_OPERATOR[node.op](node, args), _ONE_OPERATOR)


def _clamp(node: Node, args: Sequence[str]) -> tuple[str, str]:
    value, bound = args
    sign = ">" if node.data == "min" else "<"
    choice = f"where({value} {sign} {bound}, {value}, {bound})"
    return choice, f"clamp({value}, {node.data}={bound})"


def _gate(node: Node, args: Sequence[str]) -> tuple[str, str]:
    value, other, bound = args
    choice = f"where({other} <= {bound}, 0, {value})"
    return choice, f"threshold_backward({value}, {other}, {bound})"


_OPERATOR: Mapping[str, Callable[[Node, Sequence[str]], tuple[str, str]]] = {
    "clamped": _clamp,
    "gated": _gate,
}

_SEEN: Mapping[str, Callable[[Program, Program], _Found]] = {
    "stabilise": _by_rules,
    "guard": _guarded,
    "lower": _lowered,
    "patch": _patched,
    "cheapen_choices": _cheapened,
}
"""How what a pass did is seen, by its name."""
