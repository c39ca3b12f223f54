"""Arithmetic on values of a graph that takes the obvious shortcuts.

The front end builds what was written; derivatives are built here, where a product
with one, a sum with zero or a double negation leaves no trace.  Each shortcut is
exact in floating point but for the sign of zero, and for the product with an exact
zero, which stands for a derivative that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from symgrad.program import COMPARISONS, CONNECTIVES, Graph, Kind, Node, is_constant

_FOLDED_BITS = 256
"""Constants are folded only while they stay this small."""

_COMPARE: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def number(graph: Graph, value: int) -> Fraction | None:
    """The exact rational that a value is, if it is one."""
    data = graph[value].data
    exact = graph[value].op == "const" and isinstance(data, Fraction)
    return data if exact and isinstance(data, Fraction) else None


def is_count(data: object) -> bool:
    """Whether a constant is a whole number from 0 on."""
    return isinstance(data, Fraction) and data.denominator == 1 and data >= 0


def _small(value: Fraction) -> bool:
    return value.numerator.bit_length() + value.denominator.bit_length() <= _FOLDED_BITS


def _folded(graph: Graph, value: Fraction, op: str, a: int, b: int) -> int:
    return graph.const(value) if _small(value) else graph.node(op, a, b)


def neg(graph: Graph, a: int) -> int:
    """-a"""
    node, exact = graph[a], number(graph, a)
    if exact is not None:
        return graph.const(-exact)
    if node.op == "neg":
        return node.args[0]
    if node.op == "sub":
        return graph.node("sub", node.args[1], node.args[0])
    if node.op in ("mul", "div"):
        left, right = node.args
        if graph[left].op == "neg":
            return graph.node(node.op, graph[left].args[0], right)
        factor = number(graph, left)
        if factor not in (None, 1):
            assert factor is not None
            shortcut = mul if node.op == "mul" else div
            return shortcut(graph, graph.const(-factor), right)
    return graph.node("neg", a)


def add(graph: Graph, a: int, b: int) -> int:
    """a + b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x + y, "add", a, b)
    if x == 0:
        return b
    if y == 0:
        return a
    if (opposite := _unsigned(graph, b)) is not None:
        return graph.node("sub", a, opposite)
    if graph[a].op == "neg":
        return graph.node("sub", b, graph[a].args[0])
    return graph.node("add", a, b)


def _unsigned(graph: Graph, value: int) -> int | None:
    """The opposite of a value that has a minus sign in front, else ``None``."""
    node = graph[value]
    if node.op == "neg":
        return node.args[0]
    if node.op in ("mul", "div"):
        factor = number(graph, node.args[0])
        if factor is not None and factor < 0:
            return neg(graph, value)
    return None


