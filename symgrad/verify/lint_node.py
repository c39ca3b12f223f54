"""Rung 0, one node of the text: what is wrong with it wherever it stands."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

MODULES = (
    "__future__",
    "functools",
    "inspect",
    "math",
    "torch",
    "torch.nn.functional",
    "typing",
)
"""All that a module may import."""

_GRAMMAR: frozenset[type[ast.AST]] = frozenset({
    ast.Module, ast.Expr, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef,
    ast.FunctionDef, ast.arguments, ast.arg, ast.keyword, ast.Assign, ast.AnnAssign,
    ast.Return, ast.Raise, ast.If, ast.For, ast.Pass, ast.Call, ast.Attribute,
    ast.Subscript, ast.Slice, ast.Starred, ast.Name, ast.Constant, ast.Tuple, ast.List,
    ast.Dict, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.JoinedStr, ast.FormattedValue, ast.GeneratorExp, ast.ListComp,
    ast.comprehension,
})  # fmt: skip

_DATA = "reads data into Python"
_CASTS = "writes private attributes on the user's tensors"
_ALIEN = "is no business of an op"
_FORBIDDEN = {
    "item": _DATA,
    "tolist": _DATA,
    "numpy": _DATA,
    "data": "goes around autograd",
    "once_differentiable": "forbids second derivatives",
    "custom_fwd": _CASTS,
    "custom_bwd": _CASTS,
    "load": _ALIEN,
    "save": _ALIEN,
    "hub": _ALIEN,
    "jit": _ALIEN,
    "package": _ALIEN,
    "utils": _ALIEN,
    "ops": _ALIEN,
    "classes": _ALIEN,
    "library": _ALIEN,
    "storage": _ALIEN,
    "serialization": _ALIEN,
    "multiprocessing": _ALIEN,
    "distributed": _ALIEN,
    "from_file": _ALIEN,
}
_PRIVATE = frozenset({"__init__", "__signature__", "__name__"})
_HOLDERS = ("ctx", "self")
"""What attributes may be set on: a context, by ``setup_context``, and a module."""

_NEW = frozenset(
    {"abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "clamp"}
    | {"clamp_max", "clamp_min", "cos", "cosh", "digamma", "erf", "erfc", "erfinv"}
    | {"lgamma", "log", "log10", "log1p", "log2", "logaddexp", "maximum", "minimum"}
    | {"sin", "sinh", "where", "xlogy"}
)
"""Functions of torch whose result is a new tensor, of which autograd keeps nothing."""

_NEW_OF_OURS = frozenset({"_gated"})
"""Functions of the module itself that give such a tensor."""

_OVER = frozenset(
    {"abs_", "acos_", "add_", "asin_", "atan_", "ceil_", "cos_", "cosh_", "digamma_"}
    | {"div_", "erf_", "erfc_", "erfinv_", "exp_", "exp2_", "expm1_", "floor_"}
    | {"lgamma_", "log_", "log10_", "log1p_", "log2_", "mul_", "neg_", "reciprocal_"}
    | {"relu_", "rsqrt_", "sigmoid_", "sign_", "sin_", "sinh_", "sqrt_", "sub_"}
    | {"tan_", "tanh_", "trunc_"}
)
"""Methods that may write over a new tensor."""

_STARTS = frozenset({"nn.init", "_nn.init"})
"""Where the functions are that give parameters their initial values."""


def objections(node: ast.AST) -> Iterator[str]:
    """What is wrong with one node, wherever it stands."""
    if type(node) not in _GRAMMAR:
        yield f"{type(node).__name__} is not allowed"
    elif rule := _RULES.get(type(node)):
        yield from rule(node)


def _imported(node: ast.Import) -> Iterator[str]:
    yield from (f"imports {a.name}" for a in node.names if a.name not in MODULES)


def _imported_from(node: ast.ImportFrom) -> Iterator[str]:
    if node.level or node.module not in MODULES:
        yield f"imports from {node.module}"


def _brought_in(node: ast.alias) -> Iterator[str]:
    if node.name in _FORBIDDEN:
        yield f"{node.name} {_FORBIDDEN[node.name]}"


def _attribute(node: ast.Attribute) -> Iterator[str]:
    name = node.attr
    if name in _FORBIDDEN:
        yield f"{name} {_FORBIDDEN[name]}"
    if name.startswith("_") and name not in _PRIVATE:
        yield f"{name} is private"
    in_place = name.endswith("_") and not name.startswith("_")
    over = name in _OVER and _is_fresh(node.value)
    own = over or ast.unparse(node.value) in _STARTS
    if in_place and not own:
        yield f"{name} writes in place"
    stored = isinstance(node.ctx, ast.Store) and name not in _PRIVATE
    if stored and ast.unparse(node.value) not in _HOLDERS:
        yield f"sets the attribute {name}"


def _is_fresh(value: ast.expr) -> bool:
    """Whether an expression is a new tensor, which no name and nobody else has."""
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub)
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
    if not isinstance(value, ast.Call):
        return False
    if not isinstance(value.func, ast.Attribute):
        return isinstance(value.func, ast.Name) and value.func.id in _NEW_OF_OURS
    name, owner = value.func.attr, value.func.value
    if name.endswith("_"):
        return _is_fresh(owner)
    return name in _NEW and ast.unparse(owner) == "torch"


def _call(node: ast.Call) -> Iterator[str]:
    if not _is_check(node.func):
        written = [k.arg for k in node.keywords if k.arg in ("out", "inplace")]
        yield from (f"{name}= writes in place" for name in written)


def _element(node: ast.Subscript) -> Iterator[str]:
    if isinstance(node.ctx, ast.Store):
        yield "an assignment to an element writes in place"


def _parameters(node: ast.arguments) -> Iterator[str]:
    defaults = (*node.defaults, *filter(None, node.kw_defaults))
    yield from ("a default is computed" for d in defaults if not is_literal(d))


_RULES: dict[type[ast.AST], Callable[[Any], Iterator[str]]] = {
    ast.Import: _imported,
    ast.ImportFrom: _imported_from,
    ast.alias: _brought_in,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Subscript: _element,
    ast.arguments: _parameters,
}
"""What is to be said of a node of a type that is allowed."""


def _is_check(function: ast.expr) -> bool:
    """Whether this is a check of inputs, which are passed by their own names."""
    checks = ("_check_", "_axes_error")
    return isinstance(function, ast.Name) and function.id.startswith(checks)


def is_literal(value: ast.AST) -> bool:
    """Whether an expression is a constant or a tuple of constants."""
    kinds = (ast.Constant, ast.UnaryOp, ast.Tuple, ast.unaryop, ast.Load)
    return all(isinstance(node, kinds) for node in ast.walk(value))
