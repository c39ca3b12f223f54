"""The imports of a module give way to its ops and modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping


def giving_way(source: str, public: Collection[str]) -> str:
    """The text, with another name for each import that something public is called like.

    ``import math`` becomes ``import math as _math``, and what means it follows.
    """
    if _named_by_imports(source).isdisjoint(public):
        return source
    tree = ast.parse(source)
    imports = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    imported = {a.asname or a.name for statement in imports for a in statement.names}
    own = {name: f"_{name}" for name in imported.intersection(public)}
    if not own:
        return source
    lines = source.split("\n")
    uses = [name for name in _globals(tree) if name.id in own]
    for use in sorted(uses, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        line, start = lines[use.lineno - 1], use.col_offset
        lines[use.lineno - 1] = line[:start] + own[use.id] + line[use.end_col_offset :]
    for statement in reversed(imports):
        if not own.keys().isdisjoint(alias.name for alias in statement.names):
            row = (
                statement.lineno
            )  # a method may have had its own `import math as _math`
            lines[row - 1 : row] = [
                s for s in _renamed(statement, own) if s not in lines
            ]
    return "\n".join(lines)


def _named_by_imports(source: str) -> set[str]:
    """All names in lines that may be imports: few, and found without a parser."""
    lines = (s for s in source.splitlines() if s.startswith(("import ", "from ")))
    return {name for line in lines for name in re.findall(r"\w+", line)}


def _renamed(
    statement: ast.Import | ast.ImportFrom, own: Mapping[str, str]
) -> Iterator[str]:
    """An import, with a line for each name that has another; as linters sort them."""
    start = f"from {statement.module} " if isinstance(statement, ast.ImportFrom) else ""
    plain = [ast.unparse(alias) for alias in statement.names if alias.name not in own]
    if plain:
        yield f"{start}import {', '.join(plain)}"
    for alias in statement.names:
        if alias.name in own:
            yield f"{start}import {alias.name} as {own[alias.name]}"


def _globals(node: ast.AST, local: Collection[str] | None = None) -> Iterator[ast.Name]:
    """The names that mean an import; ``local`` are those of the function around.

    What a function calls by its bare name is an op, or a helper of ours.
    """
    if isinstance(node, ast.FunctionDef):
        for part in (*node.decorator_list, node.args, node.returns):
            yield from _globals(part, local) if part else ()
        for statement in node.body:
            yield from _globals(statement, _bound(node))
        return
    if isinstance(node, ast.Name) and node.id not in (local or ()):
        yield node
    called = node.func if isinstance(node, ast.Call) and local is not None else None
    for child in ast.iter_child_nodes(node):
        if child is not called or not isinstance(child, ast.Name):
            yield from _globals(child, local)


def _bound(function: ast.FunctionDef) -> frozenset[str]:
    """The names of a function's own: its parameters, and what it assigns."""
    nodes = list(ast.walk(function))
    stored = [n for n in nodes if isinstance(n, ast.Name)]
    return frozenset(
        [n.id for n in stored if isinstance(n.ctx, ast.Store)]
        + [n.arg for n in nodes if isinstance(n, ast.arg)]
    )