def sub(graph: Graph, a: int, b: int) -> int:
    """a - b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x - y, "sub", a, b)
    if x == 0:
        return neg(graph, b)
    if y == 0:
        return a
    if (opposite := _unsigned(graph, b)) is not None:
        return graph.node("add", a, opposite)
    return graph.node("sub", a, b)


def mul(graph: Graph, a: int, b: int) -> int:
    """a * b, constants in front, signs outside, reciprocals as divisions."""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _folded(graph, x * y, "mul", a, b)
    if y is not None:
        return mul(graph, b, a)
    if x is not None:
        return _scaled(graph, x, b)
    if graph[a].op == "neg":
        return neg(graph, mul(graph, graph[a].args[0], b))
    if graph[b].op == "neg":
        return neg(graph, mul(graph, a, graph[b].args[0]))
    for outer, inner in ((b, a), (a, b)):
        top = graph[outer]
        if top.op == "div" and number(graph, top.args[0]) == 1:
            return div(graph, inner, top.args[1])
        if top.op == "mul" and _is_i(graph, top.args[0]) and not _is_i(graph, inner):
            return graph.node("mul", top.args[0], mul(graph, inner, top.args[1]))
    return graph.node("mul", *((b, a) if _is_i(graph, b) else (a, b)))


def _is_i(graph: Graph, value: int) -> bool:
    """Whether a value is the imaginary unit."""
    return graph[value].data == "I"


def _scaled(graph: Graph, factor: Fraction, b: int) -> int:
    """An exact factor times a value that is not exact."""
    if factor == 0:
        return graph.const(0)
    if factor == 1:
        return b
    if factor == -1:
        return neg(graph, b)
    node = graph[b]
    if node.op == "neg":
        return _scaled(graph, -factor, node.args[0])
    if node.op in ("mul", "div"):
        inner = number(graph, node.args[0])
        if inner is not None and _small(factor * inner):
            combined = graph.const(factor * inner)
            shortcut = mul if node.op == "mul" else div
            return shortcut(graph, combined, node.args[1])
    if node.op == "div":
        below = number(graph, node.args[1])
        if below == factor:
            return node.args[0]
    return graph.node("mul", graph.const(factor), b)


def div(graph: Graph, a: int, b: int) -> int:
    """a / b"""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y not in (None, 0):
        assert y is not None
        return _folded(graph, x / y, "div", a, b)
    if x == 0 and y is None:
        return a
    if y == 1:
        return a
    if graph[a].op == "neg":
        return neg(graph, div(graph, graph[a].args[0], b))
    if graph[b].op == "neg":
        return neg(graph, div(graph, a, graph[b].args[0]))
    return graph.node("div", a, b)


def power(graph: Graph, a: int, b: int) -> int:
    """a ** b; the exponents that derivatives of powers reach cost nothing."""
    exponent = number(graph, b)
    if exponent == 0:
        return graph.const(1)
    if exponent == 1:
        return a
    if exponent == -1:
        return div(graph, graph.const(1), a)
    return graph.call("pow", a, b)


_EXACT_PARTS = ("neg", "add", "sub", "mul", "div", "where")


def conj(graph: Graph, a: int) -> int:
    """The conjugate of a; taken of the part of it that is a complex tensor."""
    node = graph[a]
    if not node.kind.is_complex:
        return a
    if _is_i(graph, a):
        return neg(graph, a)
    if node.data == "conjugate":
        return node.args[0]
    tensors = sum(graph[arg].kind is Kind.COMPLEX for arg in node.args)
    if node.op in _EXACT_PARTS and tensors < 2:
        return int(rebuilt(graph, node, [conj(graph, arg) for arg in node.args]))
    return graph.call("conjugate", a)


def real_part(graph: Graph, a: int) -> int:
    """The real part of a: that of the complex tensor in it, where there is but one."""
    node = graph[a]
    if not node.kind.is_complex:
        return a
    if node.data == "conjugate":
        return real_part(graph, node.args[0])
    if node.op == "mul" and _is_i(graph, node.args[0]):
        return neg(graph, imaginary_part(graph, node.args[1]))
    flat = [not graph[arg].kind.is_complex for arg in node.args]
    linear = node.op in ("neg", "add", "sub", "mul") or flat[1:] == [True]
    if node.op in _ARITHMETIC and linear and (any(flat) or node.op == "neg"):
        parts = [real_part(graph, arg) for arg in node.args]
        return _ARITHMETIC[node.op](graph, *parts)
    return graph.call("re", a)


def imaginary_part(graph: Graph, a: int) -> int:
    """The imaginary part of a; torch has no vmap for that of a conjugate."""
    node = graph[a]
    if not node.kind.is_complex:
        return graph.node("mul", graph.const(0), a)
    if node.data == "conjugate":
        return neg(graph, imaginary_part(graph, node.args[0]))
    return graph.call("im", a)


def where(graph: Graph, condition: int | bool, a: int, b: int) -> int:
    """a where the condition holds, else b."""
    condition = _decided(graph, condition)
    if isinstance(condition, bool):
        return a if condition else b
    if a == b:
        return a
    if graph[condition].op == "not":
        return graph.node("where", graph[condition].args[0], b, a)
    return graph.node("where", condition, a, b)


def negated(graph: Graph, condition: int) -> int:
    """The opposite condition.  Comparisons are not turned round: NaN fails both."""
    node = graph[condition]
    return node.args[0] if node.op == "not" else graph.node("not", condition)


_ARITHMETIC: Mapping[str, Callable[..., int]] = {
    "neg": neg,
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
}


_SHORTCUTS: Mapping[object, Callable[..., int]] = {
    "pow": power,
    "re": real_part,
    "im": imaginary_part,
    "conjugate": conj,
}


def _condition(graph: Graph, node: Node, args: Sequence[int | bool]) -> int | bool:
    """A comparison or connective, decided at once where its arguments allow."""
    if node.op in COMPARISONS:
        return _comparison(graph, node.op, *(int(arg) for arg in args))
    if node.op == "not":
        return not args[0] if isinstance(args[0], bool) else negated(graph, args[0])
    neutral = node.op == "and"
    if any(arg is (not neutral) for arg in args):
        return not neutral
    open_args = [arg for arg in args if not isinstance(arg, bool)]
    if not open_args:
        return neutral
    return open_args[0] if len(open_args) == 1 else graph.node(node.op, *open_args)


def _comparison(graph: Graph, op: str, a: int, b: int) -> int | bool:
    """A comparison; that of constants, exact or not, is decided for good."""
    x, y = number(graph, a), number(graph, b)
    if x is not None and y is not None:
        return _COMPARE[op](x, y)
    return _decided(graph, graph.node(op, a, b))


def _decided(graph: Graph, condition: int | bool) -> int | bool:
    """A condition, or what it is if no input is behind it."""
    if isinstance(condition, bool) or not is_constant(graph.nodes, condition):
        return condition
    from symgrad import precise  # loaded by the formulas that need it

    return precise.holds(graph.nodes, condition)


def rebuilt(graph: Graph, node: Node, args: Sequence[int | bool]) -> int | bool:
    """``node`` with other arguments, shortcuts taken.

    A condition that is decided by constants comes back as a Python bool.
    """
    if node.op in COMPARISONS or node.op in CONNECTIVES:
        return _condition(graph, node, args)
    if node.op == "where":
        return where(graph, args[0], int(args[1]), int(args[2]))
    values = [int(arg) for arg in args]
    if node.op in _ARITHMETIC:
        return _ARITHMETIC[node.op](graph, *values)
    if node.op == "call" and node.data in _SHORTCUTS:
        return _SHORTCUTS[node.data](graph, *values)
    if node.op == "const":
        assert node.data is not None
        return graph.const(node.data)
    return graph.node(node.op, *values, data=node.data)


def tidied(graph: Graph, value: int) -> int:
    """A sum, difference or negation without the sign that its last part has got."""
    node = graph[value]
    if node.op == "neg" and graph[node.args[0]].op == "neg":
        return graph[node.args[0]].args[0]
    if node.op == "add":
        return add(graph, *node.args)
    return sub(graph, *node.args) if node.op == "sub" else value


def substitute(
    graph: Graph, nodes: Sequence[Node], root: int, bindings: Mapping[str, int]
) -> int | bool:
    """Build the formula ``root`` of ``nodes`` in ``graph``, its inputs bound by name.

    Inputs that the formula does not use need no binding.
    """
    unbound = -1
    built: list[int | bool] = []
    for node in nodes[: root + 1]:
        if node.op == "input":
            built.append(bindings.get(str(node.data), unbound))
        else:
            built.append(rebuilt(graph, node, [built[arg] for arg in node.args]))
    return built[root]
