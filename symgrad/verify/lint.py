"""Rung 0, the text alone: is it the small Python that we emit, and nothing more?

Catches what no run would show, and what must not be run at all: code that does
something when imported, names from elsewhere, gradients returned in the wrong number
or place, saved tensors read twice, intermediates saved, in-place writes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence, Set
from itertools import chain

from symgrad.naming import FORWARD_MODE, class_names
from symgrad.op import Spec
from symgrad.verify.lint_kernels import without_loader
from symgrad.verify.lint_node import is_literal, objections
from symgrad.verify.lint_op import (
    Remark,
    classes,
    of_class,
    of_forward_mode,
    walked,
)
from symgrad.verify.report import Finding

_BUILTINS = frozenset(
    re.findall(
        r"\w+",
        """
        abs all any bool classmethod dict enumerate float int isinstance len list max
        min next object range reversed round sorted staticmethod str sum super tuple
        type zip NotImplementedError RuntimeError TypeError ValueError
        """,
    )
)
_OPERATORS = ("threshold_backward",)
"""Operators of torch's that have no public name."""

_IMPORT_CALLS = frozenset({"TypeVar", "_TypeVar"})
"""What may be called while the module is imported."""


def lint(source: str, spec: Spec) -> tuple[Finding, ...]:
    """All that is wrong with the text of a module; it is parsed, never run."""
    source, known = without_loader(source)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        return (Finding(0, "", f"this is not Python: {error}"),)
    remarks = {*_module(tree, spec), *_names(tree, known)}
    for op, cls, jvp in classes(tree, spec):
        found = chain(of_class(op, cls), of_forward_mode(jvp))
        remarks.update(Remark(r.line, op.name, r.message) for r in found)
    walked.cache_clear()  # which else would hold a long tree beyond its use
    return tuple(
        Finding(0, remark.op, f"line {remark.line}: {remark.message}")
        for remark in sorted(remarks, key=lambda r: (r.line, r.op, r.message))
    )


# -- the whole module ------------------------------------------------------------------


def _module(tree: ast.Module, spec: Spec) -> Iterator[Remark]:
    kept = _kept(tree, spec)
    for node in walked(tree):
        line = getattr(node, "lineno", 0)
        for message in () if node in kept else objections(node):
            yield Remark(line, "", message)
    for statement in tree.body:
        if not _is_inert(statement):
            yield Remark(statement.lineno, "", "does something when it is imported")
    yield from _definitions(tree, spec)


def _kept(tree: ast.Module, spec: Spec) -> set[ast.AST]:
    """What bears a name of the user's: numbers on ``ctx``, all that a module keeps.

    And torch's own operators that go by no other name.
    """
    inputs = [item for op in spec.ops for item in op.inputs]
    numbers = {item.name for item in inputs if not item.kind.is_tensor}
    kept = {*_attributes(tree, "ctx", numbers), *_operators(tree)}
    layers = {op.module.name: op for op in spec.ops if op.module is not None}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in layers:
            op = layers[node.name]
            sizes = op.module.sizes if op.module else ()
            kept.update(
                _attributes(node, "self", {*sizes, *(i.name for i in op.inputs)})
            )
    return kept


def _operators(tree: ast.Module) -> Iterator[ast.AST]:
    """``torch.ops`` in the names of operators that may be called."""
    for node in walked(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in _OPERATORS:
            continue
        owner = node.value
        if isinstance(owner, ast.Attribute) and ast.unparse(owner) == "torch.ops.aten":
            yield owner.value


def _attributes(part: ast.AST, of: str, names: Set[str]) -> Iterator[ast.AST]:
    """The attributes ``of.name`` in a part of the text, for some names."""
    for node in walked(part):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield from [node] if ast.unparse(node.value) == of else ()


def _is_inert(statement: ast.stmt) -> bool:
    """Whether a statement of the module or of a class only defines something."""
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(statement, ast.FunctionDef):
        return all(isinstance(d, ast.Name) for d in statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        names = [*statement.decorator_list, *statement.bases]
        plain = all(isinstance(n, (ast.Name, ast.Attribute)) for n in names)
        return plain and not statement.keywords and all(map(_is_inert, statement.body))
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    if isinstance(statement, ast.Assign):
        named = all(map(_is_name, statement.targets))
        return named and (_is_constant(statement.value) or _is_export(statement))
    return False


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _is_export(statement: ast.Assign) -> bool:
    """Whether this is ``__all__``: no other list stands where calls could fill it."""
    names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
    elements = getattr(statement.value, "elts", [statement.value])
    return names == ["__all__"] and all(isinstance(e, ast.Constant) for e in elements)


def _is_constant(value: ast.expr) -> bool:
    """Whether a module's or class's value is data: no tensor can be hidden in it."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _IMPORT_CALLS
    return is_literal(value)


def _definitions(tree: ast.Module, spec: Spec) -> Iterator[Remark]:
    """Classes and public functions are exactly those of the ops, each once."""
    of_ops = set(class_names(spec.ops).values())
    of_ops |= {f"{name}{FORWARD_MODE}" for name in of_ops}
    of_ops |= {op.module.name for op in spec.ops if op.module is not None}
    functions = {op.name for op in spec.ops}
    seen: set[str] = set()
    for node in tree.body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            continue
        known = of_ops if isinstance(node, ast.ClassDef) else functions
        if node.name not in known and not node.name.startswith("_"):
            yield Remark(node.lineno, "", f"{node.name} belongs to no op")
        if node.name in seen:
            yield Remark(node.lineno, "", f"{node.name} is defined twice")
        seen.add(node.name)
    for name in sorted(functions - seen):
        yield Remark(0, name, "has no public function")


# -- names -----------------------------------------------------------------------------


_OUTER = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _names(tree: ast.Module, known: Set[str]) -> Iterator[Remark]:
    """Names that are neither a function's own, nor the module's, nor admitted."""
    shared = _bound(tree.body) | _BUILTINS | known
    for node in walked(tree):
        if isinstance(node, ast.FunctionDef):
            yield from _free_names(node, shared)
            nested = [n for n in walked(node)[1:] if isinstance(n, _OUTER)]
            yield from (Remark(n.lineno, "", "belongs to the module") for n in nested)


def _bound(body: Sequence[ast.stmt]) -> set[str]:
    """What the statements of a module define."""
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names |= {a.asname or a.name.partition(".")[0] for a in statement.names}
        else:
            names |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return names


def _free_names(function: ast.FunctionDef, shared: set[str]) -> Iterator[Remark]:
    inside = walked(function)
    own = {n.arg for n in ast.walk(function.args) if isinstance(n, ast.arg)}
    stored = [n for n in inside if isinstance(n, ast.Name)]
    own |= {n.id for n in stored if isinstance(n.ctx, ast.Store)}
    known = own | shared
    for name in stored:
        if name.id not in known:
            yield Remark(name.lineno, "", f"{name.id} is not defined here")
