"""Rules of formulas: calls of table functions, of the spec's own, and of a few more."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from symgrad import fold
from symgrad.functions import NAMES
from symgrad.grammar import tree
from symgrad.names import nearest
from symgrad.operators import CONSTANTS, branch, where
from symgrad.program import Graph
from symgrad.reducing import FORMS, LIMITED, limited, reduction
from symgrad.walk import Value, Walker


def _all(names: str, code: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), code)


NOT_BUILT: Mapping[str, str] = {
    **_all("inv det logdet trace transpose solve cholesky", "SG704"),
    "root": "SG709",
    "Integral": "SG710",
}
"""Functions of the format whose meaning is not built yet, and the code that says so."""

_FOLDED_LEFT = frozenset({"Max", "Min"})
"""Functions of two arguments that may be given more."""

_WRITTEN_FIRST: Mapping[str, tuple[str, Callable[[Fraction], bool]]] = {
    "polygamma": ("a whole number", lambda n: n.denominator == 1 and n >= 0),
    "zeta": ("a number above 1", lambda s: s > 1),
}
"""Functions whose first argument is a number that is written out, and which one."""


def call(walker: Walker, node: ast.Call) -> Value:
    """A call of any function."""
    if not isinstance(node.func, ast.Name):
        message = "only a function can be called, by its name"
        return walker.fail("SG204", message, node.func, "a product is written with '*'")
    name, function = node.func.id, node.func
    if name in FORMS and FORMS[name].freedom:
        node = _with_freedom(node)
    if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
        return walker.fail("SG204", "arguments are given by position", node)
    if name in walker.functions:
        return _template(walker, name, node)
    if name in SPECIAL:
        return SPECIAL[name](walker, node)
    if name in FORMS:
        return reduction(walker, name, node)
    if name in LIMITED:
        return limited(walker, name, node)
    if name in NAMES:
        return _table_function(walker, name, node)
    return _unknown(walker, function)


def _with_freedom(node: ast.Call) -> ast.Call:
    """``var(e, i, ddof=0)`` as ``var(e, i, 0)``."""
    [keyword] = node.keywords if len(node.keywords) == 1 else [None]
    if keyword is None or keyword.arg != "ddof" or len(node.args) != 2:
        return node
    plain = ast.Call(node.func, [*node.args, keyword.value], [])
    return ast.copy_location(plain, node)


def _unknown(walker: Walker, node: ast.Name) -> Value:
    name = node.id
    if name in NOT_BUILT:
        return walker.fail(NOT_BUILT[name], f"{name}() is not built yet", node)
    if name in walker.names:
        message = f"'{name}' is not a function: a product is written with '*'"
        return walker.fail("SG210", message, node, f"write '{name}*(...)'")
    if name in CONSTANTS:
        message = f"'{name}' is a constant, not a function"
        return walker.fail("SG210", message, node, f"write '{name}'")
    help = nearest(name, [*NAMES, *walker.functions, *SPECIAL, *FORMS])
    help = help or "'symgrad functions' lists them"
    return walker.fail("SG210", f"unknown function '{name}'", node, help)


def _arguments(
    walker: Walker, node: ast.Call, fewest: int, most: int | None
) -> list[int] | None:
    """The arguments of a call, if their number is right and none is a mistake."""
    given = len(node.args)
    args = list(map(walker.number, node.args))
    if given < fewest or (most is not None and given > most):
        name = ast.unparse(node.func)
        message = f"{name}() takes {_count(fewest, most)}, not {given}"
        walker.fail("SG211", message, node, _usage(walker, name))
        return None
    known = [arg for arg in args if arg is not None]
    return known if len(known) == given else None


def _count(fewest: int, most: int | None) -> str:
    if most is None:
        return f"at least {fewest} arguments"
    number = str(fewest) if fewest == most else f"{fewest} to {most}"
    return f"{number} argument{'s' if most != 1 else ''}"


def _usage(walker: Walker, name: str) -> str | None:
    """How a function is called that was given too many or too few arguments."""
    if name in walker.names:
        return f"write '{name}*(...)'"
    if name in _USAGE or name not in NAMES:
        return _USAGE.get(name)
    return f"write {name}({', '.join(NAMES[name].args)})"


_USAGE = dict.fromkeys(("log", "ln"), "to the base b it is log(x)/log(b)")


def _table_function(walker: Walker, name: str, node: ast.Call) -> Value:
    row, graph = NAMES[name], walker.graph
    fewest = len(row.args) - len(row.defaults)
    folds = row.name in _FOLDED_LEFT
    args = _arguments(walker, node, fewest, None if folds else len(row.args))
    if args is None:
        return None
    if folds:
        return walker.checked(node, lambda: _folded(walker, row.name, args))
    if not walker.table and (unwritten := not_written(row.name, graph, args[0])):
        return walker.fail("SG214", unwritten, node.args[0])
    missing = row.defaults[len(args) - fewest :]
    args += [_default(walker, text) for text in missing]
    return walker.checked(node, lambda: fold.call(graph, row.name, args))


def _default(walker: Walker, text: str) -> int:
    """The value of an argument that is left out; the table has no mistakes."""
    root, lead = tree(text)
    value = replace(walker, names={}, source=text, lead=lead).number(root)
    assert value is not None, text
    return value


def not_written(name: str, graph: Graph, first: int) -> str | None:
    """What is wrong with a first argument that must be a number, written out."""
    if name not in _WRITTEN_FIRST:
        return None
    kind, fits = _WRITTEN_FIRST[name]
    number = fold.rational(graph, first)
    if number is not None and fits(number):
        return None
    return f"the first argument of {name}() is {kind}, written out"


def _folded(walker: Walker, name: str, args: Sequence[int]) -> int:
    value = args[0]
    for arg in args[1:]:
        value = walker.graph.call(name, value, arg)
    return value


# Functions with rules of their own


def _where(walker: Walker, node: ast.Call) -> Value:
    if len(node.args) != 3:
        message = f"where() takes 3 arguments, not {len(node.args)}"
        return walker.fail("SG211", message, node, "where(condition, a, b)")
    condition, a, b = node.args
    chosen = walker.condition(condition)
    return where(walker, chosen, branch(walker, a), branch(walker, b))


def _piecewise(walker: Walker, node: ast.Call) -> Value:
    """``Piecewise((value, condition), …, (value, True))``"""
    pairs = [a for a in node.args if isinstance(a, ast.Tuple) and len(a.elts) == 2]
    if not pairs or len(pairs) < len(node.args):
        message = "Piecewise takes pairs of value and condition"
        return walker.fail("SG212", message, node, "Piecewise((a, x < 0), (b, True))")
    *others, (last, default) = [pair.elts for pair in pairs]
    if not (isinstance(default, ast.Constant) and default.value is True):
        message = "Piecewise has no default: its last condition must be True"
        return walker.fail("SG213", message, node, "end it with (value, True)")
    branches = [(branch(walker, a), walker.condition(c)) for a, c in others]
    value = branch(walker, last)
    for side, condition in reversed(branches):
        value = where(walker, condition, side, value)
    return value


def _stop_gradient(walker: Walker, node: ast.Call) -> Value:
    args = _arguments(walker, node, 1, 1)
    return None if args is None else walker.graph.node("stop_gradient", *args)


SPECIAL: Mapping[str, Callable[[Walker, ast.Call], Value]] = {
    "where": _where,
    "Piecewise": _piecewise,
    "stop_gradient": _stop_gradient,
}
"""Functions that are not rows of the function table."""


# Functions of the spec


def _template(walker: Walker, name: str, node: ast.Call) -> Value:
    """A formula of the spec, expanded where it is called, once for equal arguments."""
    template = walker.functions[name]
    count = len(template.inputs)
    fewest, most = (0, None) if template.broken else (count, count)
    args = _arguments(walker, node, fewest, most)
    if args is None or template.broken or template.opaque:
        return None
    key = (name, tuple(args))
    if key not in walker.expanded:
        value = _expanded(walker, name, args, node)
        if value is None:
            return None
        walker.expanded[key] = value
    return walker.expanded[key]


def _expanded(walker: Walker, name: str, args: Sequence[int], node: ast.Call) -> Value:
    """The formula of a function; a mistake in it is shown where it is called."""
    template = walker.functions[name]
    root, lead = tree(template.text)
    inner = replace(
        walker,
        names=dict(zip(template.inputs, args, strict=True)),
        source=template.text,
        lead=lead,
        mistakes=[],
        space=None,  # its parameters are values, element by element
    )
    value = inner.value(root)
    for mistake in inner.mistakes[:1]:
        inside = "" if mistake.message.startswith("in '") else f"in '{name}': "
        walker.fail(mistake.code, f"{inside}{mistake.message}", node, mistake.help)
    return value
