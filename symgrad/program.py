"""The intermediate representation: straight-line programs of hash-consed nodes.

A :class:`Graph` is where a program grows: asking it twice for the same work gives
the same node, so nothing needs to be shared afterwards.  A :class:`Program` is what
the steps hand to each other: frozen, forward and derivatives in one list, arguments
always before their uses.  Nodes are named by their index in that list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from symgrad import axes as named_axes
from symgrad.axes import BATCH as BATCH
from symgrad.axes import Axes
from symgrad.html_table import html_table
from symgrad.intervals import Interval
from symgrad.kinds import COMMUTATIVE as COMMUTATIVE
from symgrad.kinds import COMPARISONS as COMPARISONS
from symgrad.kinds import CONNECTIVES as CONNECTIVES
from symgrad.kinds import Kind as Kind
from symgrad.kinds import joined_kind
from symgrad.nodes import LEAVES as LEAVES
from symgrad.nodes import PRIMITIVES as PRIMITIVES
from symgrad.nodes import VARIABLES as VARIABLES
from symgrad.nodes import VIEWS as VIEWS
from symgrad.nodes import Constant as Constant
from symgrad.nodes import Node as Node
from symgrad.nodes import depending_on as depending_on
from symgrad.nodes import is_complex as is_complex
from symgrad.nodes import is_constant as is_constant
from symgrad.nodes import moving_kind as moving_kind
from symgrad.nodes import show as show
from symgrad.nodes import viewed as viewed

_SHOWN = 500
"""Values of a program that a notebook is shown, at most."""


class Graph:
    """A growing program.  Equal nodes are one node from the moment they are built.

    ``domains`` are those of inputs, by their names, for whoever makes use of them.
    """

    def __init__(
        self,
        nodes: Iterable[Node] = (),
        domains: Mapping[str, Interval] = MappingProxyType({}),
    ) -> None:
        self.domains = domains
        self.nodes: list[Node] = []
        self._numbers: dict[tuple[str, tuple[int, ...], Constant | None], int] = {}
        for node in nodes:
            self._intern(node)

    def __getitem__(self, value: int) -> Node:
        return self.nodes[value]

    def _intern(self, node: Node) -> int:
        key = (node.op, node.args, node.data)
        number = self._numbers.setdefault(key, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number

    def input(self, name: str, kind: Kind, axes: Axes | None = None) -> int:
        """An input; a tensor without declared axes has batch axes only."""
        default = (BATCH,) if kind.is_tensor else ()
        return self._intern(
            Node("input", (), name, kind, default if axes is None else axes)
        )

    def cotangent(
        self, output: str, kind: Kind = Kind.REAL, axes: Axes = (BATCH,)
    ) -> int:
        """``grad_<output>``: the derivative of the objective by that output."""
        return self._intern(Node("cotangent", (), output, kind, axes))

    def tangent(self, name: str, kind: Kind = Kind.REAL, axes: Axes = (BATCH,)) -> int:
        """``tangent_<input>``: the direction in which an input moves."""
        return self._intern(Node("tangent", (), name, kind, axes))

    def size(self, axis: str) -> int:
        """The size of an axis, a whole number that every call has its own of."""
        return self._intern(Node("size", (), axis, Kind.INT, ()))

    def leaf(self, node: Node) -> int:
        """A leaf of another graph in this one."""
        assert node.op in LEAVES, node.op
        return self._intern(node)

    def const(self, value: Constant | int) -> int:
        """An exact constant: a rational, ``pi``, ``E``, ``I``, ``oo`` or ``nan``."""
        exact = Fraction(value) if isinstance(value, int) else value
        whole = isinstance(exact, Fraction) and exact.denominator == 1
        kind = Kind.INT if whole else Kind.PLANE if exact == "I" else Kind.FLOAT
        return self._intern(Node("const", (), exact, kind, ()))

    def node(self, op: str, *args: int, data: Constant | None = None) -> int:
        """The value of a primitive, as asked for: nothing is simplified here."""
        known = self._numbers.get((op, args, data))
        if known is None and op in COMMUTATIVE:
            known = self._numbers.get((op, args[::-1], data))
        if known is not None:
            return known
        parts = [self.nodes[arg] for arg in args]
        kind = joined_kind(op, tuple([part.kind for part in parts]), data)
        axes = named_axes.of_result(op, data, [part.axes for part in parts])
        return self._intern(Node(op, args, data, kind, axes))

    def call(self, function: str, *args: int) -> int:
        """A row of the function table applied to values."""
        return self.node("call", *args, data=function)


@dataclass(frozen=True, slots=True)
class Note:
    """What code calls a value that no formula names, and why it is there."""

    name: str
    reason: str = ""


@dataclass(frozen=True)
class Weakness:
    """A value that loses its digits, or all of them, where a leaf is near a centre."""

    value: int
    leaf: int
    centre: float


@dataclass(frozen=True)
class Program:
    """Forward values and derivatives in one straight-line list.

    ``inputs``, ``outputs`` and ``cotangents`` map names to values, in the order of
    the spec.  ``gradients`` maps each differentiable input to terms: each is reduced
    to the input's shape, and their sum is its gradient (no terms: zero).
    ``partials`` are the same for a reader, without the cotangent where there is only
    one.  ``tangents`` are those of the differentiable inputs, and ``jvps`` those of
    the outputs (none: an override has no transpose).  ``stand_ins`` are the values
    whose derivative counts for an output with a surrogate.  ``residuals`` are the
    values that forward keeps for backward and jvp; ``statistics`` those among them that
    are neither inputs nor outputs, for backward alone.  ``names`` are those a person
    chose; ``hints`` are names that would suit a value, and ``notes`` names and reasons
    of values that passes added; ``domains`` are those of inputs.  ``weak`` is where
    no form was found that is accurate.
    """

    nodes: tuple[Node, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    names: Mapping[int, str] = field(default_factory=dict)
    stand_ins: Mapping[str, int] = field(default_factory=dict)
    cotangents: Mapping[str, int] = field(default_factory=dict)
    gradients: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    partials: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    tangents: Mapping[str, int] = field(default_factory=dict)
    jvps: Mapping[str, int] = field(default_factory=dict)
    residuals: tuple[int, ...] = ()
    statistics: tuple[int, ...] = ()
    hints: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, Note] = field(default_factory=dict)
    domains: Mapping[str, Interval] = field(default_factory=dict)
    weak: tuple[Weakness, ...] = ()

    @cached_property
    def in_plane(self) -> bool:
        """Whether anything in it is complex."""
        return any(node.kind.is_complex for node in self.nodes)

    @cached_property
    def is_flat(self) -> bool:
        """Whether no value has named axes."""
        return not any(map(named_axes.named, {node.axes for node in self.nodes}))

    @cached_property
    def kept(self) -> frozenset[int]:
        """The residuals, as a set."""
        return frozenset(self.residuals)

    @cached_property
    def arriving(self) -> frozenset[int]:
        """The values that a cotangent or a tangent is behind."""
        found = {*self.cotangents.values(), *self.tangents.values()}
        for value, node in enumerate(self.nodes):
            if not found.isdisjoint(node.args):
                found.add(value)
        return frozenset(found)

    def check(self) -> None:
        """Raise ``AssertionError`` unless this is a legal program.

        Every argument comes before its use, every primitive is known and has its
        number of arguments, conditions stand where conditions belong, and every
        name refers to a value.
        """
        for number, node in enumerate(self.nodes):
            arity = PRIMITIVES[node.op]
            assert arity in (-1, len(node.args)), (
                f"v{number}: {node.op} of {len(node.args)}"
            )
            assert all(0 <= arg < number for arg in node.args), (
                f"v{number}: argument order"
            )
            self._check_kinds(number, node)
        named = [
            *self.inputs.values(),
            *self.outputs.values(),
            *self.jvps.values(),
            *self.residuals,
            *self.names,
        ]
        named += [value for terms in self.gradients.values() for value in terms]
        assert all(0 <= value < len(self.nodes) for value in named), "dangling name"

    def _check_kinds(self, number: int, node: Node) -> None:
        conditions = [self.nodes[arg].kind.is_condition for arg in node.args]
        if node.op in CONNECTIVES:
            expected = [True] * len(conditions)
        elif node.op in ("where", "guard"):
            expected = [True, False, False]
        elif node.op == "count":
            expected = [True]
        elif node.op in ("access", "ordered", "select", "part", "gather"):
            expected = [node.kind.is_condition, False][: len(conditions)]
        else:
            expected = [False] * len(conditions)
        assert conditions == expected, (
            f"v{number}: {node.op} of conditions {conditions}"
        )

    def reachable(
        self, roots: Iterable[int], stop: Container[int] = frozenset()
    ) -> list[int]:
        """The values that ``roots`` need, in order, not looking behind ``stop``."""
        found = set(roots)
        todo = list(found)
        while todo:
            value = todo.pop()
            if value not in stop:
                fresh = [arg for arg in self.nodes[value].args if arg not in found]
                found.update(fresh)
                todo += fresh
        return sorted(found)

    def count_ops(
        self, roots: Iterable[int], stop: frozenset[int] = frozenset()
    ) -> int:
        """How many operations ``roots`` take; leaves and constants are free."""
        free = LEAVES | {"stop_gradient", "access", "place", "ordered", "narrow"}
        values = self.reachable(roots, stop)
        return sum(
            self.nodes[v].op not in free
            and v not in stop
            and not is_constant(self.nodes, v)
            for v in values
        )

    def __str__(self) -> str:
        return "\n".join(
            f"v{number} = {show(node)}" for number, node in enumerate(self.nodes)
        )

    def _repr_html_(self) -> str:
        """The values as a table, for a notebook; of very many the first."""
        roles = self._roles()
        rows = [
            (f"v{v}", show(n), n.kind.value, ", ".join(n.axes), ", ".join(roles[v]))
            for v, n in enumerate(self.nodes[:_SHOWN])
        ]
        left = len(self.nodes) - len(rows)
        more = f"and {left} more" if left else ""
        head = ("value", "operation", "kind", "axes", "what it is")
        return html_table(f"{len(self.nodes)} values", head, rows, more)

    def _roles(self) -> Mapping[int, list[str]]:
        """What values are to whoever reads the program."""
        told = [(v, f"output {name}") for name, v in self.outputs.items()]
        told += [(v, f"tangent of {name}") for name, v in self.jvps.items()]
        for name, terms in self.gradients.items():
            told += [(v, f"gradient of {name}") for v in terms]
        told += [(v, "kept") for v in self.residuals]
        told += [
            (v, name) for v, name in self.names.items() if name not in self.outputs
        ]
        told += [(v, note.reason) for v, note in self.notes.items() if note.reason]
        roles: dict[int, list[str]] = defaultdict(list)
        for value, said in told:
            roles[value].append(said)
        return roles
