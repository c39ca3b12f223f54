"""What is taken for a derivative where there is none, or more than one: at kinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symgrad.functions import TABLE, Function, Kink
from symgrad.op import EdgePolicy, Op
from symgrad.partials import edge_value, on_kink
from symgrad.partials import formula as parsed
from symgrad.printer import Text
from symgrad.printer import formula as written
from symgrad.program import Graph, Program, depending_on


@dataclass(frozen=True)
class Convention:
    """One kink of a function: when a call is on it, and what is taken there.

    ``partials`` are the names of arguments with the derivatives by them.
    """

    call: str
    when: str
    partials: tuple[tuple[str, str], ...]
    policy: EdgePolicy

    @property
    def taken(self) -> str:
        """The derivatives, ``d/da = 1/2, d/db = 1/2``."""
        return ", ".join(f"d/d{name} = {value}" for name, value in self.partials)

    def __str__(self) -> str:
        return f"{self.call} where {self.when}: {self.taken}."


def conventions(op: Op) -> list[Convention]:
    """The derivative at each kink of the functions that gradients go through."""
    moving = depending_on(op.nodes, _moving_inputs(op))
    graph = Graph(op.nodes, op.domains)
    met: dict[tuple[str, Kink], set[bool]] = {}
    for value in (v for v in _behind(op) if op.nodes[v].op == "call"):
        node = op.nodes[value]
        alone = sum(arg in moving for arg in node.args) == 1
        for kink in TABLE[str(node.data)].kinks:
            if on_kink(graph, value, kink) is not False:
                met.setdefault((str(node.data), kink), set()).add(alone)
    return [
        _convention(op, TABLE[name], kink, alone == {True})
        for (name, kink), alone in met.items()
    ]


_ALONG = {
    "amax": ("elements are equally large", "an equal share for each"),
    "amin": ("elements are equally small", "an equal share for each"),
    "norm": ("all elements are 0", "0"),
    "std": ("all elements are equal", "0"),
}
"""Reductions, which have one policy: when, and what is taken there."""


def along_axes(op: Op) -> Iterator[tuple[str, str, str]]:
    """The same for reductions that gradients go through: name, when, what is taken."""
    found = {op.nodes[value].op for value in _behind(op)}
    yield from ((name, *said) for name, said in _ALONG.items() if name in found)


def _behind(op: Op) -> list[int]:
    """The values that gradients go through, unless they are all given."""
    given = {formula.name for formula in op.overrides}
    derived = any(i.differentiable for i in op.inputs if i.name not in given)
    ends = [op.stand_ins[f.name] for f in op.differentiable_outputs if derived]
    return Program(op.nodes, {}, {}).reachable(ends)


def _moving_inputs(op: Op) -> list[int]:
    wanted = {item.name for item in op.inputs if item.differentiable}
    return [v for v, n in enumerate(op.nodes) if n.op == "input" and n.data in wanted]


def _tidy(row: Function, text: str) -> str:
    """A text that was put together, without the parentheses that took."""
    if "(" not in text:
        return text
    nodes, root = parsed(text, (*row.args, "y"))
    texts: list[Text] = []
    for node in nodes[: root + 1]:
        texts.append(written(node, [texts[arg] for arg in node.args]))
    return texts[root].text


def _convention(op: Op, row: Function, kink: Kink, alone: bool) -> Convention:
    """What is taken at one kink, by each argument."""
    policy = op.edges.get(row.name, op.edges.get("*", "torch"))
    values = (edge_value(kink, policy, i, alone) for i in range(len(row.args)))
    shown = (_tidy(row, value) for value in values)
    call = f"{row.name}({', '.join(row.args)})"
    return Convention(call, kink.when, tuple(zip(row.args, shown, strict=True)), policy)
