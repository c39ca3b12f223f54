"""Values of a program in the language of specs, short enough for a line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symgrad.printer import Text, call, formula, literal
from symgrad.program import LEAVES, Node

_LONGEST = 72
_DEEPEST = 9


def brief(nodes: Sequence[Node], value: int, *, guarded: bool = False) -> str:
    """A value whose innermost parts are ``...`` if all would take too long.

    ``P7(x)`` stands for a polynomial of degree 7, and of constants there are four
    digits where they have many.  A guard is written where it is
    ``guarded``, and otherwise what it guards.
    """
    texts = (_text(nodes, value, depth, guarded).text for depth in _DEPTHS)
    return next((text for text in texts if len(text) <= _LONGEST), "...")


_DEPTHS = range(_DEEPEST, 0, -1)


def _text(nodes: Sequence[Node], value: int, depth: int, guarded: bool) -> Text:
    node = nodes[value]
    if not depth and node.op not in LEAVES:
        return Text("...")
    left = depth - (node.op not in ("access", "place", "reduce"))
    args = [_text(nodes, arg, max(left, 0), guarded) for arg in node.args]
    if node.op == "const" and isinstance(node.data, Fraction):
        return min(
            formula(node, ()), literal(float(f"{float(node.data):.4g}")), key=len
        )
    if node.op == "polynomial":
        return call(f"P{len(args) - 2}", args[:1])
    if node.op == "guard" and guarded:
        return call("where", args)
    return formula(node, args)
