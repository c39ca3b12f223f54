"""Ways to make an op wrong, as edits of its syntax tree.

Templates are Python text in which ``{g}`` stands for the expression that is wrapped and
the other letters for names of the op: see ``Code.words``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from .code import Code

Edit = Callable[[Code], None]


def both(*edits: Edit) -> Edit:
    """Several edits, in order."""

    def apply(code: Code) -> None:
        for edit in edits:
            edit(code)

    return apply


def gradient(template: str, of: int = 0) -> Edit:
    """Wrap the gradient of an input, where it is computed."""

    def apply(code: Code) -> None:
        name = [i.name for i in code.op.inputs if i.differentiable][of]
        backward = code.method("backward")
        assigned = [n for n in ast.walk(backward) if _sets(n, f"grad_{name}")]
        if assigned:
            node = assigned[-1]
            assert isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value
            node.value = _wrapped(code, template, node.value)
        else:
            _wrap_returned(code, "backward", template, of)

    return apply


def value(template: str, of: int = 0) -> Edit:
    """Wrap an output."""
    return lambda code: _wrap_returned(code, "forward", template, of)


def tangent(template: str, of: int = 0) -> Edit:
    """Wrap the tangent of an output."""
    return lambda code: _wrap_returned(code, "jvp", template, of)


def _sets(node: ast.AST, name: str) -> bool:
    """Whether a statement gives a name a value that is not ``None``."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return False
    mine = [t for t in targets if isinstance(t, ast.Name) and t.id == name]
    return bool(mine) and not _is_none(node.value)


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _wrapped(code: Code, template: str, node: ast.expr) -> ast.expr:
    text = code.text(template, g=f"({ast.unparse(node)})")
    return ast.parse(text, mode="eval").body


def _wrap_returned(code: Code, method: str, template: str, of: int) -> None:
    final = code.method(method).body[-1]
    assert isinstance(final, ast.Return) and final.value
    if isinstance(final.value, ast.Tuple):
        parts = final.value.elts
        parts[of] = _wrapped(code, template, parts[of])
    else:
        final.value = _wrapped(code, template, final.value)


# -- statements ------------------------------------------------------------------------


def begin(method: str, text: str) -> Edit:
    """Put statements at the start of a method, after its docstring."""

    def apply(code: Code) -> None:
        body = code.method(method).body
        place = int(ast.get_docstring(code.method(method)) is not None)
        body[place:place] = _statements(code, text)

    return apply


def unpacked(method: str, text: str) -> Edit:
    """Put statements where all that was saved and kept has its name."""

    def apply(code: Code) -> None:
        body = code.method(method).body
        reads = [
            place
            for place, node in enumerate(body)
            if isinstance(node, ast.Assign) and "ctx." in ast.unparse(node)
        ]
        place = reads[-1] + 1 if reads else 0
        body[place:place] = _statements(code, text)

    return apply


def end(method: str, text: str) -> Edit:
    """Put statements before the last return; or at the end, if there is none."""

    def apply(code: Code) -> None:
        body = code.method(method).body
        place = len(body) - isinstance(body[-1], ast.Return)
        body[place:place] = _statements(code, text)

    return apply


def module(text: str) -> Edit:
    """Put statements before the first class or function."""

    def apply(code: Code) -> None:
        kinds = ast.ClassDef, ast.FunctionDef
        place = next(k for k, n in enumerate(code.tree.body) if isinstance(n, kinds))
        code.tree.body[place:place] = _statements(code, text)

    return apply


def attribute(name: str, text: str) -> Edit:
    """Another value for an attribute of the class."""

    def apply(code: Code) -> None:
        [node] = [n for n in code.definition(code.class_name).body if _sets(n, name)]
        assert isinstance(node, ast.Assign)
        node.value = ast.parse(text, mode="eval").body

    return apply


def dropped(method: str, fragment: str) -> Edit:
    """Take out the statements of a method in which a text occurs."""

    def apply(code: Code) -> None:
        body = code.method(method).body
        wanted = code.text(fragment)
        body[:] = [n for n in body if wanted not in ast.unparse(n)]

    return apply


def _statements(code: Code, text: str) -> Iterable[ast.stmt]:
    return ast.parse(code.text(text)).body


def decorated(decorator: str) -> Edit:
    """Put a decorator on backward."""

    def apply(code: Code) -> None:
        node = ast.parse(decorator, mode="eval").body
        code.method("backward").decorator_list.append(node)

    return apply


# -- text ------------------------------------------------------------------------------


def rewritten(method: str, pattern: str, by: str, count: int = 1) -> Edit:
    """Replace in the text of a method; the pattern is regular, with names in it."""

    def apply(code: Code) -> None:
        body, place = code.home(method)
        text = ast.unparse(body[place])
        changed = re.sub(code.text(pattern), code.text(by), text, count=count)
        [body[place]] = ast.parse(changed).body

    return apply


def replaced(method: str, text: str) -> Edit:
    """Another body for a method."""

    def apply(code: Code) -> None:
        code.method(method).body[:] = _statements(code, text)

    return apply
