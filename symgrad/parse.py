"""Formula text straight to the intermediate representation, in the order it is written.

An allow-list over Python's syntax tree: what has no rule here is refused.  Nothing is
evaluated but exact rationals, within bounds.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from symgrad import calls, indexing, operators
from symgrad.grammar import FormulaError, tree
from symgrad.program import Graph
from symgrad.space import Space
from symgrad.walk import Rules, Template, Value, Walker

__all__ = ["FormulaError", "Template", "parse"]

RULES: Rules = {
    ast.Constant: operators.constant,
    ast.Name: operators.name,
    ast.UnaryOp: operators.unary,
    ast.BinOp: operators.binary,
    ast.Compare: operators.comparison,
    ast.BoolOp: operators.connective,
    ast.IfExp: operators.choice,
    ast.Call: calls.call,
    ast.Subscript: indexing.access,
}
"""All that formulas are made of."""


def parse(
    text: str,
    graph: Graph,
    names: Mapping[str, Value],
    *,
    functions: Mapping[str, Template] | None = None,
    conditions: bool = False,
    in_table: bool = False,
    space: Space | None = None,
) -> int:
    """Build a formula in ``graph`` and return its value.

    ``names`` are the values that it may use, ``functions`` formulas that it may call
    besides the rows of the function table.  It is a number, unless ``conditions`` are
    wanted as well.  A formula ``in_table``, that is of the function table itself, may
    also have any first argument where others must write a whole number out, and be
    sixteen times as long.  ``space`` are the axes that it may use.

    Raises:
        FormulaError: all independent mistakes of the text, with their places; none
            if it only uses a name that stands for a mistake.
    """
    root, lead = tree(text, 16 if in_table else 1)
    walker = Walker(
        graph, names, functions or {}, RULES, text, lead, table=in_table, space=space
    )
    value = (walker.value if conditions or in_table else walker.number)(root)
    if value is None or walker.mistakes:
        raise _all_of(walker.mistakes)
    return value


def _all_of(mistakes: list[FormulaError]) -> FormulaError:
    """The first of several mistakes, which knows them all."""
    ordered = sorted(mistakes, key=lambda m: (m.start, m.end))
    first = (
        ordered[0] if ordered else FormulaError("SG210", "a mistake elsewhere", 0, 0)
    )
    first.mistakes = tuple(ordered)
    return first
