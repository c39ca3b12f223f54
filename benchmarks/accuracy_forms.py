"""The forms that were chosen, as lines to be read, from what was generated.

A form stands in the source as an expression of names that are assigned before; here
the names that it needs are put behind it.  Patches are said by where they are.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from accuracy_set import Case
from accuracy_subjects import declared

from symgrad.generate import generate

WIDTH, INDENT = 88, 22

ENOUGH = 150
"""Characters after which no more names are explained: what follows are series."""

_PATCHED = re.compile(r"near\d*$")
_ELSEWHERE = re.compile(r"far\d*$")
_PREFIX = re.compile(r"\b(torch\.(special\.)?|F\.)")
_ONE = re.compile(r"\w+\.new_full\(\(\), (\w+)\)")
_TIGHT = re.compile(r" (\*\*|\*|/) ")


def page(cases: Sequence[Case]) -> Iterator[str]:
    """Values and gradients of each expression, and where they are patched."""
    yield "forms chosen, of the value and of the derivative"
    for case in cases:
        source = generate(declared(case)).source
        for name, text in zip((case.name, ""), forms(source, case.wrt), strict=True):
            yield from textwrap.wrap(
                text,
                WIDTH,
                initial_indent=f"{name:<{INDENT}}",
                subsequent_indent=" " * (INDENT + 2),
                break_long_words=False,
                break_on_hyphens=False,
            )


def forms(source: str, wrt: str) -> tuple[str, str]:
    """The form of the value and the one of the derivative by an input."""
    methods = _methods(source)
    forward, backward = methods["forward"], methods["backward"]
    body = ast.get_source_segment(source, backward) or ""
    [text] = re.findall(rf"# dvalue/d{wrt} = (.+)", body)
    slope = ast.parse(text, mode="eval").body
    return _line(_returned(forward), forward), _line(slope, backward)


def _methods(source: str) -> Mapping[str, ast.FunctionDef]:
    """The methods of the first class that has a backward."""
    found = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef)]
    of_each = [
        {m.name: m for m in c.body if isinstance(m, ast.FunctionDef)} for c in found
    ]
    return next(methods for methods in of_each if "backward" in methods)


def _returned(method: ast.FunctionDef) -> ast.expr:
    """The one output, before it is rounded to its dtype."""
    [*_, before, last] = [None, *method.body]
    [value] = {
        n.value
        for n in (before, last)
        if isinstance(n, ast.AnnAssign)
        or (isinstance(n, ast.Return) and not isinstance(n.value, ast.Name))
    }
    assert value is not None
    return value.args[0] if _is_call(value, "_rounded") else value


def _is_call(node: ast.AST, *names: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in names


def _line(form: ast.expr, method: ast.FunctionDef) -> str:
    known = _assigned(method)
    form = _unpatched(form, known)
    while isinstance(form, ast.Name) and form.id in known:
        form = known[form.id]
    line = _text(form)
    for name in dict.fromkeys(_used(form, known)):
        if len(line) > ENOUGH:
            line += "; ..."
            break
        line += f"; {name} = {_text(known[name])}"
    return line + _patches(known)


def _patches(known: Mapping[str, ast.expr]) -> str:
    near = [_text(value) for name, value in known.items() if _PATCHED.match(name)]
    return f"; patched where {' or '.join(near)}" if near else ""


def _assigned(method: ast.FunctionDef) -> dict[str, ast.expr]:
    """What single names stand for."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return {name: _unpatched(value, found) for name, value in found.items()}


class _WithoutPatches(ast.NodeTransformer):
    """What is computed where nothing is patched."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self._known = known

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """The last argument, where the first is a place of a patch."""
        if _is_call(node, "torch.where", "where") and _is_near(node.args[0]):
            found: ast.expr = self.visit(node.args[2])
            return found
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What a name for places beyond the patches stands for there."""
        if _ELSEWHERE.match(node.id) and node.id in self._known:
            found: ast.expr = self.visit(self._known[node.id])
            return found
        return node


def _is_near(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and bool(_PATCHED.match(node.id))


def _unpatched(form: ast.expr, known: Mapping[str, ast.expr]) -> ast.expr:
    copy = ast.parse(ast.unparse(form), mode="eval").body
    found: ast.expr = _WithoutPatches(known).visit(copy)
    return found


def _used(form: ast.expr, known: Mapping[str, ast.expr]) -> Iterator[str]:
    """The names that a form needs, from the outside to the inside."""
    names = [n.id for n in ast.walk(form) if isinstance(n, ast.Name) and n.id in known]
    yield from names
    for name in names:
        yield from _used(known[name], known)


def _text(form: ast.expr) -> str:
    plain = _ONE.sub(r"\1", _PREFIX.sub("", ast.unparse(form)))
    return _TIGHT.sub(r"\1", plain)
