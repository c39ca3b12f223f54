"""Emitted code beside its mathematics: each statement with the formula it computes.

The text is read as a syntax tree and never run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from symgrad.naming import class_names
from symgrad.op import Op, Spec
from symgrad.report.expressions import Reader, Untold
from symgrad.report.terms import Term, name

METHODS = ("forward", "setup_context", "backward")


@dataclass(frozen=True)
class Row:
    """Lines of code, and what they define by which formulas where that can be said."""

    text: str
    equations: tuple[tuple[Term, Term], ...] = ()


@dataclass(frozen=True)
class Method:
    """A method of the class of an op, row by row."""

    name: str
    rows: tuple[Row, ...]


def methods(source: str, spec: Spec) -> dict[str, tuple[Method, ...]]:
    """The methods of every op of a module, by the names of the ops."""
    lines = source.splitlines()
    tree = {n.name: n for n in ast.parse(source).body if isinstance(n, ast.ClassDef)}
    classes = class_names(spec.ops)
    return {
        op.name: tuple(_methods(tree[classes[op.name]], op, lines)) for op in spec.ops
    }


def _methods(tree: ast.ClassDef, op: Op, lines: Sequence[str]) -> Iterator[Method]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in METHODS:
            yield Method(node.name, tuple(_rows(node, op, lines)))


def _rows(method: ast.FunctionDef, op: Op, lines: Sequence[str]) -> Iterator[Row]:
    """Its signature, then its statements; a comment belongs to what follows it."""
    last = _signature_end(method, lines)
    yield Row(_text(lines, method.lineno, last))
    for statement in _statements(method.body):
        end = _own_end(statement)
        text = _text(lines, last + 1, end)
        last = end
        yield Row(text, tuple(_equations(statement, method.name, op)))


def _signature_end(method: ast.FunctionDef, lines: Sequence[str]) -> int:
    end = method.lineno
    while not lines[end - 1].rstrip().endswith(":"):
        end += 1
    return end


def _text(lines: Sequence[str], first: int, last: int) -> str:
    """Lines of a method, counted from 1, as if it stood at the margin."""
    shown = (line.removeprefix("    ") for line in lines[first - 1 : last])
    return "\n".join(shown).strip("\n")


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement, those within an ``if`` after it."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _statements(statement.body)
            yield from _statements(statement.orelse)


def _own_end(statement: ast.stmt) -> int:
    """The last line that is a statement's own."""
    if isinstance(statement, ast.If):
        return statement.body[0].lineno - 1
    return statement.end_lineno or statement.lineno


# Formulas


def _equations(statement: ast.stmt, method: str, op: Op) -> Iterator[tuple[Term, Term]]:
    """What a statement defines, and by what."""
    for target, value in _assigned(statement, method, op):
        with suppress(Untold, RecursionError):
            left, right = name(target), Reader(op).read(value)
            if left != right:
                yield left, right


def _assigned(
    statement: ast.stmt, method: str, op: Op
) -> Iterable[tuple[str, ast.expr]]:
    """The names of what is computed, each with its expression."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return _named(statement.targets[0], statement.value)
    if isinstance(statement, ast.AnnAssign):
        return _named(statement.target, statement.value)
    if isinstance(statement, ast.Return) and statement.value is not None:
        value = statement.value
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        return zip(_results(method, op), values, strict=False)
    return []


def _named(target: ast.expr, value: ast.expr | None) -> list[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name) and value is not None:
        return [(target.id, value)]
    return []


def _results(method: str, op: Op) -> list[str]:
    """What the values are that a method gives back; statistics stand behind them."""
    if method == "forward":
        return [formula.name for formula in op.outputs]
    alone = method == "backward" and len(op.inputs) == 1
    return [f"grad_{op.inputs[0].name}"] if alone else []
