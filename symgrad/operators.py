"""Rules of formulas: numbers, names, operators, comparisons, choices."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from symgrad import fold, indexing
from symgrad.functions import NAMES
from symgrad.grammar import FormulaError
from symgrad.names import nearest
from symgrad.walk import Value, Walker

_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.Mod: "Mod",
    ast.FloorDiv: "floordiv",
}
_CONNECTIVES: Mapping[type[ast.AST], str] = {
    ast.And: "and",
    ast.Or: "or",
    ast.BitAnd: "and",
    ast.BitOr: "or",
}
CONSTANTS = ("pi", "E", "I")
"""Names of constants, where no input, let or output has them."""

_OTHER_NAMES: Mapping[str, tuple[str, str]] = {
    "oo": ("SG207", "oo is not a finite number"),
}


def constant(walker: Walker, node: ast.Constant) -> Value:
    """A number as it is written."""
    try:
        return walker.graph.const(fold.literal(node, walker.source, walker.lead))
    except FormulaError as mistake:
        walker.mistakes.append(mistake)
        return None


def name(walker: Walker, node: ast.Name) -> Value:
    """An input, let or output, or else the size of an axis or a constant."""
    space = walker.space
    if node.id in walker.names:
        if space is not None and space.axes.get(node.id):
            return indexing.unindexed(walker, node, space.axes[node.id])
        return walker.names[node.id]
    if space is not None and node.id in space.sizes:
        return walker.graph.size(node.id)
    if space is not None and node.id in space.places:
        message = f"the index '{node.id}' is not a number"
        return walker.fail("SG230", message, node, "it stands between brackets only")
    if node.id in CONSTANTS:
        return walker.graph.const(node.id)
    if node.id in _OTHER_NAMES:
        return walker.fail(*_OTHER_NAMES[node.id], node)
    if node.id in NAMES or node.id in walker.functions:
        message = f"the function '{node.id}' stands without its arguments"
        return walker.fail("SG210", message, node)
    help = nearest(node.id, [*CONSTANTS, *walker.names], "known here", walker.names)
    return walker.fail("SG210", f"unknown name '{node.id}'", node, help)


def unary(walker: Walker, node: ast.UnaryOp) -> Value:
    """A sign, or ``not``."""
    if isinstance(node.op, (ast.Not, ast.Invert)):
        condition = walker.condition(node.operand)
        return None if condition is None else walker.graph.node("not", condition)
    operand = walker.number(node.operand)
    if operand is None or isinstance(node.op, ast.UAdd):
        return operand
    return fold.negative(walker.graph, operand)


def binary(walker: Walker, node: ast.BinOp) -> Value:
    """A chain of operators from the left, so that long sums are not deep."""
    chain = [node]
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    left: ast.expr = chain[-1].left
    value = walker.value(left)
    for link in reversed(chain):
        value = _link(walker, link, left, value)
        left = link
    return value


def _link(walker: Walker, node: ast.BinOp, left: ast.expr, value: Value) -> Value:
    """One operator, its left side already built."""
    connective = _CONNECTIVES.get(type(node.op))
    if connective:
        a, b = walker.as_condition(left, value), walker.condition(node.right)
    else:
        a, b = walker.as_number(left, value), walker.number(node.right)
    if isinstance(node.op, ast.MatMult):
        return walker.fail("SG704", "matrix products are not built yet", node)
    op = connective or _ARITHMETIC.get(type(node.op))
    if op is None:
        message = "this operator is not allowed in a formula"
        return walker.fail("SG204", message, node)
    if a is None or b is None:
        return None
    if connective:
        return walker.graph.node(connective, a, b)
    return walker.checked(node, lambda: _arithmetic(walker, op, node, a, b))


def _arithmetic(walker: Walker, op: str, node: ast.BinOp, a: int, b: int) -> int:
    whole = op == "floordiv"
    if whole and any(walker.graph[side].kind.is_tensor for side in (a, b)):
        fold.check_divisor(walker.graph, b, node.right)
        return walker.graph.call("floor_divide", a, b)
    op = "div" if whole else op
    value = fold.arithmetic(walker.graph, op, a, b, node.right)
    return walker.graph.call("floor", value) if whole else value


def comparison(walker: Walker, node: ast.Compare) -> Value:
    """``a < b``, and ``a < b < c`` as ``a < b and b < c``."""
    sides = [walker.number(side) for side in (node.left, *node.comparators)]
    ops = [_COMPARISONS.get(type(op)) for op in node.ops]
    if None in ops:
        message = "'is' and 'in' are not allowed in a formula"
        return walker.fail("SG204", message, node)
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    pairs = zip(ops, known, known[1:], strict=False)
    tests = [_test(walker, node, str(op), a, b) for op, a, b in pairs]
    sound = [test for test in tests if test is not None]
    return _joined(walker, "and", sound) if len(sound) == len(tests) else None


def _test(walker: Walker, node: ast.Compare, op: str, a: int, b: int) -> Value:
    return walker.checked(node, lambda: walker.graph.node(op, a, b))


def connective(walker: Walker, node: ast.BoolOp) -> Value:
    """``and`` and ``or``."""
    tests = [walker.condition(value) for value in node.values]
    known = [test for test in tests if test is not None]
    if len(known) < len(tests):
        return None
    return _joined(walker, _CONNECTIVES[type(node.op)], known)


def _joined(walker: Walker, connective: str, tests: Sequence[int]) -> int:
    value = tests[0]
    for test in tests[1:]:
        value = walker.graph.node(connective, value, test)
    return value


def choice(walker: Walker, node: ast.IfExp) -> Value:
    """``a if c else b``"""
    a, condition = branch(walker, node.body), walker.condition(node.test)
    return where(walker, condition, a, branch(walker, node.orelse))


def branch(walker: Walker, node: ast.expr) -> Value:
    """One side of a choice; where axes have names it may be infinite, as masks are."""
    sign = ast.unparse(node).removesuffix("oo")
    infinite = isinstance(node, (ast.Name, ast.UnaryOp)) and sign in ("", "+", "-")
    if walker.space is None or not infinite or "oo" in walker.names:
        return walker.number(node)
    value = walker.graph.const("oo")
    return walker.graph.node("neg", value) if sign == "-" else value


def where(walker: Walker, condition: Value, a: Value, b: Value) -> Value:
    """One of two values, if none of the three is a mistake."""
    if condition is None or a is None or b is None:
        return None
    return walker.graph.node("where", condition, a, b)
