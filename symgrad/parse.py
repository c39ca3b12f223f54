"""Formula text straight to the intermediate representation, in the order it is written.

An allow-list over Python's syntax tree: what has no rule here is refused.  Nothing is
evaluated but exact rationals, within bounds.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from symgrad import calls, operators
from symgrad.grammar import FormulaError, tree
from symgrad.program import Graph
from symgrad.walk import Rules, Template, Walker

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
}
"""All that formulas are made of."""


def parse(
    text: str,
    graph: Graph,
    names: Mapping[str, int],
    *,
    functions: Mapping[str, Template] | None = None,
    in_table: bool = False,
) -> int:
    """Build a formula in ``graph`` and return its value.

    ``names`` are the values that it may use, ``functions`` formulas that it may call
    besides the rows of the function table.  A formula ``in_table``, that is of the
    function table itself, may also be a condition, and have any first argument where
    others must write a whole number out.

    Raises:
        FormulaError: all independent mistakes of the text, with their places.
    """
    root, lead = tree(text)
    walker = Walker(graph, names, functions or {}, RULES, text, lead, table=in_table)
    value = walker.value(root) if in_table else walker.number(root)
    if walker.mistakes:
        first, *_ = ordered = sorted(walker.mistakes, key=lambda m: (m.start, m.end))
        first.mistakes = tuple(ordered)
        raise first
    assert value is not None
    return value
