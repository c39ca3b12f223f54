"""Ordinary mutants: every small change of an op's source, one at a time.

A mutant is told by its number among those of an op; the order is that of the text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symgrad.naming import FORWARD_MODE

from .code import GALLERY, Code, code, spec

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
_PAIRS = """
sin cos, exp expm1, log log1p, tanh sigmoid, abs sign, sinh cosh, atan tan, floor round,
maximum minimum, lgamma digamma, real imag, conj positive, erf erfc, sqrt square,
relu abs, softplus relu, hypot maximum, sgn conj
"""
NEIGHBOURS = {
    name: other
    for pair in _PAIRS.split(",")
    for name, other in (pair.split(), reversed(pair.split()))
}
NEIGHBOURS |= {f"{name}_": f"{other}_" for name, other in NEIGHBOURS.items()}
NEIGHBOURS |= {"mul_": "div_", "div_": "mul_", "add_": "sub_", "sub_": "add_"}
DROPPED = ("sum_to_size", "detach")
"""Methods that change no value, or none without broadcasting."""


@dataclass(frozen=True)
class Mutant:
    """One change of one op: ``what`` it was and is now, and in which statement."""

    place: str
    number: int
    method: str
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.place} {self.method}: {self.what}"


Alternatives = Iterator[ast.expr]


def _of_binary(node: ast.BinOp) -> Alternatives:
    other = OPERATORS.get(type(node.op))
    if other is not None:
        yield ast.BinOp(node.left, other(), node.right)
    yield node.left
    if not isinstance(node.op, (ast.Div, ast.Pow)):
        yield node.right


def _of_unary(node: ast.UnaryOp) -> Alternatives:
    if isinstance(node.op, ast.USub):
        yield node.operand


def _of_constant(node: ast.Constant) -> Alternatives:
    if type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)
        if node.value:
            yield ast.Constant(node.value * 1.01)


def _of_comparison(node: ast.Compare) -> Alternatives:
    [kind] = node.ops
    other = COMPARISONS.get(type(kind))
    if other is not None:
        yield ast.Compare(node.left, [other()], node.comparators)


def _of_call(node: ast.Call) -> Alternatives:
    function = node.func
    if not isinstance(function, ast.Attribute):
        return
    if function.attr in DROPPED or function.attr.endswith("_"):
        yield function.value
    if function.attr == "where":
        condition, a, b = node.args
        yield ast.Call(function, [condition, b, a], [])
    if function.attr in NEIGHBOURS:
        renamed = ast.Attribute(function.value, NEIGHBOURS[function.attr], ast.Load())
        yield ast.Call(renamed, node.args, node.keywords)


RULES: dict[type[ast.AST], Callable[..., Alternatives]] = {
    ast.BinOp: _of_binary,
    ast.UnaryOp: _of_unary,
    ast.Constant: _of_constant,
    ast.Compare: _of_comparison,
    ast.Call: _of_call,
}

Slot = tuple[ast.AST, str, int | None]
"""Where an expression stands: in a field of a node, or at a place of a list there."""


def _slots(node: ast.AST) -> Iterator[tuple[Slot, ast.expr]]:
    """All expressions below a node that are computed, with where they stand."""
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "slice"):
            continue
        for place, child in enumerate(field if isinstance(field, list) else [field]):
            if isinstance(child, ast.expr):
                yield (node, name, place if isinstance(field, list) else None), child
            if isinstance(child, ast.AST) and not isinstance(child, ast.arguments):
                yield from _slots(child)


def _put(slot: Slot, expression: ast.expr) -> None:
    node, name, place = slot
    if place is None:
        setattr(node, name, expression)
    else:
        getattr(node, name)[place] = expression


def _any(number: int) -> bool:
    return True


def mutants(place: str, is_chosen: Callable[[int], bool] = _any) -> Iterator[Mutant]:
    """The mutants of an op that is given as ``module.op``: all, or those chosen."""
    made = code(place)
    changes = enumerate(_changes(made))
    for number, (method, slot, old, new) in changes:
        if is_chosen(number):
            what = f"`{ast.unparse(old)}` becomes `{ast.unparse(new)}`"
            what += f" in `{_around(method, old)}`"
            _put(slot, new)
            source = made.source
            _put(slot, old)
            yield Mutant(place, number, method.name, what, source)


def count(place: str) -> int:
    """How many mutants an op has."""
    return sum(1 for _ in _changes(code(place)))


Change = tuple[ast.FunctionDef, Slot, ast.expr, ast.expr]


def _changes(made: Code) -> Iterator[Change]:
    """Every method, place there, and what stands at it now and would in a mutant."""
    for method in _methods(made):
        for slot, old in list(_slots(method)):
            rule = RULES.get(type(old))
            for new in rule(old) if rule else ():
                if ast.unparse(old) != ast.unparse(new):
                    yield method, slot, old, new


def _around(method: ast.FunctionDef, wanted: ast.expr) -> str:
    """The innermost statement that an expression stands in; of an ``if``, the head."""
    holders = [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.stmt) and wanted in ast.walk(node)
    ]
    return ast.unparse(holders[-1]).partition("\n")[0]


def _methods(made: Code) -> list[ast.FunctionDef]:
    names = (made.class_name, made.class_name + FORWARD_MODE)
    defined = {getattr(node, "name", None) for node in made.tree.body}
    bodies = [made.definition(name).body for name in names if name in defined]
    return [n for body in bodies for n in body if isinstance(n, ast.FunctionDef)]


def places() -> list[str]:
    """Every op of the gallery."""
    return [f"{stem}.{op.name}" for stem in GALLERY for op in spec(stem).ops]
