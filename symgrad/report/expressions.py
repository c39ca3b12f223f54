"""Expressions of emitted code as terms: what they compute, not how.

What changes only the dtype or the shape of a value is left out; what is no formula, or
is not known to be one, is not told.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.axes import REDUCTIONS, named, size_of
from symgrad.functions import NAMES
from symgrad.op import Op
from symgrad.report.terms import Term, call, name, number, operation


class Untold(Exception):
    """Code that is no formula: checks, casts, shapes."""


@dataclass(frozen=True)
class Reader:
    """Reads terms off expressions of the code of an op."""

    op: Op

    def read(self, node: ast.expr) -> Term:
        """The term of an expression; ``Untold`` where it is none."""
        reader = _READERS.get(type(node))
        if reader is None:
            raise Untold
        return reader(self, node)


def _constant(_: Reader, node: ast.Constant) -> Term:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise Untold
    return number(node.value)


_BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.BitAnd: "and",
    ast.BitOr: "or",
}

_COMPARED: Mapping[type[ast.cmpop], str] = {
    **{ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥"},
    **{ast.Eq: "=", ast.NotEq: "≠"},
}


def _binary(reader: Reader, node: ast.BinOp) -> Term:
    op = _BINARY.get(type(node.op))
    if op is None:
        raise Untold
    parts = reader.read(node.left), reader.read(node.right)
    return call("pow", parts) if op == "pow" else operation(op, *parts)


def _unary(reader: Reader, node: ast.UnaryOp) -> Term:
    if isinstance(node.op, ast.USub):
        return operation("neg", reader.read(node.operand))
    return Term("not", (reader.read(node.operand),))


def _compared(reader: Reader, node: ast.Compare) -> Term:
    sign = _COMPARED.get(type(node.ops[0]))
    if len(node.ops) > 1 or sign is None:
        raise Untold
    sides = node.left, node.comparators[0]
    return Term("compare", tuple(map(reader.read, sides)), sign)


def _joined(reader: Reader, node: ast.BoolOp) -> Term:
    op = "and" if isinstance(node.op, ast.And) else "or"
    first, *others = map(reader.read, node.values)
    for other in others:
        first = Term(op, (first, other))
    return first


def _chosen(reader: Reader, node: ast.IfExp) -> Term:
    return Term("cases", tuple(map(reader.read, (node.test, node.body, node.orelse))))


def _called(reader: Reader, node: ast.Call) -> Term:
    """A function of torch or math, a method of a tensor, or a helper of the module."""
    function = node.func
    if not {keyword.arg for keyword in node.keywords} <= _SAYS_NO_MORE:
        raise Untold
    if isinstance(function, ast.Name):
        return _helper(reader, function.id, node.args)
    if not isinstance(function, ast.Attribute):
        raise Untold
    of_library = ast.unparse(function.value) in _LIBRARIES
    args = node.args if of_library else [function.value, *node.args]
    method = function.attr.removesuffix("_") or function.attr
    return _function(reader, method, args)


def _subscripted(reader: Reader, node: ast.Subscript) -> Term:
    """A value with more dimensions, or the size of one."""
    inside = node.slice
    if isinstance(inside, ast.Tuple) and all(map(_adds_an_axis, inside.elts)):
        return reader.read(node.value)
    shape = node.value
    if isinstance(shape, ast.Attribute) and shape.attr == "shape":
        return _size(reader.op, ast.unparse(shape.value), inside)
    raise Untold


def _adds_an_axis(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value in (None, ...)


def _size(op: Op, tensor: str, place: ast.expr) -> Term:
    """The size of an axis of an input, counted from the end, by its name."""
    labels = {item.name: named(item.labels) for item in op.inputs}.get(tensor, ())
    number_of = ast.literal_eval(place) if isinstance(place, ast.UnaryOp) else 0
    if not -len(labels) <= number_of < 0:
        raise Untold
    return name(size_of(labels[number_of]))


_LIBRARIES = frozenset({"torch", "torch.special", "torch.linalg", "F", "math", "_math"})

_SAYS_NO_MORE = frozenset({"threshold", "dim", "correction"})
"""Keywords that a formula has no need of: where a function may be cut short, and how
it goes along a dimension."""

_AS_IT_IS = frozenset(
    {
        *("_rounded", "_spread", "_narrow", "to", "float", "double", "unsqueeze"),
        *("expand_as", "expand", "contiguous", "clone", "detach", "squeeze", "_wide"),
    }
)
"""Calls that change the dtype or the shape of their first argument and no number."""


def _helper(reader: Reader, function: str, args: Sequence[ast.expr]) -> Term:
    if function in _AS_IT_IS:
        return reader.read(args[0])
    if function == "_gated":
        value, x, bound = map(reader.read, args[:3])
        return Term("cases", (Term("compare", (x, bound), "≤"), number(0), value))
    raise Untold


def _function(reader: Reader, function: str, args: Sequence[ast.expr]) -> Term:
    if function in _AS_IT_IS:
        return reader.read(args[0])
    if function in _SPECIAL:
        return _SPECIAL[function](reader, args)
    function = _OTHERWISE.get(function, function)
    if function in REDUCTIONS:  # the dimensions have no names
        return call(function, [reader.read(args[0])])
    parts = [reader.read(arg) for arg in args]
    if function in _OPERATIONS:
        return operation(_OPERATIONS[function], *parts)
    if function in NAMES or function in _OTHERWISE.values():
        return call(function, parts)
    raise Untold


_OPERATIONS = {
    **{"add": "add", "sub": "sub", "mul": "mul", "div": "div", "neg": "neg"},
    **{"logical_and": "and", "logical_or": "or", "logical_not": "not"},
}

_OTHERWISE = {
    **{"clamp": "clamp", "clamp_min": "max", "clamp_max": "min", "maximum": "max"},
    **{"minimum": "min", "lgamma": "loggamma", "float_power": "pow", "sgn": "sign"},
    **{"real": "re", "imag": "im", "conj": "conjugate", "vector_norm": "norm"},
    **{"relu6": "relu6", "rsqrt": "rsqrt", "reciprocal": "reciprocal"},
    **{"square": "square", "round": "round"},
}
"""What torch calls otherwise than people, or has beyond the function table."""


def _where(reader: Reader, args: Sequence[ast.expr]) -> Term:
    return Term("cases", tuple(map(reader.read, args[:3])))


def _summed(reader: Reader, args: Sequence[ast.expr]) -> Term:
    """A sum over dimensions, which have no names in code."""
    return Term("total", (reader.read(args[0]),))


def _filled(reader: Reader, args: Sequence[ast.expr]) -> Term:
    """A number as a tensor like another."""
    return reader.read(args[2])


_SPECIAL: Mapping[str, Callable[[Reader, Sequence[ast.expr]], Term]] = {
    "where": _where,
    "new_full": _filled,
    "sum": _summed,
    "sum_to_size": _summed,
}

_READERS: Mapping[type[ast.expr], Callable[..., Term]] = {
    ast.Name: lambda _, node: name(node.id),
    ast.Constant: _constant,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compared,
    ast.BoolOp: _joined,
    ast.IfExp: _chosen,
    ast.Call: _called,
    ast.Subscript: _subscripted,
}
"""Each kind of expression, and how it is read."""
