"""The walk over a formula's syntax tree, by a table of rules."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symgrad import fold
from symgrad.grammar import FormulaError
from symgrad.program import Graph
from symgrad.space import Space

MAX_DEPTH = 100
"""Levels of nesting, those inside of called functions included."""

MAX_VALUES = 30_000
"""Values of one op, those inside of called functions included."""

Value = int | None
"""A value of the graph, or ``None`` where a mistake stands."""

Rules = Mapping[type[ast.expr], Callable[["Walker", Any], Value]]
"""What is built for each type of syntax node; there is nothing else in a formula."""


@dataclass(frozen=True)
class Template:
    """A formula of the spec's ``functions``: parameter names and text.

    One that is ``broken`` was complained of where it stands; of one that is ``opaque``
    the calls are checked.  Neither has a value.
    """

    inputs: tuple[str, ...]
    text: str
    broken: bool = False
    opaque: bool = False


_ONE_VALUE = "a formula is one value; write each output as its own"
_CALLED = "call a function by its bare name, such as exp(x)"
_EACH = "a formula already holds for each element"
_ARGUMENTS = "write the arguments one by one"
_ALLOWED = "a formula is made of numbers, names, operators, conditions and calls"
_REFUSED: Mapping[type[ast.AST], tuple[str, str, str | None]] = {
    ast.Attribute: ("SG204", "an attribute is not allowed in a formula", _CALLED),
    ast.Tuple: ("SG204", "a tuple is not allowed here", _ONE_VALUE),
    ast.List: ("SG204", "a list is not allowed in a formula", _ONE_VALUE),
    ast.ListComp: ("SG204", "a list is not allowed in a formula", _EACH),
    ast.GeneratorExp: ("SG204", "a loop is not allowed in a formula", _EACH),
    ast.Starred: ("SG204", "'*' in front of an argument is not allowed", _ARGUMENTS),
}
_OTHER = ("SG204", "this is not allowed in a formula", _ALLOWED)


@dataclass
class Walker:
    """Builds values in ``graph``; mistakes are collected, and poison what uses them.

    ``names`` are the values that the formula may use, ``None`` for a mistaken one.
    ``source`` is the formula, and ``lead`` the offset of the tree's columns in it.
    ``table`` says that it stands in the function table, which may do more.
    ``depth`` counts the levels of nesting, those of the calls around this formula
    included; ``expanded`` is what calls of functions have given so far.  ``space`` is
    there where an input has named axes.
    """

    graph: Graph
    names: Mapping[str, Value]
    functions: Mapping[str, Template]
    rules: Rules
    source: str
    lead: int
    mistakes: list[FormulaError] = field(default_factory=list)
    table: bool = False
    depth: int = 0
    expanded: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)
    space: Space | None = None

    def number(self, node: ast.expr) -> Value:
        """A value that is not a condition."""
        return self.as_number(node, self.value(node))

    def condition(self, node: ast.expr) -> Value:
        """A value that is a condition."""
        return self.as_condition(node, self.value(node))

    def as_number(self, node: ast.expr, value: Value) -> Value:
        """The value of a node, which must not be a condition."""
        if value is not None and self.graph[value].kind.is_condition:
            message = "a condition cannot be used as a number"
            help = "where(condition, 1, 0) makes it one"
            return self.fail("SG208", message, node, help)
        return value

    def as_condition(self, node: ast.expr, value: Value) -> Value:
        """The value of a node, which must be a condition."""
        if value is not None and not self.graph[value].kind.is_condition:
            message = "a number cannot be used as a condition"
            return self.fail("SG208", message, node, "compare it, such as x > 0")
        return value

    def value(self, node: ast.expr) -> Value:
        """A value of any kind, by the rule of the node's type."""
        rule = self.rules.get(type(node))
        if rule is None:
            code, message, help = _REFUSED.get(type(node), _OTHER)
            return self.fail(code, message, node, help)
        if self.depth > MAX_DEPTH or len(self.graph.nodes) > MAX_VALUES:
            return self.too_large(node)
        self.depth += 1
        value = rule(self, node)
        self.depth -= 1
        return value

    def too_large(self, node: ast.expr) -> Value:
        """Refuse what functions made larger than a formula can be written, once."""
        if any(mistake.code == "SG202" for mistake in self.mistakes):
            return None
        if self.depth > MAX_DEPTH:
            message = f"functions inside of functions, more than {MAX_DEPTH} levels"
        else:
            message = f"the op has more than {MAX_VALUES:,} operations"
        return self.fail("SG202", message, node, "call fewer functions")

    def checked(self, node: ast.expr, build: Callable[[], int]) -> Value:
        """A value that, if it is a constant, is finite and real."""
        try:
            value = build()
            fold.check(self.graph, value)
        except fold.Unfit as unfit:
            return self.fail(unfit.code, unfit.message, unfit.node or node, unfit.help)
        return value

    def fail(
        self, code: str, message: str, node: ast.AST, help: str | None = None
    ) -> Value:
        """Note a mistake at a node, whose value is ``None`` then."""
        start = self.lead + getattr(node, "col_offset", 0)
        end = self.lead + (getattr(node, "end_col_offset", None) or start + 1)
        self.mistakes.append(FormulaError(code, message, start, end, help))
        return None
