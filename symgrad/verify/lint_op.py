"""Rung 0, one op: its methods, what they return, and what they save."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from symgrad.naming import FORWARD_MODE, class_names
from symgrad.op import Op, Spec

_MARKS = ("ctx", "op", "ops")
"""Fields whose nodes have no place, half of a tree; ask the node above for them."""


@lru_cache(maxsize=256)
def walked(node: ast.AST) -> tuple[ast.AST, ...]:
    """A node and all below it but marks; each definition of a text is walked once."""
    nodes = [node]
    inside: list[ast.AST] = []
    for part in nodes:  # which grows by what is below
        for below in _below(part):
            if isinstance(below, (ast.FunctionDef, ast.ClassDef)):
                inside += walked(below)
            else:
                nodes.append(below)
    return (*nodes, *inside)


def _below(node: ast.AST) -> Iterator[ast.AST]:
    for name in node._fields:
        value = None if name in _MARKS else getattr(node, name, None)
        if isinstance(value, list):
            yield from (n for n in value if isinstance(n, ast.AST))
        elif isinstance(value, ast.AST):
            yield value


@dataclass(frozen=True)
class Remark:
    """Something wrong at a line of the text; ``op`` is empty outside of all ops."""

    line: int
    op: str
    message: str


def classes(
    tree: ast.Module, spec: Spec
) -> Iterator[tuple[Op, ast.ClassDef, ast.ClassDef]]:
    """Each op with its class and that of forward mode.

    A missing one is empty; that of an op is seen by its public function.
    """
    found = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
    for op in spec.ops:
        name = class_names(spec.ops)[op.name]
        jvp = f"{name}{FORWARD_MODE}"
        yield op, found.get(name, _empty(name)), found.get(jvp, _empty(jvp))


def _empty(name: str) -> ast.ClassDef:
    return ast.ClassDef(name, [], [], [], [], lineno=0)


def _methods(cls: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {n.name: n for n in cls.body if isinstance(n, ast.FunctionDef)}


def of_forward_mode(cls: ast.ClassDef) -> Iterator[Remark]:
    """What is wrong with the class that adds forward mode."""
    for name, method in _methods(cls).items():
        if name != "jvp":
            yield Remark(method.lineno, "", f"{cls.name} has a {name}")
        yield from _in_place(method)
        yield from _one_read(method)


def of_class(op: Op, cls: ast.ClassDef) -> Iterator[Remark]:
    """What is wrong with the class of an op."""
    methods = _methods(cls)
    inputs = [item.name for item in op.inputs]
    expected = {
        "forward": inputs,
        "setup_context": None,
        "backward": ["ctx", *(f"grad_{f.name}" for f in op.outputs)],
    }
    for name, parameters in expected.items():
        if name not in methods:
            yield Remark(cls.lineno, "", f"{cls.name} has no {name}")
        elif parameters not in (None, [a.arg for a in methods[name].args.args]):
            got = ", ".join(a.arg for a in methods[name].args.args)
            yield Remark(methods[name].lineno, "", f"{name} takes ({got})")
    for method in methods.values():
        yield from _in_place(method)
        yield from _one_read(method)
    if "backward" in methods:
        yield from _returns(op, methods["backward"])
    if "setup_context" in methods:
        yield from _saved(methods["setup_context"])
        yield from _kept(op, methods["setup_context"])


def _in_place(method: ast.FunctionDef) -> Iterator[Remark]:
    """An attribute may be set on ``ctx`` only, while the context is set up."""
    for node in walked(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            on_ctx = isinstance(node.value, ast.Name) and node.value.id == "ctx"
            if not on_ctx or method.name != "setup_context":
                yield Remark(node.lineno, "", f"sets the attribute {node.attr}")


def _one_read(method: ast.FunctionDef) -> Iterator[Remark]:
    reads = [
        node
        for node in walked(method)
        if isinstance(node, ast.Attribute) and node.attr == "saved_tensors"
    ]
    for node in reads[1:]:
        yield Remark(node.lineno, "", "reads ctx.saved_tensors a second time")


def _returns(op: Op, backward: ast.FunctionDef) -> Iterator[Remark]:
    """As many gradients as inputs, ``None`` exactly where there is no gradient."""
    returns = [n for n in walked(backward) if isinstance(n, ast.Return)]
    final = backward.body[-1]
    if not isinstance(final, ast.Return):
        yield Remark(final.lineno, "", "backward does not end in a return")
    for node in returns:
        parts = _parts(node)
        if len(parts) != len(op.inputs):
            count = f"{len(parts)} gradients for {len(op.inputs)} inputs"
            yield Remark(node.lineno, "", f"backward returns {count}")
            continue
        for item, part in zip(op.inputs, parts, strict=True):
            absent = isinstance(part, ast.Constant) and part.value is None
            if not absent and not item.differentiable:
                yield Remark(node.lineno, "", f"{item.name} gets a gradient")
            if absent and item.differentiable and node is final:
                yield Remark(node.lineno, "", f"{item.name} never gets a gradient")


def _parts(node: ast.Return) -> list[ast.expr]:
    if node.value is None:
        return []
    return list(node.value.elts) if isinstance(node.value, ast.Tuple) else [node.value]


_CONTEXT = (
    "save_for_backward",
    "save_for_forward",
    "set_materialize_grads",
    "mark_non_differentiable",
)
"""What may be called in ``setup_context``."""


def _saved(method: ast.FunctionDef) -> Iterator[Remark]:
    """Only what forward got and gave can be saved: nothing is computed here."""
    for node in walked(method):
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Attribute) and node.func.attr in _CONTEXT
            if not known:
                yield Remark(node.lineno, "", "setup_context computes something")
        if isinstance(node, (ast.BinOp, ast.UnaryOp)):
            yield Remark(node.lineno, "", "setup_context computes something")
    saves = {
        n.func.attr: [ast.dump(a) for a in n.args]
        for n in walked(method)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    both = saves.get("save_for_backward"), saves.get("save_for_forward")
    if both[1] is not None and both[0] != both[1]:
        yield Remark(method.lineno, "", "the two modes save different tuples")


def _kept(op: Op, method: ast.FunctionDef) -> Iterator[Remark]:
    """On the context stand shapes, dtypes and Python numbers, and no tensor.

    What is kept there neither autograd nor a hook of saved tensors knows of.
    """
    numbers = {item.name for item in op.inputs if not item.kind.is_tensor}
    for node in (n for n in walked(method) if isinstance(n, ast.Assign)):
        harmless = all(_is_harmless(part, numbers) for part in _listed(node))
        if isinstance(node.targets[0], ast.Attribute) and not harmless:
            yield Remark(node.lineno, "", "keeps something on the context")


def _listed(node: ast.Assign) -> list[ast.expr]:
    """What an assignment assigns, one by one."""
    return node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]


def _is_harmless(value: ast.expr, numbers: set[str]) -> bool:
    if isinstance(value, ast.Attribute):
        return value.attr in ("shape", "dtype")
    return isinstance(value, ast.Name) and value.id in numbers
